//! A task announces that it blocks: its worker goes on without it.

use super::context::{self, Driving, Worker};
use super::worker;

/// Runs `f` on this thread while the worker of this thread, if any, goes on elsewhere.
///
/// # Panics
/// On a current-thread runtime, whose tasks have nowhere else to go.
#[track_caller]
pub(crate) fn block_in_place<R>(f: impl FnOnce() -> R) -> R {
    let on_worker = context::with_worker(|worker| {
        let worker = worker?;
        assert!(
            !worker.shared.is_current_thread(),
            "`block_in_place` needs the multi-thread flavour: on a current-thread runtime the other \
             tasks have nowhere else to run. Use `task::spawn_blocking`"
        );
        worker.hand_on().then_some(())
    });
    let _blocking = Driving::suspend();
    let output = f();
    if on_worker.is_some() {
        context::with_worker(|worker| worker.map(Worker::take_back));
    }
    output
}

impl Worker {
    /// Offers this worker to another thread. Returns whether there was one to offer: a nested call
    /// finds it gone.
    fn hand_on(&self) -> bool {
        // Borrowed means that a custom waker calls us from within a turn: then there is no poll
        // whose worker could go on.
        let Some(core) = self.core.try_borrow_mut().ok().and_then(|mut core| core.take()) else {
            return false;
        };
        *self.remote().vacant.lock() = Some(core);
        let (shared, index) = (self.shared.clone(), self.index);
        if !self.shared.blocking.run_worker(move || worker::run(shared, index)) {
            // No thread is to be had. The task blocks its worker, as it would have without us.
            self.take_back();
        }
        true
    }

    /// Takes the worker back if nobody has begun to run it. Otherwise this thread finishes its
    /// poll without it, and leaves.
    fn take_back(&self) {
        *self.core.borrow_mut() = self.remote().vacant.lock().take();
    }
}
