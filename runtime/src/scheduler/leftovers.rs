//! What a shutdown has not seen to its end.

use super::Shared;
use crate::tasks::Id;
use sheave_blocking_pool::LeftJob as PoolJob;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// A task that has not ended, although its runtime has aborted it.
#[derive(Clone, Debug)]
pub struct LeftTask {
    id: Id,
    name: Option<Box<str>>,
    spawned_at: &'static Location<'static>,
    worker: Option<usize>,
}

impl LeftTask {
    /// The task's id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.id
    }

    /// The task's name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where the task was spawned.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// The worker that the task holds up: its poll does not return, or the drop of its future does
    /// not. `None` if the task waits for a worker, because others hold up all of them.
    #[must_use]
    pub fn worker(&self) -> Option<usize> {
        self.worker
    }
}

impl fmt::Display for LeftTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        write!(f, ", spawned at {}, ", self.spawned_at)?;
        match self.worker {
            Some(worker) => write!(f, "is in a poll or a drop on worker {worker}"),
            None => write!(f, "waits for a worker to drop it"),
        }
    }
}

/// A closure on the blocking pool that was not run to its end.
#[derive(Clone, Debug)]
pub struct LeftJob(PoolJob);

impl LeftJob {
    /// Its name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.origin.name.as_deref()
    }

    /// Where [`spawn_blocking`](crate::task::spawn_blocking()), [`to_thread`](crate::to_thread()) or
    /// [`run_in_executor`](crate::concurrent::run_in_executor()) was called; unknown of a [`Job`](crate::concurrent::Job)
    /// that does not say so.
    #[must_use]
    pub fn spawned_at(&self) -> Option<&'static Location<'static>> {
        self.0.origin.submitted_at
    }

    /// How long before the report it was spawned.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.0.age
    }

    /// Whether it runs, and goes on by itself. If not, it was in the queue and was dropped uncalled.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.0.is_running
    }
}

impl fmt::Display for LeftJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blocking job")?;
        if let Some(name) = self.name() {
            write!(f, " {name:?}")?;
        }
        if let Some(place) = self.spawned_at() {
            write!(f, ", spawned at {place}")?;
        }
        let state = if self.is_running() { "still runs" } else { "was dropped uncalled" };
        write!(f, " {:?} ago, {state}", self.age())
    }
}

/// How a shutdown went, and what it has left behind.
///
/// Printed, it gives one line for each thing that is left.
#[derive(Clone, Debug, Default)]
#[must_use = "the report says whether anything was left behind"]
pub struct ShutdownReport {
    pub(super) aborted: usize,
    pub(super) tasks: Vec<LeftTask>,
    pub(super) jobs: Vec<LeftJob>,
    pub(super) threads: usize,
}

impl ShutdownReport {
    /// Whether nothing of the runtime is left: no task, no job that runs, no thread. Jobs that were
    /// dropped from the queue are not left.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.tasks.is_empty() && self.threads == 0 && !self.jobs.iter().any(LeftJob::is_running)
    }

    /// How many tasks had not ended by themselves when time to drain was up, and were aborted.
    #[must_use]
    pub fn aborted(&self) -> usize {
        self.aborted
    }

    /// The tasks that have not ended.
    #[must_use]
    pub fn tasks(&self) -> &[LeftTask] {
        &self.tasks
    }

    /// The closures on the blocking pool that were dropped from its queue, and those that still run.
    #[must_use]
    pub fn jobs(&self) -> &[LeftJob] {
        &self.jobs
    }

    /// How many threads of the runtime have not ended. They do so when what they run returns.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_complete() { "complete" } else { "incomplete" };
        write!(f, "shutdown {state}: {} tasks aborted, ", self.aborted)?;
        let running = self.jobs.iter().filter(|job| job.is_running()).count();
        write!(f, "{} tasks, {running} blocking jobs and ", self.tasks.len())?;
        write!(f, "{} threads left", self.threads)?;
        self.tasks.iter().try_for_each(|task| write!(f, "\n  {task}"))?;
        self.jobs.iter().try_for_each(|job| write!(f, "\n  {job}"))
    }
}

impl Shared {
    /// The tasks that have not ended.
    pub(super) fn left_tasks(&self) -> Vec<LeftTask> {
        let mut left = Vec::new();
        self.registry.for_each(|task| {
            let holds = |worker: &usize| self.remotes[*worker].task_in_poll() == Some(task.id());
            left.push(LeftTask {
                id: task.id(),
                name: task.name().map(Into::into),
                spawned_at: task.location(),
                worker: (0..self.remotes.len()).find(holds),
            });
        });
        left
    }

    /// The pool's part of a report.
    pub(super) fn left_jobs(report: Vec<PoolJob>) -> Vec<LeftJob> {
        report.into_iter().map(LeftJob).collect()
    }
}
