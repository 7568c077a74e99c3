//! Spawning on the runtime of the calling thread.

use crate::scheduler::LaneName;
use crate::scheduler::{self, Shared, context, with_runtime};
use crate::tasks::{Id, JoinHandle, Spec, current_id};
use sheave_facade::sync::Arc;
use std::future::Future;
use std::panic::Location;

/// Calls `f` with the runtime of this thread.
#[track_caller]
pub(crate) fn with_current<R>(f: impl FnOnce(&Arc<Shared>) -> R) -> R {
    let result = with_runtime(|shared| shared.map(f));
    match result {
        Some(result) => result,
        None => panic!("{}", context::NO_RUNTIME),
    }
}

/// Spawns a task: the future runs concurrently with the caller, on whichever worker has time.
///
/// The task starts at once, whether or not its [`JoinHandle`] is awaited; dropping the handle
/// detaches the task. When the runtime shuts down, its future is dropped at its next `.await`. After
/// that a spawn drops the future at once, and the handle reports a cancelled task.
///
/// The future must be `Send`, since it may move between workers. For one that is not, see
/// [`LocalSet`](crate::task::LocalSet).
///
/// # Panics
/// If the thread is in no runtime.
///
/// # Examples
/// ```
/// # #[sheave::main]
/// # async fn main() -> Result<(), sheave::task::JoinError> {
/// let task = sheave::spawn(async { 6 * 7 });
/// assert_eq!(task.await?, 42);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let location = Location::caller();
    with_current(|shared| shared.spawn(future, Spec::at(location)))
}

/// Runs a closure that may block (a database driver, a file, a long computation) on a thread of the
/// blocking pool.
///
/// A job that waits in the queue can be aborted; one that runs cannot, and its handle then reports
/// its result as if it had not been. If the pool cannot take the job, because the runtime shuts
/// down, the system refuses a first thread, or [a limit that was
/// set](crate::runtime::Builder::blocking_queue_limit) is reached, the closure is dropped and the handle
/// reports a cancelled task.
///
/// # Panics
/// If the thread is in no runtime.
///
/// # Examples
/// ```
/// # #[sheave::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let host = sheave::task::spawn_blocking(|| std::fs::read_to_string("/etc/hostname")).await?;
/// # let _ = host; Ok(())
/// # }
/// ```
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let location = Location::caller();
    with_current(|shared| shared.spawn_blocking(LaneName::User, f, Spec::at(location)))
}

/// Runs a closure that may block, here and now, while another thread takes over the other tasks of
/// this worker. Outside of a worker it just runs the closure.
///
/// Code that runs concurrently *inside the same task* (`join!`, `select!`) is held up. If the
/// closure may run elsewhere, [`spawn_blocking`] is cheaper.
///
/// # Panics
/// On a current-thread runtime, whose tasks have nowhere else to run.
///
/// # Examples
/// ```
/// # #[sheave::main]
/// # async fn main() {
/// let sum = sheave::task::block_in_place(|| (1..=1000u64).sum::<u64>());
/// assert_eq!(sum, 500500);
/// # }
/// ```
#[track_caller]
pub fn block_in_place<F, R>(f: F) -> R
where
    F: FnOnce() -> R,
{
    scheduler::block_in_place(f)
}

/// The id of the task that runs on this thread.
///
/// # Panics
/// If no task runs here.
#[track_caller]
#[must_use]
pub fn id() -> Id {
    try_id().expect("no task runs on this thread: `task::id` is for code inside a task")
}

/// The id of the task that runs on this thread, if one does.
#[must_use]
pub fn try_id() -> Option<Id> {
    current_id()
}
