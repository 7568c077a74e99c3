//! Stand-ins: spare workers that run the tasks while every other one is stuck in a poll.
//!
//! | from | call    | by                | to  | then                                          |
//! |------|---------|-------------------|-----|-----------------------------------------------|
//! | off  | `begin` | the monitor       | on  | a thread is sent for, and runs the stand-in   |
//! | on   | `end`   | the stand-in      | off | its queue is empty, its core lies vacant      |
//! | on   | `end`   | the monitor, or who shuts the pool down | off | there was no thread to be had |
//!
//! A stand-in stands for one poll of one worker, each for another. When that poll ends its duty is
//! over: it leaves before its own next poll, and what it has queued goes to the injector. So there are
//! never more workers that are not stuck than were configured, for longer than it takes to finish the
//! tasks in hand. A stand-in may get stuck as well; then another one stands for it.
//!
//! It shares reactor and timers with one of the workers, so that it leaves no socket and no timer
//! behind that nobody serves.

use super::Shared;
use super::context::Worker;
use super::core::Core;
use super::observe::{Event, Lane};
use super::shared::Remote;
use super::worker;
use sheave_facade::seeded;
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::*};

/// What a stand-in stands for. Unused in the workers that were configured.
#[derive(Debug, Default)]
pub(super) struct Duty {
    is_on: AtomicBool,
    /// The worker.
    target: AtomicUsize,
    /// Its poll, counted from its first.
    poll: AtomicU64,
}

impl Duty {
    /// For the monitor.
    pub(super) fn begin(&self, target: usize, poll: u64) {
        // ORDERING: Relaxed; the thread that is sent for is told through a lock.
        self.target.store(target, Relaxed);
        self.poll.store(poll, Relaxed);
        self.is_on.store(true, Relaxed);
    }

    fn end(&self) {
        // ORDERING: Release pairs with `is_on`: the monitor that sees it finds the core vacant.
        self.is_on.store(false, Release);
    }

    /// Whether the stand-in runs, or a thread is on its way to run it.
    pub(super) fn is_on(&self) -> bool {
        // ORDERING: Acquire, see `end`.
        self.is_on.load(Acquire)
    }

    /// Whether it stands for `worker`.
    pub(super) fn is_for(&self, worker: usize) -> bool {
        // ORDERING: Relaxed; the monitor asks, who has stored it.
        self.is_on() && self.target.load(Relaxed) == worker
    }

    /// Whether the poll that it stands for has ended.
    pub(super) fn is_over(&self, shared: &Shared) -> bool {
        // ORDERING: Relaxed; whoever sees the end late leaves late.
        let target = &shared.remotes[self.target.load(Relaxed)];
        let poll = self.poll.load(Relaxed);
        target.task_in_poll().is_none() || target.metrics.polls.get() != poll
    }
}

impl Shared {
    /// How many stand-ins are on duty.
    pub(crate) fn stand_ins(&self) -> usize {
        self.spares().filter(|spare| self.remotes[*spare].duty.is_on()).count()
    }

    /// The numbers of the stand-ins.
    pub(super) fn spares(&self) -> std::ops::Range<usize> {
        self.config.workers..self.remotes.len()
    }

    /// Sends a stand-in for a worker that is stuck in this poll, if there is one left.
    pub(super) fn send_stand_in(self: &Arc<Self>, target: usize, poll: u64) {
        let Some(index) = self.spares().find(|spare| !self.remotes[*spare].duty.is_on()) else {
            return;
        };
        let Remote { vacancy, duty, .. } = &*self.remotes[index];
        let Some(offer) = vacancy.offer() else { return };
        self.include(index);
        duty.begin(target, poll);
        self.lifecycle.worker_enters();
        let event = Event::StandInBegins { stand_in: index, worker: target };
        self.observation.tell(Lane::Monitor, event);
        let (shared, other) = (self.clone(), self.clone());
        let body = move || worker::run(shared, index, offer);
        if !self.blocking.run_worker(body, move || other.call_off(index)) {
            self.call_off(index);
        }
    }

    /// No thread will come for a stand-in that was sent for.
    fn call_off(&self, index: usize) {
        self.remotes[index].duty.end();
        self.worker_leaves();
    }

    /// Makes those leave whose duty is over and who sleep, and may not have noticed. Returns how many
    /// stand-ins are still there.
    pub(super) fn relieve_stand_ins(&self) -> usize {
        let on_duty = self.spares().filter(|spare| self.remotes[*spare].duty.is_on());
        let count = on_duty
            .inspect(|spare| {
                let remote = &self.remotes[*spare];
                if remote.duty.is_over(self) {
                    remote.parker.unpark();
                }
            })
            .count();
        if count == 0 {
            self.exclude_spares();
        }
        count
    }
}

impl Worker {
    /// Whether this is a spare worker.
    pub(super) fn is_stand_in(&self) -> bool {
        self.index >= self.shared.config.workers
    }

    /// Whether this is a stand-in whose duty is over.
    pub(super) fn is_relieved(&self) -> bool {
        self.is_stand_in() && self.remote().duty.is_over(&self.shared)
    }

    /// The worker ends, or its duty does.
    pub(super) fn leave(&self, core: Box<Core>) {
        self.end_stretch(&core);
        if self.is_stand_in() {
            self.end_duty(core);
        } else {
            self.remote().timers.close();
        }
        self.shared.worker_leaves();
    }

    fn end_duty(&self, core: Box<Core>) {
        let remote = self.remote();
        remote.end_polls();
        if !seeded::on("stand_in_keeps_its_queue") {
            while let Some(task) = core.queue.pop() {
                self.shared.inject(task);
            }
        }
        self.end_search(&core);
        self.tell(|| Event::StandInEnds);
        // It may have slept in the reactor while the worker that shares it slept elsewhere. That one
        // must come and wait for the sources now.
        self.shared.remotes[self.index % self.shared.config.workers].parker.unpark();
        remote.vacancy.lay_down(core);
        remote.duty.end();
    }
}
