//! Async generators.

use crate::generator::{Co, Slot};
use futures_core::stream::{FusedStream, Stream};
use pin_project_lite::pin_project;
use sheave_facade::sync::Arc;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A stream written as an async block that hands out values: Python's async generator.
///
/// The block runs when the stream is polled, and waits for whatever it likes. When it returns, the
/// stream ends, and says so as often as it is asked. Dropping the stream drops the block where it is:
/// its destructors run at once, so there is nothing like `shutdown_asyncgens`; what must be awaited
/// at the end belongs into [`async_with`](crate::asyncio::async_with()).
///
/// The stream is not `Unpin`, because the block may borrow from itself: [`for_await!`](crate::for_await!)
/// pins it, for other uses write `Box::pin` or [`pin!`](std::pin::pin!).
///
/// # Cancel safety
/// Strict: to drop the future of `next` leaves the block where it is, and the stream goes on from
/// there.
///
/// # Examples
/// ```
/// use sheave::stream::{StreamExt, generator};
/// use sheave::time::{Duration, sleep};
///
/// # #[sheave::main]
/// # async fn main() {
/// let ticker = generator(|mut co| async move {
///     for n in 0..3 {
///         sleep(Duration::from_millis(1)).await;
///         co.yield_(n).await;
///     }
/// });
/// assert_eq!(ticker.collect::<Vec<_>>().await, [0, 1, 2]);
/// # }
/// ```
pub fn generator<Y, F>(body: impl FnOnce(Co<Y>) -> F) -> Generator<Y, F>
where
    F: Future<Output = ()>,
{
    let slot = Arc::new(Slot::new());
    let body = body(Co::new(slot.clone()));
    Generator { body: Some(body), slot, is_awaited: false }
}

pin_project! {
    /// The stream of [`generator()`].
    #[must_use = "streams do nothing unless polled"]
    pub struct Generator<Y, F> {
        #[pin]
        body: Option<F>,
        slot: Arc<Slot<Y, ()>>,
        // Whether the block waits for an answer to its last value.
        is_awaited: bool,
    }
}

impl<Y, F: Future<Output = ()>> Stream for Generator<Y, F> {
    type Item = Y;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Y>> {
        let mut this = self.project();
        let Some(body) = this.body.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        if std::mem::take(this.is_awaited) {
            this.slot.answer(());
        }
        let polled = body.poll(cx);
        // Also a block that returns may have handed out a value, by a `yield_` that it dropped.
        if let Some(value) = this.slot.take_yielded() {
            *this.is_awaited = true;
            if polled.is_ready() {
                this.body.set(None);
            }
            return Poll::Ready(Some(value));
        }
        ready!(polled);
        this.body.set(None);
        Poll::Ready(None)
    }
}

impl<Y, F: Future<Output = ()>> FusedStream for Generator<Y, F> {
    fn is_terminated(&self) -> bool {
        self.body.is_none()
    }
}

impl<Y, F> fmt::Debug for Generator<Y, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator")
            .field("is_running", &self.body.is_some())
            .finish_non_exhaustive()
    }
}
