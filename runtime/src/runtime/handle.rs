//! A runtime as everyone else holds it.

use super::{Dump, Id, RuntimeMetrics, UnhandledPanicInfo};
use crate::concurrent::{Executor, WrappedFuture, run_on, wrap_future};
use crate::front::task_meta::TaskMeta;
use crate::scheduler::LaneName;
use crate::scheduler::{Entered, Shared, context, with_runtime};
use crate::tasks::{JoinHandle, Spec};
use sheave_facade::sync::Arc;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};

/// A handle to a runtime. Clones are cheap and refer to the same runtime.
///
/// A handle does not keep the runtime running: after the [`Runtime`](super::Runtime) was dropped,
/// what is spawned through a handle is dropped at once and its `JoinHandle` reports a cancelled task.
#[derive(Clone)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
}

/// Which threads run the tasks of a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// The thread that calls `block_on`.
    CurrentThread,
    /// Worker threads that steal from each other.
    MultiThread,
}

// What code that unwinds leaves behind in a runtime is whole: none of it runs under a lock of the runtime.
impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}

impl Handle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The runtime of the calling thread.
    ///
    /// # Panics
    /// If the thread is in no runtime.
    #[track_caller]
    #[must_use]
    pub fn current() -> Self {
        match Self::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    /// The runtime of the calling thread, if it has one.
    ///
    /// # Errors
    /// If the thread is in no runtime.
    pub fn try_current() -> Result<Self, TryCurrentError> {
        with_runtime(|shared| shared.cloned().map(Self::new)).ok_or(TryCurrentError(()))
    }

    /// Makes this runtime the one that `spawn`, timers and sockets use on this thread, until the
    /// guard is dropped. Guards must be dropped in the reverse order of their making.
    #[must_use = "the runtime is left when the guard is dropped"]
    pub fn enter(&self) -> EnterGuard<'_> {
        let entered = Entered::new(self.shared.clone());
        EnterGuard { _entered: entered, _handle: PhantomData, _not_send: PhantomData }
    }

    /// Spawns a task on this runtime; see [`task::spawn`](crate::task::spawn).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.shared.spawn(future, Spec::at(Location::caller()))
    }

    /// Runs a closure that may block on the blocking pool of this runtime; see
    /// [`task::spawn_blocking`](crate::task::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.shared.spawn_blocking(LaneName::User, f, Spec::at(Location::caller()))
    }

    /// Runs a closure that may block on an executor; `None` is this runtime's default one. See
    /// [`run_in_executor`](crate::concurrent::run_in_executor()).
    ///
    /// # Examples
    /// ```
    /// let runtime = sheave::runtime::Runtime::new()?;
    /// let answer = runtime.handle().run_in_executor(None, || 6 * 7);
    /// assert_eq!(runtime.block_on(answer).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn run_in_executor<F, R>(&self, executor: Option<&dyn Executor>, f: F) -> WrappedFuture<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        wrap_future(run_on(&self.shared, executor, f, (), Location::caller())).cancel_on_drop(false)
    }

    /// Sets the executor that [`run_in_executor`](Self::run_in_executor) takes for `None`, and that
    /// [`to_thread`](crate::to_thread()) uses. [`spawn_blocking`](Self::spawn_blocking) and name
    /// resolution stay with the runtime's own pool. Python accepts thread pools only.
    ///
    /// The runtime does not shut it down; see
    /// [`shutdown_default_executor`](Self::shutdown_default_executor).
    ///
    /// # Examples
    /// ```
    /// use sheave::concurrent::{ThreadPool, run_in_executor};
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let pool = ThreadPool::builder().max_workers(3).thread_name_prefix("mine").build();
    /// sheave::runtime::Handle::current().set_default_executor(pool);
    /// let name = run_in_executor(None, || std::thread::current().name().map(str::to_owned));
    /// assert_eq!(name.await.unwrap().as_deref(), Some("mine-0"));
    /// # }
    /// ```
    pub fn set_default_executor(&self, executor: impl Executor + 'static) {
        self.shared.set_default_executor(Arc::new(executor));
    }

    /// Runs a future to completion on this thread, in the context of this runtime. See
    /// [`Runtime::block_on`](super::Runtime::block_on).
    ///
    /// # Panics
    /// If the future panics, or if this thread drives futures already.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.shared.block_on(future)
    }

    /// Sets another hook for panics that nobody reads, from now on; see
    /// [`Builder::on_unhandled_panic`](super::Builder::on_unhandled_panic).
    pub fn on_unhandled_panic(
        &self,
        hook: impl Fn(&UnhandledPanicInfo<'_>) + Send + Sync + 'static,
    ) {
        drop(self.shared.unhandled.set_hook(Some(Arc::new(hook))));
    }

    /// The tasks of this runtime that have not ended; see
    /// [`asyncio::all_tasks`](crate::asyncio::all_tasks).
    #[must_use]
    pub fn all_tasks(&self) -> Vec<TaskMeta> {
        self.shared
            .all_tasks()
            .into_iter()
            .map(TaskMeta::new)
            .filter(|it| !it.is_finished())
            .collect()
    }

    /// What the runtime counts.
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        RuntimeMetrics::of(&self.shared)
    }

    /// What every live task does: its state, its last poll, what it waits for, where it was spawned and
    /// by whom; and the same of each future that a thread [blocks on](Self::block_on). Blocking closures
    /// are not shown.
    ///
    /// It stops nobody, and is meant for production: a hundred thousand tasks take some tens of
    /// milliseconds of the calling thread. After the shutdown of the runtime there is no task to show.
    ///
    /// ```
    /// use sheave::runtime::{Runtime, WaitsFor};
    /// use sheave::time::{Duration, sleep};
    ///
    /// let runtime = Runtime::new()?;
    /// let task = runtime.spawn(async { sleep(Duration::from_secs(60)).await });
    /// # while runtime.handle().dump().tasks()[0].waits_for().is_none() {}
    /// let dump = runtime.handle().dump();
    /// assert_eq!(dump.tasks()[0].id(), task.id());
    /// assert!(matches!(dump.tasks()[0].waits_for(), Some(WaitsFor::Timer { .. })));
    /// eprint!("{dump}");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn dump(&self) -> Dump {
        Dump::take(&self.shared)
    }

    /// Tells this runtime from the others.
    ///
    /// ```
    /// use sheave::runtime::{Handle, Runtime};
    ///
    /// let (one, other) = (Runtime::new()?, Runtime::new()?);
    /// assert_eq!(one.handle().id(), one.block_on(async { Handle::current().id() }));
    /// assert_ne!(one.handle().id(), other.handle().id());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> Id {
        Id::of(&*self.shared)
    }

    /// What [`Builder::name`](super::Builder::name) has called the runtime.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.shared.config.name.as_deref()
    }

    /// Which threads run the tasks.
    #[must_use]
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        if self.shared.is_current_thread() {
            RuntimeFlavor::CurrentThread
        } else {
            RuntimeFlavor::MultiThread
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("name", &self.name())
            .field("flavor", &self.runtime_flavor())
            .field("workers", &self.shared.num_workers())
            .finish_non_exhaustive()
    }
}

/// The runtime is entered on this thread as long as this guard lives.
#[must_use = "the runtime is left when the guard is dropped"]
pub struct EnterGuard<'a> {
    _entered: Entered,
    _handle: PhantomData<&'a Handle>,
    /// The guard belongs to the thread that made it.
    _not_send: PhantomData<*mut ()>,
}

impl fmt::Debug for EnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

/// The thread is in no runtime.
#[derive(Debug)]
pub struct TryCurrentError(());

impl TryCurrentError {
    /// `true`: that is the one reason there is.
    #[must_use]
    pub fn is_missing_context(&self) -> bool {
        true
    }

    /// `false`: the runtime of a thread is known until the thread has ended.
    #[must_use]
    pub fn is_thread_local_destroyed(&self) -> bool {
        false
    }
}

impl fmt::Display for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(context::NO_RUNTIME)
    }
}

impl std::error::Error for TryCurrentError {}
