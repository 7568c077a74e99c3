//! crossbeam-deque's API over a mutex, with emptiness published as weakly as the original does.
//!
//! The data sits under a lock, but a *look* (`is_empty`, and the look that each steal begins with)
//! reads a separate length by `Acquire` that was stored by `Release`: a protocol that needs more
//! must bring its own fence, and a model without that fence fails. Large models may ask for the
//! strong form ([`strong`]), which looks under the lock: 12–38 times fewer executions, blind to a
//! missing fence. A steal blocks on the lock instead of answering `Retry`: two thieves that spin on
//! `Retry` could starve the lock's holder for ever in loom.

use super::sync::atomic::{AtomicUsize, Ordering::*};
use super::sync::{Arc, Mutex};
use std::cell::Cell;
use std::collections::VecDeque;

std::thread_local! {
    static STRONG: Cell<bool> = const { Cell::new(false) };
}

/// Makes the queues that this model creates from now on look under their lock.
pub fn strong() {
    STRONG.set(true);
}

/// The outcome of a steal.
#[derive(Debug, PartialEq, Eq)]
pub enum Steal<T> {
    /// There was nothing.
    Empty,
    /// One item.
    Success(T),
    /// A race was lost; never returned by this stand-in.
    Retry,
}

impl<T> Steal<T> {
    /// The item, if there is one.
    pub fn success(self) -> Option<T> {
        match self {
            Steal::Success(item) => Some(item),
            Steal::Empty | Steal::Retry => None,
        }
    }
}

#[derive(Debug)]
struct Queue<T> {
    published_len: Option<AtomicUsize>,
    items: Mutex<VecDeque<T>>,
}

impl<T> Queue<T> {
    fn new() -> Self {
        let published_len = (!STRONG.get()).then(|| AtomicUsize::new(0));
        Self { published_len, items: Mutex::new(VecDeque::new()) }
    }

    fn publish(&self, items: &VecDeque<T>) {
        if let Some(len) = &self.published_len {
            len.store(items.len(), Release);
        }
    }

    fn len(&self) -> usize {
        match &self.published_len {
            Some(len) => len.load(Acquire),
            None => self.items.lock().len(),
        }
    }

    fn push(&self, item: T) {
        let mut items = self.items.lock();
        items.push_back(item);
        self.publish(&items);
    }

    fn take(&self, at_most: impl FnOnce(usize) -> usize) -> VecDeque<T> {
        if self.len() == 0 {
            return VecDeque::new();
        }
        let mut items = self.items.lock();
        let count = at_most(items.len()).min(items.len());
        let taken = items.drain(..count).collect();
        self.publish(&items);
        taken
    }

    fn steal_into(&self, dest: &Worker<T>, limit: usize) -> Steal<T> {
        let mut taken = self.take(|len| len.div_ceil(2).min(limit));
        let Some(first) = taken.pop_front() else { return Steal::Empty };
        for item in taken {
            dest.push(item);
        }
        Steal::Success(first)
    }
}

/// The owner's end of a FIFO deque.
#[derive(Debug)]
pub struct Worker<T>(Arc<Queue<T>>);

impl<T> Worker<T> {
    /// An empty first-in first-out deque.
    #[must_use]
    pub fn new_fifo() -> Self {
        Self(Arc::new(Queue::new()))
    }

    /// A thief's end.
    #[must_use]
    pub fn stealer(&self) -> Stealer<T> {
        Stealer(self.0.clone())
    }

    /// Puts an item at the back.
    pub fn push(&self, item: T) {
        self.0.push(item);
    }

    /// Takes the item at the front.
    #[must_use]
    pub fn pop(&self) -> Option<T> {
        self.0.take(|_| 1).pop_front()
    }

    /// Whether the deque looks empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// How many items the deque seems to hold.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// A thief's end of a deque.
#[derive(Debug)]
pub struct Stealer<T>(Arc<Queue<T>>);

impl<T> Clone for Stealer<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Stealer<T> {
    /// Takes one item from the front.
    #[must_use]
    pub fn steal(&self) -> Steal<T> {
        self.0.take(|_| 1).pop_front().map_or(Steal::Empty, Steal::Success)
    }

    /// Moves about half to `dest` and returns the first.
    pub fn steal_batch_and_pop(&self, dest: &Worker<T>) -> Steal<T> {
        self.0.steal_into(dest, usize::MAX)
    }

    /// Whether the deque looks empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// How many items the deque seems to hold.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// A queue that anyone may push to and steal from.
#[derive(Debug)]
pub struct Injector<T>(Queue<T>);

impl<T> Default for Injector<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Injector<T> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self(Queue::new())
    }

    /// Puts an item at the back.
    pub fn push(&self, item: T) {
        self.0.push(item);
    }

    /// Takes one item from the front.
    #[must_use]
    pub fn steal(&self) -> Steal<T> {
        self.0.take(|_| 1).pop_front().map_or(Steal::Empty, Steal::Success)
    }

    /// Moves up to `limit` items: one is returned, the others go to `dest`.
    pub fn steal_batch_with_limit_and_pop(&self, dest: &Worker<T>, limit: usize) -> Steal<T> {
        self.0.steal_into(dest, limit)
    }

    /// Whether the queue looks empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// How many items the queue seems to hold.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}
