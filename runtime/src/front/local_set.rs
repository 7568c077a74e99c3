//! Tasks that need not be `Send`.

use crate::scheduler::local::{EnteredLocal, LocalTasks, Seat, current};
use crate::tasks::{JoinHandle, Spec};
use sheave_facade::sync::Arc;
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// What is said to who spawns a local task without a set.
const NO_SET: &str = "`spawn_local` outside of a `LocalSet`: call it from a future inside \
                      `LocalSet::run_until` or from a local task, call `LocalSet::spawn_local` on \
                      a set, or hold the guard of `LocalSet::enter`";

/// Calls `f` with the tasks of the set that this thread is in.
#[track_caller]
pub(super) fn with_current_set<R>(f: impl FnOnce(&Arc<LocalTasks>) -> R) -> R {
    match current() {
        Some(tasks) => f(&tasks),
        None => panic!("{NO_SET}"),
    }
}

/// Spawns a task that need not be `Send` on the [`LocalSet`] that this thread is in.
///
/// The task runs on this thread whenever the set is driven. As everywhere, dropping the handle
/// detaches the task. While the set is being dropped, the future is dropped at once and the handle
/// reports a cancelled task.
///
/// # Panics
/// Outside a [`LocalSet`]: neither inside [`LocalSet::run_until`], nor in a local task, nor under
/// the guard of [`LocalSet::enter`].
///
/// # Examples
/// ```
/// use sheave::task::{LocalSet, spawn_local};
/// use std::rc::Rc;
///
/// # #[sheave::main]
/// # async fn main() -> Result<(), sheave::task::JoinError> {
/// let set = LocalSet::new();
/// let answer = set.run_until(async {
///     let number = Rc::new(6);
///     spawn_local(async move { *number * 7 }).await
/// });
/// assert_eq!(answer.await?, 42);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let location = Location::caller();
    with_current_set(|tasks| tasks.spawn(future, Spec::at(location)))
}

/// A set of tasks that run on one thread, and hence need not be `Send`.
///
/// The tasks run while the set is *driven*: while a future of [`run_until`](Self::run_until) is
/// polled, or the set itself, which is a future that is ready when all tasks have completed. A set
/// that is not driven keeps its tasks, and nothing is lost. It is driven by its own thread only, so
/// under [`Runtime::block_on`](crate::runtime::Runtime::block_on) or any other executor that polls
/// on the calling thread; inside [`spawn`](crate::spawn), whose futures move between threads, it
/// does not compile. Wakes, aborts and (if the output is `Send`) joins may come from any thread.
///
/// The tasks run in the order of their wakes. At each poll of the set at most 61 of them run, then
/// whatever else the thread has to do.
///
/// Dropping the set drops the futures of all tasks before it returns, on its own thread, in no
/// particular order; their handles report cancelled tasks. If another thread is just then waking
/// one of the tasks, the drop waits for that wake to be delivered, which runs no code of a user. A
/// set that is leaked leaks its futures.
///
/// # Panics
/// When awaited: never; a panic in a task is reported by its [`JoinHandle`].
///
/// # Cancel safety
/// Awaiting `&mut set` is strict: the tasks stay in the set.
///
/// # Examples
/// ```
/// use sheave::task::LocalSet;
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// let runtime = sheave::runtime::Runtime::new()?;
/// let sum = Rc::new(Cell::new(0));
/// let set = LocalSet::new();
/// for n in 1..=10 {
///     let sum = sum.clone();
///     set.spawn_local(async move { sum.set(sum.get() + n) });
/// }
/// runtime.block_on(set);
/// assert_eq!(sum.get(), 55);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct LocalSet {
    tasks: Arc<LocalTasks>,
    seat: Seat,
    /// The set stays on the thread that made it.
    _not_send: PhantomData<*mut ()>,
}

impl LocalSet {
    /// An empty set, for the calling thread. It needs no runtime.
    #[must_use]
    pub fn new() -> Self {
        let tasks = LocalTasks::new();
        let seat = Seat::new(&tasks);
        Self { tasks, seat, _not_send: PhantomData }
    }

    pub(crate) fn tasks(&self) -> &Arc<LocalTasks> {
        &self.tasks
    }

    /// Spawns a task on this set. It first runs when the set is driven.
    ///
    /// ```
    /// # let runtime = sheave::runtime::Runtime::new().unwrap();
    /// let set = sheave::task::LocalSet::new();
    /// let task = set.spawn_local(async { "done" });
    /// assert_eq!(runtime.block_on(set.run_until(task)).unwrap(), "done");
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.tasks.spawn(future, Spec::at(Location::caller()))
    }

    /// Runs `future`, and the tasks of the set while it is not ready. In it,
    /// [`spawn_local`](crate::task::spawn_local()) spawns on this set.
    ///
    /// Tasks that have not completed when `future` is ready stay in the set. Several of these
    /// futures may be polled side by side; each drives all tasks. One that is polled by a task of
    /// the same set, or inside another one's `future`, leaves the tasks to the outer one.
    ///
    /// # Cancel safety
    /// That of `future`; the tasks stay in the set.
    ///
    /// # Panics
    /// If `future` does.
    ///
    /// # Examples
    /// ```
    /// use sheave::task::{LocalSet, spawn_local, yield_now};
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let set = LocalSet::new();
    /// let first = set.run_until(async {
    ///     let task = spawn_local(async { 1 });
    ///     yield_now().await;
    ///     task.await.unwrap()
    /// });
    /// assert_eq!(first.await, 1);
    /// # }
    /// ```
    pub async fn run_until<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let seat = Seat::new(&self.tasks);
        poll_fn(|cx| self.tasks.drive_with(&seat, cx, |cx| future.as_mut().poll(cx))).await
    }

    /// Makes this set the one that [`spawn_local`](crate::task::spawn_local()) uses on this thread,
    /// until the guard is dropped. Spawned tasks run when the set is driven.
    ///
    /// Guards must be dropped in the reverse order of their making, and none be held across an
    /// `.await`; the drop of one that is not the innermost panics.
    ///
    /// ```
    /// # let runtime = sheave::runtime::Runtime::new().unwrap();
    /// use sheave::task::{LocalSet, spawn_local};
    ///
    /// let set = LocalSet::new();
    /// let task = {
    ///     let _entered = set.enter();
    ///     spawn_local(async { 7 })
    /// };
    /// assert_eq!(runtime.block_on(set.run_until(task)).unwrap(), 7);
    /// ```
    #[must_use = "the set is left when the guard is dropped"]
    pub fn enter(&self) -> LocalEnterGuard {
        LocalEnterGuard { _entered: EnteredLocal::new(&self.tasks) }
    }
}

/// Ready when all tasks of the set have completed.
impl Future for LocalSet {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.tasks.drive_all(&self.seat, cx)
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        self.tasks.close();
    }
}

impl Default for LocalSet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSet").field("len", &self.tasks.len()).finish_non_exhaustive()
    }
}

/// A [`LocalSet`] is entered on this thread as long as this guard lives. Made by
/// [`LocalSet::enter`].
#[must_use = "the set is left when the guard is dropped"]
pub struct LocalEnterGuard {
    _entered: EnteredLocal,
}

impl fmt::Debug for LocalEnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEnterGuard").finish_non_exhaustive()
    }
}
