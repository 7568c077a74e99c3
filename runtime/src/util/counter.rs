//! A statistic that one thread counts and others read.

use sheave_facade::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// See the [module documentation](self).
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Counts `n` more. One thread at a time may call this, which spares the locked instruction.
    pub(crate) fn add(&self, n: u64) {
        // ORDERING: Relaxed; a statistic orders nothing, and only its owner stores.
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// Counts a time, in nanoseconds; as [`add`](Self::add).
    pub(crate) fn add_time(&self, time: Duration) {
        // Counts of 64 bits last for 584 years.
        self.add(time.as_nanos() as u64);
    }

    /// Makes it `n` if it is less. One thread at a time may call this.
    pub(crate) fn raise(&self, n: u64) {
        // ORDERING: Relaxed as above.
        self.0.store(self.0.load(Relaxed).max(n), Relaxed);
    }

    /// The count so far.
    pub(crate) fn get(&self) -> u64 {
        // ORDERING: Relaxed as above; a reader gets some recent value.
        self.0.load(Relaxed)
    }
}
