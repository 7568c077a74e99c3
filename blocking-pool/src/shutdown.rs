//! How a pool ends: close the gate, run or cancel what waits, see the threads off, report.

use crate::contain::contain;
use crate::job::{Job, JobOrigin};
use crate::queues::Record;
use crate::reentry;
use crate::shared::Shared;
use crate::state::{Gate, State};
use sheave_facade::sync::{Arc, MutexGuard};
use sheave_facade::time::{Instant, now};
use std::time::Duration;

/// What a shutdown does with the jobs that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backlog {
    /// Runs them.
    Drain,
    /// Cancels them.
    Cancel,
}

/// A job that a shutdown has not seen to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftJob {
    /// What it is called and where it comes from.
    pub origin: JobOrigin,
    /// How long ago it was submitted.
    pub age: Duration,
    /// Whether it runs, and goes on by itself. If not, it was cancelled before it began.
    pub is_running: bool,
}

impl LeftJob {
    fn new(record: Record, is_running: bool) -> Self {
        let age = now().saturating_duration_since(record.submitted);
        Self { origin: record.origin, age, is_running }
    }
}

/// How a shutdown went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "the report says whether jobs were left running"]
pub struct ShutdownReport {
    /// Jobs that this shutdown cancelled: because it was told to, or because time was up.
    pub cancelled: usize,
    /// Jobs still running when time was up. They go on, and their threads end after them. A job
    /// that calls the shutdown itself is one of them.
    pub left_running: usize,
    /// Threads that had not ended when time was up, the calling one included if it is the pool's.
    pub threads_left: usize,
    /// The jobs themselves: those that were cancelled, then those that run, each in order of
    /// submission or nearly so. A job that was run by the thread that waited for it is not listed.
    pub left: Vec<LeftJob>,
}

impl ShutdownReport {
    /// Whether nothing of the pool is left.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.threads_left == 0
    }
}

impl Shared {
    /// Closes the gate and sends for everyone, so that the queues are emptied and idle threads go.
    /// Returns the jobs that were cancelled.
    pub(crate) fn close(self: &Arc<Self>, backlog: Backlog) -> Vec<LeftJob> {
        let mut state = self.state.lock();
        state.gate = Gate::Closed;
        let mut bells = Vec::new();
        while let Some(bell) = state.roster.claim() {
            state.coming += 1;
            bells.push(bell);
        }
        if sheave_facade::seeded::on("pool_shutdown_rings_one") {
            bells.truncate(1);
        }
        drop(state);
        bells.iter().for_each(|bell| bell.notify_one());
        match backlog {
            Backlog::Drain => Vec::new(),
            Backlog::Cancel => self.cancel_queued(),
        }
    }

    /// Cancels everything that waits.
    fn cancel_queued(&self) -> Vec<LeftJob> {
        let mut state = self.state.lock();
        let jobs = state.queues.take_all();
        state.tally.cancelled += jobs.len() as u64;
        drop(state);
        let cancelled = jobs.into_iter().map(|(job, record)| {
            cancel(job);
            LeftJob::new(record, false)
        });
        cancelled.collect()
    }

    /// Closes the pool and waits for its threads, at most for `timeout`.
    pub(crate) fn shut_down(
        self: &Arc<Self>,
        backlog: Backlog,
        timeout: Option<Duration>,
    ) -> ShutdownReport {
        // A time-out beyond the clock's range is no time-out.
        let deadline = timeout.and_then(|timeout| now().checked_add(timeout));
        let mut left = self.close(backlog);
        if self.await_desertion(deadline) == Patience::Exhausted {
            // Nobody waits any more for what is still queued, so it ends here.
            left.extend(self.cancel_queued());
        }
        let mut state = self.state.lock();
        let last = state.roster.last_departed();
        let cancelled = left.len();
        left.extend(state.roster.jobs().map(|record| LeftJob::new(record.clone(), true)));
        let report = ShutdownReport {
            cancelled,
            left_running: state.queues.running(),
            threads_left: state.live + state.leaving,
            left,
        };
        drop(state);
        // It has passed its last lock, and it joins the one that went before it.
        if let Some(thread) = last {
            let _ = thread.join();
        }
        report
    }

    /// Waits until all threads have gone or the deadline has passed.
    fn await_desertion(&self, deadline: Option<Instant>) -> Patience {
        let inside = usize::from(reentry::is_member(self.id()));
        let mut state = self.state.lock();
        state.shutting_down_inside += inside;
        // Another job may be waiting for this thread to go.
        self.deserted.notify_all();
        let mut patience = Patience::Left;
        while !state.is_deserted() && patience == Patience::Left {
            patience = self.wait_until(&mut state, deadline);
        }
        state.shutting_down_inside -= inside;
        patience
    }

    fn wait_until(&self, state: &mut MutexGuard<'_, State>, deadline: Option<Instant>) -> Patience {
        let Some(deadline) = deadline else {
            self.deserted.wait(state);
            return Patience::Left;
        };
        let left = deadline.saturating_duration_since(now());
        if left.is_zero() {
            return Patience::Exhausted;
        }
        self.deserted.wait_at_most(state, left);
        Patience::Left
    }
}

/// Whether a waiter goes on waiting.
#[derive(PartialEq, Eq)]
enum Patience {
    Left,
    Exhausted,
}

/// Cancels a job that was taken off a queue; a panic in it stays here.
pub(crate) fn cancel(job: Box<dyn Job>) {
    contain(|| job.cancel());
}
