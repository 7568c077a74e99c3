//! When a busy worker looks at its reactor and its timers, and how long its polls are.

use sheave_facade::time::Instant;
use std::cell::Cell;
use std::time::Duration;

/// How long ready events should wait for a busy worker's look, at most, if its polls are short.
const LONGEST_WAIT: Duration = Duration::from_micros(100);

/// What help costs, in nanoseconds: a system call here, a switch there, and cold caches in both
/// places. A backlog that takes less time than that is done sooner alone.
const HELP_COST: u64 = 20_000;

/// What a poll is taken to last before one was measured: long, so that help is called.
const UNKNOWN_POLL: u64 = 50_000;

/// One stretch of work in so many is measured: a clock read costs much beside a short poll.
const SAMPLING: u32 = 8;

/// Counts turns until the next look: at most the configured interval, fewer when polls are long.
pub(super) struct Outlook {
    interval: Cell<u32>,
    countdown: Cell<u32>,
    /// Since when polls are measured, and how many there had been.
    since: Cell<Option<(Instant, u64)>>,
    /// Stretches of work until the next one that is measured.
    until_sample: Cell<u32>,
    /// The mean length of a poll, in nanoseconds; recent polls count more.
    mean_poll: Cell<u64>,
}

impl Outlook {
    pub(super) fn new(interval: u32) -> Self {
        Self {
            interval: Cell::new(interval),
            countdown: Cell::new(interval),
            since: Cell::new(None),
            until_sample: Cell::new(0),
            mean_poll: Cell::new(UNKNOWN_POLL),
        }
    }

    /// Counts one turn. Returns whether it is time to look.
    pub(super) fn is_due(&self) -> bool {
        let left = self.countdown.get();
        self.countdown.set(left.saturating_sub(1));
        left == 0
    }

    /// The worker has slept, which is a look as well, and begins a stretch of work after `polls`
    /// polls. `now` is called if this stretch is measured.
    pub(super) fn begin_stretch(&self, polls: u64, now: impl FnOnce() -> Instant) {
        self.countdown.set(self.interval.get());
        let left = self.until_sample.get();
        self.until_sample.set(left.checked_sub(1).unwrap_or(SAMPLING - 1));
        self.since.set((left == 0).then(|| (now(), polls)));
    }

    /// The stretch of work ends: the worker is about to sleep.
    pub(super) fn end_stretch(&self, polls: u64, now: impl FnOnce() -> Instant) {
        if let Some(since) = self.since.take() {
            self.measure(since, polls, now());
        }
    }

    /// The worker looks now, in the midst of work. Sets the interval so that, with polls as long as
    /// they have been, the next look comes in time; the clock is read once per look, not per poll.
    pub(super) fn pace(&self, polls: u64, now: Instant, longest_interval: u32) {
        let interval = self.interval.get();
        if let Some(since) = self.since.replace(Some((now, polls))) {
            self.measure(since, polls, now);
            let passed = now.saturating_duration_since(since.0);
            if passed > 2 * LONGEST_WAIT {
                self.interval.set((interval / 2).max(1));
            } else if passed < LONGEST_WAIT {
                self.interval.set((interval * 2).min(longest_interval));
            }
        }
        self.countdown.set(self.interval.get());
    }

    fn measure(&self, (since, polls_then): (Instant, u64), polls: u64, now: Instant) {
        let passed = now.saturating_duration_since(since).as_nanos();
        // A stretch without polls says nothing.
        if let Some(mean) = passed.checked_div(u128::from(polls.wrapping_sub(polls_then))) {
            let mean = u64::try_from(mean).unwrap_or(u64::MAX);
            self.mean_poll.set(self.mean_poll.get() / 4 * 3 + mean / 4);
        }
    }

    /// Whether `backlog` tasks are worth waking another worker for.
    pub(super) fn is_worth_help(&self, backlog: usize) -> bool {
        (backlog as u64).saturating_mul(self.mean_poll.get()) >= HELP_COST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_polls_of(nanos: u64) -> Outlook {
        let (outlook, mut now, mut polls) = (Outlook::new(61), sheave_facade::time::now(), 0);
        for _ in 0..100 {
            outlook.pace(polls, now, 61);
            polls += 10;
            now += Duration::from_nanos(10 * nanos);
        }
        outlook
    }

    #[test]
    fn help_is_called_for_long_polls_and_for_many_short_ones() {
        assert!(Outlook::new(61).is_worth_help(1), "nothing is known yet");
        let long = after_polls_of(1_000_000);
        assert!(long.is_worth_help(1));
        let short = after_polls_of(200);
        assert!(!short.is_worth_help(10));
        assert!(short.is_worth_help(200));
    }

    #[test]
    fn looks_come_sooner_when_polls_are_long() {
        assert_eq!(after_polls_of(1_000_000).interval.get(), 1);
        assert_eq!(after_polls_of(200).interval.get(), 61);
    }
}
