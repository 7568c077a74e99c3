//! What the pool's one mutex guards: plain numbers, and the rule that says when to get another thread.
//!
//! | number     | up                             | down                                              |
//! |------------|--------------------------------|---------------------------------------------------|
//! | `live`     | a seat is reserved             | the thread decides to leave, or never came        |
//! | `coming`   | a seat is reserved or claimed  | that thread looks at the queues, or never came    |
//! | `leaving`  | the thread decides to leave    | its stop hook has returned                        |
//! | `creating` | a seat is reserved             | whoever creates the thread has returned from it   |
//! | `blocked`  | a pool thread waits for a job  | its wait is over                                  |
//!
//! [enough-threads] Whenever the lock is free and a job could run, then either a thread is coming,
//! or the limit is reached, or the system refused a thread a moment ago and another one lives.
//! Every change that could break this (a job arrives, a thread takes one, the limit rises) calls
//! [`State::reinforce`] before it unlocks. Since a thread that is counted as coming is counted under
//! the lock and looks at the queues under the lock, no job can wait behind a thread that has already
//! taken another.
//!
//! Growth is chained: only [`AT_ONCE`] threads are on their way at any time, and each one sends for
//! the next when it arrives and still finds work. A burst of short jobs is thus served by a few warm
//! threads, and its submitter pays for two wake-ups, not for hundreds.

use crate::config::Config;
use crate::error::RejectReason;
use crate::queues::{DEFAULT_LANE, LaneQueue, Queues};
use crate::roster::{Roster, SeatId};
use sheave_facade::sync::{Arc, TimedCondvar};
use sheave_facade::time::{Instant, now};
use std::time::Duration;

/// How many threads may be on their way at once.
const AT_ONCE: usize = 2;

/// How long the pool makes do with the threads it has after the system refused it one.
const REFUSAL_PAUSE: Duration = Duration::from_millis(10);

/// Which jobs the pool still takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    /// No new jobs; queued ones are run or were cancelled.
    Closed,
}

/// What the caller of [`State::reinforce`] must do once the lock is free.
#[must_use]
pub(crate) enum Reinforcement {
    None,
    /// A waiting thread was claimed: ring it.
    Ring(Arc<TimedCondvar>),
    /// A seat was reserved: create a thread for it.
    Create(SeatId),
}

/// Counters that only grow, and the peak.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) peak_threads: usize,
    pub(crate) completed: u64,
    pub(crate) panicked: u64,
    pub(crate) cancelled: u64,
    pub(crate) rejected: u64,
    pub(crate) spawn_failures: u64,
}

pub(crate) struct State {
    pub(crate) gate: Gate,
    pub(crate) queues: Queues,
    pub(crate) roster: Roster,
    pub(crate) tally: Tally,
    pub(crate) live: usize,
    pub(crate) coming: usize,
    pub(crate) leaving: usize,
    pub(crate) creating: usize,
    pub(crate) blocked: usize,
    /// Threads of this pool that wait for its shutdown: nobody waits for them.
    pub(crate) shutting_down_inside: usize,
    /// Until when no thread is created, unless there is none at all.
    refused_until: Option<Instant>,
}

impl State {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            gate: Gate::Open,
            queues: Queues::new(config.max_threads, config.queue_limit),
            roster: Roster::default(),
            tally: Tally::default(),
            live: 0,
            coming: 0,
            leaving: 0,
            creating: 0,
            blocked: 0,
            shutting_down_inside: 0,
            refused_until: None,
        }
    }

    /// Whether one more job may enter the lane.
    pub(crate) fn admit(&self, lane: usize, config: &Config) -> Result<(), RejectReason> {
        if self.gate == Gate::Closed {
            return Err(RejectReason::ShutDown);
        }
        let queue = self.queues.lane(lane);
        let Some(limit) = queue.queue_limit else { return Ok(()) };
        // Jobs for which there is a thread, or room for one, do not count as waiting.
        let free = if lane == DEFAULT_LANE { self.free_threads(config) } else { queue.spare() };
        if queue.len() >= free.saturating_add(limit) {
            return Err(RejectReason::QueueFull { limit });
        }
        Ok(())
    }

    /// How many more jobs could run at once, were every thread created that may be.
    fn free_threads(&self, config: &Config) -> usize {
        self.limit(config).saturating_sub(self.queues.running())
    }

    /// How many threads there may be: the cap, and one more for each that is known to be blocked.
    pub(crate) fn limit(&self, config: &Config) -> usize {
        let seeded = usize::from(sheave_facade::seeded::on("pool_limit_one_too_high"));
        // Saturating: `usize::MAX` threads are how a user says "no limit".
        config.max_threads.saturating_add(self.blocked + seeded)
    }

    /// Sends for one more thread if [enough-threads] asks for it.
    pub(crate) fn reinforce(&mut self, config: &Config) -> Reinforcement {
        if self.coming >= AT_ONCE || self.coming >= self.queues.runnable() {
            return Reinforcement::None;
        }
        if let Some(bell) = self.roster.claim() {
            self.coming += 1;
            return Reinforcement::Ring(bell);
        }
        if self.live >= self.limit(config) || self.recently_refused() {
            return Reinforcement::None;
        }
        Reinforcement::Create(self.reserve())
    }

    /// Counts a thread that is about to be created.
    pub(crate) fn reserve(&mut self) -> SeatId {
        self.live += 1;
        self.coming += 1;
        self.creating += 1;
        self.tally.peak_threads = self.tally.peak_threads.max(self.live);
        self.roster.reserve()
    }

    fn recently_refused(&mut self) -> bool {
        if self.live == 0 {
            return false;
        }
        let refused = self.refused_until.is_some_and(|until| now() < until);
        if !refused {
            self.refused_until = None;
        }
        refused
    }

    /// A thread that was counted will never come.
    pub(crate) fn lose_thread(&mut self) {
        self.live -= 1;
        self.coming -= 1;
        self.tally.spawn_failures += 1;
        self.refused_until = now().checked_add(REFUSAL_PAUSE);
    }

    /// A thread looks at the queues for the first time.
    pub(crate) fn arrive(&mut self, seat: SeatId) {
        self.coming -= 1;
        self.roster.arrive(seat);
    }

    /// A thread decides to look no more.
    pub(crate) fn leave(&mut self) {
        self.live -= 1;
        self.leaving += 1;
    }

    /// Whether more threads live than may: those that stood in for blocked ones, afterwards.
    pub(crate) fn is_overstaffed(&self, config: &Config) -> bool {
        self.live > self.limit(config)
    }

    /// Whether every thread has gone that somebody could wait for.
    pub(crate) fn is_deserted(&self) -> bool {
        self.creating == 0 && self.live + self.leaving <= self.shutting_down_inside
    }

    pub(crate) fn lane_named(&mut self, fresh: LaneQueue) -> usize {
        self.queues.lane_named(fresh)
    }
}
