//! One ring of 64 buckets, and where in the rings a tick belongs.
//!
//! Read a tick as a number in base 64, one digit for each level. The most significant digit in
//! which a deadline differs from the present names the level, and the deadline's own digit there
//! names the bucket:
//!
//! ```text
//!             level     2  1  0
//!   now      = ... 00  07 41 16
//!   deadline = ... 00  07 52 03     differs first at level 1: bucket 52 of level 1
//! ```
//!
//! Three things follow, and the wheel rests on them:
//!
//! 1. A deadline lies in the future, so its digit is larger than that of the present: a bucket
//!    is never behind the present, no ring wraps round, the lowest set bit is the next bucket.
//! 2. All of level `n` comes before all of level `n + 1`.
//! 3. While the present has not reached the beginning of a bucket, the bucket's timers keep their
//!    level: where a timer is linked can be computed from the tick under which it was filed.

use crate::slots::{List, Slots};
use crate::tick::Tick;

const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;

/// As many base-64 digits as 64 bits have, so that no deadline is out of range.
pub(crate) const LEVELS: usize = u64::BITS.div_ceil(BITS) as usize;

/// One bucket of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) level: usize,
    pub(crate) bucket: usize,
}

impl Place {
    /// Where `deadline`, which is after `now`, is filed.
    #[inline]
    pub(crate) fn of(now: Tick, deadline: Tick) -> Place {
        debug_assert!(deadline > now, "what is due has no place in the future");
        let level = (now.0 ^ deadline.0).ilog2() / BITS;
        let bucket = (deadline.0 >> (level * BITS)) as usize % BUCKETS;
        Place { level: level as usize, bucket }
    }

    /// The first tick that belongs here, given that this place is ahead of `now`.
    #[inline]
    pub(crate) fn start(self, now: Tick) -> Tick {
        let shift = self.level as u32 * BITS;
        // The top level has no digit above it to inherit.
        let above = u64::MAX.checked_shl(shift + BITS).unwrap_or(0);
        Tick((now.0 & above) | ((self.bucket as u64) << shift))
    }
}

/// The timers of one bucket, in the order in which they were filed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    pub(crate) list: List,
    /// No timer here is filed before this tick. Exact until a timer is removed.
    pub(crate) earliest: Tick,
}

impl Bucket {
    const EMPTY: Bucket = Bucket { list: List::EMPTY, earliest: Tick::MAX };
}

#[derive(Debug)]
pub(crate) struct Level {
    /// Bit `n` is set if and only if bucket `n` is not empty.
    occupied: u64,
    buckets: [Bucket; BUCKETS],
}

impl Level {
    pub(crate) const EMPTY: Level = Level { occupied: 0, buckets: [Bucket::EMPTY; BUCKETS] };

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.occupied == 0
    }

    /// The number of the first occupied bucket of a level that is not empty.
    #[inline]
    pub(crate) fn first(&self) -> usize {
        debug_assert!(!self.is_empty());
        self.occupied.trailing_zeros() as usize
    }

    #[inline]
    pub(crate) fn bucket(&self, bucket: usize) -> &Bucket {
        &self.buckets[bucket]
    }

    /// Appends the slot `index`, filed under `filed`.
    pub(crate) fn push<T>(&mut self, slots: &mut Slots<T>, bucket: usize, index: u32, filed: Tick) {
        self.occupied |= 1 << bucket;
        let bucket = &mut self.buckets[bucket];
        bucket.list.push_back(slots, index);
        bucket.earliest = bucket.earliest.min(filed);
    }

    /// Takes the slot `index` out of the bucket it is in.
    pub(crate) fn unlink<T>(&mut self, slots: &mut Slots<T>, bucket: usize, index: u32) {
        let timers = &mut self.buckets[bucket];
        timers.list.unlink(slots, index);
        if timers.list.is_empty() {
            self.take(bucket);
        }
    }

    /// Empties a bucket.
    #[inline]
    pub(crate) fn take(&mut self, bucket: usize) -> Bucket {
        self.occupied &= !(1 << bucket);
        std::mem::replace(&mut self.buckets[bucket], Bucket::EMPTY)
    }

    #[cfg(test)]
    pub(crate) fn is_occupied(&self, bucket: usize) -> bool {
        self.occupied >> bucket & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_place_changes_at_powers_of_64() {
        let place = |deadline| Place::of(Tick(0), Tick(deadline));
        assert_eq!(place(1), Place { level: 0, bucket: 1 });
        assert_eq!(place(63), Place { level: 0, bucket: 63 });
        assert_eq!(place(64), Place { level: 1, bucket: 1 });
        assert_eq!(place(4095), Place { level: 1, bucket: 63 });
        assert_eq!(place(4096), Place { level: 2, bucket: 1 });
        assert_eq!(place(u64::MAX), Place { level: 10, bucket: 15 });
        assert_eq!(Place::of(Tick(63), Tick(64)), Place { level: 1, bucket: 1 });
        assert_eq!(Place::of(Tick(u64::MAX - 1), Tick::MAX), Place { level: 0, bucket: 63 });
    }

    proptest! {
        /// The three consequences in the documentation of this module.
        #[test]
        fn places_keep_the_order_of_time(a in any::<u64>(), b in any::<u64>(), c in any::<u64>(), shift in 0u32..64) {
            let mut ticks = [a >> shift, b >> shift, c >> shift];
            ticks.sort_unstable();
            let [now, sooner, later] = ticks.map(Tick);
            prop_assume!(now < sooner);
            let (near, far) = (Place::of(now, sooner), Place::of(now, later));
            prop_assert!((near.level, near.bucket) <= (far.level, far.bucket));
            prop_assert!(now < near.start(now) && near.start(now) <= sooner);
            if sooner < far.start(now) {
                prop_assert_eq!(Place::of(sooner, later), far);
                prop_assert_eq!(far.start(sooner), far.start(now));
            }
        }
    }
}
