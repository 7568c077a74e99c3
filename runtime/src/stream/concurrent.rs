//! Many futures of a stream at a time, but not more than so many.

use super::{Stream, StreamExt};
use crate::util::contain::{Payload, catch};
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

mod buffer_unordered;
mod buffered;

pub use buffer_unordered::BufferUnordered;
pub use buffered::Buffered;

/// Bounded concurrency for streams, as futures' own `StreamExt` has it.
///
/// All of it happens in the task that polls: nothing is spawned, nothing must be `Send`, and to drop
/// the stream drops the futures. asyncio has no counterpart; people there write a semaphore around a
/// `gather`, which makes all tasks at once.
pub trait ConcurrentExt: Stream {
    /// Runs the futures that this stream gives, at most `limit` at a time, and gives their outputs
    /// as they come. The next future is asked for when there is room for it.
    ///
    /// A completion costs the same, however many futures there are: only those that were woken are
    /// polled.
    ///
    /// # Cancel safety
    /// Strict: to drop the future of `next` leaves the futures where they are.
    ///
    /// # Panics
    /// If `limit` is zero.
    ///
    /// # Examples
    /// ```
    /// use sheave::stream::{ConcurrentExt, StreamExt, iter};
    /// use sheave::time::{Duration, sleep};
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let pages = iter([30, 10, 20]).map(|n| async move {
    ///     sleep(Duration::from_millis(n)).await;
    ///     n
    /// });
    /// assert_eq!(pages.buffer_unordered(3).collect::<Vec<_>>().await, [10, 20, 30]);
    /// # }
    /// ```
    #[track_caller]
    fn buffer_unordered(self, limit: usize) -> BufferUnordered<Self>
    where
        Self: Sized,
        Self::Item: Future,
    {
        demand_room(limit);
        BufferUnordered::new(self, limit)
    }

    /// As [`buffer_unordered`](Self::buffer_unordered), but gives the outputs in the order of their
    /// futures. One that comes early waits for its turn, and takes up room until then.
    ///
    /// # Cancel safety
    /// Strict: to drop the future of `next` leaves the futures where they are.
    ///
    /// # Panics
    /// If `limit` is zero.
    ///
    /// # Examples
    /// ```
    /// use sheave::stream::{ConcurrentExt, StreamExt, iter};
    /// use sheave::time::{Duration, sleep};
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let pages = iter([30, 10, 20]).map(|n| async move {
    ///     sleep(Duration::from_millis(n)).await;
    ///     n
    /// });
    /// assert_eq!(pages.buffered(3).collect::<Vec<_>>().await, [30, 10, 20]);
    /// # }
    /// ```
    #[track_caller]
    fn buffered(self, limit: usize) -> Buffered<Self>
    where
        Self: Sized,
        Self::Item: Future,
    {
        demand_room(limit);
        Buffered::new(self, limit)
    }

    /// Calls `f` for each item and runs the futures, at most `limit` at a time. `None` is no limit.
    ///
    /// # Cancel safety
    /// Consumes: the futures that run are dropped with the returned one.
    ///
    /// # Panics
    /// If `limit` is zero.
    ///
    /// # Examples
    /// ```
    /// use sheave::stream::{ConcurrentExt, iter};
    ///
    /// # futures_lite::future::block_on(async {
    /// let sum = std::cell::Cell::new(0);
    /// let sum = &sum;
    /// iter(1..=4).for_each_concurrent(2, |n| async move { sum.set(sum.get() + n) }).await;
    /// assert_eq!(sum.get(), 10);
    /// # });
    /// ```
    #[track_caller]
    fn for_each_concurrent<F: Future<Output = ()>>(
        self,
        limit: impl Into<Option<usize>>,
        f: impl FnMut(Self::Item) -> F,
    ) -> impl Future<Output = ()>
    where
        Self: Sized,
    {
        let limit = limit.into().unwrap_or(usize::MAX);
        let outputs = self.map(f).buffer_unordered(limit);
        async move {
            let mut outputs = pin!(outputs);
            while outputs.next().await.is_some() {}
        }
    }
}

impl<S: Stream> ConcurrentExt for S {}

#[track_caller]
fn demand_room(limit: usize) {
    assert!(limit > 0, "a limit of zero would run nothing, for ever: allow one at least");
}

/// A future of the stream, and the waker that says which one it is.
struct Running<F> {
    future: Pin<Box<F>>,
    waker: Waker,
}

impl<F: Future> Running<F> {
    fn new(future: F, waker: Waker) -> Self {
        Self { future: Box::pin(future), waker }
    }

    /// If it panics, it is to be dropped before the panic goes on: nobody would ever wake it.
    fn poll(&mut self) -> Poll<Result<F::Output, Payload>> {
        let mut cx = Context::from_waker(&self.waker);
        match catch(|| self.future.as_mut().poll(&mut cx)) {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}
