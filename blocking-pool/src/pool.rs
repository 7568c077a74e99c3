//! The pool: how a job is accepted, how a thread is sent for, and what happens if none comes.
//!
//! Accepting a job is one critical section: look at the gate and the limit, queue the job, claim a
//! waiting thread or reserve a seat for a new one. Everything slow (ringing, creating a thread) is
//! done after it by the same caller. See [`crate::state`] for why this leaves no job behind.
//!
//! If a thread cannot be created, then one of three things happens to the jobs that wait:
//! - a thread lives: it runs them, and the pool asks the system again after a pause;
//! - none lives: the job that was just submitted is handed back to its submitter;
//! - and any others that were accepted meanwhile get one more attempt each, and are then cancelled.

#[cfg(all(test, loom))]
mod loom;

use crate::config::{Builder, Config};
use crate::contain::contain;
use crate::error::{RejectReason, Rejected, TrySpawnError};
use crate::handle::{self, JobHandle};
use crate::job::{Executor, Job};
use crate::lane::{Lane, LaneConfig};
use crate::metrics::Metrics;
use crate::queues::{DEFAULT_LANE, Ticket};
use crate::reentry;
use crate::roster::{Creation, SeatId, Settler};
use crate::shutdown::{Backlog, ShutdownReport, cancel};
use crate::spawner;
use crate::state::{Reinforcement, State};
use sheave_facade::sync::{Arc, Mutex, TimedCondvar};
use std::time::Duration;
use std::{fmt, io};

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

/// What the handles and the threads share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) state: Mutex<State>,
    /// Notified when the last thread goes after the gate was closed.
    pub(crate) deserted: TimedCondvar,
}

impl Pool {
    /// A pool with the default settings; see [`Builder`] for them.
    #[must_use]
    pub fn new() -> Self {
        Builder::new().build()
    }

    pub(crate) fn with_config(config: Config) -> Self {
        let state = Mutex::new(State::new(&config));
        let shared = Arc::new(Shared { config, state, deserted: TimedCondvar::new() });
        Self { owner: Arc::new(Owner { shared }) }
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

    /// Runs a closure on a thread of the pool.
    ///
    /// Never fails at once: if the pool does not accept the job, the handle says so
    /// ([`JobError::Rejected`](crate::JobError::Rejected)). Dropping the handle lets the job go on.
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
    /// let refused = pool.try_spawn(|| Ok(())).unwrap_err();
    /// assert_eq!((refused.job)(), Ok(()));
    /// release.send(()).unwrap();
    /// busy.wait().unwrap().unwrap();
    /// ```
    ///
    /// # Errors
    /// The closure, uncalled, if the pool was shut down, the queue limit is reached, or there is no
    /// thread and none can be created.
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
        self.shared().close(backlog)
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
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("metrics", &self.metrics()).finish_non_exhaustive()
    }
}

impl Shared {
    /// What a thread remembers its pool by.
    pub(crate) fn id(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// Accepts a job, and sees to it that a thread comes.
    pub(crate) fn submit(
        self: &Arc<Self>,
        lane: usize,
        job: Box<dyn Job>,
    ) -> Result<Ticket, Rejected> {
        let mut state = self.state.lock();
        if let Err(reason) = state.admit(lane, &self.config) {
            state.tally.rejected += 1;
            drop(state);
            return Err(Rejected { job, reason });
        }
        if sheave_facade::seeded::on("pool_gate_left_before_queueing") {
            drop(state);
            state = self.state.lock();
        }
        let ticket = state.queues.push(lane, job);
        let help = state.reinforce(&self.config);
        drop(state);
        match self.dispatch(help) {
            Ok(()) => Ok(ticket),
            Err(error) => self.hand_back(ticket, error),
        }
    }

    /// Does what reinforcement asks for. Called without the lock.
    pub(crate) fn dispatch(self: &Arc<Self>, help: Reinforcement) -> io::Result<()> {
        match help {
            Reinforcement::None => Ok(()),
            Reinforcement::Ring(bell) => {
                bell.notify_one();
                Ok(())
            }
            Reinforcement::Create(seat) => self.create(seat),
        }
    }

    /// Creates the thread of a reserved seat.
    fn create(self: &Arc<Self>, seat: SeatId) -> io::Result<()> {
        let (handle, error) = match spawner::create(self, seat) {
            Ok(handle) => (handle, None),
            Err(error) => (None, Some(error)),
        };
        let mut state = self.state.lock();
        let creation = state.roster.creator_leaves(seat, handle);
        state.creating -= 1;
        if matches!(creation, Creation::Abandoned) {
            state.lose_thread();
        }
        self.announce_desertion(&state);
        drop(state);
        match creation {
            Creation::Succeeded | Creation::Over(None) => Ok(()),
            Creation::Over(Some(thread)) => {
                // It has passed its last lock: this takes no longer than a thread takes to end.
                let _ = thread.join();
                Ok(())
            }
            Creation::Abandoned => Err(error
                .unwrap_or_else(|| io::Error::other("the spawn handler dropped the thread start"))),
        }
    }

    /// No thread could be created for a job that was just queued.
    fn hand_back(self: &Arc<Self>, ticket: Ticket, error: io::Error) -> Result<Ticket, Rejected> {
        let mut state = self.state.lock();
        // Another thread lives, or is being created by someone who will stand here if that fails.
        if state.live > 0 {
            return Ok(ticket);
        }
        let own = state.queues.withdraw(ticket);
        state.tally.rejected += u64::from(own.is_some());
        drop(state);
        self.rescue();
        match own {
            Some(job) => Err(Rejected { job, reason: RejectReason::NoThread(error) }),
            // It was run, or cancelled, by someone who was faster.
            None => Ok(ticket),
        }
    }

    /// Jobs wait and no thread lives: one more attempt for each, then its cancellation.
    fn rescue(self: &Arc<Self>) {
        loop {
            let mut state = self.state.lock();
            if state.live > 0 || state.queues.queued() == 0 {
                return;
            }
            let seat = state.reserve();
            drop(state);
            if self.create(seat).is_ok() {
                return;
            }
            let mut state = self.state.lock();
            if state.live > 0 {
                return;
            }
            let Some(job) = state.queues.take_oldest() else { return };
            state.tally.cancelled += 1;
            drop(state);
            cancel(job);
        }
    }

    /// A thread start was dropped: no thread will come.
    pub(crate) fn abandon(self: &Arc<Self>, seat: SeatId) {
        let mut state = self.state.lock();
        match state.roster.abandon(seat) {
            Settler::Creator => {}
            Settler::Caller => {
                state.lose_thread();
                self.announce_desertion(&state);
                drop(state);
                self.rescue();
            }
        }
    }

    /// A thread is about to end; nothing of the pool runs on it after this.
    pub(crate) fn depart(&self, seat: SeatId) {
        let mut state = self.state.lock();
        state.leaving -= 1;
        let before = state.roster.depart(seat);
        self.announce_desertion(&state);
        drop(state);
        // Each thread joins the one that went before it, so that at most one is unjoined.
        if let Some(thread) = before {
            let _ = thread.join();
        }
    }

    fn announce_desertion(&self, state: &State) {
        if state.is_deserted() {
            self.deserted.notify_all();
        }
    }

    pub(crate) fn cancel_one(&self, ticket: Ticket) -> bool {
        let mut state = self.state.lock();
        let Some(job) = state.queues.withdraw(ticket) else { return false };
        state.tally.cancelled += 1;
        drop(state);
        cancel(job);
        true
    }

    pub(crate) fn run_here(&self, ticket: Ticket) -> bool {
        let Some(job) = self.state.lock().queues.withdraw(ticket) else { return false };
        let ended = contain(|| job.run());
        self.state.lock().tally.count_run(ended);
        true
    }

    /// Runs `wait` while one more thread may live, if this thread is the pool's.
    pub(crate) fn compensate<R>(self: &Arc<Self>, wait: impl FnOnce() -> R) -> R {
        if !reentry::is_member(self.id()) || reentry::is_compensated() {
            return wait();
        }
        let mut state = self.state.lock();
        state.blocked += 1;
        let help = state.reinforce(&self.config);
        drop(state);
        reentry::set_compensated(true);
        let _blocked = Blocked { shared: self };
        // A refusal is no harm: the threads that live go on, and ask again after their jobs.
        let _ = self.dispatch(help);
        wait()
    }
}

/// Ends a compensation, also when the wait panics.
struct Blocked<'a> {
    shared: &'a Shared,
}

impl Drop for Blocked<'_> {
    fn drop(&mut self) {
        reentry::set_compensated(false);
        // The thread that stood in leaves when it looks next.
        self.shared.state.lock().blocked -= 1;
    }
}
