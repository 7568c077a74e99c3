//! What is said about a poll that does not end.

use crate::tasks::{Id, TaskRef};
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// A poll that has lasted too long and goes on: its task computes, or blocks its thread. The other
/// tasks are served without its worker, but that worker is lost to them; such code belongs into
/// [`spawn_blocking`](crate::task::spawn_blocking) or
/// [`block_in_place`](crate::task::block_in_place).
///
/// See [`Builder::on_stuck_poll`](crate::runtime::Builder::on_stuck_poll).
pub struct StuckPoll {
    task: TaskRef,
    worker: usize,
    duration: Duration,
}

impl StuckPoll {
    pub(super) fn new(task: TaskRef, worker: usize, duration: Duration) -> Self {
        Self { task, worker, duration }
    }

    /// The task that is being polled.
    #[must_use]
    pub fn task_id(&self) -> Id {
        self.task.id()
    }

    /// The task's name, if it was given one.
    #[must_use]
    pub fn task_name(&self) -> Option<&str> {
        self.task.name()
    }

    /// The task that spawned it, which may be one of another runtime; `None` if no task did.
    #[must_use]
    pub fn parent(&self) -> Option<Id> {
        self.task.parent()
    }

    /// Where the task was spawned.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.task.location()
    }

    /// The worker that polls it. Numbers from
    /// [`num_workers`](crate::runtime::RuntimeMetrics::num_workers) on are those of stand-ins.
    #[must_use]
    pub fn worker(&self) -> usize {
        self.worker
    }

    /// How long the poll has lasted, at least.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }
}

/// The warning that is given if no hook is set.
impl fmt::Display for StuckPoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.task_id())?;
        if let Some(name) = self.task_name() {
            write!(f, " {name:?}")?;
        }
        write!(
            f,
            ", spawned at {}, has held worker {} in one poll for {} ms and still does: it computes or \
             blocks, which belongs into `spawn_blocking` or `block_in_place`",
            self.spawned_at(),
            self.worker,
            self.duration.as_millis()
        )
    }
}

impl fmt::Debug for StuckPoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StuckPoll")
            .field("task", &self.task)
            .field("worker", &self.worker)
            .field("duration", &self.duration)
            .finish()
    }
}
