//! asyncio's names for what a handle of the runtime does.

use crate::concurrent;
use crate::runtime::Handle;
use std::future::Future;

/// The runtime of the calling thread: asyncio's `get_running_loop`, and its name for
/// [`Handle::current`].
///
/// # Differences from asyncio
/// It works on threads of the blocking pool as well, and wherever a runtime
/// [is entered](Handle::enter). [`Handle::try_current`] is the one that returns an error.
///
/// # Panics
/// If the thread is in no runtime. asyncio raises `RuntimeError('no running event loop')`. There is no
/// `get_event_loop`, which made a loop when there was none.
///
/// # Examples
/// ```
/// # #[sheave::main]
/// # async fn main() {
/// let handle = sheave::asyncio::get_running_loop();
/// let now = handle.time();
/// assert!(now <= sheave::time::Instant::now());
/// # }
/// ```
#[track_caller]
#[must_use]
pub fn get_running_loop() -> Handle {
    Handle::current()
}

/// Spawns a task on a runtime from any thread, and returns a future that a thread can wait for: asyncio's
/// `run_coroutine_threadsafe`. [`Handle::spawn_threadsafe`] is the same.
///
/// [`cancel`](concurrent::Future::cancel) cancels the task, however far it has come. To drop the
/// future detaches the task, which goes on; so does a
/// [`wait_timeout`](concurrent::Future::wait_timeout) whose time was up. If the task is cancelled, by
/// anyone or by a shutdown, so is the future. A panic of the task is an error of the future.
///
/// To wait for it on a thread that drives a runtime panics and says so; in asyncio that is a deadlock.
///
/// # Differences from asyncio
/// A panic of a task whose future was dropped is lost, as in asyncio; a
/// [`spawn`](Handle::spawn) reports it.
///
/// # Examples
/// ```
/// use sheave::asyncio::run_coroutine_threadsafe;
///
/// let runtime = sheave::runtime::Runtime::new()?;
/// let handle = runtime.handle().clone();
/// let thread = std::thread::spawn(move || {
///     run_coroutine_threadsafe(async { 6 * 7 }, &handle).wait()
/// });
/// assert_eq!(thread.join().unwrap().unwrap(), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn run_coroutine_threadsafe<F>(future: F, handle: &Handle) -> concurrent::Future<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    handle.spawn_threadsafe(future)
}
