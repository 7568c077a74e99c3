//! Lanes: kinds of work that share a pool's threads and must not take all of them.

use crate::error::{Rejected, TrySpawnError};
use crate::handle::{self, JobHandle};
use crate::job::{Executor, Job};
use crate::pool::Pool;
use crate::queues::{LaneQueue, Ticket};
use crate::submitted::Submitted;
use std::fmt;

/// The limits of a [`Lane`].
///
/// ```
/// use sheave_blocking_pool::LaneConfig;
///
/// let config = LaneConfig { queue_limit: Some(100), ..LaneConfig::new(2) };
/// assert_eq!(config.max_threads, 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneConfig {
    /// How many of the pool's threads the lane's jobs may use at once.
    pub max_threads: usize,
    /// How many jobs may wait while the lane uses all of them; `None` is no limit.
    pub queue_limit: Option<usize>,
}

impl LaneConfig {
    /// At most `max_threads` threads, and no queue limit.
    #[must_use]
    pub fn new(max_threads: usize) -> Self {
        Self { max_threads, queue_limit: None }
    }
}

/// What a lane is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaneMetrics {
    /// Jobs that wait.
    pub queued: usize,
    /// Jobs that a thread has taken and not yet reported as ended.
    pub running: usize,
}

/// A queue of its own within a [`Pool`], for work that comes in floods or takes its time, such as
/// name look-ups.
///
/// Guarantees: the lane's jobs run in order of submission and use at most
/// [`LaneConfig::max_threads`] threads; all lanes together leave at least one thread to the jobs of
/// the pool itself, if it may have more than one; and where both wait, a thread takes at least every
/// second job from the pool's own. A job that another job waits for may run on the waiting thread
/// (see [`JobHandle::wait`]), which counts towards no lane.
///
/// ```
/// use sheave_blocking_pool::{LaneConfig, Pool};
///
/// let pool = Pool::new();
/// let dns = pool.lane("dns", LaneConfig::new(2));
/// let resolved = dns.spawn(|| "192.0.2.1");
/// assert_eq!(resolved.wait().unwrap(), "192.0.2.1");
/// ```
#[derive(Clone)]
pub struct Lane {
    pool: Pool,
    index: usize,
}

impl Lane {
    #[track_caller]
    pub(crate) fn open(pool: Pool, name: String, config: &LaneConfig) -> Self {
        assert!(
            config.max_threads > 0,
            "LaneConfig::max_threads must be at least 1: a lane without threads runs nothing"
        );
        let fresh = LaneQueue::new(name, config.max_threads, config.queue_limit);
        let index = pool.shared().state.lock().lane_named(fresh);
        Self { pool, index }
    }

    /// The pool whose threads run the lane's jobs.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// [`Pool::submit`], within this lane's limits.
    ///
    /// # Errors
    /// As for [`Pool::submit`].
    pub fn submit(&self, job: Box<dyn Job>) -> Result<(), Rejected> {
        self.submit_ticketed(job).map(|_| ())
    }

    /// [`Pool::submit_ticketed`], within this lane's limits. The ticket is the pool's.
    ///
    /// # Errors
    /// As for [`Pool::submit`].
    pub fn submit_ticketed(&self, job: Box<dyn Job>) -> Result<Ticket, Rejected> {
        self.pool.shared().submit(self.index, job)
    }

    /// [`Pool::submit_tracked`], within this lane's limits.
    ///
    /// # Errors
    /// As for [`Pool::submit`].
    pub fn submit_tracked(&self, job: Box<dyn Job>) -> Result<Submitted, Rejected> {
        let ticket = self.submit_ticketed(job)?;
        Ok(Submitted::new(self.pool.shared().clone(), ticket))
    }

    /// [`Pool::spawn`], within this lane's limits.
    #[track_caller]
    pub fn spawn<F, T>(&self, job: F) -> JobHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        handle::spawn(self.pool.shared(), self.index, job)
    }

    /// [`Pool::try_spawn`], within this lane's limits.
    ///
    /// # Errors
    /// As for [`Pool::try_spawn`].
    #[track_caller]
    pub fn try_spawn<F, T>(&self, job: F) -> Result<JobHandle<T>, TrySpawnError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        handle::try_spawn(self.pool.shared(), self.index, job)
    }

    /// What the lane is doing.
    #[must_use]
    pub fn metrics(&self) -> LaneMetrics {
        let state = self.pool.shared().state.lock();
        let queue = state.queues.lane(self.index);
        LaneMetrics { queued: queue.len(), running: queue.running }
    }
}

impl Executor for Lane {
    fn execute(&self, job: Box<dyn Job>) -> Result<(), Rejected> {
        self.submit(job)
    }

    fn execute_tracked(&self, job: Box<dyn Job>) -> Result<Option<Submitted>, Rejected> {
        self.submit_tracked(job).map(Some)
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lane = f.debug_struct("Lane");
        lane.field("index", &self.index).field("metrics", &self.metrics()).finish_non_exhaustive()
    }
}
