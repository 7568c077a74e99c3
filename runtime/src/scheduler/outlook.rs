//! When a busy worker looks at its reactor and its timers.

use sheave_facade::time::Instant;
use std::cell::Cell;
use std::time::Duration;

/// How long ready events should wait for a busy worker's look, at most, if its polls are short.
const LONGEST_WAIT: Duration = Duration::from_micros(100);

/// Counts turns until the next look: at most the configured interval, fewer when polls are long.
pub(super) struct Outlook {
    interval: Cell<u32>,
    countdown: Cell<u32>,
    /// When the last look was, unless the worker has slept since.
    last: Cell<Option<Instant>>,
}

impl Outlook {
    pub(super) fn new(interval: u32) -> Self {
        Self {
            interval: Cell::new(interval),
            countdown: Cell::new(interval),
            last: Cell::new(None),
        }
    }

    /// Counts one turn. Returns whether it is time to look.
    pub(super) fn is_due(&self) -> bool {
        let left = self.countdown.get();
        self.countdown.set(left.saturating_sub(1));
        left == 0
    }

    /// The worker has slept, which is a look as well.
    pub(super) fn restart(&self) {
        self.countdown.set(self.interval.get());
        self.last.set(None);
    }

    /// The worker looks now. Sets the interval so that, with polls as long as they have been, the
    /// next look comes in time; the clock is read once per look, not once per poll.
    pub(super) fn pace(&self, now: Instant, longest_interval: u32) {
        let interval = self.interval.get();
        if let Some(last) = self.last.replace(Some(now)) {
            let passed = now.saturating_duration_since(last);
            if passed > 2 * LONGEST_WAIT {
                self.interval.set((interval / 2).max(1));
            } else if passed < LONGEST_WAIT {
                self.interval.set((interval * 2).min(longest_interval));
            }
        }
        self.countdown.set(self.interval.get());
    }
}
