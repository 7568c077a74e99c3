//! loom's `UnsafeCell`, which also counts its own destruction as an exclusive access.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// A cell that reports "freed while another thread may still look" as a causality violation, and a
/// use after a sequential free by name.
#[derive(Debug)]
pub struct UnsafeCell<T: ?Sized> {
    dead: AtomicBool,
    cell: loom::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// A cell holding `value`.
    pub fn new(value: T) -> Self {
        Self { dead: AtomicBool::new(false), cell: loom::cell::UnsafeCell::new(value) }
    }

    /// The value, by ownership of the cell.
    #[track_caller]
    pub fn into_inner(self) -> T {
        self.assert_alive();
        let cell = std::mem::ManuallyDrop::new(self);
        // SAFETY: reads the value out of a cell that is owned and never dropped or used again.
        cell.cell.with_mut(|value| unsafe { value.read() })
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Passes a pointer for shared access.
    #[track_caller]
    pub fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R {
        self.assert_alive();
        self.cell.with(access)
    }

    /// Passes a pointer for exclusive access.
    #[track_caller]
    pub fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        self.assert_alive();
        self.cell.with_mut(access)
    }

    #[track_caller]
    fn assert_alive(&self) {
        assert!(!self.dead.load(SeqCst), "use after free");
    }
}

impl<T: ?Sized> Drop for UnsafeCell<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.assert_alive();
        self.cell.with_mut(|_| ());
        self.dead.store(true, SeqCst);
    }
}
