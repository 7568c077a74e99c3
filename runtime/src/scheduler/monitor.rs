//! The monitor: one thread that sees when a worker is stuck in a poll, and serves what it owns.
//!
//! It looks at the workers while one of them is awake, and rests while all of them sleep. A worker is
//! stuck if it has been in the same poll since a look that is longer ago than the threshold. What such
//! a worker owns is served from here: the task in its slot goes to the injector, its reactor is turned,
//! its due timers are fired, and what that wakes is for the other workers. The monitor runs no task: if
//! all of them are stuck and there is work, it sends a stand-in.

use super::Shared;
use super::observe::{Event, Lane};
use super::shared::Remote;
use super::stuck_poll::StuckPoll;
use crate::util::Counter;
use crate::util::contain::contain;
use sheave_facade::sync::Arc;
use sheave_facade::time::{Instant, now};
use std::time::Duration;

/// How often a stuck worker is served.
const SERVICE: Duration = Duration::from_millis(1);
/// Reports are at least so far apart.
const REPORTS: Duration = Duration::from_millis(100);

/// What the monitor counts; only the monitor adds.
#[derive(Debug, Default)]
pub(super) struct MonitorMetrics {
    /// Polls that were found stuck.
    pub(super) stuck_polls: Counter,
    /// Tasks that were woken, or taken from the slot, in a stuck worker's stead.
    pub(super) takeovers: Counter,
}

/// Watches until the runtime closes.
pub(super) fn run(shared: &Arc<Shared>) {
    let mut monitor = Monitor::new(shared);
    while !shared.lifecycle.is_closing() {
        match monitor.look(now()) {
            Sight::Quiet => shared.watch.rest(|| !shared.idle.all_asleep()),
            Sight::Busy => {
                shared.call_help();
                shared.watch.pause(monitor.interval);
            }
            Sight::Stuck => shared.watch.pause(SERVICE),
        }
    }
}

/// What a look at all workers has shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Sight {
    /// All of them sleep, and nothing has happened since the last look.
    Quiet,
    /// Somebody works.
    Busy,
    /// Somebody is stuck.
    Stuck,
}

struct Monitor<'a> {
    shared: &'a Arc<Shared>,
    /// By worker.
    records: Box<[Record]>,
    /// From look to look, while nobody is stuck.
    interval: Duration,
    last_report: Option<Instant>,
}

/// What the monitor knows of one worker.
struct Record {
    /// The poll it was in, counted from the first.
    poll: u64,
    /// When it was first seen in that poll.
    since: Instant,
    stage: Stage,
}

/// What has been done about a poll.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Fresh,
    /// It was found stuck and counted.
    Counted,
    /// The user was told.
    Reported,
}

impl Record {
    /// Looks at a worker. Returns whether it has begun a poll since the last look, and how long it
    /// has been in this one, as far as we know.
    fn look(&mut self, remote: &Remote, now: Instant) -> (bool, Duration) {
        let task = remote.task_in_poll();
        let poll = remote.metrics.polls.get();
        let has_moved = poll != self.poll;
        if has_moved || task.is_none() {
            *self = Self { poll, since: now, stage: Stage::Fresh };
        }
        (has_moved, now.saturating_duration_since(self.since))
    }
}

impl<'a> Monitor<'a> {
    fn new(shared: &'a Arc<Shared>) -> Self {
        let record = || Record { poll: 0, since: now(), stage: Stage::Fresh };
        Self {
            shared,
            records: shared.remotes.iter().map(|_| record()).collect(),
            interval: (shared.config.stuck_threshold / 2).max(SERVICE),
            last_report: None,
        }
    }

    /// Looks at every worker, serves those that are stuck, and sends a stand-in if all are.
    fn look(&mut self, now: Instant) -> Sight {
        let stand_ins = self.shared.relieve_stand_ins();
        let is_quiet = stand_ins == 0 && self.shared.idle.all_asleep();
        let mut sight = if is_quiet { Sight::Quiet } else { Sight::Busy };
        let mut stuck = 0;
        for (index, remote) in self.shared.in_use().iter().enumerate() {
            let (has_moved, lasted) = self.records[index].look(remote, now);
            if has_moved {
                sight = sight.max(Sight::Busy);
            }
            if lasted >= self.shared.config.stuck_threshold {
                stuck += 1;
                self.attend(index, lasted, now);
            }
        }
        if stuck == self.shared.config.workers + stand_ins && self.shared.has_work() {
            self.send_stand_in();
        }
        if stuck > 0 { Sight::Stuck } else { sight }
    }

    /// Sends a stand-in for a stuck worker that has none.
    fn send_stand_in(&self) {
        let has_stand_in =
            |index| self.shared.spares().any(|spare| self.shared.remotes[spare].duty.is_for(index));
        // What is recorded of stand-ins that are off duty is out of date.
        let in_use = self.shared.in_use().len();
        let stuck = self
            .records
            .iter()
            .take(in_use)
            .enumerate()
            .filter(|(_, record)| record.stage != Stage::Fresh);
        let mut alone = stuck.filter(|(index, _)| !has_stand_in(*index));
        if let Some((target, record)) = alone.next() {
            self.shared.send_stand_in(target, record.poll);
        }
    }

    /// Serves a stuck worker, and reports it.
    fn attend(&mut self, index: usize, lasted: Duration, now: Instant) {
        let metrics = &self.shared.monitor_metrics;
        let tasks = self.shared.serve(index);
        metrics.takeovers.add(tasks as u64);
        if tasks > 0 {
            let event = Event::TakesOver { worker: index, tasks };
            self.shared.observation.tell(Lane::Monitor, event);
        }
        let record = &mut self.records[index];
        if record.stage == Stage::Fresh {
            record.stage = Stage::Counted;
            metrics.stuck_polls.add(1);
        }
        let may_report =
            self.last_report.is_none_or(|last| now.saturating_duration_since(last) >= REPORTS);
        if record.stage == Stage::Counted && may_report {
            record.stage = Stage::Reported;
            if self.shared.report(index, record.poll, lasted) {
                self.last_report = Some(now);
            }
        }
    }
}

impl Shared {
    /// Wakes a worker if tasks are queued: somebody may have thought that it would be done with them
    /// by now (`Outlook::is_worth_help`).
    fn call_help(&self) {
        if self.has_work() {
            self.notify(0);
        }
    }

    /// Does for a stuck worker what others may do for it. Returns how many tasks that woke.
    ///
    /// Nothing here needs the worker to stay stuck: each thing is taken by a read-modify-write or
    /// under a lock that the worker uses as well.
    pub(super) fn serve(&self, index: usize) -> usize {
        let remote = &self.remotes[index];
        let mut served = 0;
        if let Some(task) = remote.slot.take() {
            self.inject(task);
            served += 1;
        }
        served += remote.timers.fire_due(self.clock.now());
        let turn = (remote.reactor.sources() > 0).then(|| remote.reactor.try_turn()).flatten();
        if let Some(turn) = turn {
            // An error here repeats when the worker sleeps.
            served += turn.wait(Some(Duration::ZERO)).unwrap_or(0);
            // If the worker came back meanwhile and wanted to sleep in its reactor, it found the turn
            // taken, and sleeps elsewhere: then nobody would wait for its sources.
            remote.parker.unpark();
        }
        self.call_help();
        served
    }

    /// Tells the user which task is stuck, if he wants to know and it still is. Returns whether he was
    /// told.
    fn report(&self, index: usize, poll: u64, lasted: Duration) -> bool {
        let Some(hook) = &self.config.on_stuck_poll else { return false };
        let remote = &self.remotes[index];
        let Some(id) = remote.task_in_poll() else { return false };
        let mut task = None;
        self.registry.for_each(|candidate| {
            if candidate.id() == id {
                task = Some(candidate);
            }
        });
        let Some(task) = task else { return false };
        if remote.metrics.polls.get() != poll {
            return false;
        }
        contain(|| hook(&StuckPoll::new(task, index, lasted)));
        true
    }
}

#[cfg(all(test, loom))]
mod loom;
