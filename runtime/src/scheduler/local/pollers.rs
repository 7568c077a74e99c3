//! Who is woken when a local task is due: all futures that drive the set and rest.
//!
//! All, because each of them may end or be dropped before it is polled again, and then would have
//! to pass the wake on.

use super::LocalTasks;
use crate::util::contain::contain;
use sheave_facade::sync::Arc;
use std::task::Waker;

/// The wakers of those who rest, one per seat. Hardly ever more than one.
#[derive(Default)]
pub(super) struct Pollers(Vec<(u64, Waker)>);

/// One future that drives the tasks. Dropping it withdraws its waker.
pub(crate) struct Seat {
    tasks: Arc<LocalTasks>,
    number: u64,
}

impl Seat {
    /// A seat with nobody to wake. Called by the owner.
    pub(crate) fn new(tasks: &Arc<LocalTasks>) -> Self {
        let number = tasks.owned.with(|owned| {
            owned.seats += 1;
            owned.seats
        });
        Self { tasks: tasks.clone(), number }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let withdrawn = self.tasks.inbox.lock().pollers.withdraw(self);
        contain(|| drop(withdrawn));
    }
}

impl Pollers {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether the seat has a waker that does what `waker` would.
    pub(super) fn will_wake(&self, seat: &Seat, waker: &Waker) -> bool {
        self.0.iter().any(|(at, stored)| *at == seat.number && stored.will_wake(waker))
    }

    /// Stores the waker of a seat and returns its former one.
    pub(super) fn put(&mut self, seat: &Seat, waker: Waker) -> Option<Waker> {
        let former = self.withdraw(seat);
        self.0.push((seat.number, waker));
        former
    }

    fn withdraw(&mut self, seat: &Seat) -> Option<Waker> {
        let at = self.0.iter().position(|(at, _)| *at == seat.number)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Wakes all. To be called without any lock held.
    pub(super) fn wake(self) {
        for (_, waker) in self.0 {
            // A waker is code of a user. One that panics must not cost the others their wake.
            contain(|| waker.wake());
        }
    }
}
