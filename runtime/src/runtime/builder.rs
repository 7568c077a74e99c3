//! How a runtime is configured.

use super::{Runtime, debug};
use super::{StuckPoll, UnhandledPanic, UnhandledPanicInfo};
use crate::scheduler::{Config, Flavor, Hooks, NameFn, PanicHook, Shared, StuckHook};
use crate::signal::unix::SignalKind;
use sheave_facade::sync::Arc;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Sets the number of workers where the program does not.
const WORKERS_VARIABLE: &str = "SHEAVE_WORKER_THREADS";

/// Rosters of tasks that other threads spawn; several, so that those threads seldom want one lock.
const OUTSIDE_ROSTERS: usize = 4;

/// Long enough for a thread that lost its core to another one to get it back, short enough that what
/// waits for a stuck worker does not wait for 10 ms.
const STUCK_THRESHOLD: Duration = Duration::from_millis(5);

/// Builds a [`Runtime`].
///
/// ```
/// use sheave::runtime::Builder;
///
/// let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("web").build()?;
/// runtime.block_on(async { /* … */ });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Builder {
    pub(super) config: Config,
    /// `None`: from the environment, or one per core.
    workers: Option<usize>,
    /// `None`: one per worker.
    reactors: Option<usize>,
    /// `None`: one per worker.
    stand_ins: Option<usize>,
    /// Where the timeline goes, if one is recorded.
    pub(super) timeline: Option<PathBuf>,
    pub(super) dump_on: Option<SignalKind>,
}

impl Builder {
    /// Workers steal tasks from each other, by default one for each core the process may use.
    #[must_use]
    pub fn new_multi_thread() -> Self {
        Self::new(Flavor::MultiThread)
    }

    /// The thread that calls `block_on` runs all tasks, in strict first-in first-out order.
    #[must_use]
    pub fn new_current_thread() -> Self {
        Self::new(Flavor::CurrentThread)
    }

    fn new(flavor: Flavor) -> Self {
        let config = Config {
            name: None,
            flavor,
            workers: 1,
            reactors: 1,
            outside_rosters: OUTSIDE_ROSTERS,
            use_slot: flavor == Flavor::MultiThread,
            event_interval: 61,
            start_paused: false,
            thread_name: Arc::new(|| "sheave-worker".to_string()),
            stack_size: None,
            max_blocking_threads: 512,
            blocking_queue_limit: None,
            keep_alive: Duration::from_secs(10),
            stuck_threshold: STUCK_THRESHOLD,
            max_stand_ins: 0,
            on_stuck_poll: None,
            measures_polls: false,
            debug: debug::is_asked_for(),
            slow_poll_threshold: debug::SLOW_POLL_THRESHOLD,
            unhandled_panic: UnhandledPanic::default(),
            on_unhandled_panic: None,
            hooks: Hooks::default(),
        };
        let (timeline, dump_on) = (None, None);
        Self { config, workers: None, reactors: None, stand_ins: None, timeline, dump_on }
    }

    /// What [`Handle::name`](super::Handle::name) answers, to tell runtimes apart in logs and metrics.
    ///
    /// # Panics
    /// If the name is empty, or all of it is white space.
    #[track_caller]
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        assert!(!name.trim().is_empty(), "the name of a runtime must have a visible character");
        self.config.name = Some(name);
        self
    }

    /// The number of worker threads. Default: the variable `SHEAVE_WORKER_THREADS`, else the number
    /// of cores that affinity and cgroup quota allow. The current-thread flavour always has one.
    ///
    /// # Panics
    /// If `workers` is 0.
    #[track_caller]
    #[must_use]
    pub fn worker_threads(mut self, workers: usize) -> Self {
        assert!(workers > 0, "worker_threads must be at least 1: nobody would run the tasks");
        self.workers = Some(workers);
        self
    }

    /// The number of reactors (event loops) that the workers share. Default: one for each worker.
    ///
    /// # Panics
    /// If `reactors` is 0.
    #[track_caller]
    #[must_use]
    pub fn reactors(mut self, reactors: usize) -> Self {
        assert!(reactors > 0, "reactors must be at least 1: nobody would wait for sockets");
        self.reactors = Some(reactors);
        self
    }

    /// The name of the runtime's threads. Default: `sheave-worker`.
    #[must_use]
    pub fn thread_name(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.thread_name_fn(move || name.clone())
    }

    /// A function that names each thread of the runtime.
    #[must_use]
    pub fn thread_name_fn(mut self, name: impl Fn() -> String + Send + Sync + 'static) -> Self {
        let name: NameFn = Arc::new(name);
        self.config.thread_name = name;
        self
    }

    /// The stack size of the runtime's threads, in bytes.
    #[must_use]
    pub fn thread_stack_size(mut self, bytes: usize) -> Self {
        self.config.stack_size = Some(bytes);
        self
    }

    /// Called by each thread of the runtime, before its work.
    #[must_use]
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.config.hooks.on_thread_start = Some(Arc::new(hook));
        self
    }

    /// Called by each thread of the runtime, after its work.
    #[must_use]
    pub fn on_thread_stop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.config.hooks.on_thread_stop = Some(Arc::new(hook));
        self
    }

    /// Called by a worker before it goes to sleep.
    #[must_use]
    pub fn on_thread_park(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.config.hooks.on_thread_park = Some(Arc::new(hook));
        self
    }

    /// Called by a worker after it has slept.
    #[must_use]
    pub fn on_thread_unpark(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.config.hooks.on_thread_unpark = Some(Arc::new(hook));
        self
    }

    /// A poll that lasts longer than this counts as stuck: what its worker owns is served by another
    /// thread meanwhile, looked at once a millisecond. Default: 5 ms. It takes up to one and a half
    /// times as long, at least a millisecond more, until that is noticed.
    ///
    /// On the current-thread flavour nothing can be served, for its one thread is the only one that may
    /// run its tasks: there a stuck poll is only counted and reported. The root future of `block_on` is
    /// no task, and its polls are not watched. With [`Duration::MAX`] nobody watches, and that flavour
    /// has no monitor thread.
    ///
    /// # Panics
    /// If `threshold` is zero: every poll would be stuck.
    #[track_caller]
    #[must_use]
    pub fn stuck_threshold(mut self, threshold: Duration) -> Self {
        assert!(!threshold.is_zero(), "stuck_threshold must be more than zero: every poll lasts");
        self.config.stuck_threshold = threshold;
        self
    }

    /// At most so many stand-ins: spare workers, each started while all others are stuck and there is
    /// work, and ended when the poll it stands for ends. Default: as many as workers.
    ///
    /// 0 turns them off. Then a runtime all of whose workers are stuck still fires its timers and
    /// turns its reactors, which wakes threads in [`Runtime::block_on`], but runs no task until a worker comes back.
    /// No effect on the current-thread flavour.
    #[must_use]
    pub fn max_stand_ins(mut self, stand_ins: usize) -> Self {
        self.stand_ins = Some(stand_ins);
        self
    }

    /// Called while a poll is stuck, once for each such poll; but at most every 100 ms, so that of
    /// several at a time the later ones are told later, if they are still stuck. The hook runs on a thread of
    /// its own. While it blocks it is not called again, and nothing else waits for it; it may panic.
    ///
    /// Default: a poll that has lasted for
    /// [`slow_poll_threshold`](Self::slow_poll_threshold) is worth a warning, at most one a second. It goes to
    /// the subscriber of `tracing`, with target `sheave`, if the feature `tracing` is on and there is a
    /// subscriber; else it is a line on stderr. A hook that does nothing makes it silent.
    ///
    /// ```
    /// use sheave::runtime::Builder;
    ///
    /// let runtime = Builder::new_multi_thread()
    ///     .worker_threads(2)
    ///     .on_stuck_poll(|stuck| eprintln!("spawned at {}: {stuck:?}", stuck.spawned_at()))
    ///     .build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn on_stuck_poll(mut self, hook: impl Fn(&StuckPoll) + Send + Sync + 'static) -> Self {
        let hook: StuckHook = Arc::new(hook);
        self.config.on_stuck_poll = Some(hook);
        self
    }

    /// Measures every poll, for [`RuntimeMetrics::poll_time_histogram_bucket_count`]. Costs two looks at
    /// the clock per poll. Default: off; the longest polls are known all the same, because stuck ones
    /// are seen without a clock.
    ///
    /// ```
    /// use sheave::runtime::Builder;
    ///
    /// let builder = Builder::new_multi_thread().enable_metrics_poll_time_histogram();
    /// let runtime = builder.worker_threads(1).build()?;
    /// runtime.block_on(async { sheave::spawn(async {}).await })?;
    /// let metrics = runtime.metrics();
    /// assert!(metrics.poll_time_histogram_enabled());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// [`RuntimeMetrics::poll_time_histogram_bucket_count`]: super::RuntimeMetrics::poll_time_histogram_bucket_count
    #[must_use]
    pub fn enable_metrics_poll_time_histogram(mut self) -> Self {
        self.config.measures_polls = true;
        self
    }

    /// What happens after a panic that nobody reads: a task panicked, and its
    /// [`JoinHandle`](crate::task::JoinHandle) was dropped, before or after that. Default:
    /// [`UnhandledPanic::Report`].
    ///
    /// ```
    /// use sheave::runtime::{Builder, UnhandledPanic};
    ///
    /// let runtime = Builder::new_multi_thread()
    ///     .worker_threads(1)
    ///     .unhandled_panic(UnhandledPanic::ShutdownRuntime)
    ///     .build()?;
    /// let blocked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
    ///     runtime.block_on(async {
    ///         drop(sheave::spawn(async { panic!("out of paper") }));
    ///         std::future::pending::<()>().await
    ///     })
    /// }));
    /// assert!(blocked.unwrap_err().downcast_ref::<String>().unwrap().contains("out of paper"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn unhandled_panic(mut self, behavior: UnhandledPanic) -> Self {
        self.config.unhandled_panic = behavior;
        self
    }

    /// Called for each panic that nobody reads, in the place of a line on stderr: on the thread that
    /// ran the task, when it ends, or where its [`JoinHandle`](crate::task::JoinHandle) is dropped
    /// after that. Not called with [`UnhandledPanic::Ignore`]. Either way it finds the context variables
    /// of the task or callback that panicked, and no current task.
    ///
    /// A hook that panics is named on stderr, and its thread goes on.
    /// [`Handle::on_unhandled_panic`](super::Handle::on_unhandled_panic) sets another hook later.
    ///
    /// ```
    /// use sheave::runtime::Builder;
    /// use std::sync::mpsc::channel;
    ///
    /// let (tell, told) = channel();
    /// let runtime = Builder::new_multi_thread()
    ///     .worker_threads(1)
    ///     .on_unhandled_panic(move |panic| tell.send(panic.to_string()).unwrap())
    ///     .build()?;
    /// drop(runtime.spawn(async { panic!("out of paper") }));
    /// assert!(told.recv().unwrap().ends_with("panicked with message \"out of paper\""));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn on_unhandled_panic(
        mut self,
        hook: impl Fn(&UnhandledPanicInfo<'_>) + Send + Sync + 'static,
    ) -> Self {
        let hook: PanicHook = Arc::new(hook);
        self.config.on_unhandled_panic = Some(hook);
        self
    }

    /// At most so many polls until a busy worker looks at its sockets and timers. Default: 61.
    ///
    /// # Panics
    /// If `polls` is 0.
    #[track_caller]
    #[must_use]
    pub fn event_interval(mut self, polls: u32) -> Self {
        assert!(polls > 0, "event_interval must be at least 1");
        self.config.event_interval = polls;
        self
    }

    /// Starts with a stopped clock, for tests; see [`time::pause`](crate::time::pause).
    #[must_use]
    pub fn start_paused(mut self, paused: bool) -> Self {
        self.config.start_paused = paused;
        self
    }

    /// Does nothing: sockets and timers need not be switched on. Here so that tokio programs port.
    #[must_use]
    pub fn enable_all(self) -> Self {
        self
    }

    /// Does nothing, as [`enable_all`](Self::enable_all).
    #[must_use]
    pub fn enable_io(self) -> Self {
        self
    }

    /// Does nothing, as [`enable_all`](Self::enable_all).
    #[must_use]
    pub fn enable_time(self) -> Self {
        self
    }

    /// Starts the runtime.
    ///
    /// # Errors
    /// If the system refuses a thread or a file descriptor, or if `SHEAVE_WORKER_THREADS` is not a
    /// positive number.
    ///
    /// # Panics
    /// If a stopped clock was asked for on the multi-thread flavour.
    #[track_caller]
    pub fn build(self) -> io::Result<Runtime> {
        let mut config = self.config;
        if config.flavor == Flavor::MultiThread {
            assert!(
                !config.start_paused,
                "start_paused needs the current-thread flavour: with several workers nobody can \
                 tell when time may jump"
            );
            config.workers = match self.workers {
                Some(workers) => workers,
                None => default_workers()?,
            };
            config.max_stand_ins = self.stand_ins.unwrap_or(config.workers);
        }
        config.measures_polls |= config.debug;
        config.reactors = self.reactors.unwrap_or(config.workers).min(config.workers);
        Runtime::start(Shared::new(config)?, self.timeline, self.dump_on)
    }
}

fn default_workers() -> io::Result<usize> {
    let Ok(value) = std::env::var(WORKERS_VARIABLE) else { return Ok(num_cpus::get().max(1)) };
    value.parse().ok().filter(|workers| *workers > 0).ok_or_else(|| {
        let message = format!("{WORKERS_VARIABLE} must be a positive number, not {value:?}");
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("flavor", &self.config.flavor)
            .field("worker_threads", &self.workers)
            .field("reactors", &self.reactors)
            .field("max_blocking_threads", &self.config.max_blocking_threads)
            .field("thread_keep_alive", &self.config.keep_alive)
            .field("event_interval", &self.config.event_interval)
            .finish_non_exhaustive()
    }
}
