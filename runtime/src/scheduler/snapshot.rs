//! What can be read about a running runtime.

use super::Shared;
use super::shared::Remote;
use crate::util::histogram::BUCKETS;
use sheave_blocking_pool::Metrics as PoolMetrics;
use std::time::Duration;

/// The counts of a runtime at one moment, as plain data.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    /// The workers that were configured.
    pub(crate) workers: Box<[WorkerSnapshot]>,
    pub(crate) stand_ins: usize,
    pub(crate) alive_tasks: usize,
    /// On workers, stand-ins and outside.
    pub(crate) spawned_tasks: u64,
    pub(crate) injector_depth: usize,
    pub(crate) stuck_polls: u64,
    pub(crate) takeovers: u64,
    pub(crate) longest_poll: Duration,
    /// Stuck polls that have ended, by length.
    pub(crate) stuck_times: [u64; BUCKETS],
    /// Sources by reactor.
    pub(crate) sources: Box<[usize]>,
    pub(crate) measures_polls: bool,
    pub(crate) pool: PoolMetrics,
}

/// The counts of one worker at one moment.
#[derive(Clone, Debug)]
pub(crate) struct WorkerSnapshot {
    pub(crate) polls: u64,
    pub(crate) parks: u64,
    pub(crate) unparks: u64,
    pub(crate) busy: Duration,
    pub(crate) steals: u64,
    pub(crate) spawns: u64,
    pub(crate) local_schedules: u64,
    pub(crate) turns: u64,
    pub(crate) io_wakes: u64,
    pub(crate) timer_wakes: u64,
    pub(crate) queue_depth: usize,
    pub(crate) is_slot_taken: bool,
    pub(crate) sources: usize,
    /// Polls by length, if they are measured.
    pub(crate) poll_times: Option<[u64; BUCKETS]>,
}

impl Shared {
    pub(crate) fn num_workers(&self) -> usize {
        self.config.workers
    }

    /// Reads every count once.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let workers = &self.remotes[..self.config.workers];
        let monitor = &self.monitor_metrics;
        let on_workers: u64 = self.remotes.iter().map(|remote| remote.metrics.spawns.get()).sum();
        Snapshot {
            workers: workers.iter().map(|worker| worker.snapshot()).collect(),
            stand_ins: self.stand_ins(),
            alive_tasks: self.registry.len(),
            spawned_tasks: on_workers + self.registry.bound_outside(),
            injector_depth: self.injector.len(),
            stuck_polls: monitor.stuck_polls.get(),
            takeovers: monitor.takeovers.get(),
            longest_poll: Duration::from_nanos(monitor.longest_poll.get()),
            stuck_times: monitor.stuck_times.counts(),
            sources: workers[..self.config.reactors.clamp(1, workers.len())]
                .iter()
                .map(|worker| worker.reactor.sources())
                .collect(),
            measures_polls: self.config.measures_polls,
            pool: self.blocking.metrics(),
        }
    }
}

impl Remote {
    fn snapshot(&self) -> WorkerSnapshot {
        let is_slot_taken = !self.slot.is_empty();
        let metrics = &self.metrics;
        WorkerSnapshot {
            polls: metrics.polls.get(),
            parks: metrics.parks.get(),
            unparks: metrics.unparks.get(),
            busy: Duration::from_nanos(metrics.busy.get()),
            steals: metrics.steals.get(),
            spawns: metrics.spawns.get(),
            local_schedules: metrics.local_schedules.get(),
            turns: metrics.turns.get(),
            io_wakes: metrics.io_wakes.get(),
            timer_wakes: metrics.timer_wakes.get(),
            queue_depth: self.stealer.len() + usize::from(is_slot_taken),
            is_slot_taken,
            sources: self.reactor.sources(),
            poll_times: metrics.poll_times.counts(),
        }
    }
}
