//! Who tells of a stuck poll.
//!
//! | from | call      | by             | to   | then                                            |
//! |------|-----------|----------------|------|-------------------------------------------------|
//! | idle | `report`  | the monitor    | busy | a thread is sent for, which tells               |
//! | busy | `report`  | the monitor    | busy | nothing: it asks again at its next look         |
//! | busy | `Report::drop` | who has told | idle |                                              |
//!
//! To tell is to run code of the user: the hook, or the subscriber of `tracing`. It may block, as may a
//! stderr that nobody reads. So it does not run on the monitor, whom the sockets and timers of stuck
//! workers wait for, but on a thread of the relief, and on one at a time.

use super::Shared;
use super::stuck_poll::StuckPoll;
use crate::util::contain::contain;
use crate::util::report::warn;
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::*};
use std::time::Duration;

/// Whether a stuck poll is being told of.
#[derive(Debug, Default)]
pub(super) struct Reporter {
    is_busy: AtomicBool,
}

/// A report on its way.
struct Report {
    shared: Arc<Shared>,
    stuck: StuckPoll,
}

impl Report {
    /// For the monitor, while nobody is told.
    fn begin(shared: &Arc<Shared>, stuck: StuckPoll) -> Arc<Self> {
        // ORDERING: Relaxed; the thread that tells is sent for through a lock.
        shared.reporter.is_busy.store(true, Relaxed);
        Arc::new(Self { shared: shared.clone(), stuck })
    }

    fn tell(&self) {
        match &self.shared.config.on_stuck_poll {
            Some(hook) => contain(|| hook(&self.stuck)),
            None => warn(format_args!("{}", self.stuck)),
        }
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        // ORDERING: Release pairs with `is_telling`: calls of the hook happen one after the other.
        self.shared.reporter.is_busy.store(false, Release);
    }
}

impl Shared {
    /// Whether a stuck poll is being told of.
    pub(super) fn is_telling(&self) -> bool {
        // ORDERING: Acquire, see the drop of `Report`.
        self.reporter.is_busy.load(Acquire)
    }

    /// For the monitor, while nobody [is told](Self::is_telling): has somebody told which task is stuck,
    /// if it still is. Returns whether that is so.
    pub(super) fn report(self: &Arc<Self>, index: usize, poll: u64, lasted: Duration) -> bool {
        let remote = &self.remotes[index];
        let Some(id) = remote.task_in_poll() else { return false };
        let mut task = None;
        self.registry.for_each(|candidate| {
            if candidate.id() == id {
                task = Some(candidate);
            }
        });
        let Some(task) = task else { return false };
        if remote.metrics.polls.get() != poll {
            return false;
        }
        let report = Report::begin(self, StuckPoll::new(task, index, lasted));
        let sent = report.clone();
        if !self.blocking.run_worker(move || sent.tell(), || ()) {
            // No thread is to be had, or the runtime ends.
            report.tell();
        }
        true
    }
}
