//! The life of a runtime: it runs, it closes, its workers leave.
//!
//! | from    | call            | to      | then                                             |
//! |---------|-----------------|---------|--------------------------------------------------|
//! | Running | `close`         | Closing | the caller has closed the registry, and unparks every worker |
//! | Closing | `close`         | Closing | nothing                                          |
//! | Closing | `next_roster`   | Closing | the caller cancels the tasks of that roster      |
//! | any     | `worker_enters` | –       | one more to wait for                             |
//! | Closing | `worker_leaves` | –       | the last one ends `wait_for_workers`             |

use sheave_facade::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use sheave_facade::sync::{Mutex, TimedCondvar};
use sheave_facade::time::now;
use std::time::Duration;

/// See the [module documentation](self).
pub(super) struct Lifecycle {
    closing: AtomicBool,
    /// The registry's rosters below this number have been given out to be cancelled.
    rosters_taken: AtomicUsize,
    /// Workers that have not left yet.
    workers: Mutex<usize>,
    empty: TimedCondvar,
}

impl Lifecycle {
    pub(super) fn new() -> Self {
        Self {
            closing: AtomicBool::new(false),
            rosters_taken: AtomicUsize::new(0),
            workers: Mutex::new(0),
            empty: TimedCondvar::new(),
        }
    }

    /// Begins to close. The registry is closed already, so that no task comes into a roster
    /// unmarked after it was given out.
    pub(super) fn close(&self) {
        // ORDERING: Release publishes the closed registry to the workers that see the mark.
        self.closing.store(true, Release);
    }

    /// A roster whose tasks nobody has cancelled yet, of a runtime that closes. Each of `rosters`
    /// is given out once, to whichever worker has time: a stuck one holds up nobody's end.
    pub(super) fn next_roster(&self, rosters: usize) -> Option<usize> {
        // ORDERING: Relaxed; the RMW gives each number once, and what sits in the roster has words of
        // its own. The look spares the RMW once all are given out.
        let is_left = self.rosters_taken.load(Relaxed) < rosters;
        let next = is_left.then(|| self.rosters_taken.fetch_add(1, Relaxed));
        next.filter(|roster| *roster < rosters)
    }

    /// Whether the runtime closes.
    pub(super) fn is_closing(&self) -> bool {
        // ORDERING: Acquire pairs with `close`.
        self.closing.load(Acquire)
    }

    /// A worker begins to run.
    pub(super) fn worker_enters(&self) {
        *self.workers.lock() += 1;
    }

    /// A worker has left for good. Returns how many are still there.
    pub(super) fn worker_leaves(&self) -> usize {
        let mut workers = self.workers.lock();
        *workers -= 1;
        let left = *workers;
        drop(workers);
        self.empty.notify_all();
        left
    }

    /// Waits until every worker has left, at most for `timeout`. Returns how many are still there.
    pub(super) fn wait_for_workers(&self, timeout: Option<Duration>) -> usize {
        let deadline = timeout.and_then(|timeout| now().checked_add(timeout));
        let mut workers = self.workers.lock();
        while *workers > 0 {
            match deadline {
                None => self.empty.wait(&mut workers),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(now());
                    if left.is_zero() || self.empty.wait_at_most(&mut workers, left).timed_out() {
                        break;
                    }
                }
            }
        }
        *workers
    }
}
