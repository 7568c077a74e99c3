//! What dumps see of local tasks.
//!
//! A set enters the list of the runtime whose thread drives it, and is found there for as long as it
//! lives. A dump reads what is in the tasks besides their futures, which stay on their thread.

use super::LocalTasks;
use crate::scheduler::{Shared, with_runtime};
use crate::tasks::TaskRef;
use sheave_facade::sync::atomic::Ordering::Relaxed;
use sheave_facade::sync::{Arc, Weak};

impl LocalTasks {
    /// For the driver: the runtime of this thread shows the tasks from now on. Returns the present in
    /// nanoseconds since the origin of the clock, or 0 if no runtime will ask.
    pub(super) fn show(self: &Arc<Self>) -> u64 {
        with_runtime(|shared| {
            let Some(shared) = shared else { return 0 };
            let is_shown = self.owned.with(|owned| owned.shown_by.as_ptr() == Arc::as_ptr(shared));
            if !is_shown {
                shared.show_local(self);
                let former = self
                    .owned
                    .with(|owned| std::mem::replace(&mut owned.shown_by, Arc::downgrade(shared)));
                drop(former);
            }
            shared.clock.nanos(shared.clock.now()).max(1)
        })
    }

    /// Shows each task, and whether it is being polled.
    pub(in crate::scheduler) fn for_each(&self, mut look: impl FnMut(TaskRef, bool)) {
        // ORDERING: Relaxed; a hint.
        let polled = self.polled.load(Relaxed);
        self.registry.for_each(|task| {
            let is_polled = task.id().as_u64() == polled;
            look(task, is_polled);
        });
    }
}

impl Shared {
    fn show_local(&self, tasks: &Arc<LocalTasks>) {
        let mut sets = self.local_sets.lock();
        sets.retain(|set| set.strong_count() > 0 && set.as_ptr() != Arc::as_ptr(tasks));
        sets.push(Arc::downgrade(tasks));
    }

    /// Those sets of local tasks that threads of this runtime drive or have driven.
    pub(in crate::scheduler) fn local_sets(&self) -> Vec<Arc<LocalTasks>> {
        self.local_sets.lock().iter().filter_map(Weak::upgrade).collect()
    }
}
