//! What few tasks have: a name, a context of their own, a reason for their end, callbacks. It lies in an
//! allocation beside the task, which is made when it is first needed; all others pay for one word. That
//! word keeps the parent until there is a record, which keeps it from then on.
//!
//! | word   | call           | to     | pairs with                   |
//! |--------|----------------|--------|------------------------------|
//! | any    | `get`, `parent` | –     | `new`, `get_or_make`         |
//! | –      | `new`          | parent, or record | before the task is shared |
//! | parent | `get_or_make`  | record | `get`, `parent`              |
//! | record | `get_or_make`  | –      | `get_or_make` on another thread |
//!
//! ```text
//!  63                       1    0
//! | id of the parent, or 0    | 1 |     no record
//! | address of the record     | 0 |
//! ```
//! Absent: anything that takes the record away or replaces it, and that changes the parent. The record is
//! freed with the task.

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
    parent: Option<Id>,
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
    pub(super) fn new(
        parent: Option<Id>,
        name: Option<Box<str>>,
        context: Option<Context>,
    ) -> Self {
        let (reason, callbacks) = (Mutex::new(None), Callbacks::new());
        Self { parent, name, context: UnsafeCell::new(context), reason, callbacks }
    }
}

/// The word that keeps a parent without a record; `None` if its id does not fit.
fn word(parent: Option<Id>) -> Option<*mut Extras> {
    let id = usize::try_from(parent.map_or(0, Id::as_u64)).ok()?;
    // A record is aligned, so its address is even.
    (id <= usize::MAX >> 1).then(|| ptr::without_provenance_mut(id << 1 | 1))
}

/// The parent that such a word keeps.
fn parent_in(word: *mut Extras) -> Option<Id> {
    let id = word.addr() as u64 >> 1;
    (id != 0).then(|| Id::from_u64(id))
}

fn is_record(word: *mut Extras) -> bool {
    word.addr() & 1 == 0
}

/// Where a task keeps its record, if it has one, and its parent.
pub(super) struct ExtrasSlot(AtomicPtr<Extras>);

impl ExtrasSlot {
    /// With a record if there is a name or a context.
    #[inline]
    pub(super) fn new(
        parent: Option<Id>,
        name: Option<Box<str>>,
        context: Option<Context>,
    ) -> Self {
        match word(parent) {
            Some(word) if name.is_none() && context.is_none() => Self(AtomicPtr::new(word)),
            _ => Self::with_record(Extras::new(parent, name, context)),
        }
    }

    #[inline(never)]
    fn with_record(record: Extras) -> Self {
        Self(AtomicPtr::new(Box::into_raw(Box::new(record))))
    }

    fn load(&self) -> *mut Extras {
        // ORDERING: Acquire pairs with the Release in `get_or_make`: the record is there before its
        // address is. Breaks if Relaxed: model `two_threads_make_a_record`.
        self.0.load(if seeded::on("task_extras_relaxed") { Relaxed } else { Acquire })
    }

    /// The record, if there is one.
    pub(super) fn get(&self) -> Option<&Extras> {
        let word = self.load();
        // SAFETY: a record is from `Box::into_raw`, and freed when the slot is dropped.
        is_record(word).then(|| unsafe { &*word })
    }

    /// The task that spawned this one.
    pub(super) fn parent(&self) -> Option<Id> {
        let word = self.load();
        if !is_record(word) {
            return parent_in(word);
        }
        // SAFETY: as in `get`.
        unsafe { &*word }.parent
    }

    /// The record; one that knows only the parent is made if there is none.
    pub(super) fn get_or_make(&self) -> &Extras {
        let former = self.load();
        if is_record(former) {
            // SAFETY: as in `get`.
            return unsafe { &*former };
        }
        let parent = parent_in(former).filter(|_| !seeded::on("task_extras_orphan"));
        let made = Box::into_raw(Box::new(Extras::new(parent, None, None)));
        // ORDERING: Release publishes the record; Acquire sees the one of who came first.
        let kept = match self.0.compare_exchange(former, made, Release, Acquire) {
            Ok(_) => made,
            Err(first) => {
                // SAFETY: made above, and nobody else has seen it. It is empty: no code of a user.
                drop(unsafe { Box::from_raw(made) });
                first
            }
        };
        // SAFETY: a record, from `Box::into_raw`, and freed when the slot is dropped.
        unsafe { &*kept }
    }
}

impl Drop for ExtrasSlot {
    fn drop(&mut self) {
        // ORDERING: Relaxed; `&mut self`, whoever frees the task has acquired all that others did.
        let word = self.0.load(Relaxed);
        if is_record(word) {
            // SAFETY: from `Box::into_raw`, and nobody refers to it any more.
            drop(unsafe { Box::from_raw(word) });
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
