//! What a worker counts about itself.

use crate::util::Counter;
use crate::util::histogram::{BUCKETS, Histogram};
use std::time::Duration;

/// Counters of one worker. The worker adds, anyone reads.
#[derive(Debug, Default)]
pub(super) struct WorkerMetrics {
    /// Polls begun.
    pub(super) polls: Counter,
    /// Tasks spawned by tasks of this worker.
    pub(super) spawns: Counter,
    /// Times the worker went to sleep.
    pub(super) parks: Counter,
    /// Times the worker got up again.
    pub(super) unparks: Counter,
    /// Time not asleep, in nanoseconds, up to the last sleep or look outside.
    pub(super) busy: Counter,
    /// Tasks that this worker has queued: spawned or woken on it, or yielding.
    pub(super) local_schedules: Counter,
    /// Turns of the reactor.
    pub(super) turns: Counter,
    /// Successful steals from another worker.
    pub(super) steals: Counter,
    /// Wakers woken by this worker's reactor.
    pub(super) io_wakes: Counter,
    /// Timers fired by this worker.
    pub(super) timer_wakes: Counter,
    pub(super) poll_times: PollTimes,
}

impl WorkerMetrics {
    pub(super) fn new(measures_polls: bool) -> Self {
        let poll_times = PollTimes(measures_polls.then(Histogram::default));
        Self { poll_times, ..Self::default() }
    }
}

/// How long the polls of a worker were, if that is measured.
#[derive(Debug, Default)]
pub(super) struct PollTimes(Option<Histogram>);

impl PollTimes {
    pub(super) fn record(&self, poll: Duration) {
        if let Some(histogram) = &self.0 {
            histogram.record(poll);
        }
    }

    pub(super) fn counts(&self) -> Option<[u64; BUCKETS]> {
        self.0.as_ref().map(Histogram::counts)
    }
}
