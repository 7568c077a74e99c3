//! The pool as its users hold it.

#[cfg(all(test, loom))]
mod loom;

use crate::config::{Builder, Config};
use crate::error::{Rejected, TrySpawnError};
use crate::handle::{self, JobHandle};
use crate::job::{Executor, Job};
use crate::lane::{Lane, LaneConfig};
use crate::metrics::Metrics;
use crate::queues::{DEFAULT_LANE, Ticket};
use crate::reentry;
use crate::shared::Shared;
use crate::shutdown::{Backlog, ShutdownReport};
use crate::submitted::Submitted;
use sheave_facade::sync::Arc;
use std::fmt;
use std::time::Duration;

/// An elastic pool of threads for work that blocks.
///
/// A clone is another handle to the same pool. When the last handle (lanes count, [`JobHandle`]s do
/// not) is dropped, the pool shuts down in the background: what was accepted is still run, then the
/// threads end.
///
/// ```
/// use sheave_blocking_pool::Pool;
///
/// let pool = Pool::new();
/// let sum = pool.spawn(|| (1..=10).sum::<u32>());
/// assert_eq!(futures_lite::future::block_on(sum).unwrap(), 55);
/// ```
#[derive(Clone)]
pub struct Pool {
    owner: Arc<Owner>,
}

/// What the handles share, and the threads do not: its end is the end of the pool.
struct Owner {
    shared: Arc<Shared>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.close(Backlog::Drain);
    }
}

impl Pool {
    /// A pool with the default settings; see [`Builder`] for them.
    #[must_use]
    pub fn new() -> Self {
        Builder::new().build()
    }

    pub(crate) fn with_config(config: Config) -> Self {
        Self { owner: Arc::new(Owner { shared: Arc::new(Shared::new(config)) }) }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.owner.shared
    }

    /// Has a job run on a thread of the pool.
    ///
    /// # Errors
    /// The job itself, if the pool was shut down, the queue limit is reached, or there is no thread
    /// and none can be created.
    pub fn submit(&self, job: Box<dyn Job>) -> Result<(), Rejected> {
        self.submit_ticketed(job).map(|_| ())
    }

    /// Like [`submit`](Self::submit), and returns a ticket by which the job can be
    /// [cancelled](Self::cancel) or [run at once](Self::run_queued) while it waits.
    ///
    /// # Errors
    /// As for [`submit`](Self::submit).
    pub fn submit_ticketed(&self, job: Box<dyn Job>) -> Result<Ticket, Rejected> {
        self.shared().submit(DEFAULT_LANE, job)
    }

    /// Like [`submit`](Self::submit), and returns what can withdraw the job while it waits.
    ///
    /// # Errors
    /// As for [`submit`](Self::submit).
    pub fn submit_tracked(&self, job: Box<dyn Job>) -> Result<Submitted, Rejected> {
        let ticket = self.submit_ticketed(job)?;
        Ok(Submitted::new(self.shared().clone(), ticket))
    }

    /// Runs a closure on a thread of the pool.
    ///
    /// Never fails at once: if the pool does not accept the job, the handle says so
    /// ([`JobError::Rejected`](crate::JobError::Rejected)). Dropping the handle lets the job go on.
    #[track_caller]
    pub fn spawn<F, T>(&self, job: F) -> JobHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        handle::spawn(self.shared(), DEFAULT_LANE, job)
    }

    /// Runs a closure on a thread of the pool, or gives it back.
    ///
    /// ```
    /// let pool = sheave_blocking_pool::Builder::new().max_threads(1).queue_limit(0).build();
    /// let (release, wait) = std::sync::mpsc::channel::<()>();
    /// let busy = pool.try_spawn(move || wait.recv()).unwrap();
    /// let refused = pool.try_spawn(|| 42).unwrap_err();
    /// assert_eq!((refused.job)(), 42);
    /// release.send(()).unwrap();
    /// busy.wait().unwrap().unwrap();
    /// ```
    ///
    /// # Errors
    /// The closure, uncalled, if the pool was shut down, the queue limit is reached, or there is no
    /// thread and none can be created.
    #[track_caller]
    pub fn try_spawn<F, T>(&self, job: F) -> Result<JobHandle<T>, TrySpawnError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        handle::try_spawn(self.shared(), DEFAULT_LANE, job)
    }

    /// Cancels a job that waits: it is taken off the queue and [`Job::cancel`] is called on it, here.
    /// Returns false if it is running or over, which changes nothing.
    ///
    /// The ticket must be this pool's.
    pub fn cancel(&self, ticket: Ticket) -> bool {
        self.shared().cancel_one(ticket)
    }

    /// Runs a job that waits, here and now. Returns false if it is running or over.
    ///
    /// This is how a job may wait for another job of its own pool when no thread is left to run it;
    /// [`JobHandle::wait`] does it by itself. The ticket must be this pool's.
    pub fn run_queued(&self, ticket: Ticket) -> bool {
        self.shared().run_here(ticket)
    }

    /// Whether the current thread is one of this pool's.
    #[must_use]
    pub fn is_current(&self) -> bool {
        reentry::is_member(self.shared().id())
    }

    /// Runs `wait`, which blocks until other jobs of this pool have done something, and lets one more
    /// thread than `max_threads` live meanwhile. On a thread that is not the pool's it only calls
    /// `wait`.
    ///
    /// ```
    /// use sheave_blocking_pool::Builder;
    ///
    /// let pool = Builder::new().max_threads(1).build();
    /// let inner = pool.clone();
    /// let outer = pool.spawn(move || {
    ///     let (sender, receiver) = std::sync::mpsc::channel();
    ///     inner.spawn(move || sender.send(7));
    ///     // The only thread is this one; without help the message would never come.
    ///     inner.compensate(|| receiver.recv().unwrap())
    /// });
    /// assert_eq!(outer.wait().unwrap(), 7);
    /// ```
    pub fn compensate<R>(&self, wait: impl FnOnce() -> R) -> R {
        self.shared().compensate(wait)
    }

    /// A lane: a queue of its own within this pool, whose jobs use at most `config.max_threads` of the
    /// pool's threads at once. Asking again by the same name returns the same lane as it is.
    ///
    /// # Panics
    /// If `config.max_threads` is 0.
    #[track_caller]
    #[must_use]
    pub fn lane(&self, name: impl Into<String>, config: LaneConfig) -> Lane {
        Lane::open(self.clone(), name.into(), &config)
    }

    /// One consistent look at the pool.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.shared().state.lock().metrics()
    }

    /// Closes the pool, runs or cancels what waits, and waits until its threads have ended, at most
    /// for `timeout`; `None` waits as long as it takes.
    ///
    /// New jobs are rejected from the first moment. When time is up, jobs that still wait are
    /// cancelled, running ones go on by themselves, and the report counts both. Called from a job of
    /// this pool, it waits for all threads but those that wait here too.
    ///
    /// ```
    /// use sheave_blocking_pool::{Backlog, Pool};
    /// use std::time::Duration;
    ///
    /// let pool = Pool::new();
    /// pool.spawn(|| println!("almost done"));
    /// let report = pool.shutdown(Backlog::Drain, Some(Duration::from_secs(5)));
    /// assert!(report.is_complete());
    /// assert!(pool.spawn(|| ()).wait().is_err());
    /// ```
    pub fn shutdown(&self, backlog: Backlog, timeout: Option<Duration>) -> ShutdownReport {
        self.shared().shut_down(backlog, timeout)
    }

    /// Closes the pool and does not wait. Returns how many waiting jobs were cancelled.
    pub fn shutdown_background(&self, backlog: Backlog) -> usize {
        self.shared().close(backlog).len()
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl Executor for Pool {
    fn execute(&self, job: Box<dyn Job>) -> Result<(), Rejected> {
        self.submit(job)
    }

    fn execute_tracked(&self, job: Box<dyn Job>) -> Result<Option<Submitted>, Rejected> {
        self.submit_tracked(job).map(Some)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("metrics", &self.metrics()).finish_non_exhaustive()
    }
}
