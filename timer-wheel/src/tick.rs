//! How time becomes ticks: deadlines round up, the present rounds down.
//!
//! The two directions are what makes "never early" hold. With `c` the clock, a timer that asks for
//! `d` fires once `floor(c) >= ceil(d)`, and then `c >= floor(c) >= ceil(d) >= d`.

use std::time::Duration;

/// A point in time, counted in ticks since an origin that the owner of the wheel chooses.
///
/// The wheel only compares ticks. What one of them is worth is known to [`Resolution`] alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u64);

impl Tick {
    /// The origin.
    pub const ZERO: Tick = Tick(0);

    /// The last tick there is. [`Resolution::floor`] never reaches it, so that a deadline which
    /// [`Resolution::ceil`] cut off here means "never".
    pub const MAX: Tick = Tick(u64::MAX);

    /// The tick `ticks` after this one, or [`Tick::MAX`] if that is out of range.
    #[inline]
    #[must_use]
    pub const fn saturating_add(self, ticks: u64) -> Tick {
        Tick(self.0.saturating_add(ticks))
    }
}

/// The length of a tick: a power of two in nanoseconds, so that conversion is a shift.
///
/// # Examples
///
/// ```
/// use sheave_timer_wheel::{Resolution, Tick};
/// use std::time::Duration;
///
/// let resolution = Resolution::from_log2_nanos(10);
/// assert_eq!(resolution.ceil(Duration::from_nanos(1025)), Tick(2));
/// assert_eq!(resolution.floor(Duration::from_nanos(1025)), Tick(1));
/// assert_eq!(resolution.duration(Tick(2)), Duration::from_nanos(2048));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resolution {
    log2_nanos: u32,
}

impl Default for Resolution {
    fn default() -> Self {
        Resolution::DEFAULT
    }
}

impl Resolution {
    /// 2<sup>13</sup> ns, about 8.2 µs: well below what a kernel wait resolves, and long enough
    /// that 2<sup>64</sup> ticks outlast four million years.
    pub const DEFAULT: Resolution = Resolution::from_log2_nanos(13);

    /// Ticks of 2<sup>`log2_nanos`</sup> nanoseconds.
    ///
    /// # Panics
    /// If `log2_nanos` is 64 or more: such a tick does not fit 64 bits of nanoseconds.
    #[must_use]
    #[track_caller]
    pub const fn from_log2_nanos(log2_nanos: u32) -> Resolution {
        assert!(log2_nanos < 64, "a tick is at most 2^63 ns: pass a log2_nanos below 64");
        Resolution { log2_nanos }
    }

    /// The length of one tick.
    #[inline]
    #[must_use]
    pub const fn tick(self) -> Duration {
        Duration::from_nanos(1 << self.log2_nanos)
    }

    /// The first tick that is not before `since_origin`: the rounding for deadlines.
    ///
    /// What lies beyond the last tick becomes [`Tick::MAX`].
    #[inline]
    #[must_use]
    pub fn ceil(self, since_origin: Duration) -> Tick {
        let nanos = since_origin.as_nanos();
        let partial = nanos & ((1 << self.log2_nanos) - 1) != 0;
        let ticks = (nanos >> self.log2_nanos) + u128::from(partial);
        Tick(u64::try_from(ticks).unwrap_or(u64::MAX))
    }

    /// The last tick that is not after `since_origin`: the rounding for the present.
    ///
    /// Stops one short of [`Tick::MAX`], which therefore never comes.
    #[inline]
    #[must_use]
    pub fn floor(self, since_origin: Duration) -> Tick {
        let ticks = since_origin.as_nanos() >> self.log2_nanos;
        Tick(u64::try_from(ticks).unwrap_or(u64::MAX).min(u64::MAX - 1))
    }

    /// The time from the origin to the beginning of `tick`, or [`Duration::MAX`] if that is
    /// longer than a `Duration` can be.
    #[inline]
    #[must_use]
    pub fn duration(self, tick: Tick) -> Duration {
        const NANOS_PER_SEC: u128 = 1_000_000_000;
        let nanos = u128::from(tick.0) << self.log2_nanos;
        // A 128-bit division is slow, and none is needed in the first five hundred years.
        if let Ok(nanos) = u64::try_from(nanos) {
            return Duration::from_nanos(nanos);
        }
        match u64::try_from(nanos / NANOS_PER_SEC) {
            Ok(secs) => Duration::new(secs, (nanos % NANOS_PER_SEC) as u32),
            Err(_) => Duration::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_deadline_rounds_up_and_the_present_down() {
        let r = Resolution::DEFAULT;
        let tick = r.tick();
        let nano = Duration::from_nanos(1);
        assert_eq!((r.floor(Duration::ZERO), r.ceil(Duration::ZERO)), (Tick(0), Tick(0)));
        assert_eq!((r.floor(nano), r.ceil(nano)), (Tick(0), Tick(1)));
        assert_eq!((r.floor(tick - nano), r.ceil(tick - nano)), (Tick(0), Tick(1)));
        assert_eq!((r.floor(tick), r.ceil(tick)), (Tick(1), Tick(1)));
        assert_eq!((r.floor(tick + nano), r.ceil(tick + nano)), (Tick(1), Tick(2)));
    }

    #[test]
    fn what_is_out_of_range_saturates() {
        let fine = Resolution::from_log2_nanos(0);
        assert_eq!(fine.ceil(Duration::MAX), Tick::MAX);
        assert_eq!(fine.floor(Duration::MAX), Tick(u64::MAX - 1));
        assert_eq!(fine.duration(Tick::MAX), Duration::from_nanos(u64::MAX));
        let coarse = Resolution::from_log2_nanos(63);
        assert_eq!(coarse.duration(Tick::MAX), Duration::MAX);
        assert_eq!(Tick(3).saturating_add(u64::MAX), Tick::MAX);
    }

    #[test]
    #[should_panic(expected = "below 64")]
    fn a_tick_too_long_is_refused() {
        let _ = Resolution::from_log2_nanos(64);
    }

    proptest! {
        #[test]
        fn the_tick_brackets_the_time(secs in any::<u64>(), nanos in 0u32..1_000_000_000, log2 in 0u32..64, shift in 0u32..64) {
            let time = Duration::new(secs >> shift, nanos);
            let r = Resolution::from_log2_nanos(log2);
            let (floor, ceil) = (r.floor(time), r.ceil(time));
            prop_assert!(r.duration(floor) <= time);
            if ceil < Tick::MAX {
                prop_assert!(r.duration(ceil) >= time);
                prop_assert!(ceil.0 - floor.0 <= 1);
            }
        }
    }
}
