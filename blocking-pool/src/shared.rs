//! How a job is accepted, how a thread is sent for, and what happens if none comes.
//!
//! Accepting a job is one critical section: look at the gate and the limit, queue the job, claim a
//! waiting thread or reserve a seat for a new one. Everything slow (ringing, creating a thread) is
//! done after it by the same caller. See [`crate::state`] for why this leaves no job behind.
//!
//! If a thread cannot be created, then one of three things happens to the jobs that wait:
//! - a thread lives: it runs them, and the pool asks the system again after a pause;
//! - none lives: the job that was just submitted is handed back to its submitter;
//! - and any others that were accepted meanwhile get one more attempt each, and are then cancelled.

use crate::config::Config;
use crate::contain::contain;
use crate::error::{RejectReason, Rejected};
use crate::job::Job;
use crate::queues::{Record, Ticket};
use crate::reentry;
use crate::roster::{Creation, SeatId, Settler};
use crate::shutdown::cancel;
use crate::spawner;
use crate::state::{Reinforcement, State};
use sheave_facade::sync::{Arc, Mutex, TimedCondvar};
use sheave_facade::time::now;
use std::io;

/// What the handles and the threads share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) state: Mutex<State>,
    /// Notified when the last thread goes after the gate was closed.
    pub(crate) deserted: TimedCondvar,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Self {
        let state = Mutex::new(State::new(&config));
        Self { config, state, deserted: TimedCondvar::new() }
    }

    /// What a thread remembers its pool by.
    pub(crate) fn id(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// Accepts a job, and sees to it that a thread comes.
    pub(crate) fn submit(
        self: &Arc<Self>,
        lane: usize,
        job: Box<dyn Job>,
    ) -> Result<Ticket, Rejected> {
        // The job's own code, so before the lock.
        let record = Record { origin: job.origin(), submitted: now() };
        let mut state = self.state.lock();
        if let Err(reason) = state.admit(lane, &self.config) {
            state.tally.rejected += 1;
            drop(state);
            return Err(Rejected { job, reason });
        }
        if sheave_facade::seeded::on("pool_gate_left_before_queueing") {
            drop(state);
            state = self.state.lock();
        }
        let ticket = state.queues.push(lane, job, record);
        let help = state.reinforce(&self.config);
        drop(state);
        match self.dispatch(help) {
            Ok(()) => Ok(ticket),
            Err(error) => self.hand_back(ticket, error),
        }
    }

    /// Does what reinforcement asks for. Called without the lock.
    pub(crate) fn dispatch(self: &Arc<Self>, help: Reinforcement) -> io::Result<()> {
        match help {
            Reinforcement::None => Ok(()),
            Reinforcement::Ring(bell) => {
                bell.notify_one();
                Ok(())
            }
            Reinforcement::Create(seat) => self.create(seat),
        }
    }

    /// Creates the thread of a reserved seat.
    fn create(self: &Arc<Self>, seat: SeatId) -> io::Result<()> {
        let (handle, error) = match spawner::create(self, seat) {
            Ok(handle) => (handle, None),
            Err(error) => (None, Some(error)),
        };
        let mut state = self.state.lock();
        let creation = state.roster.creator_leaves(seat, handle);
        state.creating -= 1;
        if matches!(creation, Creation::Abandoned) {
            state.lose_thread();
        }
        self.announce_desertion(&state);
        drop(state);
        match creation {
            Creation::Succeeded | Creation::Over(None) => Ok(()),
            Creation::Over(Some(thread)) => {
                // It has passed its last lock: this takes no longer than a thread takes to end.
                let _ = thread.join();
                Ok(())
            }
            Creation::Abandoned => Err(error
                .unwrap_or_else(|| io::Error::other("the spawn handler dropped the thread start"))),
        }
    }

    /// No thread could be created for a job that was just queued.
    fn hand_back(self: &Arc<Self>, ticket: Ticket, error: io::Error) -> Result<Ticket, Rejected> {
        let mut state = self.state.lock();
        // Another thread lives, or is being created by someone who will stand here if that fails.
        if state.live > 0 {
            return Ok(ticket);
        }
        let own = state.queues.withdraw(ticket);
        state.tally.rejected += u64::from(own.is_some());
        drop(state);
        if !sheave_facade::seeded::on("pool_refusal_forgets_others") {
            self.rescue();
        }
        match own {
            Some(job) => Err(Rejected { job, reason: RejectReason::NoThread(error) }),
            // It was run, or cancelled, by someone who was faster.
            None => Ok(ticket),
        }
    }

    /// Jobs wait and no thread lives: one more attempt for each, then its cancellation.
    fn rescue(self: &Arc<Self>) {
        loop {
            let mut state = self.state.lock();
            if state.live > 0 || state.queues.queued() == 0 {
                return;
            }
            let seat = state.reserve();
            drop(state);
            if self.create(seat).is_ok() {
                return;
            }
            self.give_up_oldest();
        }
    }

    /// An attempt at a thread has failed: if none lives, the job it was made for is cancelled.
    fn give_up_oldest(&self) {
        let mut state = self.state.lock();
        if state.live > 0 {
            return;
        }
        let Some(job) = state.queues.take_oldest() else { return };
        state.tally.cancelled += 1;
        drop(state);
        cancel(job);
    }

    /// A thread start was dropped: no thread will come.
    pub(crate) fn abandon(self: &Arc<Self>, seat: SeatId) {
        let mut state = self.state.lock();
        match state.roster.abandon(seat) {
            Settler::Creator => {}
            Settler::Caller => {
                state.lose_thread();
                self.announce_desertion(&state);
                drop(state);
                self.give_up_oldest();
                self.rescue();
            }
        }
    }

    /// A thread is about to end; nothing of the pool runs on it after this.
    pub(crate) fn depart(&self, seat: SeatId) {
        let mut state = self.state.lock();
        state.leaving -= 1;
        let before = state.roster.depart(seat);
        self.announce_desertion(&state);
        drop(state);
        // Each thread joins the one that went before it, so that at most one is unjoined.
        if let Some(thread) = before {
            let _ = thread.join();
        }
    }

    fn announce_desertion(&self, state: &State) {
        if state.is_deserted() {
            self.deserted.notify_all();
        }
    }

    pub(crate) fn cancel_one(&self, ticket: Ticket) -> bool {
        let mut state = self.state.lock();
        let Some(job) = state.queues.withdraw(ticket) else {
            return sheave_facade::seeded::on("pool_cancel_always_says_yes");
        };
        state.tally.cancelled += 1;
        drop(state);
        cancel(job);
        true
    }

    pub(crate) fn run_here(&self, ticket: Ticket) -> bool {
        let Some(job) = self.state.lock().queues.withdraw(ticket) else { return false };
        let ended = contain(|| job.run());
        self.state.lock().tally.count_run(ended);
        true
    }

    /// Runs `wait` while one more thread may live, if this thread is the pool's.
    pub(crate) fn compensate<R>(self: &Arc<Self>, wait: impl FnOnce() -> R) -> R {
        let alone = sheave_facade::seeded::on("pool_compensates_nobody");
        if alone || !reentry::is_member(self.id()) || reentry::is_compensated() {
            return wait();
        }
        let mut state = self.state.lock();
        state.blocked += 1;
        let help = state.reinforce(&self.config);
        drop(state);
        reentry::set_compensated(true);
        let _blocked = Blocked { shared: self };
        // A refusal is no harm: the threads that live go on, and ask again after their jobs.
        let _ = self.dispatch(help);
        wait()
    }
}

/// Ends a compensation, also when the wait panics.
struct Blocked<'a> {
    shared: &'a Shared,
}

impl Drop for Blocked<'_> {
    fn drop(&mut self) {
        reentry::set_compensated(false);
        // The thread that stood in leaves when it looks next.
        self.shared.state.lock().blocked -= 1;
    }
}
