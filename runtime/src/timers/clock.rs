//! The clock of a runtime: the monotonic clock, or one that tests stop and move by hand.
//!
//! | from    | call      | to      | the time                                                   |
//! |---------|-----------|---------|------------------------------------------------------------|
//! | running | `pause`   | stopped | stands                                                     |
//! | stopped | `advance` | stopped | jumps forward                                              |
//! | stopped | `resume`  | running | goes on from where it stood, from then on behind or ahead of the system's clock |

use sheave_facade::sync::Mutex;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::*};
use sheave_facade::time::{Instant, now, origin};
use sheave_timer_wheel::{Resolution, Tick};
use std::time::Duration;

/// A clock and the tick scale of the wheels that follow it.
///
/// All clocks of a process have one origin, so that what one runtime notes of a moment (see
/// `util::waits`) means the same in another.
pub(crate) struct Clock {
    origin: Instant,
    resolution: Resolution,
    /// Whether the clock was ever stopped, so that `manual` has to be asked: spares the lock in the
    /// usual case. Set under the lock, never cleared.
    is_manual: AtomicBool,
    manual: Mutex<Manual>,
}

/// The part that only tests use.
enum Manual {
    /// Where the clock stands.
    Stopped(Instant),
    /// The clock stood at `at` when the system's clock stood at `system`.
    Running { at: Instant, system: Instant },
}

impl Clock {
    /// A clock that runs with the system's.
    pub(crate) fn new() -> Self {
        let origin = origin();
        let at = now();
        Self {
            origin,
            resolution: Resolution::default(),
            is_manual: AtomicBool::new(false),
            manual: Mutex::new(Manual::Running { at, system: at }),
        }
    }

    /// A clock that stands still. Its ticks are nanoseconds, so that jumps from timer to timer are
    /// exact: coarse ticks are for wakes that cost real time.
    pub(crate) fn paused() -> Self {
        let clock = Self { resolution: Resolution::from_log2_nanos(0), ..Self::new() };
        let _running_until_now = clock.pause();
        clock
    }

    /// The present moment of this clock.
    #[inline]
    pub(crate) fn now(&self) -> Instant {
        if self.is_manual() { self.manual_now() } else { now() }
    }

    /// Whether the clock was ever stopped.
    #[inline]
    pub(crate) fn is_manual(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `pause`; a thread that raced with the pause
        // reads the real clock once more, as if it had come first.
        self.is_manual.load(Acquire)
    }

    #[cold]
    fn manual_now(&self) -> Instant {
        match *self.manual.lock() {
            Manual::Stopped(at) => at,
            Manual::Running { at, system } => at + now().saturating_duration_since(system),
        }
    }

    /// The nanoseconds from the origin to `at`, at most some 584 years.
    #[inline]
    pub(crate) fn nanos(&self, at: Instant) -> u64 {
        let passed = at.saturating_duration_since(self.origin);
        passed
            .as_secs()
            .saturating_mul(1_000_000_000)
            .saturating_add(u64::from(passed.subsec_nanos()))
    }

    /// The moment that lies so many nanoseconds after the origin.
    pub(crate) fn at(nanos: u64) -> Instant {
        origin() + Duration::from_nanos(nanos)
    }

    /// The length of a tick.
    pub(crate) fn tick(&self) -> Duration {
        self.resolution.tick()
    }

    /// The last tick that has fully passed at `at`.
    pub(crate) fn floor(&self, at: Instant) -> Tick {
        self.resolution.floor(at.saturating_duration_since(self.origin))
    }

    /// The first tick that is not before `deadline`: a timer filed there is never early.
    pub(crate) fn ceil(&self, deadline: Instant) -> Tick {
        self.resolution.ceil(deadline.saturating_duration_since(self.origin))
    }

    /// How long it is from `now` until `tick` has come.
    pub(crate) fn until(&self, tick: Tick, now: Instant) -> Duration {
        self.resolution.duration(tick).saturating_sub(now.saturating_duration_since(self.origin))
    }

    /// Stops the clock. Returns `false` if it was stopped already.
    #[must_use]
    pub(crate) fn pause(&self) -> bool {
        let mut manual = self.manual.lock();
        let at = match *manual {
            Manual::Stopped(_) => return false,
            Manual::Running { at, system } => at + now().saturating_duration_since(system),
        };
        *manual = Manual::Stopped(at);
        // ORDERING: Release pairs with the Acquire in `is_manual`: who sees the flag sees the clock stopped.
        self.is_manual.store(true, Release);
        true
    }

    /// Lets the clock run on from where it stands. Returns `false` if it was not stopped.
    #[must_use]
    pub(crate) fn resume(&self) -> bool {
        let mut manual = self.manual.lock();
        let Manual::Stopped(at) = *manual else { return false };
        *manual = Manual::Running { at, system: now() };
        true
    }

    /// Moves the stopped clock forward. Returns `false` if it is not stopped, or if that time
    /// cannot be expressed.
    #[must_use]
    pub(crate) fn advance(&self, by: Duration) -> bool {
        let mut manual = self.manual.lock();
        let Manual::Stopped(at) = *manual else { return false };
        let Some(later) = at.checked_add(by) else { return false };
        *manual = Manual::Stopped(later);
        true
    }

    /// Whether the clock is stopped.
    pub(crate) fn is_paused(&self) -> bool {
        self.is_manual() && matches!(*self.manual.lock(), Manual::Stopped(_))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_stopped_clock_moves_by_hand_only() {
        let clock = Clock::new();
        assert!(!clock.advance(SECOND) && !clock.resume() && !clock.is_paused());
        assert!(clock.pause() && !clock.pause() && clock.is_paused());
        let at = clock.now();
        assert_eq!(clock.now(), at);
        assert!(clock.advance(SECOND));
        assert_eq!(clock.now(), at + SECOND);
    }

    #[test]
    fn a_resumed_clock_goes_on_from_where_it_stood() {
        let clock = Clock::paused();
        assert!(clock.advance(1_000 * SECOND));
        let stood_at = clock.now();
        let system = now();
        assert!(clock.resume());
        let passed = clock.now() - stood_at;
        assert!(passed <= now() - system, "{passed:?}");
        assert!(clock.pause());
        assert!(clock.now() >= stood_at);
    }

    #[test]
    fn a_paused_clock_is_exact_and_a_running_one_rounds_up() {
        let (exact, coarse) = (Clock::paused(), Clock::new());
        let deadline = exact.now() + Duration::from_nanos(1);
        assert_eq!(exact.until(exact.ceil(deadline), exact.now()), Duration::from_nanos(1));
        let deadline = coarse.origin + Duration::from_nanos(1);
        assert_eq!(coarse.until(coarse.ceil(deadline), coarse.origin), Resolution::DEFAULT.tick());
    }

    #[test]
    fn time_that_cannot_be_expressed_is_refused() {
        let clock = Clock::paused();
        let at = clock.now();
        assert!(!clock.advance(Duration::MAX));
        assert_eq!(clock.now(), at);
    }
}
