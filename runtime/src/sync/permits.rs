//! A number of permits, and who waits for some: what semaphores, locks and cells are made of.
//!
//! One word counts the permits that nobody holds, and says whether somebody is queued. As long as
//! nobody is, permits are taken and given back by one change of the word; the list of waiters and its
//! lock are for waiting only.
//!
//! | waiter   | call                | waiter   | word                                                |
//! |----------|---------------------|----------|-----------------------------------------------------|
//! | –        | `try_acquire(n)`    | –        | less `n`, if there are so many and not QUEUED       |
//! | –        | `acquire(n)` polled | –        | the same, now or a moment later (see `patience.rs`) |
//! | –        | `acquire(n)` polled | queued   | QUEUED, under the lock of the list                  |
//! | queued   | `release(m)`        | granted  | more by `m`, then less by what is granted in order  |
//! | queued   | `close`             | refused  | CLOSED, not QUEUED                                  |
//! | queued   | dropped             | –        | those behind it may now be granted                  |
//! | granted  | polled              | –        | the permits are the caller's                        |
//! | granted  | dropped             | –        | more by what it was granted                         |
//!
//! Under its lock the list has waiters if and only if the word is QUEUED, and a QUEUED word changes
//! under that lock only. So who comes later never overtakes: what is left over while somebody waits is
//! kept for the first.

mod acquire;
mod patience;

pub(super) use acquire::AcquirePermits;

use self::patience::Patience;
use super::wait_list::{Key, Left, Told, WaitList, wake};
use crate::util::WakeBatch;
use crate::util::waits::SyncKind;
use sheave_facade::seeded;
use sheave_facade::sync::atomic::AtomicUsize;
use sheave_facade::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use sheave_facade::sync::{BriefMutex, MutexGuard};
use std::ops::ControlFlow;
use std::task::Waker;

/// See the [module documentation](self).
#[derive(Debug)]
pub(super) struct Permits {
    word: AtomicUsize,
    told: Told,
    patience: Patience,
    waiters: BriefMutex<Waiters>,
}

type Waiters = WaitList<usize, Answer>;

/// Nobody gets permits any more.
const CLOSED: usize = 1;
/// Somebody is in the list.
const QUEUED: usize = 2;
/// One permit that nobody holds and nobody was granted.
const ONE: usize = 4;

/// What a waiter hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Granted,
    Closed,
}

/// Why there were no permits at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Closed,
    NoPermits,
}

impl Permits {
    /// More permits than this cannot exist, which keeps sums of them from overflowing.
    pub(super) const MAX: usize = usize::MAX >> 3;

    sheave_facade::const_fn! {
        /// `available` permits, nobody waiting.
        #[track_caller]
        pub(super) fn new(available: usize) -> Self {
            Self::available_with(available, Patience::new())
        }
    }

    sheave_facade::const_fn! {
        /// As [`new`](Self::new), of what is not held for a moment only, such as the items of a queue: who
        /// finds none queues at once.
        #[track_caller]
        pub(super) fn to_wait_for(available: usize) -> Self {
            Self::available_with(available, Patience::none())
        }
    }

    sheave_facade::const_fn! {
        /// No permits, and closed.
        pub(super) fn closed() -> Self {
            Self::of(CLOSED, Patience::none())
        }
    }

    sheave_facade::const_fn! {
        #[track_caller]
        fn available_with(available: usize, patience: Patience) -> Self {
            assert!(available <= Self::MAX, "a semaphore has at most `usize::MAX >> 3` permits");
            Self::of(available * ONE, patience)
        }
    }

    sheave_facade::const_fn! {
        fn of(word: usize, patience: Patience) -> Self {
            let waiters = BriefMutex::new(WaitList::new());
            Self { word: AtomicUsize::new(word), told: Told::new(), patience, waiters }
        }
    }

    /// Takes `count` permits if that overtakes nobody.
    #[inline]
    pub(super) fn try_acquire(&self, count: usize) -> Result<(), Refusal> {
        let mut word = self.look();
        loop {
            judge(word, count)?;
            match self.take(word, count) {
                Ok(_) => return Ok(()),
                Err(newer) => word = newer,
            }
        }
    }

    /// Waits for `count` permits of what dumps call `kind`.
    #[inline]
    pub(super) fn acquire(&self, kind: SyncKind, count: u32) -> AcquirePermits<'_> {
        AcquirePermits::new(self, kind, count)
    }

    /// Gives `count` permits back, or adds them.
    #[inline]
    #[track_caller]
    pub(super) fn release(&self, count: usize) {
        let mut word = self.look();
        while word & QUEUED == 0 {
            match self.add(word, count) {
                Ok(_) => return,
                Err(newer) => word = newer,
            }
        }
        self.release_to_waiters(count);
    }

    #[cold]
    #[track_caller]
    fn release_to_waiters(&self, count: usize) {
        let waiters = self.waiters.lock();
        if self.look() & QUEUED != 0 {
            return self.serve(waiters, count);
        }
        // They have left meanwhile.
        drop(waiters);
        self.release(count);
    }

    /// With a QUEUED word: adds permits, and serves those who wait as far as these reach.
    #[track_caller]
    fn serve<'a>(&'a self, mut waiters: MutexGuard<'a, Waiters>, count: usize) {
        let mut spare = sum(self.look(), count);
        let first = self.grant(&mut waiters, &mut spare);
        let Some(second) = self.grant(&mut waiters, &mut spare) else {
            self.settle(&waiters, spare);
            drop(waiters);
            return wake(first);
        };
        let mut wakes = WakeBatch::new();
        first.into_iter().chain([second]).for_each(|waker| wakes.push(waker));
        while let Some(next) = self.grant(&mut waiters, &mut spare) {
            wakes.push(next);
            if !wakes.has_room() {
                self.settle(&waiters, spare);
                drop(waiters);
                wakes.wake_all();
                // Those that are left are served here, not by a call: a crowd must not cost stack.
                waiters = self.waiters.lock();
                let word = self.look();
                if word & QUEUED == 0 {
                    return;
                }
                spare = word / ONE;
            }
        }
        self.settle(&waiters, spare);
        drop(waiters);
        wakes.wake_all();
    }

    /// Answers the first waiter if there are as many permits as it asks for, which are spare no more.
    fn grant(&self, waiters: &mut Waiters, spare: &mut usize) -> Option<Waker> {
        let count = *waiters.first_request()?;
        *spare = spare.checked_sub(count)?;
        self.told.answer_first(waiters, Answer::Granted)
    }

    /// Refuses those who wait and who come. Permits that are held stay valid.
    pub(super) fn close(&self) {
        let mut waiters = self.waiters.lock();
        // ORDERING: Release; pairs with the acquire of `look`: who is refused sees why.
        self.word.fetch_or(CLOSED, Release);
        let refused = waiters.answer_all(Answer::Closed);
        self.nobody_is_queued();
        drop(waiters);
        wake(refused);
    }

    /// Whether [`close`](Self::close) was called.
    pub(super) fn is_closed(&self) -> bool {
        self.look() & CLOSED != 0
    }

    /// How many permits one could take now: none while somebody waits.
    pub(super) fn available(&self) -> usize {
        let word = self.look();
        if word & QUEUED == 0 { word / ONE } else { 0 }
    }

    /// Destroys up to `count` permits that nobody holds, and says how many.
    pub(super) fn forget(&self, count: usize) -> usize {
        let _waiters = self.waiters.lock();
        let mut word = self.look();
        loop {
            let forgotten = count.min(word / ONE);
            match self.take(word, forgotten) {
                Ok(_) => return forgotten,
                Err(newer) => word = newer,
            }
        }
    }

    /// A future that waited is dropped.
    fn leave(&self, key: Key, count: usize) {
        let mut waiters = self.waiters.lock();
        match self.told.leave(&mut waiters, key) {
            Left::Waiting(waker) => {
                // Who was behind a large request may be content with what there is.
                self.serve(waiters, 0);
                drop(waker);
            }
            Left::Answered(Answer::Granted) => {
                drop(waiters);
                if !seeded::on("permits_grant_not_passed_on") {
                    self.release(count);
                }
            }
            Left::Answered(Answer::Closed) => (),
        }
    }
}

/// The looks at the word, and its changes.
impl Permits {
    #[inline]
    fn look(&self) -> usize {
        // ORDERING: Acquire; pairs with the release of `close`, `add` and `settle`.
        self.word.load(Acquire)
    }

    #[inline]
    fn take(&self, word: usize, count: usize) -> Result<usize, usize> {
        let count = if seeded::on("permits_never_taken") { 0 } else { count };
        // ORDERING: Acquire; pairs with the release of `add` and `settle`. Weaker, the next holder of a
        // lock would not see what the former one wrote (model `holders_exclude_each_other`).
        self.word.compare_exchange_weak(word, word - count * ONE, Acquire, Acquire)
    }

    #[inline]
    #[track_caller]
    fn add(&self, word: usize, count: usize) -> Result<usize, usize> {
        let sum = sum(word, count);
        // ORDERING: Release; pairs with the acquire of `take` and `look`: whoever gets these permits
        // sees what was done with them before. Weaker is the control `permits_release_relaxed`.
        let order = if seeded::on("permits_release_relaxed") { Relaxed } else { Release };
        self.word.compare_exchange_weak(word, (sum * ONE) | (word & CLOSED), order, Acquire)
    }

    /// Under the lock, the last look before a waiter queues: takes permits, or announces the waiter.
    fn take_or_queue(&self, count: usize) -> ControlFlow<Answer, usize> {
        let mut word = self.look();
        loop {
            let changed = match judge(word, count) {
                Err(Refusal::Closed) => return ControlFlow::Break(Answer::Closed),
                Err(Refusal::NoPermits) if seeded::on("permits_queued_in_silence") => Ok(word),
                // ORDERING: Relaxed; who reads `QUEUED` takes the lock, which is held here, and so
                // comes after this waiter has queued.
                Err(Refusal::NoPermits) => {
                    self.word.compare_exchange_weak(word, word | QUEUED, Relaxed, Relaxed)
                }
                Ok(()) => self.take(word, count),
            };
            match changed {
                Ok(former) if judge(former, count).is_ok() => {
                    return ControlFlow::Break(Answer::Granted);
                }
                Ok(_) => return ControlFlow::Continue(count),
                Err(newer) => word = newer,
            }
        }
    }

    /// Under the lock, with a QUEUED word: so many permits are left for those who still wait, or for
    /// everybody.
    fn settle(&self, waiters: &Waiters, spare: usize) {
        let queued = if waiters.is_empty() { 0 } else { QUEUED };
        // ORDERING: Release, as in `add`. A store is enough, for nobody else changes a QUEUED word.
        self.word.store((spare * ONE) | queued, Release);
    }

    /// Under the lock, with an empty list.
    fn nobody_is_queued(&self) {
        // ORDERING: Relaxed; whoever misses it takes the lock in vain.
        self.word.fetch_and(!QUEUED, Relaxed);
    }
}

/// How many permits there are, with `count` more.
#[inline]
#[track_caller]
fn sum(word: usize, count: usize) -> usize {
    let (most, free) = (Permits::MAX, word / ONE);
    assert!(
        count <= most - free,
        "a semaphore has at most {most} permits, these would be {count} more than {free}"
    );
    free + count
}

/// What a word says to somebody who asks for `count` permits.
#[inline]
fn judge(word: usize, count: usize) -> Result<(), Refusal> {
    match word {
        _ if word & CLOSED != 0 => Err(Refusal::Closed),
        _ if word & QUEUED != 0 || word / ONE < count => Err(Refusal::NoPermits),
        _ => Ok(()),
    }
}

#[cfg(all(test, loom))]
mod loom;
