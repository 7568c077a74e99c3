//! How a runtime ends, phase by phase (T15).
//!
//! | phase  | begins with                                    | waits for                              | at most         |
//! |--------|------------------------------------------------|----------------------------------------|-----------------|
//! | drain  | the gate closes, and tasks are told            | every task, to end by itself           | `drain`         |
//! | cancel | the tasks that are left are aborted            | their drops, and the worker threads    | `cancel_grace`  |
//! | pool   | the jobs that are queued are dropped           | the jobs that run, and the pool's threads | `blocking`   |
//!
//! Then whatever is left is listed. Several threads may do this at once: each step is done once, and the
//! most impatient of them says when the next one begins. See `docs/src/shutdown.md`.

use super::leftovers::ShutdownReport;
use super::lifecycle::Present;
use super::{Driving, Shared, Threads};
use crate::tasks::Remaining;
use sheave_facade::seeded;
use sheave_facade::sync::Arc;
use sheave_facade::thread;
use sheave_facade::time::{Instant, now};
use std::time::Duration;

/// How long each phase may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) drain: Duration,
    pub(crate) cancel_grace: Duration,
    pub(crate) blocking: Duration,
    /// All of them together.
    pub(crate) altogether: Option<Duration>,
}

impl Patience {
    /// No time to drain, and so long for the rest.
    pub(crate) fn at_most(time: Duration) -> Self {
        let altogether = Some(time);
        Self { drain: Duration::ZERO, cancel_grace: time, blocking: time, altogether }
    }
}

impl Shared {
    /// Ends the runtime, and says what is left of it. Waits for nothing if this thread drives futures
    /// itself.
    pub(crate) fn end(
        self: &Arc<Self>,
        threads: Option<Threads>,
        patience: Patience,
    ) -> ShutdownReport {
        let end = patience.altogether.and_then(after);
        let may_wait = !Driving::is_on();
        let deadline = |phase: Duration| match after(if may_wait { phase } else { Duration::ZERO })
        {
            Some(phase) => Some(end.map_or(phase, |end| end.min(phase))),
            None => end,
        };

        self.shut_gate();
        // Without time to drain no task is to have another turn: the driver comes after `close`.
        let drains = may_wait && !patience.drain.is_zero();
        let mut has_driver = drains && self.send_driver();
        self.lifecycle.wait(deadline(patience.drain), |_| self.is_deserted());

        let mut report = ShutdownReport { aborted: self.registry.len(), ..Default::default() };
        self.close();
        has_driver = has_driver || self.send_driver();
        if self.is_current_thread() && !has_driver {
            self.drive_to_the_end();
        }
        let grace = deadline(patience.cancel_grace);
        self.lifecycle.wait(grace, |present| present == Present::default());

        self.end_pool(deadline(patience.blocking), &mut report);
        // Once more: another shutdown may have sent a driver meanwhile, who finds nothing to do.
        let present = self.lifecycle.wait(grace, |present| present == Present::default());
        report.tasks = self.left_tasks();
        report.threads += present.threads;
        if let Some(threads) = threads.filter(|_| may_wait && present == Present::default()) {
            threads.join();
        }
        report
    }

    fn end_pool(&self, deadline: Option<Instant>, report: &mut ShutdownReport) {
        let time_left = || deadline.map(|deadline| deadline.saturating_duration_since(now()));
        for pool in self.blocking.shutdown(time_left) {
            report.threads += pool.threads_left;
            report.jobs.extend(Self::left_jobs(pool.left));
        }
    }

    /// Closes the gate, counts who must leave, and tells them.
    pub(super) fn shut_gate(&self) {
        self.registry.close();
        while let Some(roster) = self.lifecycle.roster_to_count(self.registry.rosters()) {
            if self.registry.usher_out(roster) == Remaining::Nobody {
                self.everybody_left();
            }
        }
        self.requested.make();
    }

    /// Closes the gate if it is open, and makes the workers abort every task that is left.
    pub(super) fn close(&self) {
        self.shut_gate();
        self.lifecycle.close();
        self.closing.make();
        self.unpark_all();
        if !seeded::on("close_leaves_the_monitor") {
            self.watch.call();
        }
    }

    /// The last task of a runtime that takes no more has left.
    pub(super) fn everybody_left(&self) {
        self.unpark_all();
        if !seeded::on("last_task_leaves_silently") {
            self.lifecycle.changed();
        }
    }

    /// Whether every task has left a runtime that takes no more.
    pub(super) fn is_deserted(&self) -> bool {
        self.registry.remaining() == Remaining::Nobody
    }

    /// Sends a thread that runs the tasks of a current-thread runtime to their end, if there are any
    /// and as long as nobody else does: what they do must not hold up the thread that shuts down.
    /// Returns whether there is such a thread.
    fn send_driver(self: &Arc<Self>) -> bool {
        if !self.is_current_thread() || self.is_deserted() {
            return false;
        }
        self.lifecycle.worker_enters();
        self.lifecycle.thread_enters();
        let runtime = self.clone();
        let thread = thread::Builder::new().name("sheave-shutdown".to_string()).spawn(move || {
            runtime.drive_until_closing();
            runtime.worker_leaves();
            runtime.lifecycle.thread_leaves();
        });
        if thread.is_err() {
            self.worker_leaves();
            self.lifecycle.thread_leaves();
        }
        thread.is_ok()
    }
}

/// The moment so long from now; `None` beyond the range of the clock.
fn after(time: Duration) -> Option<Instant> {
    now().checked_add(time)
}
