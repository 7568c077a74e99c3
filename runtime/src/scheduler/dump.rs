//! What every task does at the moment, seen from outside and without stopping anybody.
//!
//! The registry shows each task, whose words are read one after the other while the workers go on: a
//! task may have moved on between two looks. Which one is running the workers say, who note each poll
//! for the monitor, and the sets of local tasks.

use super::Shared;
use super::context::with_worker;
use crate::tasks::{Id, TaskRef, current_id};
use crate::timers::Clock;
use crate::util::waits::Note;
use sheave_facade::time::Instant;
use std::panic::Location;

/// What one task does.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: Id,
    pub(crate) parent: Option<Id>,
    pub(crate) name: Option<Box<str>>,
    pub(crate) location: &'static Location<'static>,
    pub(crate) is_aborted: bool,
    pub(crate) doing: Doing,
}

/// What a task, or the root of a `block_on`, does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doing {
    pub(crate) activity: Activity,
    /// When its last poll began.
    pub(crate) polled: Option<Instant>,
    /// What it waits for, if it does.
    pub(crate) note: Note,
}

/// Where the Runnable of a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    /// Being run, by this worker if by one.
    Running(Option<usize>),
    /// In a queue.
    Queued,
    /// Nowhere.
    Waiting,
}

/// Who runs what.
struct Runners {
    workers: Vec<(Id, usize)>,
    in_place: Vec<Id>,
}

impl Runners {
    fn of(shared: &Shared) -> Self {
        let polls = shared.in_use().iter().enumerate();
        let workers = polls.filter_map(|(index, remote)| Some((remote.task_in_poll()?, index)));
        Self { workers: workers.collect(), in_place: shared.in_place.lock().clone() }
    }

    fn activity(&self, task: Id, is_due: bool) -> Activity {
        if !is_due {
            return Activity::Waiting;
        }
        if self.in_place.contains(&task) {
            return Activity::Running(None);
        }
        match self.workers.iter().find(|(id, _)| *id == task) {
            Some((_, worker)) => Activity::Running(Some(*worker)),
            None => Activity::Queued,
        }
    }
}

impl Row {
    /// `None` of a task that has completed.
    fn of(task: &TaskRef, activity: impl FnOnce(bool) -> Activity) -> Option<Self> {
        let sight = task.sight();
        let (polled, note) = task.trace();
        let activity = activity(sight.is_due);
        (!sight.is_complete).then(|| Self {
            id: task.id(),
            parent: task.parent(),
            name: task.name().map(Into::into),
            location: task.location(),
            is_aborted: sight.is_cancelled,
            doing: Doing { activity, polled: polled.map(Clock::at), note },
        })
    }
}

/// While this lives, dumps find the task of this thread in the list of those that run without a worker.
pub(super) struct InPlace(Option<Id>);

impl InPlace {
    pub(super) fn begin() -> Self {
        let task = current_id();
        with_worker(|worker| worker.map(|worker| worker.shared.in_place.lock().extend(task)));
        Self(task)
    }
}

impl Drop for InPlace {
    fn drop(&mut self) {
        with_worker(|worker| {
            let Some(worker) = worker else { return };
            let mut in_place = worker.shared.in_place.lock();
            // One of them: the calls may be nested.
            let own = in_place.iter().position(|task| Some(*task) == self.0);
            own.map(|own| in_place.swap_remove(own));
        });
    }
}

impl Shared {
    /// A row for each task that has not completed, local ones included, in no order.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let runners = Runners::of(self);
        let mut rows = Vec::new();
        self.registry.for_each(|task| {
            rows.extend(Row::of(&task, |is_due| runners.activity(task.id(), is_due)));
        });
        for set in self.local_sets() {
            set.for_each(|task, is_polled| {
                rows.extend(Row::of(&task, |is_due| match (is_due, is_polled) {
                    (false, _) => Activity::Waiting,
                    (true, true) => Activity::Running(None),
                    (true, false) => Activity::Queued,
                }));
            });
        }
        rows
    }
}
