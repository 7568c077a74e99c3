//! Which tasks are there, and which of them is polled.

use super::Shared;
use super::context::with_worker;
use crate::tasks::{Id, TaskRef};
use sheave_facade::sync::Arc;

impl Shared {
    /// All tasks that have not ended, by a look at every seat: nobody is stopped meanwhile. One that
    /// ends during the look may be among them.
    pub(crate) fn all_tasks(&self) -> Vec<TaskRef> {
        let mut tasks = Vec::new();
        self.registry.for_each(|task| tasks.push(task));
        tasks
    }

    /// Whether a worker on another thread polls the task, or did so last.
    pub(crate) fn is_polled_elsewhere(self: &Arc<Self>, task: Id) -> bool {
        let own = with_worker(|worker| {
            worker.filter(|worker| Arc::ptr_eq(&worker.shared, self)).map(|worker| worker.index)
        });
        let mut others = self.remotes.iter().enumerate().filter(|(index, _)| Some(*index) != own);
        others.any(|(_, remote)| remote.task_in_poll() == Some(task))
    }
}
