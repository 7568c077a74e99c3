//! What all workers of a runtime see.

use super::announcement::Announcement;
use super::blocking::BlockingPool;
use super::config::{Config, Flavor};
use super::core::{Core, IdSource};
use super::halt::Halt;
use super::idle::Idle;
use super::lifecycle::Lifecycle;
use super::local::LocalTasks;
use super::metrics::WorkerMetrics;
use super::monitor::MonitorMetrics;
use super::observe::Observation;
use super::root::Root;
use super::slot::Slot;
use super::stand_in::Duty;
use super::stuck_report::Reporter;
use super::unhandled::Unhandled;
use super::vacancy::Vacancy;
use super::watch::Watch;
use crate::park::Parker;
use crate::reactor::Reactor;
use crate::tasks::{Id, Registry, Runnable, Usher};
use crate::timers::{Clock, Timers};
use crossbeam_utils::CachePadded;
use sheave_facade::deque::{Injector, Stealer};
use sheave_facade::sync::atomic::{AtomicU64, AtomicUsize, Ordering::*};
use sheave_facade::sync::{Arc, Mutex, Weak};
use std::io;
use std::task::Waker;

/// See the [module documentation](self).
///
/// Aligned so that it shares no cache line with the counts of its `Arc`, which wakes from outside
/// change.
#[repr(align(128))]
pub(crate) struct Shared {
    /// The workers, and after them the stand-ins.
    pub(super) remotes: Box<[CachePadded<Remote>]>,
    /// How many of them may have work: the workers, and the stand-ins up to the last one on duty.
    /// Stored by the monitor.
    in_use: AtomicUsize,
    /// Tasks woken or spawned outside the workers.
    pub(super) injector: Injector<Runnable>,
    pub(super) idle: Idle,
    /// Wakes the monitor, who serves workers that are stuck.
    pub(super) watch: Watch,
    pub(super) monitor_metrics: MonitorMetrics,
    pub(super) reporter: Reporter,
    pub(super) observation: Observation,
    pub(super) registry: Registry,
    pub(super) lifecycle: Lifecycle,
    /// The runtime takes no more tasks, and those it has should end.
    pub(crate) requested: Announcement,
    /// The runtime aborts its tasks.
    pub(super) closing: Announcement,
    pub(super) halt: Arc<Halt>,
    pub(super) ids: IdSource,
    /// Spreads what comes from outside over workers.
    rotation: CachePadded<AtomicUsize>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) blocking: BlockingPool,
    pub(crate) config: Config,
    /// Tasks inside `block_in_place`, whose workers go on without them.
    pub(super) in_place: Mutex<Vec<Id>>,
    /// The sets of local tasks that dumps show.
    pub(super) local_sets: Mutex<Vec<Weak<LocalTasks>>>,
    pub(crate) unhandled: Arc<Unhandled>,
    /// What threads block on. Whoever leaves a current-thread runtime wakes the others,
    /// so that one of them drives on.
    pub(super) standby: Mutex<Vec<Arc<Root>>>,
}

/// One worker as the others see it. Everything a worker owns can be served from here.
pub(super) struct Remote {
    pub(super) slot: Slot,
    pub(super) stealer: Stealer<Runnable>,
    pub(super) parker: Arc<Parker>,
    pub(super) reactor: Arc<Reactor>,
    pub(super) timers: Arc<Timers>,
    /// The id of the task polled last, 0 since the worker has slept. With the count of polls it tells
    /// the monitor who is stuck in one; together they cost two plain stores per poll.
    polled: AtomicU64,
    /// When somebody looked at the clock last, the worker itself or the monitor, in nanoseconds since
    /// its origin: what a poll counts as the present.
    looked: AtomicU64,
    /// The core while no thread runs this worker.
    pub(super) vacancy: Vacancy,
    pub(super) metrics: WorkerMetrics,
    pub(super) duty: Duty,
}

impl Shared {
    /// Opens the reactors and puts everything together.
    pub(crate) fn new(config: Config) -> io::Result<Arc<Self>> {
        let workers = config.workers;
        let clock = Arc::new(if config.start_paused { Clock::paused() } else { Clock::new() });
        let (registry, ushers) =
            Registry::new(workers + config.max_stand_ins, config.outside_rosters);
        let remotes = Remote::all(&config, &clock, ushers)?;
        Ok(Arc::new_cyclic(|this| Self {
            unhandled: Arc::new(Unhandled::new(&config, this.clone())),
            remotes: remotes.into(),
            in_use: AtomicUsize::new(workers),
            injector: Injector::new(),
            idle: Idle::new(workers, config.max_stand_ins),
            watch: Watch::new(),
            monitor_metrics: MonitorMetrics::default(),
            reporter: Reporter::new(),
            observation: Observation::new(),
            registry,
            lifecycle: Lifecycle::new(),
            requested: Announcement::default(),
            closing: Announcement::default(),
            halt: Arc::default(),
            ids: IdSource::new(),
            rotation: CachePadded::new(AtomicUsize::new(0)),
            clock,
            blocking: BlockingPool::new(&config),
            config,
            in_place: Mutex::new(Vec::new()),
            local_sets: Mutex::new(Vec::new()),
            standby: Mutex::new(Vec::new()),
        }))
    }

    /// A worker for something that comes from outside.
    pub(super) fn some_worker(&self) -> &Remote {
        &self.remotes[self.rotate() % self.config.workers]
    }

    fn rotate(&self) -> usize {
        // ORDERING: Relaxed; any spread will do.
        self.rotation.fetch_add(1, Relaxed)
    }

    /// Those that may have work, see [`Shared::in_use`].
    pub(super) fn in_use(&self) -> &[CachePadded<Remote>] {
        // ORDERING: Relaxed. A stand-in is included before its thread is sent for, and so before its
        // first push: who looks for that task after its fence (W5) sees this as well.
        &self.remotes[..self.in_use.load(Relaxed)]
    }

    /// For the monitor: a stand-in begins its duty.
    pub(super) fn include(&self, stand_in: usize) {
        // ORDERING: Relaxed, see `in_use`.
        self.in_use.fetch_max(stand_in + 1, Relaxed);
    }

    /// For the monitor: no stand-in is on duty, and their queues are empty.
    pub(super) fn exclude_spares(&self) {
        // ORDERING: Relaxed; who sees it late looks at empty queues.
        self.in_use.store(self.config.workers, Relaxed);
    }

    /// Whether a queue that every worker may take from holds a task.
    pub(super) fn has_work(&self) -> bool {
        !self.injector.is_empty() || self.in_use().iter().any(|remote| !remote.stealer.is_empty())
    }

    /// Wakes a sleeping worker to search, if there is one and nobody searches.
    pub(super) fn notify(&self, near: usize) {
        if let Some(worker) = self.idle.claim_sleeper(near) {
            self.remotes[worker].parker.unpark();
        }
    }

    /// A worker has left for good. With the last one go the reactors: nobody turns them any more,
    /// so who still waits for a source, on a thread outside or on another executor, gets an error.
    pub(super) fn worker_leaves(&self) {
        if self.lifecycle.worker_leaves() == 0 && self.lifecycle.is_closing() {
            self.shut_reactors_down();
        }
    }

    fn shut_reactors_down(&self) {
        for remote in &self.remotes {
            remote.reactor.shutdown();
        }
    }

    /// Makes every worker look at the lifecycle.
    pub(crate) fn unpark_all(&self) {
        for remote in &self.remotes {
            remote.parker.unpark();
        }
    }

    /// Whether this runtime runs on the thread that calls `block_on`.
    pub(crate) fn is_current_thread(&self) -> bool {
        self.config.flavor == Flavor::CurrentThread
    }
}

impl Remote {
    /// The workers and, after them, the stand-ins.
    fn all(
        config: &Config,
        clock: &Arc<Clock>,
        ushers: Vec<Usher>,
    ) -> io::Result<Vec<CachePadded<Self>>> {
        let reactors = (0..config.reactors.clamp(1, config.workers))
            .map(|_| Reactor::new().map(Arc::new))
            .collect::<io::Result<Vec<_>>>()?;
        let mut remotes: Vec<CachePadded<Self>> = Vec::with_capacity(ushers.len());
        for (index, usher) in ushers.into_iter().enumerate() {
            let core = Core::new(index as u64 + 1, config.event_interval, usher);
            let metrics = WorkerMetrics::new(config.measures_polls);
            let reactor = &reactors[index % reactors.len()];
            remotes.push(CachePadded::new(match index.checked_sub(config.workers) {
                None => Self::new(core, metrics, clock, reactor.clone()),
                Some(stand_in) => Self::beside(&remotes[stand_in % config.workers], core, metrics),
            }));
        }
        Ok(remotes)
    }

    fn new(core: Core, metrics: WorkerMetrics, clock: &Arc<Clock>, reactor: Arc<Reactor>) -> Self {
        let parker = Arc::new(Parker::new(Some(reactor.clone())));
        reactor.add_owner(Waker::from(parker.clone()));
        let timers = Arc::new(Timers::new(clock.clone(), parker.clone()));
        Self::with(core, metrics, parker, reactor, timers)
    }

    /// A stand-in, which shares reactor and timers with a worker.
    fn beside(worker: &Self, core: Core, metrics: WorkerMetrics) -> Self {
        let reactor = worker.reactor.clone();
        let parker = Arc::new(Parker::new(Some(reactor.clone())));
        Self::with(core, metrics, parker, reactor, worker.timers.clone())
    }

    fn with(
        core: Core,
        metrics: WorkerMetrics,
        parker: Arc<Parker>,
        reactor: Arc<Reactor>,
        timers: Arc<Timers>,
    ) -> Self {
        Self {
            slot: Slot::new(),
            stealer: core.stealer(),
            timers,
            parker,
            reactor,
            polled: AtomicU64::new(0),
            looked: AtomicU64::new(0),
            vacancy: Vacancy::new(core),
            metrics,
            duty: Duty::default(),
        }
    }

    /// For the worker: it begins a poll.
    pub(super) fn begin_poll(&self, task: &Runnable) {
        task.begin_poll(self.looked());
        self.metrics.polls.add(1);
        // ORDERING: Release, a plain store on most machines. Pairs with the Acquire in
        // `task_in_poll`: who sees the task sees the count of its poll too.
        self.polled.store(task.id().as_u64(), Release);
    }

    /// For the worker and the monitor, who have looked at the clock: polls begin now.
    pub(super) fn look(&self, nanos: u64) {
        // ORDERING: Relaxed; a hint for dumps.
        self.looked.store(nanos.max(1), Relaxed);
    }

    /// When a poll that begins now counts as begun.
    pub(super) fn looked(&self) -> u64 {
        // ORDERING: Relaxed; a hint for dumps.
        self.looked.load(Relaxed)
    }

    /// For the worker: it polls nothing until further notice.
    pub(super) fn end_polls(&self) {
        // ORDERING: Relaxed; a monitor that sees it late serves a worker that needs no service.
        self.polled.store(0, Relaxed);
    }

    /// The task that the worker polls, or has polled last and not slept since.
    pub(super) fn task_in_poll(&self) -> Option<Id> {
        // ORDERING: Acquire, see `begin_poll`.
        let id = self.polled.load(Acquire);
        (id != 0).then(|| Id::from_u64(id))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Also if the runtime has not started: reactors and parkers know each other, and would keep
        // each other alive.
        self.shut_reactors_down();
    }
}
