//! The futures that wait for a [`Notify`].

use super::{Notify, QUEUED, Waiters};
use crate::coop;
use crate::sync::wait_list::{Key, poll_told};
use crate::util::waits::{SyncKind, noting};
use sheave_facade::sync::Arc;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// How far a future has come.
#[derive(Debug)]
enum Stage {
    /// Not queued; goes on if `calls` has moved since.
    Created {
        calls: usize,
    },
    Queued(Option<Key>),
    Done,
}

#[derive(Debug)]
struct Wait<N: Deref<Target = Notify>> {
    notify: N,
    stage: Stage,
}

impl<N: Deref<Target = Notify>> Wait<N> {
    fn new(notify: N) -> Self {
        let calls = notify.calls();
        Self { notify, stage: Stage::Created { calls } }
    }

    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.stage {
            Stage::Done => return Poll::Ready(()),
            Stage::Created { calls } => {
                if self.notify.try_go(Some(calls), 0).is_continue() {
                    self.stage = Stage::Queued(None);
                    ready!(self.poll_queued(cx, Some(calls)));
                }
            }
            Stage::Queued(ref mut key) => {
                if !self.notify.told.take(key) {
                    ready!(self.poll_queued(cx, None));
                }
            }
        }
        self.stage = Stage::Done;
        Poll::Ready(())
    }

    #[cold]
    fn poll_queued(&mut self, cx: &mut Context<'_>, since: Option<usize>) -> Poll<()> {
        let Stage::Queued(key) = &mut self.stage else { unreachable!("set by the caller") };
        let notify: &Notify = &self.notify;
        let clone = key.is_none().then(|| cx.waker().clone());
        let at_once = |_: &mut Waiters| notify.try_go(since, QUEUED);
        let polled = poll_told(clone, &notify.told, &notify.waiters, key, cx, at_once);
        noting(SyncKind::Notify, notify, polled).map(drop)
    }

    fn poll_fairly(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        ready!(self.poll(cx));
        progress.made_progress();
        Poll::Ready(())
    }

    fn enable(&mut self) -> bool {
        self.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }
}

impl<N: Deref<Target = Notify>> Drop for Wait<N> {
    fn drop(&mut self) {
        if let Stage::Queued(key) = &mut self.stage {
            if let Some(key) = key.take() {
                self.notify.leave(key);
            }
        }
    }
}

/// Future of [`Notify::notified`].
#[must_use = "futures do nothing unless polled"]
pub struct Notified<'a>(Wait<&'a Notify>);

/// Future of [`Notify::notified_owned`].
#[must_use = "futures do nothing unless polled"]
pub struct OwnedNotified(Wait<Arc<Notify>>);

impl<'a> Notified<'a> {
    pub(super) fn of(notify: &'a Notify) -> Self {
        Self(Wait::new(notify))
    }

    /// Takes a place in the queue without waiting. Returns whether the future is ready.
    ///
    /// For those who look at a condition before they wait: what is signalled after `enable` is not
    /// missed, whatever happens between the look and the first poll.
    ///
    /// # Examples
    /// ```
    /// use std::pin::pin;
    ///
    /// # futures_lite::future::block_on(async {
    /// let bell = sheave::sync::Notify::new();
    /// let mut waiting = pin!(bell.notified());
    /// assert!(!waiting.as_mut().enable());
    /// bell.notify_one();
    /// waiting.await;
    /// # });
    /// ```
    pub fn enable(self: Pin<&mut Self>) -> bool {
        self.get_mut().0.enable()
    }
}

impl OwnedNotified {
    pub(super) fn of(notify: Arc<Notify>) -> Self {
        Self(Wait::new(notify))
    }

    /// As [`Notified::enable`].
    pub fn enable(self: Pin<&mut Self>) -> bool {
        self.get_mut().0.enable()
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().0.poll_fairly(cx)
    }
}

impl Future for OwnedNotified {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().0.poll_fairly(cx)
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified").field("stage", &self.0.stage).finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnedNotified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedNotified").field("stage", &self.0.stage).finish_non_exhaustive()
    }
}
