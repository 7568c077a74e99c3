//! A pool of threads: `ThreadPoolExecutor`.

use super::job::pack;
use super::map::Map;
use super::pool_shutdown::Shutdown;
use super::{Future, ThreadPoolBuilder};
use crate::scheduler::Driving;
use crate::util::contain::{Payload, catch};
use sheave_blocking_pool::{
    Backlog, Executor, Job, JobOrigin, Metrics, Pool, RejectReason, Rejected, Submitted, compensate,
};
use sheave_facade::sync::{Arc, Mutex};
use std::fmt;
use std::panic::Location;

/// A pool of threads that run closures: Python's `ThreadPoolExecutor`.
///
/// Threads are made when a job finds none idle, up to `max_workers`, and leave after a while without
/// jobs. Jobs start in the order of their submission. A clone is another handle to the same pool.
///
/// # The end
/// [`shutdown`](Self::shutdown) says how. Dropping the last handle accepts no more jobs, runs those that
/// wait, and blocks until the threads have ended; but on a thread that drives a runtime, or that is the
/// pool's own, it does not wait, and the threads end by themselves, or with the process: await
/// `shutdown` for jobs that must be done.
///
/// # Differences from Python
/// - Idle threads leave after [`keep_alive`](ThreadPoolBuilder::keep_alive).
/// - A pool that was shut down or is broken does not fail in [`submit`](Self::submit): the future says so.
/// - A job may wait for jobs of its own pool, also when there is one thread.
/// - Leaving a scope inside async code does not block the runtime, and the end of the process waits for no
///   pool: Python waits for every pool when the interpreter exits.
/// - Threads are named `prefix-0`, not `prefix_0`.
///
/// # Examples
/// ```
/// use sheave::concurrent::ThreadPool;
///
/// let pool = ThreadPool::builder().max_workers(5).build();
/// let squares: Result<Vec<_>, _> = pool.map(|n| n * n, 0..4).collect();
/// assert_eq!(squares.unwrap(), [0, 1, 4, 9]);
/// ```
#[doc(alias = "ThreadPoolExecutor")]
#[derive(Clone)]
pub struct ThreadPool {
    owner: Arc<Owner>,
}

/// What the handles share, and the threads do not.
struct Owner {
    pool: Pool,
    health: Arc<Health>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        if Driving::is_on() || self.pool.is_current() {
            self.pool.shutdown_background(Backlog::Drain);
        } else {
            let _ = compensate(|| self.pool.shutdown(Backlog::Drain, None));
        }
    }
}

/// Whether the pool can still run anything.
#[derive(Default)]
pub(super) struct Health {
    broken: Mutex<Option<String>>,
}

impl Health {
    /// Runs the initializer of a thread; if it panics, the pool is broken.
    pub(super) fn initialize(&self, initializer: &(dyn Fn() + Send + Sync)) {
        if let Err(payload) = catch(initializer) {
            let reason = format!("the initializer of a thread panicked: {}", text(&payload));
            self.broken.lock().get_or_insert(reason);
        }
    }

    fn problem(&self) -> Option<RejectReason> {
        let reason = self.broken.lock().clone()?;
        Some(RejectReason::BrokenExecutor { reason })
    }
}

fn text(payload: &Payload) -> &str {
    let literal = payload.downcast_ref::<&'static str>().copied();
    literal.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("...")
}

/// A job of a pool that may be broken by the time it is run.
struct Checked {
    job: Box<dyn Job>,
    health: Arc<Health>,
}

impl Job for Checked {
    fn run(self: Box<Self>) {
        match self.health.problem() {
            Some(problem) => self.job.reject(problem),
            None => self.job.run(),
        }
    }

    fn cancel(self: Box<Self>) {
        self.job.cancel();
    }

    fn origin(&self) -> JobOrigin {
        self.job.origin()
    }

    fn reject(self: Box<Self>, reason: RejectReason) {
        self.job.reject(reason);
    }
}

impl ThreadPool {
    /// A pool with the default settings; see [`builder`](Self::builder).
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// The settings of a new pool.
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder::new()
    }

    pub(super) fn with(pool: Pool, health: Arc<Health>) -> Self {
        Self { owner: Arc::new(Owner { pool, health }) }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.owner.pool
    }

    /// Runs a closure on a thread of the pool. It runs whether or not the future is kept.
    ///
    /// The closure begins with an empty [`Context`](crate::asyncio::Context); to hand yours on, move
    /// [`copy_context`](crate::asyncio::copy_context)`()` into it, or use
    /// [`run_in_executor`](super::run_in_executor).
    ///
    /// Never fails at once: if the pool was shut down, is broken, or its queue is full, the future is
    /// done and says so.
    ///
    /// # Examples
    /// ```
    /// let pool = sheave::concurrent::ThreadPool::new();
    /// assert_eq!(pool.submit(|| 6 * 7).wait().unwrap(), 42);
    ///
    /// pool.shutdown().wait();
    /// assert!(pool.submit(|| 6 * 7).wait().unwrap_err().is_shutdown());
    /// ```
    #[track_caller]
    pub fn submit<F, T>(&self, f: F) -> Future<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (mut future, job) = pack(f, None, (), Location::caller());
        match self.execute_tracked(job) {
            Ok(submitted) => future.set_submitted(submitted),
            Err(Rejected { job, reason, .. }) => job.reject(reason),
        }
        future
    }

    /// Runs `f` on every item, and iterates over the results in the order of the items.
    ///
    /// All items are submitted before this returns; [`map_buffered`](Self::map_buffered) takes them as
    /// it goes. See [`Map`] for time-outs, errors and the end.
    ///
    /// # Examples
    /// ```
    /// let pool = sheave::concurrent::ThreadPool::new();
    /// let lengths = pool.map(str::len, ["a", "bc", "def"]);
    /// assert_eq!(lengths.map(Result::unwrap).collect::<Vec<_>>(), [1, 2, 3]);
    /// ```
    pub fn map<I, F, R>(&self, f: F, items: I) -> Map<I::IntoIter, F, R>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
        R: Send + 'static,
    {
        Map::new(self.clone(), usize::MAX, f, items.into_iter())
    }

    /// [`map`](Self::map) with at most `buffersize` items submitted and not yet returned: further ones
    /// are taken from the iterator as results are. For long and endless iterators.
    ///
    /// # Panics
    /// If `buffersize` is 0.
    ///
    /// # Examples
    /// ```
    /// let pool = sheave::concurrent::ThreadPool::new();
    /// let even = pool.map_buffered(4, |n: u64| n * 2, 1..);
    /// assert_eq!(even.take(3).map(Result::unwrap).collect::<Vec<_>>(), [2, 4, 6]);
    /// ```
    #[track_caller]
    pub fn map_buffered<I, F, R>(&self, buffersize: usize, f: F, items: I) -> Map<I::IntoIter, F, R>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
        R: Send + 'static,
    {
        assert!(buffersize > 0, "buffersize must be at least 1: no item would ever be submitted");
        Map::new(self.clone(), buffersize, f, items.into_iter())
    }

    /// Accepts no more jobs, from now on. What this returns can be awaited, [waited
    /// for](Shutdown::wait), told to [cancel](Shutdown::cancel_futures) the jobs that have not begun, or
    /// dropped, and then the jobs that wait are run in the background.
    ///
    /// # Examples
    /// ```
    /// # #[sheave::main]
    /// # async fn main() {
    /// let pool = sheave::concurrent::ThreadPool::new();
    /// let last = pool.submit(|| 1);
    /// pool.shutdown().await; // Tasks go on meanwhile.
    /// assert!(last.done());
    /// # }
    /// ```
    pub fn shutdown(&self) -> Shutdown {
        Shutdown::begin(self.pool().clone())
    }

    /// One consistent look at the pool.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.pool().metrics()
    }
}

impl Default for ThreadPool {
    fn default() -> Self {
        Self::new()
    }
}

impl Executor for ThreadPool {
    fn execute(&self, job: Box<dyn Job>) -> Result<(), Rejected> {
        self.execute_tracked(job).map(|_| ())
    }

    fn execute_tracked(&self, job: Box<dyn Job>) -> Result<Option<Submitted>, Rejected> {
        let health = &self.owner.health;
        if let Some(reason) = health.problem() {
            return Err(Rejected { job, reason });
        }
        let job = Box::new(Checked { job, health: health.clone() });
        self.pool().submit_tracked(job).map(Some)
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool").field("metrics", &self.metrics()).finish_non_exhaustive()
    }
}
