//! The runtime as its owner holds it.

use super::dump_on_signal::Dumper;
use super::timeline::SavedTimeline;
use super::{Builder, EnterGuard, Handle, RuntimeMetrics, ShutdownOptions, ShutdownReport};
use crate::scheduler::{Patience, Shared, Threads};
use crate::signal::unix::SignalKind;
use crate::tasks::JoinHandle;
use sheave_facade::sync::{Arc, Mutex};
use std::future::Future;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::PathBuf;
use std::time::Duration;

/// How long dropping a runtime waits for tasks in a poll and for running blocking jobs.
const DROP_TIMEOUT: Duration = Duration::from_secs(10);

/// A runtime: workers, reactors, timers and a blocking pool.
///
/// Dropping it closes it: the futures of all tasks are dropped, and the threads are joined. The
/// drop waits at most 10 s for a task that is stuck in a poll and for blocking jobs that run; then
/// their threads are left behind, and end when those return. Dropped inside async code, it waits
/// for nothing. [`shutdown_timeout`](Self::shutdown_timeout) sets another bound, and
/// [`shutdown`](Self::shutdown) lets tasks finish and says what is left.
///
/// ```
/// let runtime = sheave::runtime::Runtime::new()?;
/// let answer = runtime.block_on(async { sheave::spawn(async { 6 * 7 }).await })?;
/// assert_eq!(answer, 42);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Runtime {
    handle: Handle,
    /// `None` once a thread sees to their end.
    threads: Mutex<Option<Threads>>,
    /// Written when all the rest has ended.
    _timeline: Option<SavedTimeline>,
    /// Dropped last: until then dumps may be asked for.
    _dumper: Option<Dumper>,
}

// As for `Handle`.
impl UnwindSafe for Runtime {}
impl RefUnwindSafe for Runtime {}

impl Runtime {
    /// A multi-thread runtime with the default settings of [`Builder`].
    ///
    /// # Errors
    /// If the system refuses a thread or a file descriptor.
    pub fn new() -> io::Result<Self> {
        Builder::new_multi_thread().build()
    }

    pub(super) fn start(
        shared: Arc<Shared>,
        timeline: Option<PathBuf>,
        dump_on: Option<SignalKind>,
    ) -> io::Result<Self> {
        let handle = Handle::new(shared);
        let timeline = timeline.map(|path| SavedTimeline::start(&handle, path)).transpose()?;
        let dumper = dump_on.map(|kind| Dumper::start(kind, handle.clone())).transpose()?;
        let threads = Mutex::new(Some(Threads::start(&handle.shared)?));
        Ok(Self { handle, threads, _timeline: timeline, _dumper: dumper })
    }

    /// A handle, which can be cloned and sent to other threads.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Spawns a task on this runtime; see [`task::spawn`](crate::task::spawn).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// Runs a closure that may block on the blocking pool of this runtime; see
    /// [`task::spawn_blocking`](crate::task::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.spawn_blocking(f)
    }

    /// Runs a future to completion on this thread and returns its output. The future needs neither
    /// `Send` nor `'static`.
    ///
    /// On the multi-thread flavour the workers run the tasks meanwhile. On the current-thread
    /// flavour this thread runs them, and only as long as a `block_on` lasts.
    ///
    /// # Panics
    /// If the future panics, or if this thread drives futures already.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// Makes this runtime the one that `spawn`, timers and sockets use on this thread, until the
    /// guard is dropped.
    #[must_use = "the runtime is left when the guard is dropped"]
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// What the runtime counts.
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }

    /// Ends the runtime in phases, and says what is left of it.
    ///
    /// 1. No more tasks are taken: a spawn drops its future, and its handle gives an error that says so.
    ///    The tasks are told ([`shutdown_requested`](crate::shutdown_requested())), and have `drain` to
    ///    end by themselves.
    /// 2. Those that have not are aborted. Their futures have `cancel_grace` to be dropped.
    /// 3. Closures that wait for the blocking pool are dropped. Those that run have `blocking` to
    ///    return.
    ///
    /// What has not ended by then is left behind, and listed in the report: it ends when it returns.
    /// Phases end early when there is nothing to wait for. Several threads may call this at once; the
    /// most impatient one decides when the next phase begins.
    ///
    /// On the current-thread flavour the tasks are run to their end by a thread of their own, unless
    /// another thread is in a `block_on`: then by that one.
    ///
    /// Inside async code this waits for nothing, as if all times were zero.
    ///
    /// # Examples
    /// ```
    /// use sheave::runtime::{Builder, ShutdownOptions};
    /// use std::time::Duration;
    ///
    /// let runtime = Builder::new_multi_thread().worker_threads(2).build()?;
    /// drop(runtime.spawn(std::future::pending::<()>()));
    /// let (release, wait) = std::sync::mpsc::channel::<()>();
    /// drop(runtime.spawn_blocking(move || wait.recv()));
    ///
    /// let report = runtime.shutdown(ShutdownOptions::new().blocking(Duration::from_millis(50)));
    /// assert_eq!((report.aborted(), report.tasks().len()), (1, 0));
    /// assert_eq!(report.jobs()[0].spawned_at().unwrap().file(), file!());
    /// println!("{report}");
    /// # drop(release);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown(&self, options: ShutdownOptions) -> ShutdownReport {
        self.end(options.into())
    }

    /// Shuts down as dropping does, but waits at most for `timeout`.
    pub fn shutdown_timeout(self, timeout: Duration) {
        let _ = self.end(Patience::at_most(timeout));
    }

    /// Shuts down without waiting: threads end when what they run returns.
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }

    fn end(&self, patience: Patience) -> ShutdownReport {
        let threads = self.threads.lock().take();
        self.handle.shared.end(threads, patience)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // Whoever has called a shutdown has waited as long as he wanted to.
        if self.threads.lock().is_some() {
            let _ = self.end(Patience::at_most(DROP_TIMEOUT));
        }
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("handle", &self.handle).finish_non_exhaustive()
    }
}
