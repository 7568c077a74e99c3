//! Where a worker's core lies while no thread runs the worker: before it starts, between two `block_on`
//! of a current-thread runtime, while its thread is in `block_in_place`, and off duty if it is a stand-in.
//!
//! | from       | call             | by                                  | to           | returns       |
//! |------------|------------------|-------------------------------------|--------------|---------------|
//! | taken      | `lay_down`       | the thread that runs the worker     | lies, n + 1  | the offer n + 1 |
//! | lies, n    | `take(n)`        | who was sent for, or who offered it | taken        | the core      |
//! | lies, n    | `take(m)`, m ≠ n | somebody late                       | lies, n      | nothing       |
//! | taken      | `take(_)`        | anybody                             | taken        | nothing       |
//! | lies, n    | `take_any`       | a driver that needs no invitation   | taken        | the core      |
//!
//! An offer is good once. A thread that was sent for comes when it can: by then the worker may have been
//! taken back, have run on, and lie there for another reason, such as the end of its duty. And a thread
//! that comes out of `block_in_place` after that end must not go on as a stand-in that is off duty.

use super::core::Core;
use sheave_facade::seeded;
use sheave_facade::sync::{Mutex, MutexGuard};

/// See the [module documentation](self).
pub(super) struct Vacancy(Mutex<Place>);

struct Place {
    core: Option<Box<Core>>,
    /// Which laying-down this was, counted from the first.
    offer: Offer,
}

/// Names one laying-down of one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer(u64);

impl Offer {
    /// The core that the worker was made with.
    pub(super) const FIRST: Self = Self(0);
}

impl Vacancy {
    /// The core of a worker that no thread has run yet.
    pub(super) fn new(core: Core) -> Self {
        Self(Mutex::new(Place { core: Some(Box::new(core)), offer: Offer::FIRST }))
    }

    /// Lays the core down for whoever has the offer.
    pub(super) fn lay_down(&self, core: Box<Core>) -> Offer {
        self.0.lock().lay_down(core)
    }

    /// Takes the core if it still lies there on this offer.
    pub(super) fn take(&self, offer: Offer) -> Option<Box<Core>> {
        let mut place = self.0.lock();
        let is_good = place.offer == offer || seeded::on("vacancy_old_offers_are_good");
        if is_good { place.core.take() } else { None }
    }

    /// The offer on which the core lies there.
    pub(super) fn offer(&self) -> Option<Offer> {
        let place = self.0.lock();
        place.core.is_some().then_some(place.offer)
    }

    /// The place itself, for who must do something else under its lock.
    pub(super) fn lock(&self) -> Locked<'_> {
        Locked(self.0.lock())
    }
}

/// The place, locked.
pub(super) struct Locked<'a>(MutexGuard<'a, Place>);

impl Locked<'_> {
    /// Takes the core on whatever offer it lies there.
    pub(super) fn take_any(&mut self) -> Option<Box<Core>> {
        self.0.core.take()
    }

    /// Lays the core down.
    pub(super) fn lay_down(&mut self, core: Box<Core>) {
        self.0.lay_down(core);
    }
}

impl Place {
    fn lay_down(&mut self, core: Box<Core>) -> Offer {
        debug_assert!(self.core.is_none(), "a worker has one core");
        self.offer.0 += 1;
        self.core = Some(core);
        self.offer
    }
}

#[cfg(all(test, loom))]
mod loom;
