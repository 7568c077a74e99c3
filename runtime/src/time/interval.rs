//! Doing something again and again.

use super::{Instant, Sleep, sleep_until};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A tick that comes later than this, or than one period if that is shorter, was missed. What wakes
/// are late by anyhow must not shift the ticks that follow.
const TOLERANCE: Duration = Duration::from_millis(5);

/// Ticks at once and then every `period`.
///
/// # Panics
/// If `period` is zero. As [`sleep`](super::sleep()) otherwise.
///
/// # Examples
/// ```
/// use sheave::time::{Duration, interval};
/// # #[sheave::main]
/// # async fn main() {
/// let mut interval = interval(Duration::from_millis(2));
/// let first = interval.tick().await; // at once
/// let second = interval.tick().await;
/// assert_eq!(second - first, Duration::from_millis(2));
/// # }
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    check(period);
    Interval::new(Sleep::after(Duration::ZERO), period)
}

/// Ticks at `start` and then every `period`.
///
/// # Panics
/// As [`interval`].
///
/// # Examples
/// ```
/// use sheave::time::{Duration, Instant, interval_at};
/// # #[sheave::main]
/// # async fn main() {
/// let start = Instant::now() + Duration::from_millis(2);
/// let mut interval = interval_at(start, Duration::from_millis(1));
/// assert_eq!(interval.tick().await, start);
/// # }
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    check(period);
    Interval::new(sleep_until(start), period)
}

#[track_caller]
fn check(period: Duration) {
    assert!(
        !period.is_zero(),
        "the period of an interval must be longer than zero: to run without a pause, loop with \
         `task::yield_now`"
    );
}

/// What an [`Interval`] does about ticks that nobody waited for in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Ticks as fast as possible until it has caught up: no tick is lost.
    ///
    /// ```text
    /// due       | 1     | 2     | 3     | 4     | 5     |
    /// ticks     | 1           late | 2 3     | 4     | 5
    /// ```
    #[default]
    Burst,
    /// Goes on with the full period from the late tick: two ticks are never closer than a period.
    ///
    /// ```text
    /// due       | 1     | 2     | 3     | 4     | 5     |
    /// ticks     | 1           late | 2     | 3     | 4
    /// ```
    Delay,
    /// Leaves out what was missed and goes on with the next multiple of the period.
    ///
    /// ```text
    /// due       | 1     | 2     | 3     | 4     | 5     |
    /// ticks     | 1           late | 2   | 3     | 4
    /// ```
    Skip,
}

impl MissedTickBehavior {
    /// When the tick after the one that was due at `due` and came at `now` is due.
    fn next(self, due: Instant, now: Instant, period: Duration) -> Instant {
        let late = now.saturating_duration_since(due);
        if late <= TOLERANCE.min(period) {
            return due.later(period);
        }
        match self {
            Self::Burst => due.later(period),
            Self::Delay => now.later(period),
            Self::Skip => now.later(period - remainder(late, period)),
        }
    }
}

/// How much is left of `duration` after as many periods as fit.
fn remainder(duration: Duration, period: Duration) -> Duration {
    let nanos = duration.as_nanos() % period.as_nanos();
    // Both parts fit what they are cut from: the remainder is less than a duration.
    let seconds = u64::try_from(nanos / 1_000_000_000).expect("less than `period`");
    Duration::new(seconds, (nanos % 1_000_000_000) as u32)
}

/// A sequence of ticks, made by [`interval`] or [`interval_at`].
///
/// Ticks are due at multiples of the period, whatever happens between them, so that the interval
/// does not drift. [`MissedTickBehavior`] says what happens when ticks are missed.
pub struct Interval {
    delay: Sleep,
    period: Duration,
    missed: MissedTickBehavior,
}

impl Interval {
    fn new(delay: Sleep, period: Duration) -> Self {
        Self { delay, period, missed: MissedTickBehavior::default() }
    }

    /// Waits for the next tick and returns the moment at which it was due.
    ///
    /// # Cancel safety
    /// Strict: a tick that was not returned is returned by the next call.
    ///
    /// # Panics
    /// If the runtime has shut down meanwhile.
    ///
    /// # Examples
    /// ```
    /// use sheave::time::{Duration, interval};
    /// # #[sheave::main]
    /// # async fn main() {
    /// let mut interval = interval(Duration::from_millis(1));
    /// for _ in 0..3 {
    ///     interval.tick().await;
    /// }
    /// # }
    /// ```
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick; on `Pending` the task is woken when it is due.
    ///
    /// # Panics
    /// If the runtime has shut down meanwhile.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.delay).poll(cx));
        let due = self.delay.deadline();
        let next = self.missed.next(due, self.delay.now(), self.period);
        self.delay.start_over(next);
        Poll::Ready(due)
    }

    /// The next tick comes one period from now.
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// The next tick comes at once.
    pub fn reset_immediately(&mut self) {
        self.reset_after(Duration::ZERO);
    }

    /// The next tick comes after `after`, which has nothing to do with the period.
    pub fn reset_after(&mut self, after: Duration) {
        self.reset_at(self.delay.now().later(after));
    }

    /// The next tick comes at `deadline`, which has nothing to do with the period.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.delay.move_to(deadline);
    }

    /// What this interval does about missed ticks.
    #[must_use]
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Sets what this interval does about missed ticks. Default: [`MissedTickBehavior::Burst`].
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// The time between two ticks.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interval")
            .field("next", &self.delay.deadline())
            .field("period", &self.period)
            .field("missed_tick_behavior", &self.missed)
            .finish()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::MissedTickBehavior::*;
    use super::*;

    #[test]
    fn the_next_tick_follows_the_behavior() {
        let due = Instant::now();
        let ms = Duration::from_millis;
        let next = |behavior: MissedTickBehavior, late| {
            behavior.next(due, due + ms(late), ms(100)).duration_since(due)
        };
        // In time, by the tolerance.
        assert_eq!([Burst, Delay, Skip].map(|b| next(b, 5)), [ms(100); 3]);
        assert_eq!([Burst, Delay, Skip].map(|b| next(b, 6)), [ms(100), ms(106), ms(100)]);
        assert_eq!([Burst, Delay, Skip].map(|b| next(b, 250)), [ms(100), ms(350), ms(300)]);
        assert_eq!([Burst, Delay, Skip].map(|b| next(b, 300)), [ms(100), ms(400), ms(400)]);
    }

    #[test]
    fn the_tolerance_is_at_most_a_period() {
        let due = Instant::now();
        let us = Duration::from_micros;
        assert_eq!(Delay.next(due, due + us(150), us(100)), due + us(250));
        assert_eq!(Skip.next(due, due + us(150), us(100)), due + us(200));
    }

    #[test]
    fn a_period_may_be_as_long_as_it_gets() {
        let due = Instant::now();
        for behavior in [Burst, Delay, Skip] {
            assert!(behavior.next(due, due + Duration::from_secs(9), Duration::MAX) > due);
        }
        assert_eq!(remainder(Duration::MAX, Duration::from_nanos(7)).as_secs(), 0);
    }
}
