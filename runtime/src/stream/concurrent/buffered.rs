//! Many futures of a stream at a time; outputs in the order of the futures.

use super::Running;
use crate::stream::Stream;
use crate::util::ReadyKeys;
use pin_project_lite::pin_project;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The stream of [`buffered`](super::ConcurrentExt::buffered).
    #[must_use = "streams do nothing unless polled"]
    pub struct Buffered<S>
    where
        S: Stream,
        S::Item: Future,
    {
        // `None` at its end.
        #[pin]
        stream: Option<S>,
        limit: usize,
        keys: ReadyKeys,
        // In the order of the stream. Their keys count up, from that of the first one.
        places: VecDeque<Place<S::Item>>,
        first: usize,
    }
}

enum Place<F: Future> {
    Running(Running<F>),
    /// It waits for those before it.
    Done(F::Output),
    /// It has panicked. Taken away when it is the first.
    Gone,
}

impl<F: Future> Place<F> {
    fn poll(&mut self) {
        if let Self::Running(running) = self {
            match running.poll() {
                Poll::Pending => {}
                Poll::Ready(Ok(output)) => *self = Self::Done(output),
                Poll::Ready(Err(payload)) => {
                    *self = Self::Gone;
                    resume_unwind(payload)
                }
            }
        }
    }
}

impl<S: Stream<Item: Future>> Buffered<S> {
    pub(super) fn new(stream: S, limit: usize) -> Self {
        let (keys, places) = (ReadyKeys::new(), VecDeque::new());
        Self { stream: Some(stream), limit, keys, places, first: 0 }
    }

    /// Starts futures until there are enough.
    fn fill(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let mut this = self.project();
        while let Some(Place::Gone) = this.places.front() {
            this.places.pop_front();
            *this.first = this.first.wrapping_add(1);
        }
        while this.places.len() < *this.limit {
            let Some(stream) = this.stream.as_mut().as_pin_mut() else { return };
            match stream.poll_next(cx) {
                Poll::Pending => return,
                Poll::Ready(None) => this.stream.set(None),
                Poll::Ready(Some(future)) => {
                    let key = this.first.wrapping_add(this.places.len());
                    let mut place = Place::Running(Running::new(future, this.keys.waker(key)));
                    place.poll();
                    this.places.push_back(place);
                }
            }
        }
    }

    /// The output of the first future, if it is there.
    fn pop(self: Pin<&mut Self>) -> Option<<S::Item as Future>::Output> {
        let this = self.project();
        if let Some(Place::Running(_)) = this.places.front() {
            return None;
        }
        let Place::Done(output) = this.places.pop_front()? else { return None };
        *this.first = this.first.wrapping_add(1);
        Some(output)
    }
}

impl<S: Stream<Item: Future>> Stream for Buffered<S> {
    type Item = <S::Item as Future>::Output;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.as_mut().fill(cx);
        // Each once, so that futures which wake themselves let go of the thread.
        for _ in 0..self.places.len() {
            if let Some(output) = self.as_mut().pop() {
                return Poll::Ready(Some(output));
            }
            let this = self.as_mut().project();
            let Poll::Ready(key) = this.keys.poll_pop(cx) else { return Poll::Pending };
            // A late wake finds nothing, or an output.
            if let Some(place) = this.places.get_mut(key.wrapping_sub(*this.first)) {
                place.poll();
            }
        }
        if let Some(output) = self.as_mut().pop() {
            return Poll::Ready(Some(output));
        }
        if !self.places.is_empty() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.stream.is_none() { Poll::Ready(None) } else { Poll::Pending }
    }
}

impl<S: Stream<Item: Future>> fmt::Debug for Buffered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffered")
            .field("limit", &self.limit)
            .field("places", &self.places.len())
            .finish_non_exhaustive()
    }
}
