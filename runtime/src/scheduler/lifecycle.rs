//! The life of a runtime: it runs, it closes, its workers leave.
//!
//! | from    | call              | to      | then                                               |
//! |---------|-------------------|---------|----------------------------------------------------|
//! | Running | `roster_to_count` | Running | the caller has closed the registry, and counts the tasks of that roster |
//! | Running | `close`           | Closing | the caller has seen to it that all rosters are counted, and unparks every worker |
//! | Closing | `close`           | Closing | nothing                                            |
//! | Closing | `roster_to_abort` | Closing | the caller aborts the tasks of that roster         |
//! | any     | `worker_enters`, `thread_enters` | – | one more to wait for                      |
//! | any     | `worker_leaves`, `thread_leaves` | – | whoever waits looks again                 |
//! | any     | `changed`         | –       | likewise: the last task has left                   |
//!
//! Between the first `roster_to_count` and `close` the runtime drains: its tasks run on, and it takes no
//! more.
//!
//! A *worker* is waited for until it has run its last task; a *thread* of the runtime also until the
//! user's hook for its end has returned.

use sheave_facade::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use sheave_facade::sync::{Mutex, TimedCondvar};
use sheave_facade::time::{Instant, now};

/// See the [module documentation](self).
pub(super) struct Lifecycle {
    closing: AtomicBool,
    /// The registry's rosters below this number have been given out to be counted.
    rosters_counted: AtomicUsize,
    /// The registry's rosters below this number have been given out to be aborted.
    rosters_aborted: AtomicUsize,
    present: Mutex<Present>,
    changed: TimedCondvar,
}

/// Who has not left yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Present {
    pub(super) workers: usize,
    pub(super) threads: usize,
}

impl Lifecycle {
    pub(super) fn new() -> Self {
        Self {
            closing: AtomicBool::new(false),
            rosters_counted: AtomicUsize::new(0),
            rosters_aborted: AtomicUsize::new(0),
            present: Mutex::new(Present::default()),
            changed: TimedCondvar::new(),
        }
    }

    /// Begins to close.
    pub(super) fn close(&self) {
        // ORDERING: Release publishes the closed registry to the workers that see the mark.
        self.closing.store(true, Release);
    }

    /// A roster whose tasks nobody has counted yet. Each of `rosters` is given out once. The registry is
    /// closed, so that no task comes into a roster uncounted after that.
    pub(super) fn roster_to_count(&self, rosters: usize) -> Option<usize> {
        next(&self.rosters_counted, rosters)
    }

    /// A roster whose tasks nobody has aborted yet, of a runtime that closes. Each of `rosters` is
    /// given out once, to whichever worker has time: a stuck one holds up nobody's end.
    pub(super) fn roster_to_abort(&self, rosters: usize) -> Option<usize> {
        next(&self.rosters_aborted, rosters)
    }

    /// Whether the runtime closes.
    pub(super) fn is_closing(&self) -> bool {
        // ORDERING: Acquire pairs with `close`.
        self.closing.load(Acquire)
    }

    /// A worker begins to run.
    pub(super) fn worker_enters(&self) {
        self.present.lock().workers += 1;
    }

    /// A worker has left for good. Returns how many are still there.
    pub(super) fn worker_leaves(&self) -> usize {
        let mut present = self.present.lock();
        present.workers -= 1;
        let left = present.workers;
        drop(present);
        self.changed.notify_all();
        left
    }

    /// A thread of the runtime begins.
    pub(super) fn thread_enters(&self) {
        self.present.lock().threads += 1;
    }

    /// A thread of the runtime has run the last code of the user.
    pub(super) fn thread_leaves(&self) {
        self.present.lock().threads -= 1;
        self.changed.notify_all();
    }

    /// Makes whoever waits look again. What has changed is stored already.
    pub(super) fn changed(&self) {
        // Through the lock: who has looked before the change waits by now.
        drop(self.present.lock());
        self.changed.notify_all();
    }

    /// Waits until `is_over`, at most to `deadline` (`None`: for ever). Returns who is still there.
    pub(super) fn wait(
        &self,
        deadline: Option<Instant>,
        is_over: impl Fn(Present) -> bool,
    ) -> Present {
        let mut present = self.present.lock();
        while !is_over(*present) {
            match deadline {
                None => self.changed.wait(&mut present),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(now());
                    if left.is_zero() || self.changed.wait_at_most(&mut present, left).timed_out() {
                        break;
                    }
                }
            }
        }
        *present
    }
}

/// The next roster, each once.
fn next(given_out: &AtomicUsize, rosters: usize) -> Option<usize> {
    // ORDERING: Relaxed; the RMW gives each number once, and what sits in the roster has words of its
    // own. The look spares the RMW once all are given out.
    let is_left = given_out.load(Relaxed) < rosters;
    let next = is_left.then(|| given_out.fetch_add(1, Relaxed));
    next.filter(|roster| *roster < rosters)
}
