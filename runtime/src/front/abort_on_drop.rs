//! A task that ends with its owner.

use crate::tasks::{AbortHandle, JoinError, JoinHandle};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

const GIVEN_AWAY: &str = "only `detach` gives the task away, and that takes the handle";

/// A [`JoinHandle`] that aborts its task when it is dropped, instead of detaching it. As in
/// tokio-util.
///
/// A [`JoinSet`](super::join_set::JoinSet) does the same for many.
///
/// # Cancel safety
/// Strict, as that of [`JoinHandle`], if `&mut handle` is awaited: to drop the handle itself ends the
/// task.
///
/// # Errors
/// A [`JoinError`] if the task was cancelled or panicked.
///
/// # Panics
/// If it is polled again after it has returned the output.
///
/// # Examples
/// ```
/// use sheave::task::AbortOnDropHandle;
///
/// # #[sheave::main]
/// # async fn main() {
/// let heart = AbortOnDropHandle::new(sheave::spawn(std::future::pending::<()>()));
/// let beats = heart.abort_handle();
/// drop(heart);
/// # while !beats.is_finished() { sheave::task::yield_now().await; }
///
/// let answer = AbortOnDropHandle::new(sheave::spawn(async { 6 * 7 }));
/// assert_eq!(answer.await.unwrap(), 42);
/// # }
/// ```
#[must_use = "dropping the handle aborts its task at once"]
pub struct AbortOnDropHandle<T> {
    /// `None` only while `detach` gives it away.
    task: Option<JoinHandle<T>>,
}

impl<T> AbortOnDropHandle<T> {
    /// Binds the end of the task to that of the new handle.
    pub fn new(handle: JoinHandle<T>) -> Self {
        Self { task: Some(handle) }
    }

    /// See [`JoinHandle::abort`].
    pub fn abort(&self) {
        self.as_ref().abort();
    }

    /// See [`JoinHandle::abort_handle`].
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        self.as_ref().abort_handle()
    }

    /// See [`JoinHandle::is_finished`].
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.as_ref().is_finished()
    }

    /// Gives the task its freedom back: the handle that is returned does not abort it.
    pub fn detach(mut self) -> JoinHandle<T> {
        self.task.take().expect(GIVEN_AWAY)
    }
}

impl<T> AsRef<JoinHandle<T>> for AbortOnDropHandle<T> {
    fn as_ref(&self) -> &JoinHandle<T> {
        self.task.as_ref().expect(GIVEN_AWAY)
    }
}

impl<T> Future for AbortOnDropHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(self.task.as_mut().expect(GIVEN_AWAY)).poll(cx)
    }
}

impl<T> Drop for AbortOnDropHandle<T> {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl<T> fmt::Debug for AbortOnDropHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortOnDropHandle").field("id", &self.as_ref().id()).finish()
    }
}
