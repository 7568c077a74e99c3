//! A member of a task group, as those who spawn it see it.

use super::error::{Failed, GroupTaskError};
use crate::sync::oneshot;
use crate::tasks::{AbortHandle, Id};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// How a member of a group says that it has started; see [`TaskGroup::start`](super::TaskGroup::start).
#[derive(Debug)]
#[must_use = "`TaskGroup::start` waits for `started`"]
pub struct Readiness<V>(oneshot::Sender<V>);

impl<V> Readiness<V> {
    pub(super) fn new(to: oneshot::Sender<V>) -> Self {
        Self(to)
    }

    /// Lets [`TaskGroup::start`](super::TaskGroup::start) return `value`. If nobody waits for it any
    /// more, it is dropped.
    pub fn started(self, value: V) {
        drop(self.0.send(value));
    }
}

/// A member of a task group: a future of its value, which may be awaited after the group has ended, too.
///
/// Dropping it changes nothing.
///
/// # Cancel safety
/// Strict: the value stays until it is returned.
///
/// # Errors
/// [`GroupTaskError`] if the member failed, which the group reports, or was aborted.
#[derive(Debug)]
pub struct GroupTask<T> {
    abort: AbortHandle,
    from: oneshot::Receiver<Result<T, Failed>>,
}

impl<T> GroupTask<T> {
    pub(super) fn new(abort: AbortHandle, from: oneshot::Receiver<Result<T, Failed>>) -> Self {
        Self { abort, from }
    }

    /// Aborts the member. That is no failure: the group goes on.
    pub fn abort(&self) {
        self.abort.abort();
    }

    /// Whether the member has ended, which is so of all once the group is ready: its future is gone. The
    /// runtime may take a moment longer with the task, of which
    /// [`AbortHandle::is_finished`](crate::task::AbortHandle::is_finished) speaks.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.from.is_over()
    }

    /// A handle that can abort the member.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        self.abort.clone()
    }

    /// The id of the task.
    #[must_use]
    pub fn id(&self) -> Id {
        self.abort.id()
    }

    /// The value, without waiting. There is one after the group has ended well.
    ///
    /// # Errors
    /// As awaiting it, and [`GroupTaskError::Running`].
    pub fn into_result(mut self) -> Result<T, GroupTaskError> {
        match self.from.try_recv() {
            Ok(result) => result.map_err(|Failed| GroupTaskError::Failed),
            Err(oneshot::error::TryRecvError::Empty) => Err(GroupTaskError::Running),
            Err(oneshot::error::TryRecvError::Closed) => Err(GroupTaskError::Cancelled),
        }
    }
}

impl<T> Future for GroupTask<T> {
    type Output = Result<T, GroupTaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(Pin::new(&mut self.from).poll(cx)) {
            Ok(result) => result.map_err(|Failed| GroupTaskError::Failed),
            Err(_dropped) => Err(GroupTaskError::Cancelled),
        })
    }
}

/// The wait for a member to start. A member that has not when nobody waits any more is aborted.
pub(super) struct Starting<V> {
    /// `None` when the wait is over.
    member: Option<AbortHandle>,
    started: oneshot::Receiver<V>,
}

impl<V> Starting<V> {
    pub(super) fn new(member: AbortHandle, started: oneshot::Receiver<V>) -> Self {
        Self { member: Some(member), started }
    }

    /// What it said, or `None` if it has ended without a word.
    pub(super) async fn wait(mut self) -> Option<V> {
        let started = (&mut self.started).await;
        self.member = None;
        started.ok()
    }
}

impl<V> Drop for Starting<V> {
    fn drop(&mut self) {
        let Some(member) = self.member.take() else { return };
        // From here on it cannot start any more; it may have, without having been heard.
        self.started.close();
        if self.started.try_recv().is_err() {
            member.abort();
        }
    }
}
