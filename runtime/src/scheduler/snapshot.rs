//! What can be read about a running runtime.

use super::Shared;
use super::shared::Remote;
use crate::util::histogram::BUCKETS;

impl Shared {
    pub(crate) fn num_workers(&self) -> usize {
        self.config.workers
    }

    pub(crate) fn alive_tasks(&self) -> usize {
        self.registry.len()
    }

    pub(crate) fn injector_depth(&self) -> usize {
        self.injector.len()
    }

    /// Polls that lasted longer than the threshold, and tasks that were served in the stead of their
    /// workers.
    pub(crate) fn stuck_counts(&self) -> (u64, u64) {
        (self.monitor_metrics.stuck_polls.get(), self.monitor_metrics.takeovers.get())
    }

    /// The counts of one worker.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub(crate) fn worker_snapshot(&self, worker: usize) -> WorkerSnapshot {
        let workers = self.config.workers;
        assert!(worker < workers, "there is no worker {worker}: the runtime has {workers}");
        self.remotes[worker].snapshot()
    }
}

/// The counts of one worker at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorkerSnapshot {
    pub(crate) polls: u64,
    pub(crate) parks: u64,
    pub(crate) steals: u64,
    pub(crate) spawns: u64,
    pub(crate) io_wakes: u64,
    pub(crate) timer_wakes: u64,
    pub(crate) queue_depth: usize,
    pub(crate) sources: usize,
    /// Polls by length, if they are measured.
    pub(crate) poll_times: Option<[u64; BUCKETS]>,
}

impl Remote {
    fn snapshot(&self) -> WorkerSnapshot {
        WorkerSnapshot {
            polls: self.metrics.polls.get(),
            parks: self.metrics.parks.get(),
            steals: self.metrics.steals.get(),
            spawns: self.metrics.spawns.get(),
            io_wakes: self.metrics.io_wakes.get(),
            timer_wakes: self.metrics.timer_wakes.get(),
            queue_depth: self.stealer.len() + usize::from(!self.slot.is_empty()),
            sources: self.reactor.sources(),
            poll_times: self.metrics.poll_times.counts(),
        }
    }
}
