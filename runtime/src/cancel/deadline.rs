//! Scopes with a deadline, in one call.

use super::{CancelScope, Run};
use crate::time::error::Elapsed;
use crate::time::{self, Instant};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Runs `future` in a [`CancelScope`] for at most `duration`; then goes on without it.
///
/// `None` if the scope was cancelled before there was an output: by the deadline, or by a call of
/// [`cancel`](CancelScope::cancel), for which code inside finds the scope as
/// [`current_scope`](super::current_scope).
///
/// Unlike [`timeout`](crate::time::timeout()), which is cheaper, this lets
/// [`shielded`](CancelScope::shielded) code end first, and the deadline can be moved. In asyncio,
/// `async with timeout(..)` with the `TimeoutError` dropped.
///
/// The time counts from this call, and not from the first poll: as in anyio, asyncio and
/// [`timeout`](crate::time::timeout()), unlike trio since its version 0.27, where it counts from the entry.
/// So several that are made together end together, and one that waits in a queue before it is polled has
/// that much less time. Make it where it is awaited, in an `async` block, if that is not meant.
///
/// # Cancel safety
/// That of `future`.
///
/// # Panics
/// As [`sleep`](crate::time::sleep()), when polled.
///
/// # Examples
/// ```
/// use sheave::cancel::move_on_after;
/// use sheave::time::{Duration, sleep};
///
/// # #[sheave::main]
/// # async fn main() {
/// assert_eq!(move_on_after(Duration::from_secs(9), async { 7 }).await, Some(7));
/// let slow = sleep(Duration::from_secs(9));
/// assert_eq!(move_on_after(Duration::from_millis(1), slow).await, None);
/// # }
/// ```
pub fn move_on_after<F: Future>(duration: Duration, future: F) -> MoveOnAfter<F> {
    move_on_at(time::Instant::now().later(duration), future)
}

/// [`move_on_after`] with a moment for the deadline.
///
/// # Cancel safety
/// That of `future`.
///
/// # Panics
/// As [`sleep`](crate::time::sleep()), when polled.
///
/// # Examples
/// ```
/// use sheave::cancel::move_on_at;
/// use sheave::time::Instant;
///
/// # #[sheave::main]
/// # async fn main() {
/// let never = std::future::pending::<()>();
/// assert_eq!(move_on_at(Instant::now(), never).await, None);
/// # }
/// ```
pub fn move_on_at<F: Future>(deadline: Instant, future: F) -> MoveOnAfter<F> {
    MoveOnAfter { run: CancelScope::with_deadline(deadline).run(future) }
}

/// As [`move_on_after`], for those to whom a missed deadline is an error.
///
/// # Errors
/// [`Elapsed`] if the scope was cancelled before there was an output, in whichever way, as in trio. In anyio
/// a call of [`cancel`](CancelScope::cancel) is no error; here there would be no output.
///
/// # Cancel safety
/// That of `future`.
///
/// # Panics
/// As [`sleep`](crate::time::sleep()), when polled.
///
/// # Examples
/// ```
/// use sheave::cancel::fail_after;
/// use sheave::time::{Duration, sleep};
///
/// # #[sheave::main]
/// # async fn main() {
/// let slow = fail_after(Duration::from_millis(1), sleep(Duration::from_secs(9)));
/// assert_eq!(slow.await.unwrap_err().to_string(), "deadline has elapsed");
/// # }
/// ```
pub fn fail_after<F: Future>(duration: Duration, future: F) -> FailAfter<F> {
    FailAfter { run: move_on_after(duration, future) }
}

/// [`fail_after`] with a moment for the deadline.
///
/// # Errors
/// As [`fail_after`].
///
/// # Cancel safety
/// That of `future`.
///
/// # Panics
/// As [`sleep`](crate::time::sleep()), when polled.
///
/// # Examples
/// ```
/// use sheave::cancel::fail_at;
/// use sheave::time::{Duration, Instant};
///
/// # #[sheave::main]
/// # async fn main() {
/// let deadline = Instant::now() + Duration::from_secs(9);
/// assert_eq!(fail_at(deadline, async { 7 }).await, Ok(7));
/// # }
/// ```
pub fn fail_at<F: Future>(deadline: Instant, future: F) -> FailAfter<F> {
    FailAfter { run: move_on_at(deadline, future) }
}

pin_project! {
    /// Future of [`move_on_after`] and [`move_on_at`].
    #[must_use = "futures do nothing unless polled"]
    pub struct MoveOnAfter<F> {
        #[pin]
        run: Run<F>,
    }
}

pin_project! {
    /// Future of [`fail_after`] and [`fail_at`].
    #[must_use = "futures do nothing unless polled"]
    pub struct FailAfter<F> {
        #[pin]
        run: MoveOnAfter<F>,
    }
}

impl<F: Future> Future for MoveOnAfter<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().run.poll(cx).map(Result::ok)
    }
}

impl<F: Future> Future for FailAfter<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let output = ready!(self.project().run.poll(cx));
        Poll::Ready(output.ok_or_else(Elapsed::new))
    }
}

impl<F> fmt::Debug for MoveOnAfter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MoveOnAfter").field(&self.run).finish()
    }
}

impl<F> fmt::Debug for FailAfter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FailAfter").field(&self.run.run).finish()
    }
}
