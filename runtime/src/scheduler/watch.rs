//! The monitor's rest: while all workers sleep nobody needs watching, and nothing ticks.
//!
//! | from     | call                        | to       | then                                         |
//! |----------|-----------------------------|----------|----------------------------------------------|
//! | Watching | `rest`                      | Resting  | `fence(SeqCst)`, looks once more, and sleeps |
//! | Resting  | `rest`, somebody is awake   | Watching | returns                                      |
//! | Resting  | `worker_got_up`             | Watching | the worker unparks the monitor               |
//! | Watching | `worker_got_up`             | Watching | nothing: a fence and a load                  |
//! | any      | `call`                      | Watching | the monitor is unparked, or returns from its next sleep |
//!
//! The monitor that goes to rest and the worker that gets up do the same three steps in mirror image,
//! *write, `fence(SeqCst)`, read*: the monitor writes its rest and reads who sleeps, the worker writes
//! that it is awake and reads whether the monitor rests. Whichever fence comes first, one of them sees
//! the other, so that no worker is awake for long with nobody watching. The proof is in
//! `docs/src/stuck.md`.

use crate::park::Parker;
use sheave_facade::seeded;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::*, fence};
use std::time::Duration;

/// See the [module documentation](self).
pub(super) struct Watch {
    is_resting: AtomicBool,
    parker: Parker,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { is_resting: AtomicBool::new(false), parker: Parker::new(None) }
    }

    /// For the monitor: sleeps until a worker gets up, unless one is awake by now. May return early.
    pub(super) fn rest(&self, is_anybody_up: impl FnOnce() -> bool) {
        // ORDERING: Relaxed store; the fence orders it before the look.
        self.is_resting.store(true, Relaxed);
        if !seeded::on("watch_no_fence") {
            // ORDERING: the rest before this fence, or the worker that is awake after it: one of them
            // is seen. Partner: the fence in `worker_got_up`.
            fence(SeqCst);
        }
        if !is_anybody_up() {
            self.parker.park(None);
        }
        // ORDERING: Relaxed. A worker that reads the old value unparks in vain. One that reads this
        // needs nobody: the monitor looks at all of them before it rests again.
        self.is_resting.store(false, Relaxed);
    }

    /// For the monitor: sleeps for a while, while workers are awake.
    pub(super) fn pause(&self, time: Duration) {
        self.parker.park(Some(time));
    }

    /// For a worker, right after it has said that it is awake.
    pub(super) fn worker_got_up(&self) {
        if !seeded::on("watch_no_fence") {
            // ORDERING: the worker's side. Partner: the fence in `rest`.
            fence(SeqCst);
        }
        // ORDERING: Relaxed look after the fence. The swap makes one of several workers unpark; AcqRel
        // because read-modify-writes come in pairs, nothing is published by it.
        if self.is_resting.load(Relaxed) && self.is_resting.swap(false, AcqRel) {
            self.parker.unpark();
        }
    }

    /// Makes the monitor look at once, also if it rests.
    pub(super) fn call(&self) {
        self.parker.unpark();
    }
}

#[cfg(all(test, loom))]
mod loom;
