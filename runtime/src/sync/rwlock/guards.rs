//! Proofs of holding a [`RwLock`] for reading or for writing, of the whole value or of a part.
//!
//! Guards of readers are all alike, for a part is read as the whole is. A guard of the whole for writing
//! can be downgraded; one of a part cannot, for who made it had `&mut` to the rest.

mod borrowed;
mod owned;

pub use borrowed::{RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard};
pub use owned::{OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard};

use super::RwLock;
use crate::sync::permits::Permits;
use sheave_facade::seeded;
use std::ops::Deref;
use std::ptr::NonNull;

/// Permits of the lock that `L` leads to, given back on drop.
struct Hold<L: Deref<Target = Permits>> {
    lock: L,
    count: usize,
}

impl<L: Deref<Target = Permits>> Hold<L> {
    /// Keeps one permit of all.
    fn downgrade(mut self) -> Self {
        if !seeded::on("rwlock_downgrade_keeps_writing") {
            self.lock.release(self.count - 1);
        }
        self.count = 1;
        self
    }
}

impl<L: Deref<Target = Permits>> Drop for Hold<L> {
    fn drop(&mut self) {
        self.lock.release(self.count);
    }
}

impl<T: ?Sized> RwLock<T> {
    /// The whole as a part, for readers.
    fn whole(&self) -> NonNull<T> {
        // SAFETY: reads nothing, and the value of a cell is nowhere but in that cell: not null.
        self.value.with(|value| unsafe { NonNull::new_unchecked(value.cast_mut()) })
    }

    /// The whole as a part, for a writer.
    fn whole_mut(&self) -> NonNull<T> {
        // SAFETY: as in `whole`.
        self.value.with_mut(|value| unsafe { NonNull::new_unchecked(value) })
    }
}
