//! The methods of `JoinSet` that name a runtime: they need a handle, which is above the set.

use super::Handle;
use crate::front::join_set::JoinSet;
use crate::tasks::AbortHandle;
use std::future::Future;

impl<T: 'static> JoinSet<T> {
    /// Spawns a task on the runtime of `handle` and adds it to the set.
    #[track_caller]
    pub fn spawn_on<F>(&mut self, task: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn(task))
    }

    /// Runs a closure on the blocking pool of `handle`'s runtime and adds it to the set. It can be
    /// aborted only until it begins.
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, f: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn_blocking(f))
    }
}
