//! In which order a queue gives its items.

use std::collections::VecDeque;

/// What keeps the items of a queue, under the queue's lock.
///
/// A comparison is code of the user (W10). So it comes before anything is moved: if it panics, the
/// store is as before, and the item is dropped by the caller, without the lock.
pub trait Store: sealed::Sealed {
    /// What is kept.
    type Item;

    /// Where an item will be inserted.
    #[doc(hidden)]
    type Place;

    #[doc(hidden)]
    const EMPTY: Self;

    /// Refuses a thread that compares items of such a store at the moment, and so holds a lock.
    #[doc(hidden)]
    #[track_caller]
    fn assert_not_comparing() {}

    #[doc(hidden)]
    fn place(&self, item: &Self::Item) -> Self::Place;

    #[doc(hidden)]
    fn insert(&mut self, place: Self::Place, item: Self::Item);

    /// Takes the next item.
    #[doc(hidden)]
    fn take(&mut self) -> Option<Self::Item>;

    #[doc(hidden)]
    fn count(&self) -> usize;

    /// All items, in no particular order.
    #[doc(hidden)]
    fn into_items(self) -> Vec<Self::Item>;
}

pub(super) mod sealed {
    /// Only this crate orders items.
    pub trait Sealed {}
}

/// The order of a [`Queue`](super::Queue): first in, first out.
pub struct Fifo<T>(VecDeque<T>);

/// The order of a [`LifoQueue`](super::LifoQueue): last in, first out.
pub struct Lifo<T>(Vec<T>);

impl<T> sealed::Sealed for Fifo<T> {}
impl<T> sealed::Sealed for Lifo<T> {}

impl<T> Store for Fifo<T> {
    type Item = T;
    type Place = ();
    const EMPTY: Self = Self(VecDeque::new());

    fn place(&self, _: &T) {}

    fn insert(&mut self, (): (), item: T) {
        self.0.push_back(item);
    }

    fn take(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn into_items(self) -> Vec<T> {
        self.0.into()
    }
}

impl<T> Store for Lifo<T> {
    type Item = T;
    type Place = ();
    const EMPTY: Self = Self(Vec::new());

    fn place(&self, _: &T) {}

    fn insert(&mut self, (): (), item: T) {
        self.0.push(item);
    }

    fn take(&mut self) -> Option<T> {
        self.0.pop()
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn into_items(self) -> Vec<T> {
        self.0
    }
}
