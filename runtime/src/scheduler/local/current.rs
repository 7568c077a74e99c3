//! Which local set `spawn_local` means on this thread.

use super::LocalTasks;
use sheave_facade::sync::Arc;
use std::cell::Cell;
use std::marker::PhantomData;
use std::mem;

sheave_facade::thread_local! {
    /// The tasks of the set that was entered last. Only the owner of a set enters it.
    static CURRENT: Cell<Option<Arc<LocalTasks>>> = Cell::new(None);
}

/// Makes `tasks` the current ones, or none, and returns the former. On a thread that is ending there
/// are no current ones.
fn replace(tasks: Option<Arc<LocalTasks>>) -> Option<Arc<LocalTasks>> {
    CURRENT.try_with(|current| current.replace(tasks)).unwrap_or(None)
}

/// The tasks of the set that this thread is in.
pub(crate) fn current() -> Option<Arc<LocalTasks>> {
    let tasks = replace(None);
    replace(tasks.clone());
    tasks
}

/// Runs `body` inside the set, whatever guards it leaves behind.
pub(super) fn within<R>(tasks: &Arc<LocalTasks>, body: impl FnOnce() -> R) -> R {
    struct Restore(Option<Arc<LocalTasks>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            replace(self.0.take());
        }
    }
    let _restore = Restore(replace(Some(tasks.clone())));
    body()
}

/// The set is entered on this thread as long as this guard lives.
pub(crate) struct EnteredLocal {
    tasks: Arc<LocalTasks>,
    former: Option<Arc<LocalTasks>>,
    /// The guard belongs to the thread that made it.
    _not_send: PhantomData<*mut ()>,
}

impl EnteredLocal {
    /// Enters the set on its own thread.
    pub(crate) fn new(tasks: &Arc<LocalTasks>) -> Self {
        let former = replace(Some(tasks.clone()));
        Self { tasks: tasks.clone(), former, _not_send: PhantomData }
    }
}

impl Drop for EnteredLocal {
    fn drop(&mut self) {
        let innermost = replace(None);
        if innermost.as_ref().is_some_and(|tasks| Arc::ptr_eq(tasks, &self.tasks)) {
            replace(mem::take(&mut self.former));
            return;
        }
        replace(innermost);
        if !std::thread::panicking() {
            panic!(
                "`LocalEnterGuard`s dropped out of order: drop the guard that was made last first, \
                 and hold none across an `.await`"
            );
        }
    }
}
