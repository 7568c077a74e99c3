//! The settings of a pool and their defaults.

use crate::contain::ask;
use crate::pool::Pool;
use crate::spawner::{SpawnHandler, ThreadStart};
use sheave_facade::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fmt, io};

const DEFAULT_PREFIX: &str = "sheave-blocking";

/// User code that runs on a pool thread.
pub(crate) type Hook = Box<dyn Fn() + Send + Sync>;

/// How a thread gets its name.
enum Naming {
    Prefix(String),
    Function(Box<dyn Fn() -> String + Send + Sync>),
}

/// The settings of a pool, fixed when it is built.
pub(crate) struct Config {
    pub(crate) max_threads: usize,
    pub(crate) min_idle: usize,
    pub(crate) keep_alive: Duration,
    pub(crate) queue_limit: Option<usize>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) on_thread_start: Option<Hook>,
    pub(crate) on_thread_stop: Option<Hook>,
    pub(crate) spawn_handler: Option<Box<SpawnHandler>>,
    naming: Naming,
    /// Stored and loaded by whoever creates a thread.
    named: AtomicUsize,
}

impl Config {
    /// The name of the next thread.
    pub(crate) fn next_name(&self) -> String {
        // ORDERING: Relaxed, a counter that publishes nothing; only its atomicity matters.
        let number = self.named.fetch_add(1, Ordering::Relaxed);
        match &self.naming {
            Naming::Prefix(prefix) => format!("{prefix}-{number}"),
            // A name is a comfort: a function that panics must not cost the pool a thread.
            Naming::Function(name) => ask(name).map_or_else(
                || format!("{DEFAULT_PREFIX}-{number}"),
                |name| name.replace('\0', "?"),
            ),
        }
    }
}

/// Builds a [`Pool`].
///
/// ```
/// use sheave_blocking_pool::Builder;
/// use std::time::Duration;
///
/// let pool = Builder::new()
///     .max_threads(8)
///     .keep_alive(Duration::from_secs(2))
///     .thread_name("disk")
///     .queue_limit(1_000)
///     .build();
/// assert_eq!(pool.spawn(|| 6 * 7).wait().unwrap(), 42);
/// ```
#[must_use = "call `build` to make the pool"]
pub struct Builder {
    config: Config,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// At most 512 threads, kept for 10 s, none kept longer, and no queue limit.
    pub fn new() -> Self {
        Self {
            config: Config {
                max_threads: 512,
                min_idle: 0,
                keep_alive: Duration::from_secs(10),
                queue_limit: None,
                stack_size: None,
                on_thread_start: None,
                on_thread_stop: None,
                spawn_handler: None,
                naming: Naming::Prefix(DEFAULT_PREFIX.into()),
                named: AtomicUsize::new(0),
            },
        }
    }

    /// How many threads may live at once, not counting those that stand in for threads blocked in
    /// [`JobHandle::wait`](crate::JobHandle::wait) or [`Pool::compensate`].
    ///
    /// # Panics
    /// If `threads` is 0: a pool without threads runs nothing.
    #[track_caller]
    pub fn max_threads(mut self, threads: usize) -> Self {
        assert!(threads > 0, "max_threads must be at least 1: a pool without threads runs nothing");
        self.config.max_threads = threads;
        self
    }

    /// How many idle threads outlive their keep-alive. They are not created in advance; more than
    /// `max_threads` is as good as `max_threads`.
    pub fn min_idle(mut self, threads: usize) -> Self {
        self.config.min_idle = threads;
        self
    }

    /// How long a thread waits for a job before it leaves. [`Duration::MAX`] keeps it for ever.
    pub fn keep_alive(mut self, duration: Duration) -> Self {
        self.config.keep_alive = duration;
        self
    }

    /// How many jobs may wait while every thread is taken; further ones are rejected. With 0 a job
    /// is accepted only if a thread is free or may be created for it. Lanes have their own limit.
    pub fn queue_limit(mut self, jobs: usize) -> Self {
        self.config.queue_limit = Some(jobs);
        self
    }

    /// Names threads `prefix-0`, `prefix-1` and so on. Linux shows the first 15 bytes.
    ///
    /// # Panics
    /// If the prefix holds a NUL byte, which no thread name can.
    #[track_caller]
    pub fn thread_name(mut self, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        assert!(!prefix.contains('\0'), "thread_name must not contain a NUL byte: {prefix:?}");
        self.config.naming = Naming::Prefix(prefix);
        self
    }

    /// Names threads by a function, called once for each. A NUL byte in a name becomes `?`; if the
    /// function panics, the thread gets a default name.
    pub fn thread_name_fn(mut self, name: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.config.naming = Naming::Function(Box::new(name));
        self
    }

    /// The stack size of each thread, in bytes. A size that the system cannot provide shows as
    /// [`RejectReason::NoThread`](crate::RejectReason::NoThread).
    pub fn thread_stack_size(mut self, bytes: usize) -> Self {
        self.config.stack_size = Some(bytes);
        self
    }

    /// Runs on each thread before its first job. A panic in it is swallowed; the thread serves on.
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.config.on_thread_start = Some(Box::new(hook));
        self
    }

    /// Runs on each thread after its last job. A panic in it is swallowed; the thread ends in order.
    pub fn on_thread_stop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.config.on_thread_stop = Some(Box::new(hook));
        self
    }

    /// Creates threads by a function: to pin them, to take them from elsewhere, to count them.
    ///
    /// The function must arrange for [`ThreadStart::run`] to be called on another thread, soon. If
    /// it fails it returns an error and drops the `ThreadStart`; a job is then run by a thread that
    /// lives, or handed back to its submitter if there is none. The pool cannot join such threads:
    /// a shutdown waits until `run` is about to return.
    ///
    /// ```
    /// let pool = sheave_blocking_pool::Builder::new()
    ///     .spawn_handler(|thread| {
    ///         std::thread::Builder::new().name(thread.name().into()).spawn(|| thread.run())?;
    ///         Ok(())
    ///     })
    ///     .build();
    /// assert_eq!(pool.spawn(|| 1).wait().unwrap(), 1);
    /// ```
    pub fn spawn_handler(
        mut self,
        handler: impl Fn(ThreadStart) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.config.spawn_handler = Some(Box::new(handler));
        self
    }

    /// Builds the pool. No thread is created before the first job.
    #[must_use]
    pub fn build(self) -> Pool {
        Pool::with_config(self.config)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("max_threads", &self.config.max_threads)
            .field("min_idle", &self.config.min_idle)
            .field("keep_alive", &self.config.keep_alive)
            .field("queue_limit", &self.config.queue_limit)
            .field("stack_size", &self.config.stack_size)
            .finish_non_exhaustive()
    }
}
