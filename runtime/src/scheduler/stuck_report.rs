//! Who tells of stuck polls.
//!
//! | from | call           | by               | to   | then                                            |
//! |------|----------------|------------------|------|-------------------------------------------------|
//! | Idle | `add`          | the monitor      | Busy | a thread is sent for, which tells               |
//! | Busy | `add`          | the monitor      | Busy | that thread tells of this one as well           |
//! | Busy | `next`, one is there | who tells  | Busy | tells                                           |
//! | Busy | `next`, none is there | who tells | Idle | the time until the next report runs from here   |
//! | Busy | `give_up`      | who shuts down   | Idle | no thread has come, and the runtime ends        |
//!
//! To tell is to run code of the user: the hook, or the subscriber of `tracing`. It may block, as may a
//! stderr that nobody reads. So it does not run on the monitor, whom the sockets and timers of stuck
//! workers wait for, but on a thread of the relief, one report after the other. Only in debug mode, which
//! promises to tell of each poll, does one wait for those before.

use super::Shared;
use super::stuck_poll::StuckPoll;
use crate::util::contain::contain;
use crate::util::report::warn;
use sheave_facade::sync::{Arc, Mutex};
use sheave_facade::time::{Instant, now};
use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

/// Whether stuck polls are being told of.
#[derive(Debug)]
pub(super) struct Reporter(Mutex<State>);

#[derive(Debug)]
struct State {
    stage: Stage,
    /// Empty while nobody tells.
    waiting: VecDeque<StuckPoll>,
}

#[derive(Debug)]
enum Stage {
    /// Nobody tells, since that moment, or never did.
    Idle(Option<Instant>),
    Busy,
}

impl Reporter {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { stage: Stage::Idle(None), waiting: VecDeque::new() }))
    }

    /// Whether a report may be added, if so much time has to lie between two of them.
    pub(super) fn has_time(&self, apart: Duration) -> bool {
        match self.0.lock().stage {
            Stage::Busy => apart.is_zero(),
            Stage::Idle(None) => true,
            Stage::Idle(Some(since)) => now().saturating_duration_since(since) >= apart,
        }
    }

    /// Returns whether somebody has to be sent for.
    fn add(&self, stuck: StuckPoll) -> bool {
        let mut state = self.0.lock();
        state.waiting.push_back(stuck);
        matches!(mem::replace(&mut state.stage, Stage::Busy), Stage::Idle(_))
    }

    fn next(&self) -> Option<StuckPoll> {
        let mut state = self.0.lock();
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.stage = Stage::Idle(Some(now()));
        }
        next
    }

    fn give_up(&self) {
        let mut state = self.0.lock();
        state.stage = Stage::Idle(None);
        let untold = mem::take(&mut state.waiting);
        drop(state);
        drop(untold);
    }
}

impl Shared {
    /// For the monitor: has somebody told which task is stuck, if it still is.
    pub(super) fn report(self: &Arc<Self>, index: usize, poll: u64, lasted: Duration) {
        let remote = &self.remotes[index];
        let Some(id) = remote.task_in_poll() else { return };
        let mut task = None;
        self.registry.for_each(|candidate| {
            if candidate.id() == id {
                task = Some(candidate);
            }
        });
        let Some(task) = task else { return };
        if remote.metrics.polls.get() != poll
            || !self.reporter.add(StuckPoll::new(task, index, lasted))
        {
            return;
        }
        let (teller, other) = (self.clone(), self.clone());
        if !self.blocking.run_worker(move || teller.tell(), move || other.reporter.give_up()) {
            // No thread is to be had.
            self.tell();
        }
    }

    /// Tells of what is to be told of.
    fn tell(&self) {
        while let Some(stuck) = self.reporter.next() {
            match &self.config.on_stuck_poll {
                Some(hook) => contain(|| hook(&stuck)),
                None => warn(format_args!("{stuck}")),
            }
        }
    }
}
