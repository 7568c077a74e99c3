//! What few tasks have: a name, a context of their own, a reason for their end, callbacks. It lies in an
//! allocation beside the task, which is made when it is first needed; all others pay for one pointer.
//!
//! | slot  | call           | to   | pairs with                   |
//! |-------|----------------|------|------------------------------|
//! | any   | `get`          | –    | `put`, `get_or_make`         |
//! | empty | `put`          | full | `get`; before the task is shared |
//! | empty | `get_or_make`  | full | `get`                        |
//! | full  | `get_or_make`  | –    | `get_or_make` on another thread |
//!
//! Absent: anything that empties the slot or replaces the record. It is freed with the task.

use super::Id;
use super::callbacks::Callbacks;
use super::context::Context;
use sheave_facade::cell::UnsafeCell;
use sheave_facade::seeded;
use sheave_facade::sync::Mutex;
use sheave_facade::sync::atomic::{AtomicPtr, Ordering::*};
use std::borrow::Cow;
use std::fmt;
use std::ptr;

/// The record.
pub(super) struct Extras {
    /// T2.
    pub(super) name: Option<Box<str>>,
    /// T10.
    pub(super) context: UnsafeCell<Option<Context>>,
    /// Why the task was cancelled, if somebody said so.
    pub(super) reason: Mutex<Option<Box<Reason>>>,
    pub(super) callbacks: Callbacks,
}

/// Why a task was cancelled.
#[derive(Clone)]
pub(super) struct Reason {
    pub(super) message: Cow<'static, str>,
    /// The task that asked for it.
    pub(super) by: Option<Id>,
}

// SAFETY: the name never changes (T2), and a context moves between threads with the Runnable, whose
// owner alone touches the cell (T10). `Context` is `Send` and `Sync`, and so are the locks.
unsafe impl Send for Extras {}
// SAFETY: as above.
unsafe impl Sync for Extras {}

impl Extras {
    pub(super) fn new(name: Option<Box<str>>, context: Option<Context>) -> Self {
        let (reason, callbacks) = (Mutex::new(None), Callbacks::new());
        Self { name, context: UnsafeCell::new(context), reason, callbacks }
    }
}

/// Where a task keeps its record, if it has one.
pub(super) struct ExtrasSlot(AtomicPtr<Extras>);

impl ExtrasSlot {
    pub(super) fn new(extras: Option<Box<Extras>>) -> Self {
        Self(AtomicPtr::new(extras.map_or(ptr::null_mut(), Box::into_raw)))
    }

    /// The record, if there is one.
    pub(super) fn get(&self) -> Option<&Extras> {
        // ORDERING: Acquire pairs with the Release in `get_or_make`: the record is there before its
        // address is. Breaks if Relaxed: model `two_threads_make_a_record`.
        let order = if seeded::on("task_extras_relaxed") { Relaxed } else { Acquire };
        let extras = self.0.load(order);
        // SAFETY: null, or from `Box::into_raw`; freed when the slot is dropped.
        unsafe { extras.as_ref() }
    }

    /// The record; an empty one is made if there is none.
    pub(super) fn get_or_make(&self) -> &Extras {
        if let Some(extras) = self.get() {
            return extras;
        }
        let made = Box::into_raw(Box::new(Extras::new(None, None)));
        // ORDERING: Release publishes the record; Acquire sees the one of who came first.
        let kept = match self.0.compare_exchange(ptr::null_mut(), made, Release, Acquire) {
            Ok(_) => made,
            Err(first) => {
                // SAFETY: made above, and nobody else has seen it. It is empty: no code of a user.
                drop(unsafe { Box::from_raw(made) });
                first
            }
        };
        // SAFETY: not null, from `Box::into_raw`, and freed when the slot is dropped.
        unsafe { &*kept }
    }
}

impl Drop for ExtrasSlot {
    fn drop(&mut self) {
        // ORDERING: Relaxed; `&mut self`, whoever frees the task has acquired all that others did.
        let extras = self.0.load(Relaxed);
        if !extras.is_null() {
            // SAFETY: from `Box::into_raw`, and nobody refers to it any more.
            drop(unsafe { Box::from_raw(extras) });
        }
    }
}

impl fmt::Debug for ExtrasSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtrasSlot").finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom;
