//! How many of a thing were how long: counts by powers of two.
//!
//! | bucket | holds durations |
//! |---|---|
//! | 0 | below 1 µs |
//! | *n* | from 2ⁿ⁻¹ µs to below 2ⁿ µs |
//! | the last | from 8.4 s on |
//!
//! So a duration read from a bucket's edge is off by a factor of two at most, and one record costs a
//! count of leading zeros and an addition.

use super::Counter;
use std::ops::Range;
use std::time::Duration;

/// Buckets of a histogram.
pub(crate) const BUCKETS: usize = 25;

/// Counts durations. One thread at a time records, anyone reads.
#[derive(Debug)]
pub(crate) struct Histogram(Box<[Counter; BUCKETS]>);

impl Default for Histogram {
    fn default() -> Self {
        Self(Box::new(std::array::from_fn(|_| Counter::default())))
    }
}

impl Histogram {
    /// Counts one duration.
    pub(crate) fn record(&self, duration: Duration) {
        self.0[bucket_of(duration)].add(1);
    }

    /// How many were counted, by bucket.
    pub(crate) fn counts(&self) -> [u64; BUCKETS] {
        std::array::from_fn(|bucket| self.0[bucket].get())
    }
}

fn bucket_of(duration: Duration) -> usize {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    (u64::BITS - micros.leading_zeros()).min(BUCKETS as u32 - 1) as usize
}

/// What a bucket holds; the end is not in it, except that of the last one.
///
/// # Panics
/// If there is no such bucket.
#[track_caller]
pub(crate) fn bucket_range(bucket: usize) -> Range<Duration> {
    assert!(bucket < BUCKETS, "there is no bucket {bucket}: a histogram has {BUCKETS}");
    let edge = |n: usize| Duration::from_micros(1 << n);
    let start = bucket.checked_sub(1).map_or(Duration::ZERO, edge);
    start..if bucket + 1 == BUCKETS { Duration::MAX } else { edge(bucket) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_lies_in_the_range_of_its_bucket() {
        let nanos = (0..64).flat_map(|n| [(1u64 << n) - 1, 1 << n, (1 << n) + 1]);
        let durations =
            nanos.map(Duration::from_nanos).chain([Duration::MAX - Duration::from_nanos(1)]);
        for duration in durations {
            let range = bucket_range(bucket_of(duration));
            assert!(range.contains(&duration), "{duration:?} in {range:?}");
        }
    }

    #[test]
    fn the_ranges_leave_no_gap() {
        assert_eq!(bucket_range(0).start, Duration::ZERO);
        for bucket in 1..BUCKETS {
            assert_eq!(bucket_range(bucket - 1).end, bucket_range(bucket).start);
        }
        assert_eq!(bucket_range(BUCKETS - 1), Duration::from_micros(1 << 23)..Duration::MAX);
    }
}
