//! `asyncio.shield`.

use super::IntoTask;
use crate::tasks::JoinHandle;

/// Makes a task of a future, so that it runs on whatever happens to who waits for it: dropping the
/// handle detaches the task.
///
/// # Differences from asyncio
/// `asyncio.shield`. It is needed far less here. A task that is awaited through its handle
/// is never cancelled because its waiter is, so that this is another name for
/// [`ensure_future`](super::ensure_future); it says why the task is there. As in asyncio, the task can be
/// aborted itself, and the end of the runtime ends it. Here the runtime keeps it alive.
///
/// # Panics
/// If it is given a future and the thread is in no runtime.
///
/// # Examples
/// ```
/// use sheave::asyncio::shield;
/// use sheave::time::{Duration, sleep, timeout};
///
/// # #[sheave::main]
/// # async fn main() {
/// let (saved, was_saved) = sheave::sync::oneshot::channel();
/// let save = shield(async move {
///     sleep(Duration::from_millis(2)).await;
///     saved.send("all of it")
/// });
/// assert!(timeout(Duration::ZERO, save).await.is_err());
/// assert_eq!(was_saved.await, Ok("all of it"));
/// # }
/// ```
#[track_caller]
pub fn shield<T>(awaitable: impl IntoTask<T>) -> JoinHandle<T> {
    awaitable.into_task()
}
