//! The slot: the newest task woken on a worker, next to run there.
//!
//! | from  | call          | to    | returns            |
//! |-------|---------------|-------|--------------------|
//! | any   | `put(task)`   | full  | what was there     |
//! | any   | `take`        | empty | what was there     |
//!
//! The owner puts and takes. The owner may move between threads, with its core. The monitor takes only
//! when the owner has been in one poll for long, so that pairs of tasks that talk to each other are not
//! torn apart.

use crate::tasks::{Header, Runnable};
use sheave_facade::seeded;
use sheave_facade::sync::atomic::{AtomicPtr, Ordering::*};
use std::ptr::{self, NonNull};

/// See the [module documentation](self).
pub(super) struct Slot(AtomicPtr<Header>);

impl Slot {
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Puts `task` in and returns the task that was there before.
    pub(super) fn put(&self, task: Runnable) -> Option<Runnable> {
        // ORDERING: Relaxed look; only the owner fills the slot, so that one it sees empty stays
        // empty, and a store is enough.
        if self.0.load(Relaxed).is_null() {
            // ORDERING: Release as below.
            self.0.store(task.into_raw().as_ptr(), Release);
            return None;
        }
        // ORDERING: Release publishes the task's last poll and its wake to the `take` (W1), should the
        // owner be on another thread by then; Acquire receives what an earlier `put` published.
        runnable(self.0.swap(task.into_raw().as_ptr(), AcqRel))
    }

    /// Takes the task out.
    pub(super) fn take(&self) -> Option<Runnable> {
        // ORDERING: Relaxed look; only the owner fills the slot, and the swap reads again.
        if self.0.load(Relaxed).is_null() {
            return None;
        }
        if seeded::on("slot_take_by_halves") {
            let task = runnable(self.0.load(Acquire));
            self.0.store(ptr::null_mut(), Relaxed);
            return task;
        }
        // ORDERING: Acquire pairs with `put`. A swap hands the task out once, whoever takes (W3).
        runnable(self.0.swap(ptr::null_mut(), AcqRel))
    }

    /// Whether the slot looks empty.
    pub(super) fn is_empty(&self) -> bool {
        // ORDERING: Acquire, so that what made the slot full is seen with it.
        self.0.load(Acquire).is_null()
    }
}

fn runnable(raw: *mut Header) -> Option<Runnable> {
    // SAFETY: the slot holds null or what `put` got from `Runnable::into_raw`, and each swap
    // hands it out once.
    NonNull::new(raw).map(|raw| unsafe { Runnable::from_raw(raw) })
}

impl Drop for Slot {
    fn drop(&mut self) {
        drop(self.take());
    }
}
