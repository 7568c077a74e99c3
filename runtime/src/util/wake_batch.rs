//! Collects wakers under a lock, to be woken after it is released (W10).

use super::contain::contain;
use std::task::Waker;

/// How many wakers are collected before the lock is released in between.
const CAPACITY: usize = 32;

/// A bounded batch of wakers. Dropping it wakes what is left, so a panic loses no wake.
pub(crate) struct WakeBatch {
    wakers: [Option<Waker>; CAPACITY],
    len: usize,
}

impl WakeBatch {
    pub(crate) const fn new() -> Self {
        Self { wakers: [const { None }; CAPACITY], len: 0 }
    }

    /// Whether another waker fits. If not: release the lock, [`wake_all`](Self::wake_all), lock again.
    pub(crate) fn has_room(&self) -> bool {
        self.len < CAPACITY
    }

    /// How many wakers wait in the batch.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds a waker.
    ///
    /// # Panics
    /// If the batch is full.
    pub(crate) fn push(&mut self, waker: Waker) {
        self.wakers[self.len] = Some(waker);
        self.len += 1;
    }

    /// Wakes all, in the order of their arrival. Must be called without any lock held.
    pub(crate) fn wake_all(&mut self) {
        let count = std::mem::take(&mut self.len);
        for waker in &mut self.wakers[..count] {
            if let Some(waker) = waker.take() {
                // A waker is user code. One that panics must not cost the others their wake (T13).
                contain(|| waker.wake());
            }
        }
    }
}

impl Drop for WakeBatch {
    fn drop(&mut self) {
        self.len = CAPACITY;
        self.wake_all();
    }
}
