//! A number of permits, and who waits for some: what semaphores, locks and cells are made of.
//!
//! | waiter   | call                | waiter   | permits                                             |
//! |----------|---------------------|----------|-----------------------------------------------------|
//! | –        | `try_acquire(n)`    | –        | taken, if nobody waits and there are `n`            |
//! | –        | `acquire(n)` polled | –        | taken, if nobody waits and there are `n`            |
//! | –        | `acquire(n)` polled | queued   | none yet                                            |
//! | queued   | `release(m)`        | granted  | taken for it, first come first served               |
//! | queued   | `close`             | refused  | –                                                   |
//! | queued   | dropped             | –        | those behind it may now be granted                  |
//! | granted  | polled              | –        | are the caller's                                    |
//! | granted  | dropped             | –        | released again                                      |
//!
//! Who comes later never overtakes: while somebody waits, what is left over is kept for the first.

use super::wait_list::{Key, Left, WaitList, poll_answer, wake};
use crate::coop;
use crate::util::WakeBatch;
use sheave_facade::seeded;
use sheave_facade::sync::{Mutex, MutexGuard};
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// See the [module documentation](self).
#[derive(Debug)]
pub(super) struct Permits {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Held by nobody and granted to nobody.
    available: usize,
    is_closed: bool,
    waiters: WaitList<usize, Answer>,
}

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

    /// `available` permits, nobody waiting.
    #[track_caller]
    pub(super) fn new(available: usize) -> Self {
        assert!(available <= Self::MAX, "a semaphore has at most {} permits", Self::MAX);
        let waiters = WaitList::new();
        Self { state: Mutex::new(State { available, is_closed: false, waiters }) }
    }

    /// Takes `count` permits if that overtakes nobody.
    #[inline]
    pub(super) fn try_acquire(&self, count: usize) -> Result<(), Refusal> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Refusal::Closed);
        }
        state.take(count).then_some(()).ok_or(Refusal::NoPermits)
    }

    /// Waits for `count` permits.
    #[inline]
    pub(super) fn acquire(&self, count: usize) -> AcquirePermits<'_> {
        AcquirePermits { permits: self, count, key: None }
    }

    /// Gives `count` permits back, or adds them.
    #[inline]
    #[track_caller]
    pub(super) fn release(&self, count: usize) {
        let mut state = self.state.lock();
        let sum = state.available + count;
        if sum > Self::MAX {
            drop(state);
            panic!("a semaphore has at most {} permits, these would be {sum}", Self::MAX);
        }
        state.available = sum;
        if !state.waiters.is_empty() {
            self.grant(state);
        }
    }

    /// Serves those who wait, in order, as far as the permits reach.
    #[cold]
    fn grant<'a>(&'a self, mut state: MutexGuard<'a, State>) {
        let mut wakes = WakeBatch::new();
        while let Some(&count) = state.waiters.first_request() {
            if count > state.available {
                break;
            }
            if !wakes.has_room() {
                drop(state);
                wakes.wake_all();
                state = self.state.lock();
                continue;
            }
            state.available -= count;
            wakes.push(state.waiters.answer_first(Answer::Granted).expect("it waits"));
        }
        drop(state);
        wakes.wake_all();
    }

    /// Refuses those who wait and who come. Permits that are held stay valid.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        let refused = state.waiters.answer_all(Answer::Closed);
        drop(state);
        wake(refused);
    }

    /// Whether [`close`](Self::close) was called.
    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().is_closed
    }

    /// How many permits one could take now: none while somebody waits.
    pub(super) fn available(&self) -> usize {
        let state = self.state.lock();
        if state.waiters.is_empty() { state.available } else { 0 }
    }

    /// Destroys up to `count` permits that nobody holds, and says how many.
    pub(super) fn forget(&self, count: usize) -> usize {
        let mut state = self.state.lock();
        let forgotten = count.min(state.available);
        state.available -= forgotten;
        forgotten
    }

    /// A future that waited is dropped.
    fn leave(&self, key: Key, count: usize) {
        let mut state = self.state.lock();
        let left = state.waiters.leave(key);
        match left {
            Left::Answered(Answer::Granted) if !seeded::on("permits_grant_not_passed_on") => {
                state.available += count;
            }
            Left::Answered(_) | Left::Waiting(_) => (),
        }
        // Who was behind a large request may be content with what there is.
        self.grant(state);
        drop(left);
    }
}

impl State {
    /// Takes permits if there are enough and nobody waits for them.
    #[inline]
    fn take(&mut self, count: usize) -> bool {
        let is_possible = self.waiters.is_empty() && count <= self.available;
        if is_possible && !seeded::on("permits_never_taken") {
            self.available -= count;
        }
        is_possible
    }
}

/// The semaphore was closed.
#[derive(Debug)]
pub(super) struct Closed;

/// Future of [`Permits::acquire`]: strict, and dropped with a grant it releases that.
#[derive(Debug)]
pub(super) struct AcquirePermits<'a> {
    permits: &'a Permits,
    count: usize,
    key: Option<Key>,
}

impl Future for AcquirePermits<'_> {
    type Output = Result<(), Closed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = ready!(coop::poll_proceed(cx));
        let Self { permits, count, key } = self.get_mut();
        let at_once = |state: &mut State| {
            if state.is_closed {
                ControlFlow::Break(Answer::Closed)
            } else if state.take(*count) {
                ControlFlow::Break(Answer::Granted)
            } else {
                ControlFlow::Continue(*count)
            }
        };
        let answer =
            ready!(poll_answer(&permits.state, |state| &mut state.waiters, key, cx, at_once));
        progress.made_progress();
        Poll::Ready(match answer {
            Answer::Granted => Ok(()),
            Answer::Closed => Err(Closed),
        })
    }
}

impl Drop for AcquirePermits<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.permits.leave(key, self.count);
        }
    }
}

#[cfg(all(test, loom))]
mod loom;
