//! Answers that a waiter hears without the lock of its list.
//!
//! A flag for each of the first places of a [`WaitList`], beside the lock. It is a hint: who finds it
//! quiet looks at the entry under the lock. Who is told leaves the answered entry behind, and the next
//! one who queues removes it.
//!
//! | flag  | call           | by                                | flag  | entry                         |
//! |-------|----------------|-----------------------------------|-------|-------------------------------|
//! | QUIET | `answer_first` | who answers, under the lock       | TOLD  | answered                      |
//! | TOLD  | `take`         | the entry's future, no lock       | TAKEN | nobody's                      |
//! | TOLD  | `leave`, `forget` | the entry's future, under the lock | QUIET | removed                   |
//! | TAKEN | `sweep`        | who queues, under the lock        | QUIET | removed                       |
//!
//! Each flag has one who may change it next, so stores do.

use super::{Entry, Key, Left, WaitList};
use sheave_facade::seeded;
use sheave_facade::sync::atomic::AtomicU8;
use sheave_facade::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::task::Waker;

/// See the [module documentation](self).
#[derive(Debug)]
pub(crate) struct Told([AtomicU8; 4]);

const QUIET: u8 = 0;
const TOLD: u8 = 1;
const TAKEN: u8 = 2;

impl Told {
    sheave_facade::const_fn! {
        /// Flags for a list without waiters.
        pub(crate) fn new() -> Self {
            Self([
                AtomicU8::new(QUIET),
                AtomicU8::new(QUIET),
                AtomicU8::new(QUIET),
                AtomicU8::new(QUIET),
            ])
        }
    }

    /// Answers the one who waits longest, who may hear of it without the lock.
    pub(crate) fn answer_first<R, A>(&self, list: &mut WaitList<R, A>, answer: A) -> Option<Waker> {
        let at = list.first?;
        let waker = list.answer(at, answer);
        // ORDERING: Release; pairs with the acquire of `take`, whose task may be polled before it is
        // woken, and sees what was done before the answer.
        self.set(at, TOLD, Release);
        Some(waker)
    }

    /// Without the lock: whether the future of the entry was told, and so has none any more.
    #[inline]
    pub(crate) fn take(&self, key: &mut Option<Key>) -> bool {
        let Some(flag) = key.as_ref().and_then(|key| self.0.get(key.0)) else { return false };
        // ORDERING: Acquire; pairs with the release of `answer_first`.
        let is_told = flag.load(Acquire) == TOLD;
        if is_told {
            // ORDERING: Relaxed; the future has touched its entry under the lock only.
            flag.store(TAKEN, Relaxed);
            *key = None;
        }
        is_told
    }

    /// Under the lock: the future of the entry is dropped.
    pub(crate) fn leave<R, A>(&self, list: &mut WaitList<R, A>, key: Key) -> Left<A> {
        self.forget(key.0);
        list.leave(key)
    }

    /// Under the lock: the future of the entry removes it.
    pub(super) fn forget(&self, at: usize) {
        if !seeded::on("told_not_forgotten") {
            // ORDERING: Relaxed; who reads it next is its future, or comes after it by the lock.
            self.set(at, QUIET, Relaxed);
        }
    }

    /// Under the lock, by one who queues: removes what those who were told have left behind.
    pub(super) fn sweep<R, A>(&self, list: &mut WaitList<R, A>) {
        if list.entries.len() == list.len {
            return;
        }
        for (at, flag) in self.0.iter().enumerate() {
            // ORDERING: Relaxed; a `TAKEN` that is missed is found by the next sweep.
            if flag.load(Relaxed) == TAKEN {
                // ORDERING: Relaxed, as in `forget`.
                flag.store(QUIET, Relaxed);
                let left = list.remove(at);
                debug_assert!(matches!(left, Entry::Answered(_)), "only those are told");
            }
        }
    }

    #[inline]
    fn set(&self, at: usize, state: u8, order: sheave_facade::sync::atomic::Ordering) {
        if let Some(flag) = self.0.get(at) {
            flag.store(state, order);
        }
    }
}
