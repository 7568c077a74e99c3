//! The settings of a thread pool.

use super::ThreadPool;
use super::thread_pool::Health;
use sheave_blocking_pool::Builder;
use sheave_facade::sync::Arc;
use std::fmt;
use std::time::Duration;

/// Builds a [`ThreadPool`]: the arguments of Python's `ThreadPoolExecutor`, and what a pool has beside.
///
/// # Examples
/// ```
/// let pool = sheave::concurrent::ThreadPool::builder()
///     .max_workers(2)
///     .thread_name_prefix("disk")
///     .initializer(|| println!("a thread begins"))
///     .queue_limit(1_000)
///     .build();
/// let name = pool.submit(|| std::thread::current().name().map(str::to_owned));
/// assert_eq!(name.wait().unwrap().as_deref(), Some("disk-0"));
/// ```
#[derive(Debug)]
#[must_use = "call `build` to make the pool"]
pub struct ThreadPoolBuilder {
    pool: Builder,
    initializer: Option<Initializer>,
}

struct Initializer(Box<dyn Fn() + Send + Sync>);

impl fmt::Debug for Initializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Initializer")
    }
}

impl ThreadPoolBuilder {
    pub(super) fn new() -> Self {
        // `num_cpus` honours the quotas of containers.
        let workers = (num_cpus::get() + 4).min(32);
        let pool = Builder::new().max_threads(workers).thread_name("sheave-pool");
        Self { pool, initializer: None }
    }

    /// How many jobs may run at once. Default, as in Python: four more than there are CPUs, at most 32.
    ///
    /// # Panics
    /// If `workers` is 0.
    #[track_caller]
    pub fn max_workers(mut self, workers: usize) -> Self {
        assert!(workers > 0, "max_workers must be at least 1: a pool without threads runs nothing");
        self.pool = self.pool.max_threads(workers);
        self
    }

    /// Names threads `prefix-0`, `prefix-1` and so on. Linux shows the first 15 bytes.
    ///
    /// # Panics
    /// If the prefix holds a NUL byte, which no thread name can.
    #[track_caller]
    pub fn thread_name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.pool = self.pool.thread_name(prefix);
        self
    }

    /// Runs on each thread before its first job. If it panics the pool is broken, for good: jobs that
    /// wait and that come end with [`FutureError::is_broken_executor`](super::FutureError::is_broken_executor).
    ///
    /// # Examples
    /// ```
    /// let pool = sheave::concurrent::ThreadPool::builder().initializer(|| panic!("no licence")).build();
    /// let error = pool.submit(|| 1).wait().unwrap_err();
    /// assert!(error.is_broken_executor() && error.to_string().contains("no licence"));
    /// ```
    pub fn initializer(mut self, initializer: impl Fn() + Send + Sync + 'static) -> Self {
        self.initializer = Some(Initializer(Box::new(initializer)));
        self
    }

    /// How many jobs may wait while every thread is taken; the futures of further ones end with
    /// [`RejectReason::QueueFull`](super::RejectReason::QueueFull). Default: no limit.
    pub fn queue_limit(mut self, jobs: usize) -> Self {
        self.pool = self.pool.queue_limit(jobs);
        self
    }

    /// How long a thread waits for a job before it leaves. Default: 10 s.
    pub fn keep_alive(mut self, duration: Duration) -> Self {
        self.pool = self.pool.keep_alive(duration);
        self
    }

    /// Builds the pool. No thread is made before the first job.
    #[must_use]
    pub fn build(self) -> ThreadPool {
        let health = Arc::new(Health::default());
        let mut pool = self.pool;
        if let Some(Initializer(initializer)) = self.initializer {
            let health = health.clone();
            pool = pool.on_thread_start(move || health.initialize(&*initializer));
        }
        ThreadPool::with(pool.build(), health)
    }
}
