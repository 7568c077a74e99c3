//! `asyncio.shield`.

use super::IntoTask;
use crate::tasks::{JoinError, JoinHandle};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Makes a task of a future, or takes a task, and lets others wait for it who cannot end it: dropping or
/// aborting the wait leaves the task alone.
///
/// A task that is awaited through its handle is never cancelled because its waiter is, so most of the time
/// the handle will do. But [`wait_for`](super::wait_for()), [`gather`](super::gather()) and
/// [`gather!`](crate::gather!) abort the tasks whose handles they are given. A shield is not the task: what
/// they abort is the wait for it.
///
/// # Differences from asyncio
/// `asyncio.shield`. As there, the task can be aborted itself, which ends the wait as well, and the end of
/// the runtime ends it. Here the runtime keeps it alive, and its panic is
/// [reported](crate::runtime::Builder::on_unhandled_panic) if the shield was dropped.
///
/// # Panics
/// If it is given a future and the thread is in no runtime.
///
/// # Examples
/// ```
/// use sheave::asyncio::{shield, wait_for};
/// use sheave::time::{Duration, sleep};
///
/// # #[sheave::main]
/// # async fn main() {
/// let (saved, was_saved) = sheave::sync::oneshot::channel();
/// let save = shield(async move {
///     sleep(Duration::from_millis(2)).await;
///     saved.send("all of it")
/// });
/// assert!(wait_for(save, Duration::from_millis(1)).await.is_err());
/// assert_eq!(was_saved.await, Ok("all of it"));
/// # }
/// ```
#[track_caller]
pub fn shield<T>(awaitable: impl IntoTask<T>) -> Shield<T> {
    Shield(awaitable.into_task())
}

/// A task that its waiters cannot end; see [`shield`]. Dropping it detaches the task.
///
/// # Cancel safety
/// Strict: `&mut Shield` may be awaited, dropped and awaited again.
///
/// # Panics
/// If it is polled again after it has returned the output.
///
/// # Errors
/// A [`JoinError`] if the task was cancelled or panicked.
#[derive(Debug)]
#[must_use = "dropping a `Shield` detaches its task: await it, or `drop` it explicitly"]
pub struct Shield<T>(JoinHandle<T>);

impl<T> Shield<T> {
    /// The handle of the task, which can abort it.
    pub fn into_inner(self) -> JoinHandle<T> {
        self.0
    }
}

impl<T> Future for Shield<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}
