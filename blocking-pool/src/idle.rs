//! How a thread waits for work, and how the end of its keep-alive cannot race a claim.
//!
//! | from    | event                                     | to      | who                     |
//! |---------|-------------------------------------------|---------|-------------------------|
//! | Working | nothing to take                           | Waiting | the thread              |
//! | Waiting | claimed (off the stack, mark set)         | Claimed | submitter, or shutdown  |
//! | Claimed | woken, or timed out, or woken by accident | Working | the thread              |
//! | Waiting | timed out, more than `min_idle` wait      | Leaving | the thread              |
//! | Waiting | timed out, needed for `min_idle`          | Waiting | the thread, untimed now |
//!
//! All of it happens under the pool's lock, so a time-out either sees the claim, and works, or takes
//! the thread off the stack before anyone could claim it.

use crate::roster::SeatId;
use crate::shared::Shared;
use crate::state::State;
use sheave_facade::sync::MutexGuard;
use std::time::Duration;

/// Why the wait is over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Roused {
    /// Somebody sent for this thread: look at the queues.
    Claimed,
    /// Nobody did for the whole keep-alive: leave.
    Unneeded,
}

impl Shared {
    /// Waits until claimed, or until the keep-alive ends and the thread is not needed.
    pub(crate) fn idle(&self, state: &mut MutexGuard<'_, State>, seat: SeatId) -> Roused {
        let bell = state.roster.sit(seat);
        let mut patience = Some(self.config.keep_alive).filter(|&time| time != Duration::MAX);
        loop {
            let timed_out = match patience {
                Some(keep_alive) => bell.wait_for(state, keep_alive).timed_out(),
                None => {
                    bell.wait(state);
                    false
                }
            };
            if timed_out && sheave_facade::seeded::on("pool_timeout_ignores_claim") {
                state.roster.stand_up(seat);
                return Roused::Unneeded;
            }
            if state.roster.answer_claim(seat) {
                state.coming -= 1;
                return Roused::Claimed;
            }
            if timed_out && state.roster.waiting() > self.config.min_idle {
                state.roster.stand_up(seat);
                return Roused::Unneeded;
            }
            if timed_out {
                patience = None;
            }
        }
    }
}
