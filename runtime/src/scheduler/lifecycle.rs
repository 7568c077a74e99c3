//! The life of a runtime: it runs, it closes, its workers leave.
//!
//! | from    | call            | to      | then                                             |
//! |---------|-----------------|---------|--------------------------------------------------|
//! | Running | `close`         | Closing | the caller closes the registry and unparks every worker |
//! | Closing | `close`         | Closing | nothing                                          |
//! | any     | `worker_enters` | –       | one more to wait for                             |
//! | Closing | `worker_leaves` | –       | the last one ends `wait_for_workers`             |

use sheave_facade::sync::atomic::{AtomicBool, Ordering::*};
use sheave_facade::sync::{Mutex, TimedCondvar};
use sheave_facade::time::now;
use std::time::Duration;

/// See the [module documentation](self).
pub(super) struct Lifecycle {
    closing: AtomicBool,
    /// Workers that have not left yet.
    workers: Mutex<usize>,
    empty: TimedCondvar,
}

impl Lifecycle {
    pub(super) fn new() -> Self {
        Self { closing: AtomicBool::new(false), workers: Mutex::new(0), empty: TimedCondvar::new() }
    }

    /// Begins to close. Returns whether this call was the first.
    pub(super) fn close(&self) -> bool {
        // ORDERING: AcqRel; the first closer's writes are seen by the workers that see the mark.
        !self.closing.swap(true, AcqRel)
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

    /// A worker has left for good.
    pub(super) fn worker_leaves(&self) {
        *self.workers.lock() -= 1;
        self.empty.notify_all();
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
