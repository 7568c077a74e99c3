//! The items of a queue as a stream.

use super::BaseQueue;
use super::store::Store;
use crate::sync::permits::AcquirePermits;
use crate::util::waits::SyncKind;
use futures_core::Stream;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Stream of [`BaseQueue::stream`]: gets items until the queue is shut down and nothing is left.
///
/// # Cancel safety
/// Strict: a dropped stream takes no item with it.
#[must_use = "streams do nothing unless polled"]
pub struct QueueStream<'a, S: Store> {
    queue: &'a BaseQueue<S>,
    /// The wait for the next item.
    wait: Option<AcquirePermits<'a>>,
}

impl<'a, S: Store> QueueStream<'a, S> {
    pub(super) fn of(queue: &'a BaseQueue<S>) -> Self {
        Self { queue, wait: None }
    }
}

impl<S: Store> Stream for QueueStream<'_, S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let Self { queue, wait } = self.get_mut();
        let waiting = wait.get_or_insert_with(|| queue.items.acquire(SyncKind::QueueGetter, 1));
        let is_promised = ready!(Future::poll(Pin::new(waiting), cx)).is_ok();
        *wait = None;
        let taken = if is_promised { queue.take_promised() } else { queue.take_left() };
        Poll::Ready(taken.ok())
    }
}

impl<S: Store> fmt::Debug for QueueStream<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueStream").field("queue", self.queue).finish_non_exhaustive()
    }
}
