//! asyncio's names for what the runtime has.

use crate::front::spawn::with_current;
use crate::front::task_meta::TaskMeta;
use crate::tasks::{JoinHandle, Spec};
use std::future::Future;
use std::panic::Location;

/// Spawns a task: asyncio's name for [`spawn`](crate::spawn).
///
/// For `create_task(coro, name=…, context=…)` see [`task::Builder`](crate::task::Builder).
///
/// # Differences from asyncio
/// - On the multi-thread flavour the task may begin before this returns, and tasks begin in no
///   particular order. On the current-thread flavour they begin in the order of their creation, and
///   none before the creator awaits something.
/// - The runtime keeps a task alive. Dropping the handle detaches the task; nothing is collected while
///   it is pending.
/// - To drop a future that awaits the handle does not cancel the task.
///
/// # Panics
/// If the thread is in no runtime.
///
/// # Examples
/// ```
/// use sheave::asyncio::create_task;
///
/// # #[sheave::main]
/// # async fn main() -> Result<(), sheave::task::JoinError> {
/// let task = create_task(async { "hello" });
/// assert_eq!(task.await?, "hello");
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn create_task<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let location = Location::caller();
    with_current(|shared| shared.spawn(future, Spec::at(location)))
}

/// The tasks of the current runtime that have not ended, in no particular order.
///
/// Nobody is stopped for it: a task that is spawned or that ends meanwhile may be there or not.
/// See also [`Handle::all_tasks`](crate::runtime::Handle::all_tasks).
///
/// # Differences from asyncio
/// The root of a `block_on` is no task, so it is not there; nor are closures on the blocking pool, and
/// the tasks of a [`LocalSet`](crate::task::LocalSet).
///
/// # Panics
/// If the thread is in no runtime.
///
/// # Examples
/// ```
/// use sheave::asyncio::all_tasks;
///
/// # #[sheave::main]
/// # async fn main() {
/// let endless = sheave::spawn(std::future::pending::<()>());
/// for task in all_tasks() {
///     assert!(task.cancel());
/// }
/// assert!(endless.await.unwrap_err().is_cancelled());
/// # }
/// ```
#[track_caller]
#[must_use]
pub fn all_tasks() -> Vec<TaskMeta> {
    let tasks = with_current(|shared| shared.all_tasks());
    tasks.into_iter().map(TaskMeta::new).filter(|task| !task.is_finished()).collect()
}
