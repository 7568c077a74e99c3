//! The clock of a runtime: the monotonic clock, or one that tests stop and move by hand.

use sheave_facade::sync::Mutex;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::*};
use sheave_facade::time::{Instant, now};
use sheave_timer_wheel::{Resolution, Tick};
use std::time::Duration;

/// A clock and the tick scale of the wheels that follow it.
pub(crate) struct Clock {
    origin: Instant,
    resolution: Resolution,
    /// Whether `manual` holds something: spares the lock in the usual case.
    is_manual: AtomicBool,
    manual: Mutex<Manual>,
}

/// The part that only tests use.
#[derive(Default)]
struct Manual {
    /// Where the stopped clock stands.
    stopped_at: Option<Instant>,
    /// How far the clock was moved beyond the real one, once it runs again.
    ahead: Duration,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            origin: now(),
            resolution: Resolution::default(),
            is_manual: AtomicBool::new(false),
            manual: Mutex::new(Manual::default()),
        }
    }

    /// The present moment of this clock.
    pub(crate) fn now(&self) -> Instant {
        // ORDERING: Acquire pairs with the Release in `pause`; a thread that raced with the pause
        // reads the real clock once more, as if it had come first.
        if !self.is_manual.load(Acquire) {
            return now();
        }
        let manual = self.manual.lock();
        manual.stopped_at.unwrap_or_else(|| now() + manual.ahead)
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
    pub(crate) fn pause(&self) -> bool {
        let at = self.now();
        let mut manual = self.manual.lock();
        if manual.stopped_at.is_some() {
            return false;
        }
        manual.stopped_at = Some(at);
        // ORDERING: Release pairs with the Acquire in `now`: who sees the flag sees the clock stopped.
        self.is_manual.store(true, Release);
        true
    }

    /// Lets the clock run on from where it stands. Returns `false` if it was not stopped.
    pub(crate) fn resume(&self) -> bool {
        let mut manual = self.manual.lock();
        let Some(at) = manual.stopped_at.take() else { return false };
        manual.ahead = at.saturating_duration_since(now());
        true
    }

    /// Moves the stopped clock forward. Returns `false` if it is not stopped.
    pub(crate) fn advance(&self, by: Duration) -> bool {
        let mut manual = self.manual.lock();
        match &mut manual.stopped_at {
            Some(at) => *at = at.checked_add(by).unwrap_or(*at),
            None => return false,
        }
        true
    }

    /// Whether the clock is stopped.
    pub(crate) fn is_paused(&self) -> bool {
        // ORDERING: Acquire as in `now`.
        self.is_manual.load(Acquire) && self.manual.lock().stopped_at.is_some()
    }
}
