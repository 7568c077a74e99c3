//! What one worker owns and nobody else touches. It moves to another thread as a whole.

use super::outlook::Outlook;
use crate::tasks::{Id, Runnable, Usher};
use crate::util::Rng;
use sheave_facade::deque::{Stealer, Worker};
use sheave_facade::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::cell::Cell;

/// Ids that a worker reserves at a time.
const ID_BLOCK: u64 = 4096;

/// See the [module documentation](self).
pub(super) struct Core {
    /// The local queue. Only this end pushes (W4); the thieves' ends are in `Remote`.
    pub(super) queue: Worker<Runnable>,
    /// Counts polls; never reset, so that no source of work can put off the others.
    pub(super) tick: Cell<u32>,
    /// Whether this worker is counted as a searcher.
    pub(super) searching: Cell<bool>,
    pub(super) rng: Rng,
    pub(super) outlook: Outlook,
    /// Registers what this worker spawns.
    pub(super) usher: Usher,
    next_id: Cell<u64>,
    last_id: Cell<u64>,
}

impl Core {
    pub(super) fn new(seed: u64, event_interval: u32, usher: Usher) -> Self {
        Self {
            queue: Worker::new_fifo(),
            tick: Cell::new(0),
            searching: Cell::new(false),
            rng: Rng::new(seed),
            outlook: Outlook::new(event_interval),
            usher,
            next_id: Cell::new(1),
            last_id: Cell::new(0),
        }
    }

    pub(super) fn stealer(&self) -> Stealer<Runnable> {
        self.queue.stealer()
    }

    /// A fresh id from this worker's range.
    pub(super) fn next_id(&self, ids: &IdSource) -> Id {
        if self.next_id.get() > self.last_id.get() {
            let first = ids.reserve(ID_BLOCK);
            self.next_id.set(first);
            self.last_id.set(first + ID_BLOCK - 1);
        }
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        Id::from_u64(id)
    }
}

/// Hands out ranges of task ids, unique within a runtime.
pub(super) struct IdSource(AtomicU64);

impl IdSource {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(1))
    }

    /// One id, for threads that own no range.
    pub(super) fn next(&self) -> Id {
        Id::from_u64(self.reserve(1))
    }

    fn reserve(&self, count: u64) -> u64 {
        // ORDERING: Relaxed; only uniqueness is asked for, which the RMW gives.
        self.0.fetch_add(count, Relaxed)
    }
}
