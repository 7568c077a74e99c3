//! Giving up on a future.

use super::error::Elapsed;
use super::{Instant, Sleep, sleep_until};
use crate::front::aside::Aside;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Waits for `future`, but not longer than `duration`.
///
/// The future is polled first: if it is ready at once, no timer is filed, and it wins also if the
/// time is over. It is polled at least once, even if `duration` is zero. When the time is over the
/// future is dropped together with the [`Timeout`]. A future that uses up the
/// [budget](crate::task::coop) of its task in every poll times out all the same.
///
/// # Errors
/// [`Elapsed`] if the future was not ready in time.
///
/// # Cancel safety
/// That of `future`: the time-out itself has nothing to lose. To keep the future after a time-out,
/// pass `&mut future`.
///
/// # Panics
/// As [`sleep`](super::sleep()).
///
/// # Examples
/// ```
/// use sheave::time::{Duration, timeout};
/// # #[sheave::main]
/// # async fn main() {
/// assert_eq!(timeout(Duration::from_secs(1), async { 7 }).await, Ok(7));
/// let never = std::future::pending::<()>();
/// assert!(timeout(Duration::from_millis(1), never).await.is_err());
/// # }
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), delay: Sleep::after(duration) }
}

/// Waits for `future`, but not beyond `deadline`; as [`timeout`] otherwise.
///
/// # Errors
/// [`Elapsed`] if the future was not ready in time.
///
/// # Cancel safety
/// That of `future`.
///
/// # Panics
/// As [`sleep`](super::sleep()).
///
/// # Examples
/// ```
/// use sheave::time::{Duration, Instant, timeout_at};
/// # #[sheave::main]
/// # async fn main() {
/// let deadline = Instant::now() + Duration::from_millis(1);
/// assert!(timeout_at(deadline, std::future::pending::<()>()).await.is_err());
/// # }
/// ```
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), delay: sleep_until(deadline) }
}

pin_project_lite::pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        delay: Sleep,
    }
}

impl<F> Timeout<F> {
    /// The future that is waited for.
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// The future that is waited for.
    pub fn get_mut(&mut self) -> &mut F {
        &mut self.future
    }

    /// The future that was waited for, without a time-out.
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        poll_limited(this.delay, cx, |cx| this.future.poll(cx))
    }
}

/// Polls and, if that is pending, looks whether the time is over.
#[inline]
pub(crate) fn poll_limited<T>(
    delay: &mut Sleep,
    cx: &mut Context<'_>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
) -> Poll<Result<T, Elapsed>> {
    let aside = Aside::begin();
    if let Poll::Ready(output) = poll(cx) {
        return Poll::Ready(Ok(output));
    }
    aside.poll(|| Pin::new(delay).poll(cx)).map(|()| Err(Elapsed::new()))
}

impl<F: fmt::Debug> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("future", &self.future)
            .field("deadline", &self.delay.deadline())
            .finish()
    }
}
