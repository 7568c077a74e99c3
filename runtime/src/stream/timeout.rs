//! A limit to the wait for an item.

use super::Stream;
use crate::time::error::Elapsed;
use crate::time::{Duration, Sleep, poll_limited};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Streams and the clock, as tokio-stream's own `StreamExt` has it.
pub trait TimeExt: Stream {
    /// Gives an [`Elapsed`] when no item has come for as long as `duration`, since the last item or,
    /// before the first one, since this call.
    ///
    /// It gives one only, and then waits for the next item, however long that takes; with that the time
    /// begins anew. An item that is there always comes first. `?` in a loop ends it at the first
    /// [`Elapsed`].
    ///
    /// # Errors
    /// [`Elapsed`], as an item.
    ///
    /// # Cancel safety
    /// Strict: to drop the future of `next` changes nothing, and the time goes on.
    ///
    /// # Panics
    /// As [`sleep`](crate::time::sleep()).
    ///
    /// # Examples
    /// ```
    /// use sheave::stream::{StreamExt, TimeExt, once, pending};
    /// use sheave::time::Duration;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let one_and_no_other = once("one").chain(pending());
    /// let mut words = one_and_no_other.timeout(Duration::from_millis(5));
    /// assert_eq!(words.next().await, Some(Ok("one")));
    /// assert!(words.next().await.unwrap().is_err());
    /// # }
    /// ```
    #[track_caller]
    fn timeout(self, duration: Duration) -> Timeout<Self>
    where
        Self: Sized,
    {
        Timeout { stream: self, duration, delay: Sleep::after(duration), is_limited: true }
    }
}

impl<S: Stream> TimeExt for S {}

pin_project! {
    /// The stream of [`TimeExt::timeout`].
    #[must_use = "streams do nothing unless polled"]
    pub struct Timeout<S> {
        #[pin]
        stream: S,
        duration: Duration,
        delay: Sleep,
        // Not between an `Elapsed` and the next item.
        is_limited: bool,
    }
}

impl<S: Stream> Stream for Timeout<S> {
    type Item = Result<S::Item, Elapsed>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let polled = if *this.is_limited {
            poll_limited(this.delay, cx, |cx| this.stream.poll_next(cx))
        } else {
            this.stream.poll_next(cx).map(Ok)
        };
        Poll::Ready(match ready!(polled) {
            Ok(Some(item)) => {
                let deadline = this.delay.now().later(*this.duration);
                Pin::new(this.delay).reset(deadline);
                *this.is_limited = true;
                Some(Ok(item))
            }
            Ok(None) => None,
            Err(elapsed) => {
                *this.is_limited = false;
                Some(Err(elapsed))
            }
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.stream.size_hint();
        // At most one `Elapsed` before each item and one before the end.
        (least, most.and_then(|most| most.checked_mul(2)?.checked_add(1)))
    }
}

impl<S: fmt::Debug> fmt::Debug for Timeout<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("stream", &self.stream)
            .field("duration", &self.duration)
            .finish_non_exhaustive()
    }
}
