//! What `run_in_executor(None, …)` uses, and how it is shut down: asyncio's default executor.
//!
//! | from         | call             | to     | and                  |
//! |--------------|------------------|--------|----------------------|
//! | Open         | `enter`          | Open   | one more job         |
//! | Open         | `leave`          | Open   | one job less         |
//! | Open         | `close`, no jobs | Over   | announced            |
//! | Open         | `close`          | Closed |                      |
//! | Closed       | `leave`          | Closed | one job less         |
//! | Closed       | `leave`, the last one | Over | announced         |
//! | Closed, Over | `enter`          | same   | refused              |
//!
//! It is no pool: by default its jobs go to that of the runtime, where others have jobs, too. So it has a
//! gate of its own, and counts.

use super::announcement::Announcement;
use sheave_blocking_pool::Executor;
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, Mutex};
use std::mem;

/// See the [module documentation](self).
#[derive(Default)]
pub(crate) struct DefaultExecutor {
    state: Mutex<State>,
    /// It is closed, and its last job has ended.
    pub(crate) over: Announcement,
}

#[derive(Default)]
struct State {
    /// `None`: the blocking pool.
    chosen: Option<Arc<dyn Executor>>,
    /// Those that have not ended.
    jobs: usize,
    is_closed: bool,
}

impl DefaultExecutor {
    /// Chooses an executor.
    pub(crate) fn choose(&self, executor: Option<Arc<dyn Executor>>) {
        let former = mem::replace(&mut self.state.lock().chosen, executor);
        // An executor is user code (W10).
        drop(former);
    }

    /// Who runs the jobs; `None` is the blocking pool.
    pub(super) fn chosen(&self) -> Option<Arc<dyn Executor>> {
        self.state.lock().chosen.clone()
    }

    /// A job is about to be submitted. `false` if none is taken any more.
    pub(super) fn enter(&self) -> bool {
        let mut state = self.state.lock();
        if state.is_closed && !seeded::on("default_executor_enters_closed") {
            return false;
        }
        state.jobs += 1;
        true
    }

    /// A job that has entered has ended.
    pub(super) fn leave(&self) {
        let is_over = {
            let mut state = self.state.lock();
            state.jobs -= 1;
            state.is_closed && state.jobs == 0 && !seeded::on("default_executor_leaves_unseen")
        };
        if is_over {
            self.over.make();
        }
    }

    /// Takes no more jobs.
    pub(crate) fn close(&self) {
        let is_over = {
            let mut state = self.state.lock();
            state.is_closed = true;
            state.jobs == 0
        };
        if is_over {
            self.over.make();
        }
    }
}

#[cfg(all(test, loom))]
mod loom;
