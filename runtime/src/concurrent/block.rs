//! Waits on a thread that drives no runtime.

use crate::park::Parker;
use crate::scheduler::Driving;
use sheave_blocking_pool::compensate;
use sheave_facade::sync::Arc;
use sheave_facade::time::{Instant, now};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// When a timeout that begins now is over; `None` is never, also for one beyond the clock's range.
pub(super) fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| now().checked_add(timeout))
}

/// Blocks this thread until `poll` is ready, or returns `None` at the deadline. On a thread of a pool,
/// another one may stand in for it meanwhile.
///
/// # Panics
/// If it must wait and this thread drives a runtime.
#[track_caller]
pub(super) fn block_on<T>(
    deadline: Option<Instant>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Option<T> {
    let parker = Arc::new(Parker::new(None));
    let waker = Waker::from(parker.clone());
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = poll(&mut cx) {
            return Some(output);
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(now()));
        if left.is_some_and(|left| left.is_zero()) {
            return None;
        }
        assert!(
            !Driving::is_on(),
            "a thread that drives a runtime would block on a `concurrent::Future`, and so would the \
             tasks that set it: use `.await`, or wait in `sheave::to_thread` or `task::block_in_place`"
        );
        compensate(|| parker.park(left));
    }
}
