//! Items in the order of their priority.
//!
//! A binary heap whose steps are planned before they are made: the comparisons, which are code of the
//! user, only read. One that panics has changed nothing, and lost nothing.

use super::store::{Store, sealed::Sealed};
use std::cell::Cell;
use std::cmp::Ordering;

/// The order of a [`PriorityQueue`](super::PriorityQueue): the smallest first, and of equal ones the
/// one that was put first.
pub struct ByPriority<T> {
    /// A parent is before both of its children.
    heap: Vec<Entry<T>>,
    /// How many were ever inserted.
    inserted: u64,
}

struct Entry<T> {
    item: T,
    number: u64,
}

sheave_facade::thread_local! {
    /// Whether this thread compares items, with the lock of their queue held.
    static COMPARING: Cell<bool> = Cell::new(false);
}

/// This thread compares items until this is dropped.
struct Comparing;

impl Comparing {
    fn start() -> Self {
        COMPARING.with(|comparing| comparing.set(true));
        Self
    }
}

impl Drop for Comparing {
    fn drop(&mut self) {
        COMPARING.with(|comparing| comparing.set(false));
    }
}

impl<T: Ord> Entry<T> {
    fn is_before(&self, other: &Self) -> bool {
        match self.item.cmp(&other.item) {
            Ordering::Equal => self.number < other.number,
            order => order.is_lt(),
        }
    }
}

impl<T: Ord> ByPriority<T> {
    /// Where the last entry will be, once the top is taken.
    fn place_of_last(&self) -> usize {
        let _comparing = Comparing::start();
        let mut at = 0;
        let Some((last, heap)) = self.heap.split_last() else { return at };
        while let Some(left) = heap.get(2 * at + 1) {
            let right = heap.get(2 * at + 2).filter(|right| right.is_before(left));
            let (child, below) = right.map_or((left, 2 * at + 1), |right| (right, 2 * at + 2));
            if !child.is_before(last) {
                break;
            }
            at = below;
        }
        at
    }
}

impl<T> Sealed for ByPriority<T> {}

impl<T: Ord> Store for ByPriority<T> {
    type Item = T;
    /// How many steps up from the end.
    type Place = u32;
    const EMPTY: Self = Self { heap: Vec::new(), inserted: 0 };

    fn assert_not_comparing() {
        let is_comparing = COMPARING.with(Cell::get);
        assert!(
            !is_comparing,
            "a `PriorityQueue` was used within a comparison of its items, where it is locked: compare \
             the items by what they hold"
        );
    }

    fn place(&self, item: &T) -> u32 {
        let _comparing = Comparing::start();
        let (mut steps, mut at) = (0, self.heap.len());
        // Whoever is equal was there first.
        while at > 0 && item.cmp(&self.heap[(at - 1) / 2].item).is_lt() {
            at = (at - 1) / 2;
            steps += 1;
        }
        steps
    }

    fn insert(&mut self, steps: u32, item: T) {
        let mut at = self.heap.len();
        self.heap.push(Entry { item, number: self.inserted });
        self.inserted += 1;
        for _ in 0..steps {
            let parent = (at - 1) / 2;
            self.heap.swap(at, parent);
            at = parent;
        }
    }

    fn take(&mut self) -> Option<T> {
        let mut at = self.place_of_last();
        let mut carried = self.heap.pop()?;
        while let Some(here) = self.heap.get_mut(at) {
            std::mem::swap(here, &mut carried);
            if at == 0 {
                break;
            }
            at = (at - 1) / 2;
        }
        Some(carried.item)
    }

    fn count(&self) -> usize {
        self.heap.len()
    }

    fn into_items(self) -> Vec<T> {
        self.heap.into_iter().map(|entry| entry.item).collect()
    }
}
