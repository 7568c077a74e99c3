//! The worker loop: take the next task, poll it, now and then look outside, otherwise sleep.

use super::Shared;
use super::context::{self, Worker};
use super::core::Core;
use super::idle::Awakened;
use super::observe::Event;
use super::vacancy::Offer;
use crate::coop;
use crate::tasks::{Remaining, Runnable, as_current};
use sheave_facade::seeded;
use sheave_facade::sync::Arc;
use sheave_facade::time::Instant;
use std::time::Duration;

/// Polls in a row that may come from the slot before the queue has its turn.
const SLOT_STREAK: usize = 3;

/// Events that a busy worker fetches at a time; before it sleeps it fetches all (T26).
const BUSY_EVENTS: usize = 64;

/// Runs worker `index`, if it still lies there on this offer, on this thread until the runtime has closed, or until the worker was handed
/// to another thread.
pub(super) fn run(shared: Arc<Shared>, index: usize, offer: Offer) {
    // The offer is out of date if a `block_in_place` took its worker back before this thread came.
    let Some(core) = shared.remotes[index].vacancy.take(offer) else { return };
    let worker = Worker::new(shared, index, core);
    worker.scope(|| {
        worker.look();
        let _driving = context::Driving::begin();
        while worker.turn() {}
    });
    // A thread whose worker was handed on leaves without it; the worker itself is still there.
    let core = worker.core.borrow_mut().take();
    if let Some(core) = core {
        worker.leave(core);
    }
}

impl Worker {
    /// One round. Returns whether the thread still runs the worker.
    pub(super) fn turn(&self) -> bool {
        if self.is_relieved() {
            return false;
        }
        let next = {
            let core = self.core.borrow();
            let Some(core) = core.as_deref() else { return false };
            self.find_task(core)
        };
        match next {
            Some(task) => self.run_task(task),
            None if self.may_leave() => return false,
            None => self.sleep(),
        }
        true
    }

    /// The next task from here or from elsewhere, after a look outside if that is due.
    pub(super) fn find_task(&self, core: &Core) -> Option<Runnable> {
        if core.outlook.is_due() {
            self.look_outside(core);
        }
        match self.next_task(core) {
            Some(found) => {
                self.end_search(core);
                Some(found)
            }
            None => self.search(core),
        }
    }

    /// Polls a task, and then a few that it woke: partners that talk to each other through the slot
    /// stay on this worker, on one budget and not for ever (T16).
    pub(super) fn run_task(&self, task: Runnable) {
        coop::with_budget(|| {
            self.poll(task);
            for _ in 0..SLOT_STREAK {
                // What lies in the slot of a worker that was handed on is not this thread's.
                if self.is_handed_on() {
                    return;
                }
                if !coop::has_budget_remaining() {
                    break;
                }
                let Some(task) = self.remote().slot.take() else { return };
                self.poll(task);
            }
            if self.is_handed_on() {
                return;
            }
            if let Some(task) = self.remote().slot.take() {
                self.push_last(task);
            }
        });
    }

    fn poll(&self, task: Runnable) {
        self.remote().begin_poll(&task);
        if self.view.is_open() {
            self.run_observed(task);
        } else {
            as_current(task, Runnable::run);
        }
    }

    /// Serves the reactor and the timers of a busy worker.
    fn look_outside(&self, core: &Core) {
        self.view.refresh(&self.shared);
        let now = self.look();
        let polls = self.remote().metrics.polls.get();
        let worked = core.outlook.pace(polls, now, self.shared.config.event_interval);
        self.remote().metrics.busy.add_time(worked);
        self.begin_batch();
        self.fire_timers(now);
        if self.remote().reactor.sources() > 0 {
            if let Some(turn) = self.remote().reactor.try_turn() {
                self.remote().metrics.turns.add(1);
                let turn = turn.limit(BUSY_EVENTS);
                // An error here repeats at the next sleep, where nothing else is left to do.
                let woken = turn.wait(Some(Duration::ZERO)).unwrap_or(0);
                self.remote().metrics.io_wakes.add(woken as u64);
            }
        }
        self.end_batch(core);
        self.abort_if_closing();
    }

    /// Looks at the clock.
    pub(super) fn look(&self) -> Instant {
        let now = self.shared.clock.now();
        self.remote().look(self.shared.clock.nanos(now));
        now
    }

    fn fire_timers(&self, now: Instant) {
        let fired = self.remote().timers.fire_due(now);
        self.remote().metrics.timer_wakes.add(fired as u64);
    }

    /// Announces sleep, looks once more at everything, and sleeps until something happens.
    pub(super) fn sleep(&self) {
        let shared = &self.shared;
        // From here on whatever is woken goes to the queue: nobody would look into the slot.
        self.begin_batch();
        // The hook is user code and may spawn, so it comes before the last look.
        shared.config.hooks.park();
        let now = {
            let core = self.core.borrow();
            let Some(core) = core.as_deref() else { return };
            debug_assert!(
                self.remote().slot.is_empty(),
                "only a poll fills the slot, and empties it"
            );
            self.remote().end_polls();
            let now = self.end_stretch(core);
            shared.idle.fall_asleep(self.index, core.searching.take());
            now
        };
        // Every worker looks again, not the last searcher only (W5). If there is work, it is
        // someone's: this worker's first, for it is asleep and near.
        if !seeded::on("worker_no_recheck") && shared.has_work() {
            shared.notify(self.index);
        }
        self.tell(|| Event::Parks);
        let has_looked = self.park(now);
        self.view.refresh(shared);
        self.tell(|| Event::Unparks);
        shared.config.hooks.unpark();
        let awakened = shared.idle.get_up(self.index);
        shared.watch.worker_got_up();
        let now = self.look();
        self.fire_timers(now);
        if let Some(core) = self.core.borrow().as_deref() {
            core.searching.set(awakened == Awakened::ToSearch);
            core.outlook.get_up(has_looked, self.remote().metrics.polls.get(), now);
            self.end_batch(core);
        }
        self.abort_if_closing();
    }

    /// This worker works from now on.
    pub(super) fn begin_stretch(&self, core: &Core) {
        let polls = self.remote().metrics.polls.get();
        core.outlook.begin_stretch(polls, self.shared.clock.now());
    }

    /// This worker works no more, until it begins again. Returns the time.
    pub(super) fn end_stretch(&self, core: &Core) -> Instant {
        let now = self.shared.clock.now();
        let worked = core.outlook.end_stretch(self.remote().metrics.polls.get(), now);
        self.remote().metrics.busy.add_time(worked);
        now
    }

    /// Sleeps in the reactor if it has sources and nobody else is in it, else on the parker. Returns whether
    /// the sources have been looked at, or need not be.
    fn park(&self, now: Instant) -> bool {
        let remote = self.remote();
        let timeout = self.time_to_sleep(now);
        remote.metrics.parks.add(1);
        let turn = (remote.reactor.sources() > 0).then(|| remote.reactor.try_turn()).flatten();
        let has_looked = match turn {
            Some(turn) => {
                remote.metrics.turns.add(1);
                let woken = remote.parker.park_in(turn, timeout);
                remote.metrics.io_wakes.add(woken.unwrap_or(0) as u64);
                woken.is_some()
            }
            None => {
                remote.parker.park(timeout);
                true
            }
        };
        remote.metrics.unparks.add(1);
        has_looked
    }

    /// How long to sleep. A stopped clock jumps to the next timer instead of sleeping towards it.
    fn time_to_sleep(&self, now: Instant) -> Option<Duration> {
        if self.shared.clock.is_paused() {
            return self.skip_time();
        }
        self.remote().timers.time_to_next(now)
    }

    /// Once the runtime closes: aborts the tasks of the rosters that no worker has aborted yet. As
    /// a batch, because what is put in the slot between two polls would not be found.
    pub(super) fn abort_if_closing(&self) {
        let Shared { lifecycle, registry, .. } = &*self.shared;
        if lifecycle.is_closing() {
            self.begin_batch();
            while let Some(roster) = lifecycle.roster_to_abort(registry.rosters()) {
                registry.abort_all(roster);
            }
            if let Some(core) = self.core.borrow().as_deref() {
                self.end_batch(core);
            }
        }
    }

    /// Whether the runtime has closed and every task is gone (W9).
    fn may_leave(&self) -> bool {
        self.shared.lifecycle.is_closing() && {
            self.abort_if_closing();
            self.shared.registry.remaining() == Remaining::Nobody
        }
    }
}
