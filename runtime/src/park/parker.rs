//! A parker: one thread sleeps, anyone unparks it, no unpark is lost.
//!
//! The sleeper chooses its bed: a condition variable, or the wait of a reactor whose turn it holds.
//! The state word names the bed, so that whoever unparks signals the right one.
//!
//! | from                | call            | to         | the caller must                     | pairs with |
//! |---------------------|-----------------|------------|-------------------------------------|------------|
//! | Awake               | `lie_down(bed)` | bed        | sleep in that bed                   | `unpark`   |
//! | Notified            | `lie_down(bed)` | Awake      | return at once                      | `unpark`   |
//! | bed, Notified       | `get_up`        | Awake      | nothing; `Notified` is consumed     | `unpark`   |
//! | Awake, Notified     | `unpark`        | Notified   | nothing: the next park will see it  | `lie_down` |
//! | OnCondvar           | `unpark`        | Notified   | signal the condition variable       | `get_up`   |
//! | OnReactor           | `unpark`        | Notified   | notify the reactor                  | `get_up`   |
//!
//! Absent: (bed, `lie_down`): one thread at a time parks.

use crate::reactor::{Reactor, Turn};
use sheave_facade::seeded;
use sheave_facade::sync::atomic::{AtomicU8, Ordering::*};
use sheave_facade::sync::{Arc, Mutex, TimedCondvar};
use std::task::Wake;
use std::time::Duration;

const AWAKE: u8 = 0;
const NOTIFIED: u8 = 1;
const ON_CONDVAR: u8 = 2;
const ON_REACTOR: u8 = 3;

/// Whether a parking thread may go to bed.
#[must_use]
#[derive(PartialEq, Eq)]
enum Bedtime {
    Sleep,
    /// An unpark came first.
    Return,
}

/// See the [module documentation](self).
pub(crate) struct Parker {
    state: AtomicU8,
    /// Guards nothing; the condition variable's partner.
    bedroom: Mutex<()>,
    alarm: TimedCondvar,
    /// Whom to notify in state `ON_REACTOR`; `None` for threads that never sleep in one.
    reactor: Option<Arc<Reactor>>,
}

impl Parker {
    pub(crate) fn new(reactor: Option<Arc<Reactor>>) -> Self {
        Self {
            state: AtomicU8::new(AWAKE),
            bedroom: Mutex::new(()),
            alarm: TimedCondvar::new(),
            reactor,
        }
    }

    /// Sleeps on the condition variable until unparked or until `timeout` has passed.
    pub(crate) fn park(&self, timeout: Option<Duration>) {
        let mut bedroom = self.bedroom.lock();
        if self.lie_down(ON_CONDVAR) == Bedtime::Return {
            return;
        }
        loop {
            let timed_out = match timeout {
                None => {
                    self.alarm.wait(&mut bedroom);
                    false
                }
                Some(timeout) => self.alarm.wait_at_most(&mut bedroom, timeout).timed_out(),
            };
            // ORDERING: Acquire pairs with the swap in `unpark`, should the token be there already.
            // Relaxed would only risk a second look; the token itself is taken by `get_up`.
            if timed_out || self.state.load(Acquire) == NOTIFIED {
                break;
            }
        }
        self.get_up();
    }

    /// Sleeps in the wait of this parker's reactor, whose turn the caller holds. Returns how many
    /// wakers were woken by events; `None` if it was to get up at once, and has not looked for any.
    pub(crate) fn park_in(&self, turn: Turn<'_>, timeout: Option<Duration>) -> Option<usize> {
        if self.lie_down(ON_REACTOR) == Bedtime::Return {
            return None;
        }
        let woken = turn.wait(timeout).unwrap_or(0);
        self.get_up();
        Some(woken)
    }

    /// Ends the present sleep, or the next one if the thread is awake.
    pub(crate) fn unpark(&self) {
        // ORDERING: Release publishes what the caller did before (W1) to the sleeper's `get_up` or
        // `lie_down`, also when another unpark came first. Acquire: see the sleep we end.
        match self.state.swap(NOTIFIED, AcqRel) {
            ON_CONDVAR => {
                // The sleeper holds the lock from its state change until it waits: passing through
                // the lock means that it waits by now, and hears the signal.
                if !seeded::on("parker_no_lock") {
                    drop(self.bedroom.lock());
                }
                self.alarm.notify_one();
            }
            ON_REACTOR => {
                if let Some(reactor) =
                    self.reactor.as_ref().filter(|_| !seeded::on("parker_no_reactor_notify"))
                {
                    reactor.notify();
                }
            }
            _ => {}
        }
    }

    /// Whether the next park would return at once.
    pub(crate) fn is_notified(&self) -> bool {
        // ORDERING: Acquire as in `lie_down`; an unpark that comes later is not missed, only not
        // foreseen.
        self.state.load(Acquire) == NOTIFIED
    }

    fn lie_down(&self, bed: u8) -> Bedtime {
        // ORDERING: AcqRel on success: a later `unpark` that sees the bed also sees what led to
        // it. Acquire on failure: the unparker's writes, for we return as if woken.
        if self.state.compare_exchange(AWAKE, bed, AcqRel, Acquire).is_ok() {
            return Bedtime::Sleep;
        }
        self.get_up();
        Bedtime::Return
    }

    fn get_up(&self) {
        // ORDERING: Acquire sees what the unparker published (W1); a plain load and store would
        // erase a token that came in between. Release is not needed but RMWs come in pairs.
        self.state.swap(AWAKE, AcqRel);
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}

#[cfg(all(test, loom))]
mod loom;
