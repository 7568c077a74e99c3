//! The runtime's blocking pool: a closure is a task whose only poll happens on a pool thread.

use super::default_executor::DefaultExecutor;
use super::observe::{Event, Lane};
use super::{Config, Entered, Shared, context};
use crate::tasks::{
    Id, JoinHandle, PanicSink, Runnable, Schedule, Spec, Stopped, TaskRef, Wakeup, as_current,
    new_task,
};
use sheave_blocking_pool::{
    Backlog, Builder, Executor, Job, JobOrigin, Lane as PoolLane, LaneConfig, Metrics, Pool,
    RejectReason, Rejected, ShutdownReport, Submitted,
};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicUsize, Ordering::*};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Threads that name resolution may take at once: slow lookups must not keep user jobs waiting.
const DNS_THREADS: usize = 4;

/// The pool and its lanes, and the threads that relieve workers.
pub(crate) struct BlockingPool {
    pool: Pool,
    dns: PoolLane,
    /// Closures that were accepted and have not ended, counted on the current-thread flavour only:
    /// as long as there are any, a stopped clock stands.
    in_flight: AtomicUsize,
    /// Runs the workers whose threads are in `block_in_place`. A pool of its own and without limit:
    /// a worker that waited behind blocking jobs would hold up the tasks that those wait for, and
    /// one that runs for good would take a thread away from them.
    relief: Pool,
    /// What `run_in_executor(None, …)` uses.
    pub(crate) by_default: DefaultExecutor,
}

/// Where a blocking closure queues.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LaneName {
    /// The users' jobs.
    User,
    /// Name resolution.
    Dns,
}

impl BlockingPool {
    pub(crate) fn new(config: &Config) -> Self {
        let mut pool = Self::threads(config, config.max_blocking_threads);
        if let Some(limit) = config.blocking_queue_limit {
            pool = pool.queue_limit(limit);
        }
        let pool = pool.build();
        let threads = DNS_THREADS.min(config.max_blocking_threads);
        let dns = pool.lane("dns", LaneConfig::new(threads));
        let relief = Self::threads(config, usize::MAX).build();
        let by_default = DefaultExecutor::default();
        Self { pool, dns, relief, in_flight: AtomicUsize::new(0), by_default }
    }

    fn threads(config: &Config, most: usize) -> Builder {
        let name = config.thread_name.clone();
        let mut builder = Builder::new()
            .max_threads(most)
            .keep_alive(config.keep_alive)
            .thread_name_fn(move || name());
        if let Some(bytes) = config.stack_size {
            builder = builder.thread_stack_size(bytes);
        }
        if let Some(hook) = config.hooks.on_thread_start.clone() {
            builder = builder.on_thread_start(move || hook());
        }
        if let Some(hook) = config.hooks.on_thread_stop.clone() {
            builder = builder.on_thread_stop(move || hook());
        }
        builder
    }

    fn submit(&self, lane: LaneName, job: Box<dyn Job>) -> Result<(), Rejected> {
        match lane {
            LaneName::User => self.pool.submit(job),
            LaneName::Dns => self.dns.submit(job),
        }
    }

    /// Runs a worker on a thread of the relief. Returns whether one will do so; if the pool is shut down
    /// before it does, `given_up` is called in the body's place.
    pub(crate) fn run_worker(
        &self,
        body: impl FnOnce() + Send + 'static,
        given_up: impl FnOnce() + Send + 'static,
    ) -> bool {
        self.relief.submit(Box::new(WorkerJob { body, given_up })).is_ok()
    }

    /// What the pool counts.
    pub(crate) fn metrics(&self) -> Metrics {
        self.pool.metrics()
    }

    /// Whether no closure is queued or running. Known on the current-thread flavour only.
    pub(crate) fn is_idle(&self) -> bool {
        // ORDERING: Acquire pairs with the end of `InFlight`: who sees a closure gone sees its effects.
        self.in_flight.load(Acquire) == 0
    }

    /// Cancels what is queued and waits for what runs, until `time_left` says zero (`None`: for
    /// ever). The workers have left, or are not waited for.
    pub(crate) fn shutdown(&self, time_left: impl Fn() -> Option<Duration>) -> [ShutdownReport; 2] {
        let pool = self.pool.shutdown(Backlog::Cancel, time_left());
        let mut relief = self.relief.shutdown(Backlog::Drain, time_left());
        // Its jobs are workers; what holds them up is a task.
        relief.left.clear();
        [pool, relief]
    }
}

/// A worker that goes on while its thread is in `block_in_place`, or a stand-in.
struct WorkerJob<F, G> {
    body: F,
    given_up: G,
}

impl<F: FnOnce() + Send, G: FnOnce() + Send> Job for WorkerJob<F, G> {
    fn run(self: Box<Self>) {
        (self.body)();
    }

    fn cancel(self: Box<Self>) {
        (self.given_up)();
    }
}

/// A closure as a future that is ready at its first poll.
struct Closure<F>(Option<F>);

// The closure is never pinned: it is moved out and called.
impl<F> Unpin for Closure<F> {}

impl<F: FnOnce() -> R, R> Future for Closure<F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        let closure = self.0.take().expect("a task is not polled after completion");
        Poll::Ready(closure())
    }
}

/// Blocking tasks are queued once, by hand, and never woken.
struct Unscheduled;

impl Schedule for Unscheduled {
    fn schedule(&self, task: Runnable, _: Wakeup) {
        task.shutdown();
    }

    fn release(&self, _: &TaskRef) -> Option<TaskRef> {
        None
    }

    fn panic_sink(&self) -> Option<Arc<dyn PanicSink>> {
        context::panic_sink()
    }
}

/// A blocking task in the pool's queue.
struct BlockingJob {
    runnable: Runnable,
    shared: InFlight,
}

/// The runtime of a closure that has not ended.
pub(crate) struct InFlight(Arc<Shared>);

impl InFlight {
    fn new(shared: Arc<Shared>) -> Self {
        if shared.is_current_thread() {
            // ORDERING: Relaxed; whoever submits from the worker counts before the worker looks,
            // and others must wake the worker anyway.
            shared.blocking.in_flight.fetch_add(1, Relaxed);
        }
        Self(shared)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.is_current_thread() {
            // ORDERING: Release publishes what the closure did to the worker's `is_idle`.
            self.0.blocking.in_flight.fetch_sub(1, Release);
            // The worker may sleep with a stopped clock until nothing is in flight.
            self.0.unpark_all();
        }
    }
}

/// A closure on its way through an executor.
pub(crate) struct ExecutorJob {
    shared: InFlight,
    /// Whether it is one of the default executor.
    is_counted: bool,
}

impl Drop for ExecutorJob {
    fn drop(&mut self) {
        if self.is_counted {
            self.shared.0.blocking.by_default.leave();
        }
    }
}

impl Job for BlockingJob {
    fn run(self: Box<Self>) {
        let Self { runnable, shared } = *self;
        let _entered = Entered::new(shared.0.clone());
        shared.0.observation.tell(Lane::Outside, Event::JobBegins(&runnable));
        as_current(runnable, Runnable::run);
        shared.0.observation.tell(Lane::Outside, Event::JobEnds);
    }

    fn origin(&self) -> JobOrigin {
        let task = &self.runnable;
        JobOrigin { name: task.name().map(Into::into), submitted_at: Some(task.location()) }
    }

    fn cancel(self: Box<Self>) {
        self.stop(Stopped::Cancelled);
    }

    fn reject(self: Box<Self>, reason: RejectReason) {
        self.stop(match reason {
            RejectReason::NoThread(_) => Stopped::NoThread,
            RejectReason::QueueFull { .. } => Stopped::QueueFull,
            _ => Stopped::TooLate,
        });
    }
}

impl BlockingJob {
    /// Drops the closure uncalled.
    fn stop(self, why: Stopped) {
        let Self { runnable, shared } = self;
        let _entered = Entered::new(shared.0.clone());
        runnable.stop(why);
    }
}

impl Shared {
    /// Queues a closure for the blocking pool. If it cannot be accepted (the runtime has closed, its
    /// queue is full, or no thread is to be had), it is dropped here and the handle reports a cancelled
    /// task.
    pub(crate) fn spawn_blocking<F, R>(
        self: &Arc<Self>,
        lane: LaneName,
        closure: F,
        spec: Spec,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let id: Id = self.next_id();
        let (_task, runnable, handle) = new_task(Closure(Some(closure)), Unscheduled, id, spec);
        let job = Box::new(BlockingJob { runnable, shared: InFlight::new(self.clone()) });
        if let Err(Rejected { job, reason, .. }) = self.blocking.submit(lane, job) {
            job.reject(reason);
        }
        handle
    }

    /// Hands a job to an executor; `None` is the default one of this runtime.
    pub(crate) fn execute(
        &self,
        executor: Option<&dyn Executor>,
        job: Box<dyn Job>,
    ) -> Result<Option<Submitted>, Rejected> {
        if let Some(executor) = executor {
            return executor.execute_tracked(job);
        }
        match self.blocking.by_default.chosen() {
            Some(executor) => executor.execute_tracked(job),
            None => self.blocking.pool.submit_tracked(job).map(Some),
        }
    }

    /// Sets the executor that `None` stands for.
    pub(crate) fn set_default_executor(&self, executor: Arc<dyn Executor>) {
        self.blocking.by_default.choose(Some(executor));
    }

    /// Counts a closure that runs elsewhere, until the guard is dropped: for the default executor, too, if
    /// it is `by_default`. `false` if that takes no more.
    pub(crate) fn in_flight(self: &Arc<Self>, by_default: bool) -> (ExecutorJob, bool) {
        let is_counted = by_default && self.blocking.by_default.enter();
        (ExecutorJob { shared: InFlight::new(self.clone()), is_counted }, is_counted == by_default)
    }

    /// Whether the runtime shuts down or has done so.
    pub(crate) fn is_closing(&self) -> bool {
        self.lifecycle.is_closing()
    }
}
