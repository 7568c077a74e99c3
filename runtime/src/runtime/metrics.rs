//! What a runtime counts, for its users.

use crate::scheduler::{Shared, Snapshot, WorkerSnapshot};
use crate::util::histogram::{BUCKETS, bucket_range};
use std::ops::Range;
use std::time::Duration;

/// What a runtime has counted when [`Handle::metrics`](super::Handle::metrics) was called. Plain data: it
/// does not change, and keeps no runtime alive. Two snapshots and the time between them make a rate.
///
/// Counts begin with the runtime and never fall; depths and numbers are those of the moment. They are
/// read one after the other while the runtime goes on, so those of one snapshot may be a little apart.
/// Taking a snapshot stops nobody. It looks at the place of each task that is alive, which takes about a
/// nanosecond for each.
///
/// Methods that tokio has are called as there. tokio reads anew in each method; here, ask for another
/// snapshot.
///
/// ```
/// let runtime = sheave::runtime::Runtime::new()?;
/// let before = runtime.metrics();
/// runtime.block_on(async { sheave::spawn(async {}).await })?;
/// let after = runtime.metrics();
/// assert_eq!(after.spawned_tasks_count() - before.spawned_tasks_count(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// Methods that take a worker, a reactor or a bucket panic if there is none of that number.
#[derive(Clone, Debug)]
pub struct RuntimeMetrics {
    snapshot: Snapshot,
}

impl RuntimeMetrics {
    pub(crate) fn of(shared: &Shared) -> Self {
        Self { snapshot: shared.snapshot() }
    }

    #[track_caller]
    fn worker(&self, worker: usize) -> &WorkerSnapshot {
        let workers = self.num_workers();
        assert!(worker < workers, "there is no worker {worker}: the runtime has {workers}");
        &self.snapshot.workers[worker]
    }

    /// The number of workers that were configured. Stand-ins do not count, and what they do is in no
    /// worker's counts.
    #[must_use]
    pub fn num_workers(&self) -> usize {
        self.snapshot.workers.len()
    }

    /// Tasks that were spawned and are not complete. Those of a `LocalSet` do not count, nor do closures
    /// of `spawn_blocking`.
    #[must_use]
    pub fn num_alive_tasks(&self) -> usize {
        self.snapshot.alive_tasks
    }

    /// Tasks that were ever spawned, of the kinds that [`num_alive_tasks`](Self::num_alive_tasks) counts.
    #[must_use]
    pub fn spawned_tasks_count(&self) -> u64 {
        self.snapshot.spawned_tasks
    }

    /// Tasks in the queue for what comes from outside the workers.
    #[must_use]
    pub fn global_queue_depth(&self) -> usize {
        self.snapshot.injector_depth
    }

    /// Tasks in the local queue and the slot of a worker.
    #[track_caller]
    #[must_use]
    pub fn worker_local_queue_depth(&self, worker: usize) -> usize {
        self.worker(worker).queue_depth
    }

    /// Whether the slot of a worker, for the task that was woken last, holds one.
    #[track_caller]
    #[must_use]
    pub fn worker_slot_is_taken(&self, worker: usize) -> bool {
        self.worker(worker).is_slot_taken
    }

    /// Polls that a worker has begun.
    #[track_caller]
    #[must_use]
    pub fn worker_poll_count(&self, worker: usize) -> u64 {
        self.worker(worker).polls
    }

    /// How long a worker was not asleep: it polled, looked for tasks, or served its reactor and timers.
    /// Counted when it goes to sleep, and at each look outside of a busy worker, so that the poll in which
    /// it is now is not in it. By the clock of the runtime, which tests may stop. The time that a
    /// current-thread runtime is not driven is not in it.
    #[track_caller]
    #[must_use]
    pub fn worker_total_busy_duration(&self, worker: usize) -> Duration {
        self.worker(worker).busy
    }

    /// Times that a worker went to sleep.
    #[track_caller]
    #[must_use]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        self.worker(worker).parks
    }

    /// Times that a worker went to sleep, and times that it got up. An odd number says that it sleeps.
    #[track_caller]
    #[must_use]
    pub fn worker_park_unpark_count(&self, worker: usize) -> u64 {
        let worker = self.worker(worker);
        // Read one after the other, as it slept and got up: never two more of the one than of the other.
        worker.unparks + worker.parks.clamp(worker.unparks, worker.unparks + 1)
    }

    /// Times that a worker stole from another one; each time it may have taken several tasks.
    #[track_caller]
    #[must_use]
    pub fn worker_steal_operations(&self, worker: usize) -> u64 {
        self.worker(worker).steals
    }

    /// Tasks that a worker has queued for itself: those that were spawned or woken on its thread, also by
    /// its reactor and its timers, and those that yielded. What comes from other threads is not in it.
    #[track_caller]
    #[must_use]
    pub fn worker_local_schedule_count(&self, worker: usize) -> u64 {
        self.worker(worker).local_schedules
    }

    /// Tasks that were spawned by the tasks of a worker.
    #[track_caller]
    #[must_use]
    pub fn worker_spawn_count(&self, worker: usize) -> u64 {
        self.worker(worker).spawns
    }

    /// Wakes that the events of reactors have caused, while a worker turned them.
    #[track_caller]
    #[must_use]
    pub fn worker_io_wake_count(&self, worker: usize) -> u64 {
        self.worker(worker).io_wakes
    }

    /// Times that a worker has turned its reactor: asked it for events, or slept in it.
    #[track_caller]
    #[must_use]
    pub fn worker_reactor_turn_count(&self, worker: usize) -> u64 {
        self.worker(worker).turns
    }

    /// Timers that a worker has fired.
    #[track_caller]
    #[must_use]
    pub fn worker_timer_wake_count(&self, worker: usize) -> u64 {
        self.worker(worker).timer_wakes
    }

    /// Sockets and other sources that are registered with a worker's reactor, which may be that of
    /// others too; see [`Builder::reactors`](super::Builder::reactors).
    #[track_caller]
    #[must_use]
    pub fn worker_source_count(&self, worker: usize) -> usize {
        self.worker(worker).sources
    }

    /// The number of reactors.
    #[must_use]
    pub fn num_reactors(&self) -> usize {
        self.snapshot.sources.len()
    }

    /// Sockets and other sources that are registered with a reactor.
    #[track_caller]
    #[must_use]
    pub fn reactor_source_count(&self, reactor: usize) -> usize {
        let reactors = self.num_reactors();
        assert!(reactor < reactors, "there is no reactor {reactor}: the runtime has {reactors}");
        self.snapshot.sources[reactor]
    }

    /// Whether [`Builder::enable_metrics_poll_time_histogram`] was called.
    ///
    /// [`Builder::enable_metrics_poll_time_histogram`]: super::Builder::enable_metrics_poll_time_histogram
    #[must_use]
    pub fn poll_time_histogram_enabled(&self) -> bool {
        self.snapshot.measures_polls
    }

    /// The number of buckets of the histograms.
    #[must_use]
    pub fn poll_time_histogram_num_buckets(&self) -> usize {
        BUCKETS
    }

    /// Which polls a bucket counts. Buckets are powers of two of a microsecond: the first one counts
    /// what is below 1 µs, the last one what is 8.4 s and more, and has the end [`Duration::MAX`].
    #[track_caller]
    #[must_use]
    pub fn poll_time_histogram_bucket_range(&self, bucket: usize) -> Range<Duration> {
        bucket_range(bucket)
    }

    /// How many polls of a worker were as long as `bucket` says. 0 if the histogram is not enabled. A
    /// poll is not counted if its task went on in [`block_in_place`](crate::task::block_in_place)
    /// while its worker went on elsewhere.
    #[track_caller]
    #[must_use]
    pub fn poll_time_histogram_bucket_count(&self, worker: usize, bucket: usize) -> u64 {
        assert_bucket(bucket);
        self.worker(worker).poll_times.map_or(0, |counts| counts[bucket])
    }

    /// How many stuck polls were as long as `bucket` says, on all workers, once they had ended. Always
    /// on. Seen from the monitor, at intervals: a poll may have been longer by half of
    /// [`Builder::stuck_threshold`](super::Builder::stuck_threshold) and a few milliseconds.
    #[track_caller]
    #[must_use]
    pub fn stuck_poll_histogram_bucket_count(&self, bucket: usize) -> u64 {
        assert_bucket(bucket);
        self.snapshot.stuck_times[bucket]
    }

    /// Polls that were found to last longer than
    /// [`Builder::stuck_threshold`](super::Builder::stuck_threshold).
    #[must_use]
    pub fn stuck_poll_count(&self) -> u64 {
        self.snapshot.stuck_polls
    }

    /// The longest stuck poll, as far as it was seen: it may have been longer as in
    /// [`stuck_poll_histogram_bucket_count`](Self::stuck_poll_histogram_bucket_count). One that still goes on counts with
    /// what it has lasted. Zero if no poll was ever stuck.
    #[must_use]
    pub fn longest_poll(&self) -> Duration {
        self.snapshot.longest_poll
    }

    /// Tasks that were woken in the stead of a worker that was stuck: by its sockets and timers, or
    /// out of the slot for its newest task. Always 0 on the current-thread flavour.
    #[must_use]
    pub fn takeover_count(&self) -> u64 {
        self.snapshot.takeovers
    }

    /// Stand-ins that run, because all workers are stuck or were a moment ago; see
    /// [`Builder::max_stand_ins`](super::Builder::max_stand_ins).
    #[must_use]
    pub fn num_stand_ins(&self) -> usize {
        self.snapshot.stand_ins
    }

    /// Threads of the blocking pool.
    #[must_use]
    pub fn num_blocking_threads(&self) -> usize {
        self.snapshot.pool.threads
    }

    /// Threads of the blocking pool that wait for a job.
    #[must_use]
    pub fn num_idle_blocking_threads(&self) -> usize {
        self.snapshot.pool.idle
    }

    /// Jobs that wait for a thread of the blocking pool.
    #[must_use]
    pub fn blocking_queue_depth(&self) -> usize {
        self.snapshot.pool.queued
    }

    /// Jobs that run on the blocking pool.
    #[must_use]
    pub fn num_running_blocking_jobs(&self) -> usize {
        self.snapshot.pool.running
    }

    /// Jobs that the blocking pool has run to their end, by a panic or not.
    #[must_use]
    pub fn completed_blocking_jobs_count(&self) -> u64 {
        self.snapshot.pool.completed
    }
}

#[track_caller]
fn assert_bucket(bucket: usize) {
    assert!(bucket < BUCKETS, "there is no bucket {bucket}: a histogram has {BUCKETS}");
}
