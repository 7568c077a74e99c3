//! What a runtime counts, for its users.

use crate::scheduler::Shared;
use crate::util::histogram::{BUCKETS, bucket_range};
use sheave_facade::sync::Arc;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// Reads the counters of a runtime. Each method reads anew; counts of one moment may be a little
/// older than those of another.
///
/// ```
/// let runtime = sheave::runtime::Runtime::new()?;
/// let metrics = runtime.metrics();
/// runtime.block_on(async { sheave::spawn(async {}).await })?;
/// assert!((0..metrics.num_workers()).map(|w| metrics.worker_poll_count(w)).sum::<u64>() >= 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct RuntimeMetrics {
    shared: Arc<Shared>,
}

impl RuntimeMetrics {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The number of workers that were configured. Stand-ins do not count, and what they do is in no
    /// worker's counts.
    #[must_use]
    pub fn num_workers(&self) -> usize {
        self.shared.num_workers()
    }

    /// Tasks that were spawned and are not complete.
    #[must_use]
    pub fn num_alive_tasks(&self) -> usize {
        self.shared.alive_tasks()
    }

    /// Tasks in the queue for what comes from outside the workers.
    #[must_use]
    pub fn global_queue_depth(&self) -> usize {
        self.shared.injector_depth()
    }

    /// Tasks in the local queue and the slot of a worker.
    ///
    /// # Panics
    /// If there is no such worker, as in all methods that take one.
    #[track_caller]
    #[must_use]
    pub fn worker_local_queue_depth(&self, worker: usize) -> usize {
        self.shared.worker_snapshot(worker).queue_depth
    }

    /// Polls that a worker has begun.
    #[track_caller]
    #[must_use]
    pub fn worker_poll_count(&self, worker: usize) -> u64 {
        self.shared.worker_snapshot(worker).polls
    }

    /// Times that a worker went to sleep.
    #[track_caller]
    #[must_use]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        self.shared.worker_snapshot(worker).parks
    }

    /// Times that a worker stole from another one; each time it may have taken several tasks.
    #[track_caller]
    #[must_use]
    pub fn worker_steal_operations(&self, worker: usize) -> u64 {
        self.shared.worker_snapshot(worker).steals
    }

    /// Tasks that were spawned by the tasks of a worker.
    #[track_caller]
    #[must_use]
    pub fn worker_spawn_count(&self, worker: usize) -> u64 {
        self.shared.worker_snapshot(worker).spawns
    }

    /// Wakes that the events of a worker's reactor have caused.
    #[track_caller]
    #[must_use]
    pub fn worker_io_wake_count(&self, worker: usize) -> u64 {
        self.shared.worker_snapshot(worker).io_wakes
    }

    /// Timers that a worker has fired.
    #[track_caller]
    #[must_use]
    pub fn worker_timer_wake_count(&self, worker: usize) -> u64 {
        self.shared.worker_snapshot(worker).timer_wakes
    }

    /// Sockets and other sources that are registered with a worker's reactor.
    #[track_caller]
    #[must_use]
    pub fn worker_source_count(&self, worker: usize) -> usize {
        self.shared.worker_snapshot(worker).sources
    }

    /// Whether [`Builder::enable_metrics_poll_time_histogram`] was called.
    ///
    /// [`Builder::enable_metrics_poll_time_histogram`]: super::Builder::enable_metrics_poll_time_histogram
    #[must_use]
    pub fn poll_time_histogram_enabled(&self) -> bool {
        self.shared.config.measures_polls
    }

    /// The number of buckets of the poll-time histogram.
    #[must_use]
    pub fn poll_time_histogram_num_buckets(&self) -> usize {
        BUCKETS
    }

    /// Which polls a bucket counts. Buckets are powers of two of a microsecond: the first one counts
    /// what is below 1 µs, the last one what is 8.4 s and more, and has the end [`Duration::MAX`].
    ///
    /// # Panics
    /// If there is no such bucket.
    #[track_caller]
    #[must_use]
    pub fn poll_time_histogram_bucket_range(&self, bucket: usize) -> Range<Duration> {
        bucket_range(bucket)
    }

    /// How many polls of a worker were as long as `bucket` says. 0 if the histogram is not enabled. A
    /// poll is not counted if its task went on in [`block_in_place`](crate::task::block_in_place)
    /// while its worker went on elsewhere.
    ///
    /// # Panics
    /// If there is no such worker, or no such bucket.
    #[track_caller]
    #[must_use]
    pub fn poll_time_histogram_bucket_count(&self, worker: usize, bucket: usize) -> u64 {
        let counts = self.shared.worker_snapshot(worker).poll_times;
        assert!(bucket < BUCKETS, "there is no bucket {bucket}: the histogram has {BUCKETS}");
        counts.map_or(0, |counts| counts[bucket])
    }

    /// Polls that were found to last longer than
    /// [`Builder::stuck_threshold`](super::Builder::stuck_threshold). Always 0 on the current-thread
    /// flavour.
    #[must_use]
    pub fn stuck_poll_count(&self) -> u64 {
        self.shared.stuck_counts().0
    }

    /// Tasks that were woken in the stead of a worker that was stuck: by its sockets and timers, or
    /// out of the slot for its newest task.
    #[must_use]
    pub fn takeover_count(&self) -> u64 {
        self.shared.stuck_counts().1
    }

    /// Stand-ins that run, because all workers are stuck or were a moment ago; see
    /// [`Builder::max_stand_ins`](super::Builder::max_stand_ins).
    #[must_use]
    pub fn num_stand_ins(&self) -> usize {
        self.shared.stand_ins()
    }

    /// Threads of the blocking pool.
    #[must_use]
    pub fn num_blocking_threads(&self) -> usize {
        self.shared.blocking.metrics().threads
    }

    /// Threads of the blocking pool that wait for a job.
    #[must_use]
    pub fn num_idle_blocking_threads(&self) -> usize {
        self.shared.blocking.metrics().idle
    }

    /// Jobs that wait for a thread of the blocking pool.
    #[must_use]
    pub fn blocking_queue_depth(&self) -> usize {
        self.shared.blocking.metrics().queued
    }
}

impl fmt::Debug for RuntimeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeMetrics")
            .field("num_workers", &self.num_workers())
            .field("num_alive_tasks", &self.num_alive_tasks())
            .field("global_queue_depth", &self.global_queue_depth())
            .finish_non_exhaustive()
    }
}
