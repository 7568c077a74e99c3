//! A counted reference to a task of any type.

use super::Id;
use super::header::{Header, Raw};
use super::state::{Progress, Sight};
use crate::util::waits::Note;
use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::ptr::NonNull;

/// A counted reference to a task of any type: can name it and abort it, cannot poll or join it.
pub(crate) struct TaskRef(Raw);

// SAFETY: a `TaskRef` reads what never changes (T2) and changes the state by its transitions (T1);
// the stage is out of its reach, so the future's and the output's own bounds do not matter.
unsafe impl Send for TaskRef {}
// SAFETY: as for `Send`; no method needs `&mut`.
unsafe impl Sync for TaskRef {}

impl TaskRef {
    /// # Safety
    /// The caller passes a reference that is counted.
    pub(super) unsafe fn from_raw(header: NonNull<Header>) -> Self {
        // SAFETY: the reference keeps the task alive.
        Self(unsafe { Raw::new(header) })
    }

    /// Another reference to a task that is alive.
    pub(super) fn of(task: Raw) -> Self {
        task.state().ref_inc();
        Self(task)
    }

    /// The reference as a pointer; it stays counted.
    pub(super) fn into_raw(self) -> NonNull<Header> {
        ManuallyDrop::new(self).0.as_ptr()
    }

    pub(super) fn raw(&self) -> Raw {
        self.0
    }

    /// Asks the task to end: its future is dropped at its next turn, unless it completes before.
    pub(crate) fn abort(&self) {
        self.0.abort();
    }

    /// How far the task is; whether it is polled just now is not known here.
    pub(crate) fn progress(&self) -> Progress {
        self.0.state().progress()
    }

    /// Whether the task has completed, panicked or been cancelled.
    pub(crate) fn is_finished(&self) -> bool {
        self.0.state().is_complete()
    }

    /// What the task does.
    pub(crate) fn sight(&self) -> Sight {
        self.0.state().sight()
    }

    /// When its last poll began, in nanoseconds since the origin of the clock, and what that noted
    /// if it has ended.
    pub(crate) fn trace(&self) -> (Option<u64>, Note) {
        self.0.trace().look()
    }

    /// The task's id.
    pub(crate) fn id(&self) -> Id {
        self.0.id()
    }

    /// Where the task was spawned.
    pub(crate) fn location(&self) -> &'static Location<'static> {
        self.0.location()
    }

    /// The task that spawned this one.
    pub(crate) fn parent(&self) -> Option<Id> {
        self.0.trailer().extras.parent()
    }

    /// The task's name, if it has one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.trailer().extras.get()?.name.as_deref()
    }
}

impl Clone for TaskRef {
    fn clone(&self) -> Self {
        Self::of(self.0)
    }
}

impl Drop for TaskRef {
    fn drop(&mut self) {
        self.0.release(1);
    }
}

/// Whether both refer to the same task.
impl PartialEq for TaskRef {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRef")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("location", &format_args!("{}", self.location()))
            .finish()
    }
}
