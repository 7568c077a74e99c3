//! What a runtime is built with.

use super::{PanicHook, StuckPoll, UnhandledPanic};
use crate::util::contain::contain;
use sheave_facade::sync::Arc;
use std::time::Duration;

/// User code that runs on a thread of the runtime.
pub(crate) type Hook = Arc<dyn Fn() + Send + Sync>;
/// Names the next thread.
pub(crate) type NameFn = Arc<dyn Fn() -> String + Send + Sync>;

/// Hears of a poll that is stuck.
pub(crate) type StuckHook = Arc<dyn Fn(&StuckPoll) + Send + Sync>;

/// Who runs the tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flavor {
    /// The thread that calls `block_on`.
    CurrentThread,
    /// Worker threads that steal from each other.
    MultiThread,
}

/// Settings of a runtime, checked by the builder.
#[derive(Clone)]
pub(crate) struct Config {
    /// For users only.
    pub(crate) name: Option<String>,
    pub(crate) flavor: Flavor,
    pub(crate) workers: usize,
    pub(crate) reactors: usize,
    /// The registry's rosters for tasks that are spawned outside the workers.
    pub(crate) outside_rosters: usize,
    pub(crate) use_slot: bool,
    pub(crate) event_interval: u32,
    pub(crate) start_paused: bool,
    pub(crate) thread_name: NameFn,
    pub(crate) stack_size: Option<usize>,
    pub(crate) max_blocking_threads: usize,
    /// How many closures may wait for one of these.
    pub(crate) blocking_queue_limit: Option<usize>,
    pub(crate) keep_alive: Duration,
    /// A poll that lasts longer is stuck.
    pub(crate) stuck_threshold: Duration,
    /// At most so many spare workers run while all are stuck.
    pub(crate) max_stand_ins: usize,
    pub(crate) on_stuck_poll: Option<StuckHook>,
    /// Whether every poll is measured, for the histogram.
    pub(crate) measures_polls: bool,
    /// Whether every slow poll is told, and not only some.
    pub(crate) debug: bool,
    /// A poll that lasts longer is worth a warning.
    pub(crate) slow_poll_threshold: Duration,
    pub(crate) unhandled_panic: UnhandledPanic,
    /// The first; it can be replaced while the runtime runs.
    pub(crate) on_unhandled_panic: Option<PanicHook>,
    pub(crate) hooks: Hooks,
}

/// The user's hooks.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) on_thread_start: Option<Hook>,
    pub(crate) on_thread_stop: Option<Hook>,
    pub(crate) on_thread_park: Option<Hook>,
    pub(crate) on_thread_unpark: Option<Hook>,
}

impl Hooks {
    pub(super) fn start(&self) {
        call(self.on_thread_start.as_ref());
    }

    pub(super) fn stop(&self) {
        call(self.on_thread_stop.as_ref());
    }

    pub(super) fn park(&self) {
        call(self.on_thread_park.as_ref());
    }

    pub(super) fn unpark(&self) {
        call(self.on_thread_unpark.as_ref());
    }
}

/// A hook that panics has been reported by the panic hook; its thread goes on (T13).
fn call(hook: Option<&Hook>) {
    if let Some(hook) = hook {
        contain(|| hook());
    }
}
