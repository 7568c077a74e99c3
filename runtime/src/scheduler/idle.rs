//! Who sleeps and who searches: one word per group of workers, so that one CAS decides.
//!
//! | from                       | call              | to                         | then                               |
//! |----------------------------|-------------------|----------------------------|------------------------------------|
//! | no searcher, worker asleep | `claim_sleeper`   | it is awake and searching  | the caller unparks it              |
//! | searcher, or nobody asleep | `claim_sleeper`   | –                          | nothing: the searcher will find it, or nobody can |
//! | awake                      | `start_searching` | awake, searching           | the worker steals                  |
//! | too many searchers         | `start_searching` | –                          | the worker goes to sleep (and re-checks) |
//! | awake, searching           | `stop_searching`  | awake                      | the last one looks at every queue: if there is more, it claims a sleeper |
//! | awake (searching or not)   | `fall_asleep`     | asleep                     | `fence(SeqCst)`, then look at every queue once more |
//! | asleep                     | `get_up`          | awake                      | –                                  |
//! | claimed (awake, searching) | `get_up`          | awake, searching           | the worker searches                |
//!
//! A worker that pushes work and a worker that falls asleep do the same three steps in mirror
//! image: *write, `fence(SeqCst)`, read* (W5). Whichever fence comes first, one of them sees the
//! other. Every worker re-checks, not the last searcher only: one that was refused a searcher's
//! place would else sleep beside work that a blocked task left behind. The proof by cases is in
//! `docs/src/sleep.md`.

use crossbeam_utils::CachePadded;
use sheave_facade::seeded;
use sheave_facade::sync::atomic::{AtomicU64, Ordering::*, fence};

/// Workers per word. Half of the word is their bitmap, the other half counts searchers.
const GROUP: usize = 32;
const SEARCHER: u64 = 1 << GROUP;
const SLEEPERS: u64 = SEARCHER - 1;

/// What a worker is when it wakes.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Awakened {
    /// It woke by itself: an event, a timer, a token.
    ByItself,
    /// A notifier claimed it and counted it as searching: it must search.
    ToSearch,
}

/// See the [module documentation](self).
pub(super) struct Idle {
    groups: Box<[CachePadded<AtomicU64>]>,
    /// Without the stand-ins, whose numbers follow.
    workers: usize,
}

impl Idle {
    /// All workers awake, none searching.
    pub(super) fn new(workers: usize, stand_ins: usize) -> Self {
        let groups =
            (0..(workers + stand_ins).div_ceil(GROUP)).map(|_| CachePadded::new(AtomicU64::new(0)));
        Self { groups: groups.collect(), workers }
    }

    /// After a push: claims a sleeper to be woken as a searcher, unless one searches already.
    /// Looks at worker `near` first, which may be the caller falling asleep, and at its group.
    pub(super) fn claim_sleeper(&self, near: usize) -> Option<usize> {
        if !seeded::on("idle_no_fence") {
            // ORDERING: W5, the pusher's side. The push before this fence, or the sleeper's bit
            // after it: one of them is seen. Partner: the fence in `fall_asleep`.
            fence(SeqCst);
        }
        let count = self.groups.len();
        (0..count).map(|i| (near / GROUP + i) % count).find_map(|group| self.claim_in(group, near))
    }

    /// Whether somebody sleeps and nobody searches, by a quick look that may be out of date. For
    /// pushes that may go unnoticed because their worker serves them itself.
    pub(super) fn has_sleepers(&self) -> bool {
        // ORDERING: Relaxed, a hint; a stale answer costs parallelism only.
        self.groups.iter().any(|g| matches!(g.load(Relaxed), 1..=SLEEPERS))
    }

    /// Whether every worker sleeps. For the monitor, after its fence (see `watch.rs`).
    pub(super) fn all_asleep(&self) -> bool {
        // ORDERING: Relaxed; a hint, or ordered by the fence of the caller.
        self.groups.iter().enumerate().all(|(group, word)| {
            let members = (1u64 << self.members(group)) - 1;
            word.load(Relaxed) & members == members
        })
    }

    /// How many workers are in a group, without the stand-ins.
    fn members(&self, group: usize) -> usize {
        GROUP.min(self.workers.saturating_sub(group * GROUP))
    }

    fn claim_in(&self, group: usize, near: usize) -> Option<usize> {
        let word = &self.groups[group];
        // ORDERING: Relaxed; the fence in `claim_sleeper` makes this look late enough.
        let mut seen = word.load(Relaxed);
        loop {
            // Nobody asleep, or a searcher who is bound to look again before it sleeps.
            if seen & SLEEPERS == 0 || seen >= SEARCHER {
                return None;
            }
            // The worker that asks, if it is just falling asleep, or else the first one.
            let own = 1u64 << (near % GROUP);
            let asked_for = if near / GROUP == group { seen & SLEEPERS & own } else { 0 };
            let bit = if asked_for != 0 { own } else { seen & seen.wrapping_neg() };
            // ORDERING: AcqRel keeps the claim in order with the claims and sleeps of the others
            // on this word; the work itself is published by its queue.
            match word.compare_exchange_weak(seen, seen - bit + SEARCHER, AcqRel, Relaxed) {
                Ok(_) => return Some(group * GROUP + bit.trailing_zeros() as usize),
                Err(now) => seen = now,
            }
        }
    }

    /// Asks for a searcher's place: at most half of the workers search at a time.
    #[must_use]
    pub(super) fn start_searching(&self, worker: usize) -> bool {
        let word = &self.groups[worker / GROUP];
        // ORDERING: Relaxed look; an excess searcher or one too few is harmless.
        let searchers = word.load(Relaxed) / SEARCHER;
        // A group of stand-ins alone may have one.
        let members = self.members(worker / GROUP).max(1);
        if 2 * searchers >= members as u64 {
            return false;
        }
        // ORDERING: AcqRel, one modification order with claims and sleeps.
        word.fetch_add(SEARCHER, AcqRel);
        true
    }

    /// A searcher found work. Returns whether it was the last one of its group: then it must look
    /// at every queue and claim a sleeper if there is more, for pushers relied on it.
    #[must_use]
    pub(super) fn stop_searching(&self, worker: usize) -> bool {
        // ORDERING: AcqRel, one modification order with claims and sleeps.
        let before = self.groups[worker / GROUP].fetch_sub(SEARCHER, AcqRel);
        let last = before / SEARCHER == 1;
        if last && !seeded::on("idle_no_fence_after_search") {
            // ORDERING: W5, as in `fall_asleep`: a pusher that still saw the searcher pushed before
            // this fence, so that the look that follows sees its task. Partner: the fence in
            // `claim_sleeper`.
            fence(SeqCst);
        }
        last
    }

    /// Announces that `worker` sleeps, giving up its searcher's place if it has one. The caller
    /// then looks at every queue once more.
    pub(super) fn fall_asleep(&self, worker: usize, searching: bool) {
        let bit = 1u64 << (worker % GROUP);
        let change = if searching { bit.wrapping_sub(SEARCHER) } else { bit };
        // ORDERING: AcqRel, one modification order; the fence below is what W5 needs.
        self.groups[worker / GROUP].fetch_add(change, AcqRel);
        if !seeded::on("idle_no_fence") {
            // ORDERING: W5, the sleeper's side. Partner: the fence in `claim_sleeper`.
            fence(SeqCst);
        }
    }

    /// `worker` is awake again. Tells whether it did so by itself or was claimed.
    pub(super) fn get_up(&self, worker: usize) -> Awakened {
        let bit = 1u64 << (worker % GROUP);
        // ORDERING: AcqRel, one modification order with the claims: exactly one of claimer and
        // sleeper clears the bit.
        let before = self.groups[worker / GROUP].fetch_and(!bit, AcqRel);
        if before & bit == 0 { Awakened::ToSearch } else { Awakened::ByItself }
    }
}
