//! What functions take that want tasks: futures, which they spawn, and handles of tasks.

use crate::front::spawn::with_current;
use crate::tasks::{JoinHandle, Spec};
use std::future::Future;
use std::panic::Location;

/// What can become a task with an output of type `T`: a future, which is spawned, or the handle of a
/// task, which is used as it is.
///
/// A handle is a future itself, so the compiler cannot tell which of the two is meant until it knows
/// `T`: for handles, write the type of the result down, as in
/// `let pages: Vec<Page> = gather(tasks).await?`.
///
/// # Differences from asyncio
/// what its functions call an awaitable.
pub trait IntoTask<T> {
    /// The task. A future is spawned now, on the current runtime.
    ///
    /// # Panics
    /// If this is a future and the thread is in no runtime.
    #[track_caller]
    fn into_task(self) -> JoinHandle<T>
    where
        Self: Sized,
    {
        self.into_task_at(Location::caller())
    }

    /// [`into_task`](Self::into_task) for who has been called by somebody else.
    #[doc(hidden)]
    fn into_task_at(self, caller: &'static Location<'static>) -> JoinHandle<T>;

    /// The task, if it exists already; a future is dropped.
    #[doc(hidden)]
    fn into_started(self) -> Option<JoinHandle<T>>;
}

impl<F> IntoTask<F::Output> for F
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn into_task_at(self, caller: &'static Location<'static>) -> JoinHandle<F::Output> {
        with_current(|shared| shared.spawn(self, Spec::at(caller)))
    }

    fn into_started(self) -> Option<JoinHandle<F::Output>> {
        None
    }
}

impl<T> IntoTask<T> for JoinHandle<T> {
    fn into_task_at(self, _caller: &'static Location<'static>) -> Self {
        self
    }

    fn into_started(self) -> Option<Self> {
        Some(self)
    }
}

/// Makes a task of a future by spawning it; the handle of a task comes back as it is.
///
/// # Differences from asyncio
/// `asyncio.ensure_future`, without the argument `loop`: what is no future does not
/// compile.
///
/// # Panics
/// If it is given a future and the thread is in no runtime.
///
/// # Examples
/// ```
/// use sheave::asyncio::ensure_future;
/// use sheave::task::JoinHandle;
///
/// # #[sheave::main]
/// # async fn main() -> Result<(), sheave::task::JoinError> {
/// let task: JoinHandle<u32> = ensure_future(async { 6 * 7 });
/// let same: JoinHandle<u32> = ensure_future(task);
/// assert_eq!(same.await?, 42);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn ensure_future<T>(awaitable: impl IntoTask<T>) -> JoinHandle<T> {
    awaitable.into_task()
}
