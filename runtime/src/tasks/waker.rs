//! A task as a waker: a counted reference, and four functions on the header.

use super::header::{Header, Raw};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop);

/// A waker for the duration of a poll, without a count of its own.
///
/// # Safety
/// The task outlives the returned value, which is not dropped.
#[inline]
pub(super) unsafe fn borrowed(header: NonNull<Header>) -> ManuallyDrop<Waker> {
    // SAFETY: the functions below keep the contract of `RawWakerVTable`; the task is alive.
    ManuallyDrop::new(unsafe { Waker::new(header.as_ptr().cast(), &VTABLE) })
}

/// Whether this is a waker of that task.
#[inline]
pub(super) fn is_of(waker: &Waker, task: Raw) -> bool {
    // No other waker has a pointer into a task that is alive.
    std::ptr::eq(waker.data(), task.as_ptr().as_ptr().cast())
}

/// # Safety
/// `data` is the header of a task to which the waker at hand holds, or borrows, a reference.
#[inline(always)]
unsafe fn raw(data: *const ()) -> Raw {
    // SAFETY: a waker is made from a header, which is not null.
    let header = unsafe { NonNull::new_unchecked(data.cast_mut().cast()) };
    // SAFETY: the waker's reference keeps the task alive.
    unsafe { Raw::new(header) }
}

/// # Safety
/// As [`raw`].
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the caller's promise.
    unsafe { raw(data) }.state().ref_inc();
    RawWaker::new(data, &VTABLE)
}

/// # Safety
/// As [`raw`], and the reference is given up.
unsafe fn wake(data: *const ()) {
    // SAFETY: the caller's promise.
    unsafe { raw(data) }.wake_by_val();
}

/// # Safety
/// As [`raw`].
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the caller's promise.
    unsafe { raw(data) }.wake_by_ref();
}

/// # Safety
/// As [`raw`], and the reference is given up.
unsafe fn drop(data: *const ()) {
    // SAFETY: the caller's promise.
    unsafe { raw(data) }.release(1);
}
