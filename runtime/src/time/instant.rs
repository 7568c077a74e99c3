//! A moment on the clock of a runtime.

use crate::scheduler::with_runtime;
use sheave_facade::time::{Instant as SystemInstant, now};
use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

/// What a duration counts as that leads further than an `Instant` can.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// A moment on the monotonic clock, as [`std::time::Instant`], except that a stopped clock can stand
/// behind it: see [`pause`](super::pause()).
///
/// # Examples
/// ```
/// use sheave::time::{Duration, Instant, sleep};
/// # #[sheave::main]
/// # async fn main() {
/// let start = Instant::now();
/// sleep(Duration::from_millis(5)).await;
/// assert!(start.elapsed() >= Duration::from_millis(5));
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(SystemInstant);

impl Instant {
    /// The present moment, by the clock of the runtime that this thread is in, or by the system's
    /// clock if it is in none.
    #[must_use]
    pub fn now() -> Self {
        Self(with_runtime(|shared| shared.map_or_else(now, |shared| shared.clock.now())))
    }

    /// A moment on the system's clock.
    #[must_use]
    pub fn from_std(instant: SystemInstant) -> Self {
        Self(instant)
    }

    /// This moment as the standard library has it.
    #[must_use]
    pub fn into_std(self) -> SystemInstant {
        self.0
    }

    /// The time since `earlier`; zero if that is later.
    #[must_use]
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }

    /// The time since `earlier`; `None` if that is later.
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// The time since `earlier`; zero if that is later.
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The time since this moment; zero if it lies ahead.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Self::now().saturating_duration_since(*self)
    }

    /// The moment `duration` later; `None` if it cannot be expressed.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_add(duration).map(Self)
    }

    /// The moment `duration` earlier; `None` if it cannot be expressed.
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_sub(duration).map(Self)
    }

    /// The moment `duration` later, or one 30 years later if that cannot be expressed.
    pub(crate) fn later(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or_else(|| self.checked_add(FAR).unwrap_or(self))
    }
}

impl From<SystemInstant> for Instant {
    fn from(instant: SystemInstant) -> Self {
        Self::from_std(instant)
    }
}

impl From<Instant> for SystemInstant {
    fn from(instant: Instant) -> Self {
        instant.into_std()
    }
}

/// # Panics
/// If the result cannot be expressed; [`checked_add`](Instant::checked_add) tells.
impl Add<Duration> for Instant {
    type Output = Self;

    #[track_caller]
    fn add(self, duration: Duration) -> Self {
        self.checked_add(duration).expect("this moment cannot be expressed: use `checked_add`")
    }
}

impl AddAssign<Duration> for Instant {
    #[track_caller]
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

/// # Panics
/// If the result cannot be expressed; [`checked_sub`](Instant::checked_sub) tells.
impl Sub<Duration> for Instant {
    type Output = Self;

    #[track_caller]
    fn sub(self, duration: Duration) -> Self {
        self.checked_sub(duration).expect("this moment cannot be expressed: use `checked_sub`")
    }
}

impl SubAssign<Duration> for Instant {
    #[track_caller]
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

/// The time between two moments; zero if the second is later.
impl Sub<Instant> for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
