//! Many futures of a stream at a time; outputs as they come.

use super::Running;
use crate::stream::Stream;
use crate::util::ReadyKeys;
use pin_project_lite::pin_project;
use slab::Slab;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The stream of [`buffer_unordered`](super::ConcurrentExt::buffer_unordered).
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

impl<S: Stream> BufferUnordered<S> {
    pub(super) fn new(stream: S, limit: usize) -> Self {
        let (keys, running) = (ReadyKeys::new(), Slab::new());
        Self { stream: Some(stream), limit, keys, running }
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
                    let running = Running::new(future, this.keys.waker(key));
                    if let Poll::Ready(output) = entry.insert(running).poll() {
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
