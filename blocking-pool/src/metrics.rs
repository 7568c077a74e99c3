//! What a pool says about itself.

use crate::contain::Ended;
use crate::state::{State, Tally};

/// One consistent look at a pool. Counters count since the pool was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Threads alive, those being created included.
    pub threads: usize,
    /// Threads waiting for a job.
    pub idle: usize,
    /// Threads blocked in a wait that the pool knows of; as many may stand in for them.
    pub blocked: usize,
    /// Jobs waiting, in all lanes.
    pub queued: usize,
    /// Jobs that a thread has taken and not yet reported as ended.
    pub running: usize,
    /// The most threads that were ever alive at once.
    pub peak_threads: usize,
    /// Jobs that ended, by a panic or not.
    pub completed: u64,
    /// Jobs that ended by a panic.
    pub panicked: u64,
    /// Jobs that were cancelled before they began.
    pub cancelled: u64,
    /// Jobs that were handed back.
    pub rejected: u64,
    /// Threads that could not be created.
    pub spawn_failures: u64,
}

impl Tally {
    pub(crate) fn count_run(&mut self, ended: Ended) {
        self.completed += 1;
        if ended == Ended::ByPanic {
            self.panicked += 1;
        }
    }
}

impl State {
    pub(crate) fn metrics(&self) -> Metrics {
        Metrics {
            threads: self.live + self.leaving,
            idle: self.roster.waiting(),
            blocked: self.blocked,
            queued: self.queues.queued(),
            running: self.queues.running(),
            peak_threads: self.tally.peak_threads,
            completed: self.tally.completed,
            panicked: self.tally.panicked,
            cancelled: self.tally.cancelled,
            rejected: self.tally.rejected,
            spawn_failures: self.tally.spawn_failures,
        }
    }
}
