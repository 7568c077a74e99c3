//! The monitor: one thread that sees when a worker is stuck in a poll, and serves what it owns.
//!
//! It looks at the workers while one of them is awake, and rests while all of them sleep. A worker is
//! stuck if it has been in the same poll since a look that is longer ago than the threshold. What such
//! a worker owns is served from here: the task in its slot goes to the injector, its reactor is turned,
//! its due timers are fired, and what that wakes is for the other workers. The monitor runs no task: if
//! all of them are stuck and there is work, it sends a stand-in. Nor does it run the user's hook: it has
//! somebody [told](super::stuck_report).

use super::Shared;
use super::observe::{Event, Lane};
use super::shared::Remote;
use crate::util::Counter;
use crate::util::histogram::Histogram;
use sheave_facade::sync::Arc;
use sheave_facade::time::{Instant, now};
use std::time::Duration;

/// How often a stuck worker is served.
const SERVICE: Duration = Duration::from_millis(1);
/// The user's hook is called at least so long after its last call has returned.
const REPORTS: Duration = Duration::from_millis(100);
/// Warnings are at least so far apart.
const WARNINGS: Duration = Duration::from_secs(1);
/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What the monitor counts; only the monitor adds.
#[derive(Debug, Default)]
pub(super) struct MonitorMetrics {
    /// Polls that were found stuck.
    pub(super) stuck_polls: Counter,
    /// Tasks that were woken, or taken from the slot, in a stuck worker's stead.
    pub(super) takeovers: Counter,
    /// The longest poll seen, in nanoseconds.
    pub(super) longest_poll: Counter,
    /// Stuck polls that have ended, by what was seen of them.
    pub(super) stuck_times: Histogram,
}

/// Watches until the runtime closes.
pub(super) fn run(shared: &Arc<Shared>) {
    let mut monitor = Monitor::new(shared);
    while !shared.lifecycle.is_closing() {
        match monitor.look(now()) {
            Sight::Quiet => shared.watch.rest(|| !shared.all_rest()),
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
}

/// What the monitor knows of one worker.
struct Record {
    /// The poll it was in, counted from the first.
    poll: u64,
    /// When it was first seen in that poll.
    since: Instant,
    /// How long it had lasted at the last look.
    lasted: Duration,
    stage: Stage,
}

/// What has been done about a poll.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Fresh,
    /// It was found stuck and counted.
    Counted,
    /// Somebody was told.
    Reported,
}

impl Record {
    fn new(poll: u64, now: Instant) -> Self {
        Self { poll, since: now, lasted: Duration::ZERO, stage: Stage::Fresh }
    }

    /// Looks at a worker. Returns whether it has begun a poll since the last look, and the record of
    /// the poll before if that was stuck and is over.
    fn look(&mut self, remote: &Remote, now: Instant) -> (bool, Option<Record>) {
        let task = remote.task_in_poll();
        let poll = remote.metrics.polls.get();
        let has_moved = poll != self.poll;
        let mut over = None;
        if has_moved || task.is_none() {
            let former = std::mem::replace(self, Self::new(poll, now));
            over = (former.stage != Stage::Fresh).then_some(former);
        }
        self.lasted = now.saturating_duration_since(self.since);
        (has_moved, over)
    }
}

impl<'a> Monitor<'a> {
    fn new(shared: &'a Arc<Shared>) -> Self {
        Self {
            shared,
            records: shared.remotes.iter().map(|_| Record::new(0, now())).collect(),
            interval: (shared.config.stuck_threshold / 2).clamp(SERVICE, LONGEST_PAUSE),
        }
    }

    /// Looks at every worker, serves those that are stuck, and sends a stand-in if all are.
    fn look(&mut self, now: Instant) -> Sight {
        let stand_ins = self.shared.relieve_stand_ins();
        let is_quiet = stand_ins == 0 && self.shared.all_rest();
        let mut sight = if is_quiet { Sight::Quiet } else { Sight::Busy };
        let mut stuck = 0;
        let nanos = self.shared.clock.nanos(self.shared.clock.now());
        for (index, remote) in self.shared.in_use().iter().enumerate() {
            remote.look(nanos);
            let (has_moved, over) = self.records[index].look(remote, now);
            if let Some(over) = over {
                self.shared.monitor_metrics.stuck_times.record(over.lasted);
            }
            if has_moved {
                sight = sight.max(Sight::Busy);
            }
            if self.records[index].lasted >= self.shared.config.stuck_threshold {
                stuck += 1;
                self.attend(index);
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
    fn attend(&mut self, index: usize) {
        let metrics = &self.shared.monitor_metrics;
        // The tasks of a current-thread runtime may run nowhere else.
        let tasks = if self.shared.is_current_thread() { 0 } else { self.shared.serve(index) };
        if tasks > 0 {
            metrics.takeovers.add(tasks as u64);
            let event = Event::TakesOver { worker: index, tasks };
            self.shared.observation.tell(Lane::Monitor, event);
        }
        let record = &mut self.records[index];
        let lasted = u64::try_from(record.lasted.as_nanos()).unwrap_or(u64::MAX);
        metrics.longest_poll.raise(lasted);
        if record.stage == Stage::Fresh {
            record.stage = Stage::Counted;
            metrics.stuck_polls.add(1);
        }
        if record.stage == Stage::Counted {
            self.report(index);
        }
    }

    /// Reports a stuck poll, unless it is too early for that.
    fn report(&mut self, index: usize) {
        let config = &self.shared.config;
        let (worth, apart) = match config.on_stuck_poll {
            Some(_) => (Duration::ZERO, REPORTS),
            None => (config.slow_poll_threshold, WARNINGS),
        };
        let apart = if config.debug { Duration::ZERO } else { apart };
        let record = &mut self.records[index];
        if record.lasted >= worth && self.shared.reporter.has_time(apart) {
            record.stage = Stage::Reported;
            self.shared.report(index, record.poll, record.lasted);
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

    /// Whether no worker is awake: all sleep, or nobody drives a current-thread runtime. For the
    /// monitor, after its fence (see `watch.rs`).
    fn all_rest(&self) -> bool {
        // Who takes the core passes through its lock before its own fence.
        let is_driven = || !self.is_current_thread() || self.remotes[0].vacancy.offer().is_none();
        self.idle.all_asleep() || !is_driven()
    }
}

#[cfg(all(test, loom))]
mod loom;
