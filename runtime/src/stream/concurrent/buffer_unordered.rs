//! Many futures of a stream at a time; outputs as they come.

use super::Running;
use crate::stream::Stream;
use crate::util::ReadyKeys;
use pin_project_lite::pin_project;
use slab::Slab;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, mem};

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
        // The last output was that of a future which was ready at once.
        has_jumped: bool,
    }
}

impl<S: Stream> BufferUnordered<S> {
    pub(super) fn new(stream: S, limit: usize) -> Self {
        let (keys, running) = (ReadyKeys::new(), Slab::new());
        Self { stream: Some(stream), limit, keys, running, has_jumped: false }
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
                    let mut running = Running::new(future, this.keys.waker(key));
                    if let Poll::Ready(outcome) = running.poll() {
                        *this.has_jumped = true;
                        return Some(outcome.unwrap_or_else(|payload| resume_unwind(payload)));
                    }
                    entry.insert(running);
                }
            }
        }
        None
    }

    /// Polls a future that was woken. A late wake finds nothing, or another future, which does not mind.
    fn poll_woken(self: Pin<&mut Self>, key: usize) -> Option<<S::Item as Future>::Output> {
        let this = self.project();
        let Poll::Ready(outcome) = this.running.get_mut(key)?.poll() else { return None };
        drop(this.running.remove(key));
        Some(outcome.unwrap_or_else(|payload| resume_unwind(payload)))
    }
}

impl<S: Stream<Item: Future>> Stream for BufferUnordered<S> {
    type Item = <S::Item as Future>::Output;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if mem::take(self.as_mut().project().has_jumped) {
            // Or else a stream of such futures would keep those that were woken from their turn, for ever.
            if let Some(output) = self.keys.pop().and_then(|key| self.as_mut().poll_woken(key)) {
                return Poll::Ready(Some(output));
            }
        }
        if let Some(output) = self.as_mut().fill(cx) {
            return Poll::Ready(Some(output));
        }
        // Each once, so that futures which wake themselves let go of the thread.
        for _ in 0..self.running.len() {
            let Poll::Ready(key) = self.keys.poll_pop(cx) else { return Poll::Pending };
            if let Some(output) = self.as_mut().poll_woken(key) {
                return Poll::Ready(Some(output));
            }
        }
        if self.running.is_empty() && self.stream.is_none() {
            return Poll::Ready(None);
        }
        if !self.running.is_empty() {
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
