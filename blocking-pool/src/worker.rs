//! The life of a pool thread: arrive, take a job, run it, wait, leave.

use crate::contain::contain;
use crate::idle::Roused;
use crate::queues::Work;
use crate::reentry;
use crate::roster::SeatId;
use crate::shared::Shared;
use crate::state::{Gate, State};
use sheave_facade::sync::{Arc, MutexGuard};

/// What a thread does next.
enum Next {
    Run(Work),
    Leave,
}

/// Works for the pool until it is not needed any more.
pub(crate) fn work(shared: &Arc<Shared>, seat: SeatId) {
    let membership = reentry::join(shared);
    run_hook(shared.config.on_thread_start.as_deref());
    let mut next = arrive(shared, seat);
    while let Next::Run(work) = next {
        let lane = work.lane;
        let ended = contain(|| work.job.run());
        let mut state = shared.state.lock();
        state.queues.ended(lane);
        state.tally.count_run(ended);
        state.roster.occupy(seat, None);
        next = look(shared, state, seat);
    }
    run_hook(shared.config.on_thread_stop.as_deref());
    drop(membership);
    shared.depart(seat);
}

/// The thread is ready for its first job.
fn arrive(shared: &Arc<Shared>, seat: SeatId) -> Next {
    let mut state = shared.state.lock();
    state.arrive(seat);
    look(shared, state, seat)
}

/// Takes a job, waiting for one if need be.
fn look(shared: &Arc<Shared>, mut state: MutexGuard<'_, State>, seat: SeatId) -> Next {
    loop {
        if state.is_overstaffed(&shared.config) {
            state.leave();
            if sheave_facade::seeded::on("pool_surplus_leaves_silently") {
                return Next::Leave;
            }
            // Somebody may have sent for this very thread: another one must come in its place.
            let help = state.reinforce(&shared.config);
            drop(state);
            let _ = shared.dispatch(help);
            return Next::Leave;
        }
        if let Some(mut work) = state.queues.take() {
            state.roster.occupy(seat, work.record.take());
            let help = state.reinforce(&shared.config);
            drop(state);
            // A refusal is no harm: this thread lives, and looks again after its job.
            let _ = shared.dispatch(help);
            return Next::Run(work);
        }
        if state.gate == Gate::Closed || shared.idle(&mut state, seat) == Roused::Unneeded {
            state.leave();
            return Next::Leave;
        }
    }
}

fn run_hook(hook: Option<&(dyn Fn() + Send + Sync)>) {
    if let Some(hook) = hook {
        contain(hook);
    }
}
