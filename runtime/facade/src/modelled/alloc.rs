//! Raw allocation under loom: leaks fail the model, and freed bytes stay put until the execution ends.
//!
//! Freed memory is quarantined so that a use after free meets the dead mark of
//! [`super::cell::UnsafeCell`], and says so, instead of garbage.

use std::alloc::{Layout, dealloc};
use std::ptr::NonNull;

#[repr(C)]
struct Tracked<T> {
    /// First, so that a pointer to the block is a pointer to the value.
    value: T,
    _leak_check: loom::alloc::Track<()>,
}

/// Moves `value` to the heap and gives up its ownership.
pub fn into_raw<T>(value: T) -> NonNull<T> {
    let tracked = Box::new(Tracked { value, _leak_check: loom::alloc::Track::new(()) });
    NonNull::from(Box::leak(tracked)).cast()
}

/// Drops the value; its bytes are released when the execution ends.
///
/// # Safety
/// `ptr` came from [`into_raw`] with the same `T`, was not freed before, and nothing refers to it any more.
pub unsafe fn free<T>(ptr: NonNull<T>) {
    let tracked = ptr.cast::<Tracked<T>>();
    // SAFETY: the caller hands back what `into_raw` made, once.
    unsafe { std::ptr::drop_in_place(tracked.as_ptr()) };
    let freed = (tracked.as_ptr() as usize, Layout::new::<Tracked<T>>());
    QUARANTINE.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(freed);
}

struct Quarantine(std::sync::Mutex<Vec<(usize, Layout)>>);

impl Drop for Quarantine {
    fn drop(&mut self) {
        for (block, layout) in
            self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner).drain(..)
        {
            // SAFETY: `free` put the block here once, with the layout of its box, which is not
            // zero-sized because a `Track` is in it.
            unsafe { dealloc(block as *mut u8, layout) };
        }
    }
}

loom::lazy_static! {
    static ref QUARANTINE: Quarantine = Quarantine(std::sync::Mutex::new(Vec::new()));
}
