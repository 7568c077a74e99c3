//! Many futures of a stream at a time, but not more than so many.

use super::{Stream, StreamExt};
use crate::util::ReadyKeys;
use pin_project_lite::pin_project;
use slab::Slab;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

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
        assert!(limit > 0, "a limit of zero would run nothing, for ever: allow one at least");
        let (keys, running) = (ReadyKeys::new(), Slab::new());
        BufferUnordered { stream: Some(self), limit, keys, running }
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

pin_project! {
    /// The stream of [`ConcurrentExt::buffer_unordered`].
    #[must_use = "streams do nothing unless polled"]
    pub struct BufferUnordered<S: Stream> {
        // `None` at its end.
        #[pin]
        stream: Option<S>,
        limit: usize,
        keys: ReadyKeys,
        running: Slab<Running<S::Item>>,
    }
}

struct Running<F> {
    future: Pin<Box<F>>,
    waker: Waker,
}

impl<F: Future> Running<F> {
    fn poll(&mut self) -> Poll<F::Output> {
        self.future.as_mut().poll(&mut Context::from_waker(&self.waker))
    }
}

impl<S: Stream<Item: Future>> BufferUnordered<S> {
    /// Starts futures until there are enough. One may be ready at once.
    fn fill(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Option<<S::Item as Future>::Output> {
        let mut this = self.project();
        while this.running.len() < *this.limit {
            let stream = this.stream.as_mut().as_pin_mut()?;
            match stream.poll_next(cx) {
                Poll::Pending => return None,
                Poll::Ready(None) => this.stream.set(None),
                Poll::Ready(Some(future)) => {
                    let entry = this.running.vacant_entry();
                    let key = entry.key();
                    let waker = this.keys.waker(key);
                    let future = Box::pin(future);
                    if let Poll::Ready(output) = entry.insert(Running { future, waker }).poll() {
                        drop(this.running.remove(key));
                        return Some(output);
                    }
                }
            }
        }
        None
    }
}

impl<S: Stream<Item: Future>> Stream for BufferUnordered<S> {
    type Item = <S::Item as Future>::Output;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(output) = self.as_mut().fill(cx) {
            return Poll::Ready(Some(output));
        }
        let this = self.project();
        // Each once, so that futures which wake themselves let go of the thread.
        for _ in 0..this.running.len() {
            let Poll::Ready(key) = this.keys.poll_pop(cx) else { return Poll::Pending };
            // A late wake finds nothing, or another future, which does not mind.
            let Some(running) = this.running.get_mut(key) else { continue };
            if let Poll::Ready(output) = running.poll() {
                drop(this.running.remove(key));
                return Poll::Ready(Some(output));
            }
        }
        if this.running.is_empty() && this.stream.is_none() {
            return Poll::Ready(None);
        }
        if !this.running.is_empty() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl<S: Stream> fmt::Debug for BufferUnordered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferUnordered")
            .field("limit", &self.limit)
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}
