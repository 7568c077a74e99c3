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

/// Counts turns until the next look: at most the configured interval, fewer when polls are long.
pub(super) struct Outlook {
    interval: Cell<u32>,
    countdown: Cell<u32>,
    /// Since when polls are measured, and how many there had been.
    since: Cell<Option<(Instant, u64)>>,
    /// The mean length of a poll, in nanoseconds; recent polls count more.
    mean_poll: Cell<u64>,
}

impl Outlook {
    pub(super) fn new(interval: u32) -> Self {
        Self {
            interval: Cell::new(interval),
            countdown: Cell::new(interval),
            since: Cell::new(None),
            mean_poll: Cell::new(UNKNOWN_POLL),
        }
    }

    /// Counts one turn. Returns whether it is time to look.
    pub(super) fn is_due(&self) -> bool {
        let left = self.countdown.get();
        self.countdown.set(left.saturating_sub(1));
        left == 0
    }

    /// The worker has just looked, and begins a stretch of work after `polls` polls.
    pub(super) fn begin_stretch(&self, polls: u64, now: Instant) {
        self.get_up(true, polls, now);
    }

    /// The worker has slept, and begins a stretch of work. To sleep is to look as well; but one who was to get
    /// up before it had fallen asleep has not, and the next look comes no later for that. Or else a worker
    /// that somebody wakes all the time would never look.
    pub(super) fn get_up(&self, has_looked: bool, polls: u64, now: Instant) {
        if has_looked {
            self.countdown.set(self.interval.get());
        }
        self.since.set(Some((now, polls)));
    }

    /// The stretch of work ends: the worker is about to sleep. Returns how long it was since its
    /// beginning or the last look.
    pub(super) fn end_stretch(&self, polls: u64, now: Instant) -> Duration {
        self.since.take().map_or(Duration::ZERO, |since| self.measure(since, polls, now))
    }

    /// The worker looks now, in the midst of work. Sets the interval so that, with polls as long as
    /// they have been, the next look comes in time; the clock is read once per look, not per poll.
    /// Returns how long it has worked since the last look.
    pub(super) fn pace(&self, polls: u64, now: Instant, longest_interval: u32) -> Duration {
        let interval = self.interval.get();
        let since = self.since.replace(Some((now, polls)));
        let passed = since.map(|since| self.measure(since, polls, now));
        match passed {
            Some(passed) if passed > 2 * LONGEST_WAIT => self.interval.set((interval / 2).max(1)),
            Some(passed) if passed < LONGEST_WAIT => {
                self.interval.set((interval * 2).min(longest_interval));
            }
            _ => {}
        }
        self.countdown.set(self.interval.get());
        passed.unwrap_or_default()
    }

    fn measure(&self, (since, polls_then): (Instant, u64), polls: u64, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(since);
        // A stretch without polls says nothing.
        let mean = passed.as_nanos().checked_div(u128::from(polls.wrapping_sub(polls_then)));
        if let Some(mean) = mean {
            let mean = u64::try_from(mean).unwrap_or(u64::MAX);
            self.mean_poll.set(self.mean_poll.get() / 4 * 3 + mean / 4);
        }
        passed
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
