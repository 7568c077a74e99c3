//! Waiting, on an ordinary thread, until so many tasks are through.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Longer than any row takes: who is not through by then hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The side of the tasks. It lives for ever, so that tasks share it without counting references:
/// what a row measures is the runtime and not an `Arc`.
pub(crate) struct Latch {
    left: AtomicUsize,
    last: SyncSender<()>,
}

/// The side of the thread that waits.
pub(crate) struct Waiter(Receiver<()>);

impl Latch {
    /// A latch that opens at the `count`th `hit`.
    pub(crate) fn new(count: usize) -> (&'static Self, Waiter) {
        let (last, waiter) = sync_channel(1);
        (Box::leak(Box::new(Self { left: AtomicUsize::new(count), last })), Waiter(waiter))
    }

    /// One task is through.
    pub(crate) fn hit(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.last.send(()).expect("the waiter waits for the last hit");
        }
    }
}

impl Waiter {
    /// Waits until all are through.
    ///
    /// # Panics
    /// After [`PATIENCE`]: a task was lost.
    pub(crate) fn wait(self) {
        self.0.recv_timeout(PATIENCE).expect("a task was lost: the row is not through in 60 s");
    }
}
