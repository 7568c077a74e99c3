//! How a future becomes a task of this runtime.

use super::Shared;
use super::context;
use super::schedule::Home;
use crate::tasks::{JoinHandle, Meta, Schedule, Wakeup, new_task};
use sheave_facade::sync::Arc;
use std::future::Future;
use std::panic::Location;

impl Shared {
    /// Spawns a task. After the runtime has closed, the future is dropped at once and the handle
    /// reports a cancelled task.
    pub(crate) fn spawn<F>(
        self: &Arc<Self>,
        future: F,
        name: Option<Box<str>>,
        location: &'static Location<'static>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (id, shard) = self.identify();
        let meta = Meta { id, location, name, shard: shard as u32 };
        let home = Home::new(self);
        let (task, runnable, handle) = new_task(future, Home::new(self), meta);
        match self.registry.bind(shard as u32, task) {
            Ok(()) => home.schedule(runnable, Wakeup::Woken),
            Err(_closed) => runnable.shutdown(),
        }
        handle
    }

    /// An id and a registry shard for a task that is spawned by this thread.
    fn identify(self: &Arc<Self>) -> (crate::tasks::Id, usize) {
        let from_worker = context::with_worker(|worker| {
            let worker = worker.filter(|worker| Arc::ptr_eq(&worker.shared, self))?;
            let core = worker.core.borrow();
            let id = core.as_deref()?.next_id(&self.ids);
            worker.remote().metrics.spawns.add(1);
            Some((id, Some(worker.index)))
        });
        let (id, spawner) = from_worker.unwrap_or_else(|| (self.ids.next(), None));
        (id, self.shard_of(spawner, id))
    }

    /// An id for work that is not registered, such as a blocking job.
    pub(crate) fn next_id(self: &Arc<Self>) -> crate::tasks::Id {
        self.identify().0
    }
}
