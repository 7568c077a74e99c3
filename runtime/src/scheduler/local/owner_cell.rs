//! A cell that many threads refer to and one may open.

use sheave_facade::cell::UnsafeCell;
use sheave_facade::thread::ThreadId;
use std::cell::RefCell;

/// Holds a `T` for the thread that made the cell. May be dropped anywhere.
pub(super) struct OwnerCell<T> {
    owner: ThreadId,
    value: UnsafeCell<RefCell<T>>,
}

// SAFETY: through `&OwnerCell` only the owner reaches the value (`with`). The cell may be dropped,
// with the value, on the thread that holds the last reference, hence `T: Send`.
unsafe impl<T: Send> Sync for OwnerCell<T> {}

impl<T> OwnerCell<T> {
    /// A cell of the calling thread.
    pub(super) fn new(value: T) -> Self {
        Self { owner: ThreadId::current(), value: UnsafeCell::new(RefCell::new(value)) }
    }

    /// Whether the calling thread is the owner.
    #[inline]
    pub(super) fn is_here(&self) -> bool {
        self.owner == ThreadId::current()
    }

    /// Opens the cell. `access` must not open it again.
    ///
    /// # Panics
    /// If the calling thread is not the owner, or if the cell is open.
    #[inline]
    pub(super) fn with<R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        assert!(self.is_here(), "local tasks are touched only on the thread that they belong to");
        self.value.with_mut(|value| {
            // SAFETY: shared references only, and only on this thread, so `RefCell` may guard it.
            let value = unsafe { &*value };
            access(&mut value.borrow_mut())
        })
    }
}
