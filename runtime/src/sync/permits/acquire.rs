//! The future of one who wants permits.

use super::{Answer, Permits, QUEUED, Refusal, Waiters};
use crate::coop;
use crate::sync::wait_list::{Key, poll_told};
use crate::util::waits::{SyncKind, noting};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// The semaphore was closed.
#[derive(Debug)]
pub(in crate::sync) struct Closed;

/// Future of [`Permits::acquire`]: strict, and dropped with a grant it releases that.
#[derive(Debug)]
pub(in crate::sync) struct AcquirePermits<'a> {
    permits: &'a Permits,
    count: u32,
    kind: SyncKind,
    key: Option<Key>,
}

impl<'a> AcquirePermits<'a> {
    #[inline]
    pub(super) fn new(permits: &'a Permits, kind: SyncKind, count: u32) -> Self {
        Self { permits, count, kind, key: None }
    }

    #[inline]
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Answer> {
        if self.key.is_some() {
            // Only grants are told.
            if self.permits.told.take(&mut self.key) {
                return Poll::Ready(Answer::Granted);
            }
            return self.poll_queued(cx, None);
        }
        match self.permits.try_acquire(self.count as usize) {
            Ok(()) => Poll::Ready(Answer::Granted),
            Err(Refusal::Closed) => Poll::Ready(Answer::Closed),
            Err(Refusal::NoPermits) => self.poll_contended(cx),
        }
    }

    /// The permits are not there, or others wait for theirs.
    #[cold]
    fn poll_contended(&mut self, cx: &mut Context<'_>) -> Poll<Answer> {
        if self.take_a_moment_later() {
            return Poll::Ready(Answer::Granted);
        }
        self.poll_queued(cx, Some(cx.waker().clone()))
    }

    /// Unless somebody is queued, who would be overtaken.
    fn take_a_moment_later(&self) -> bool {
        let Self { permits, count, .. } = *self;
        let take = || permits.try_acquire(count as usize).ok();
        permits.look() & QUEUED == 0 && permits.patience.look_later(take).is_some()
    }

    /// With a clone of the waker for one who is not queued yet.
    #[cold]
    fn poll_queued(&mut self, cx: &mut Context<'_>, clone: Option<Waker>) -> Poll<Answer> {
        let Self { permits, count, kind, key } = self;
        let at_once = |_: &mut Waiters| permits.take_or_queue(*count as usize);
        let polled = poll_told(clone, &permits.told, &permits.waiters, key, cx, at_once);
        noting(*kind, *permits, polled)
    }
}

impl Future for AcquirePermits<'_> {
    type Output = Result<(), Closed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = ready!(coop::poll_proceed(cx));
        let answer = ready!(self.get_mut().poll_answer(cx));
        progress.made_progress();
        Poll::Ready(match answer {
            Answer::Granted => Ok(()),
            Answer::Closed => Err(Closed),
        })
    }
}

impl Drop for AcquirePermits<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.permits.leave(key, self.count as usize);
        }
    }
}
