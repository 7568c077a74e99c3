//! What a worker counts about itself.

use crate::util::Counter;

/// Counters of one worker. The worker adds, anyone reads.
#[derive(Debug, Default)]
pub(super) struct WorkerMetrics {
    /// Polls begun.
    pub(super) polls: Counter,
    /// Tasks spawned by tasks of this worker.
    pub(super) spawns: Counter,
    /// Times the worker went to sleep.
    pub(super) parks: Counter,
    /// Successful steals from another worker.
    pub(super) steals: Counter,
    /// Wakers woken by this worker's reactor.
    pub(super) io_wakes: Counter,
    /// Timers fired by this worker.
    pub(super) timer_wakes: Counter,
}
