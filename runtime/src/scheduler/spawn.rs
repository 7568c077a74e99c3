//! How a future becomes a task of this runtime.

use super::Shared;
use super::context::{self, Driving, Worker};
use super::core::Core;
use super::observe::{Event, Lane};
use super::schedule::Home;
use crate::coop;
use crate::tasks::{Id, JoinHandle, Runnable, Spec, Stopped, TaskRef, as_current, new_task};
use crate::util::waits;
use sheave_facade::sync::Arc;
use std::future::Future;

impl Shared {
    /// Spawns a task. After the runtime has closed, the future is dropped without a poll and the
    /// handle reports a cancelled task.
    pub(crate) fn spawn<F>(self: &Arc<Self>, future: F, spec: Spec) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (handle, refused) = self.with_own_worker(|own| {
            let id = self.id_for(own);
            let (task, runnable, handle) = new_task(future, Home::new(self), id, spec);
            let refused = match own {
                Some((worker, core)) => self.start_here(worker, core, task, runnable),
                None => self.start_outside(task, runnable),
            };
            (handle, refused)
        });
        if let Some(runnable) = refused {
            runnable.stop(Stopped::TooLate);
        }
        handle
    }

    /// Spawns a task and polls it once, here and now, if this thread drives futures; otherwise as
    /// [`spawn`](Self::spawn). A task that is ready at once was in no queue.
    pub(crate) fn spawn_eager<F>(self: &Arc<Self>, future: F, spec: Spec) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if !Driving::is_on() {
            return self.spawn(future, spec);
        }
        let (handle, runnable, is_bound) = self.with_own_worker(|own| {
            let id = self.id_for(own);
            let (task, runnable, handle) = new_task(future, Home::new(self), id, spec);
            let is_bound = match own {
                Some((worker, core)) => self.bind_here(worker, core, task),
                None => self.bind_outside(task),
            };
            (handle, runnable, is_bound)
        });
        if is_bound {
            runnable.begin_poll(self.clock.nanos(self.clock.now()).max(1));
            poll_eagerly(runnable);
        } else {
            runnable.stop(Stopped::TooLate);
        }
        handle
    }

    /// Registers and queues a task of this worker's. Gives it back if the registry is closed.
    fn start_here(
        &self,
        worker: &Worker,
        core: &Core,
        task: TaskRef,
        runnable: Runnable,
    ) -> Option<Runnable> {
        if !self.bind_here(worker, core, task) {
            return Some(runnable);
        }
        worker.push_woken(core, runnable);
        None
    }

    /// Registers and queues a task of a thread that is no worker of this runtime.
    fn start_outside(&self, task: TaskRef, runnable: Runnable) -> Option<Runnable> {
        if !self.bind_outside(task) {
            return Some(runnable);
        }
        self.observation.tell(Lane::Outside, Event::Queues(&runnable));
        self.inject(runnable);
        None
    }

    /// Registers a task of this worker's. Returns `false` if the registry is closed.
    fn bind_here(&self, worker: &Worker, core: &Core, task: TaskRef) -> bool {
        let is_bound = self.registry.bind(&core.usher, task).is_ok();
        if is_bound {
            worker.remote().metrics.spawns.add(1);
        }
        is_bound
    }

    /// Registers a task of a thread that is no worker of this runtime, as `bind_here`.
    fn bind_outside(&self, task: TaskRef) -> bool {
        let spread = task.id().as_u64() as usize;
        self.registry.bind_outside(spread, task).is_ok()
    }

    /// An id for work that is not registered, such as a blocking job.
    pub(crate) fn next_id(self: &Arc<Self>) -> Id {
        self.with_own_worker(|own| self.id_for(own))
    }

    fn id_for(&self, own: Option<(&Worker, &Core)>) -> Id {
        match own {
            Some((_, core)) => core.next_id(&self.ids),
            None => self.ids.next(),
        }
    }

    /// Calls `f` with the worker of this thread, if it is one of this runtime and has not been
    /// handed on.
    fn with_own_worker<R>(self: &Arc<Self>, f: impl FnOnce(Option<(&Worker, &Core)>) -> R) -> R {
        context::with_worker(|worker| {
            let Some(worker) = worker.filter(|worker| Arc::ptr_eq(&worker.shared, self)) else {
                return f(None);
            };
            let core = worker.core.borrow();
            f(core.as_deref().map(|core| (worker, core)))
        })
    }
}

/// Polls a new task inside the poll of its spawner: on a budget of its own, and what it waits for is
/// not what the spawner waits for. Never unwinds.
pub(super) fn poll_eagerly(task: Runnable) {
    waits::unnoted(|| coop::with_budget(|| as_current(task, Runnable::run)));
}
