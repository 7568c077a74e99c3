//! The part of a task that does not depend on its types, and the seam to its scheduler.

use super::cell::Trailer;
use super::context::Context;
use super::error::Stopped;
use super::extras::Reason;
use super::run::Runnable;
use super::state::{Cancel, Refs, State, Wake};
use super::task_ref::TaskRef;
use super::trace::Trace;
use super::{Id, PanicSink, current};
use sheave_facade::sync::Arc;
use std::borrow::Cow;
use std::panic::Location;
use std::ptr::NonNull;

/// Why a Runnable is handed to the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wakeup {
    /// The task was woken while nobody polled it.
    Woken,
    /// The task was woken while it was being polled: it goes to the tail.
    Yielded,
}

/// What a task needs from whoever runs it. Wakes come from any thread, hence `Send + Sync`.
pub(crate) trait Schedule: Send + Sync + 'static {
    /// The task was woken: put it in a queue. Must not block, fail, poll or panic.
    ///
    /// `self` is a copy that is valid during the call, but what it points to may be kept alive by
    /// nothing but `task`: as soon as `task` can be popped, another thread may run it to its end and
    /// free it, with the scheduler inside. Secure before publishing what you touch after.
    fn schedule(&self, task: Runnable, why: Wakeup);

    /// The future has been dropped and the output is stored: unlink the task from the registry, and
    /// return the registry's reference if there was one. Called once per task, before anyone can
    /// see that it is complete. Must not panic.
    fn release(&self, task: &TaskRef) -> Option<TaskRef>;

    /// Who hears of a panic of the task if nobody reads it; `None`: a line on stderr. Called before
    /// `release`. Must not panic.
    fn panic_sink(&self) -> Option<Arc<dyn PanicSink>> {
        None
    }
}

/// The start of every task. `repr(C)`: `Cell` begins with it and is reached by casting.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Header {
    pub(super) state: State,
    pub(super) vtable: &'static VTable,
    pub(super) id: Id,
    pub(super) location: &'static Location<'static>,
    pub(super) trace: Trace,
}

/// Is shown an outcome whose type it knows.
pub(super) type LookAt<'a> = dyn FnMut(NonNull<()>) + 'a;

/// What depends on the types of the future and of the scheduler. Each function takes a task of just
/// these types.
#[derive(Debug)]
pub(super) struct VTable {
    /// Polls once, or cancels. Takes the Runnable.
    pub(super) run: unsafe fn(NonNull<Header>),
    /// Drops the future and completes as cancelled. Takes the Runnable.
    pub(super) shutdown: unsafe fn(NonNull<Header>, Stopped),
    /// Hands the Runnable to the scheduler.
    pub(super) schedule: unsafe fn(NonNull<Header>, Wakeup),
    /// Moves the output to the `Option<Result<T, JoinError>>` behind the second pointer, or leaves
    /// that alone if there is no output any more. For the owner of the stage (T3).
    pub(super) take_output: unsafe fn(NonNull<Header>, NonNull<()>),
    /// Shows the `Outcome<T>`, if it is still there. For the owner of the stage (T3).
    pub(super) look_at_outcome: unsafe fn(NonNull<Header>, &mut LookAt<'_>),
    /// Drops the output, if it is still there; a panic is reported. For the owner of the stage (T3).
    pub(super) drop_output: unsafe fn(NonNull<Header>),
    /// Calls the callbacks that are registered, with the outcome. For the owner of the stage (T3).
    pub(super) call_back: unsafe fn(NonNull<Header>),
    /// Whether the outcome is there. For the owner of the stage (T3).
    pub(super) has_output: unsafe fn(NonNull<Header>) -> bool,
    /// Frees the memory (T6).
    pub(super) free: unsafe fn(NonNull<Header>),
    /// Where the trailer is, in bytes from the header.
    pub(super) trailer_offset: usize,
}

/// A pointer to a task that is alive because whoever holds the `Raw` holds a reference or the
/// Runnable. That is its invariant; every constructor of it promises so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raw(NonNull<Header>);

impl Raw {
    /// # Safety
    /// 1. `header` points to a task made by `new_task`, with the provenance of the whole task.
    /// 2. The `Raw` and its copies are used only while the caller holds a reference or the Runnable.
    pub(super) const unsafe fn new(header: NonNull<Header>) -> Self {
        Self(header)
    }

    pub(super) const fn as_ptr(self) -> NonNull<Header> {
        self.0
    }

    /// The returned reference ends with the caller's hold on the task.
    #[inline(always)]
    fn header<'a>(self) -> &'a Header {
        // SAFETY: alive by the invariant of `Raw`; only shared references to a header exist, and
        // what changes in it is inside `State` and `Trace`.
        unsafe { self.0.as_ref() }
    }

    #[inline(always)]
    pub(super) fn state<'a>(self) -> &'a State {
        &self.header().state
    }

    #[inline(always)]
    pub(super) fn trace<'a>(self) -> &'a Trace {
        &self.header().trace
    }

    #[inline(always)]
    pub(super) fn vtable(self) -> &'static VTable {
        self.header().vtable
    }

    pub(super) fn id(self) -> Id {
        self.header().id
    }

    pub(super) fn location(self) -> &'static Location<'static> {
        self.header().location
    }

    pub(super) fn trailer<'a>(self) -> &'a Trailer {
        // SAFETY: the vtable is the one of this task's types, so its offset stays inside the task,
        // whose provenance the pointer has.
        let trailer = unsafe { self.0.byte_add(self.vtable().trailer_offset) };
        // SAFETY: alive by the invariant of `Raw`; shared references only, its fields are cells.
        unsafe { trailer.cast::<Trailer>().as_ref() }
    }

    /// The context that the task runs in, if it has one.
    ///
    /// # Safety
    /// The caller owns the Runnable (T10).
    #[inline]
    pub(super) unsafe fn context(self) -> Option<Context> {
        if !self.state().has_context() {
            return None;
        }
        let extras = self.trailer().extras.get()?;
        // SAFETY: the caller owns the Runnable (T10).
        extras.context.with(|context| unsafe { (*context).clone() })
    }

    /// Gives a context to a task that has none, unless the task is complete.
    ///
    /// # Safety
    /// The caller owns the Runnable, or is code that its owner runs (T10).
    #[cold]
    pub(super) unsafe fn adopt_context(self, adopted: &Context) {
        if self.state().is_complete() {
            return;
        }
        let extras = self.trailer().extras.get_or_make();
        // SAFETY: the caller owns the Runnable (T10); no code of a user runs here, for the place is
        // empty.
        extras.context.with_mut(|context| unsafe { *context = Some(adopted.clone()) });
        self.state().add_context();
    }

    /// Takes the context away from a task that ends, so that freeing it drops no value of a user.
    ///
    /// # Safety
    /// The caller owned the Runnable, and ends the task (T10).
    #[inline]
    pub(super) unsafe fn take_context(self) -> Option<Context> {
        if !self.state().has_context() {
            return None;
        }
        let extras = self.trailer().extras.get()?;
        // SAFETY: as the caller promises (T10).
        extras.context.with_mut(|context| unsafe { (*context).take() })
    }

    /// Wakes, keeping the caller's reference.
    #[inline]
    pub(super) fn wake_by_ref(self) {
        match self.state().wake_by_ref() {
            // SAFETY: this wake created the Runnable, and hands it on once.
            Wake::Schedule => unsafe { (self.vtable().schedule)(self.0, Wakeup::Woken) },
            Wake::Coalesced => {}
            Wake::Free => unreachable!("`wake_by_ref` gives up no reference"),
        }
    }

    /// Wakes and gives up the caller's reference; the `Raw` is dead afterwards.
    #[inline]
    pub(super) fn wake_by_val(self) {
        let vtable = self.vtable();
        match self.state().wake_by_val() {
            // SAFETY: this wake created the Runnable, which keeps the task alive until it is handed
            // on, once.
            Wake::Schedule => unsafe { (vtable.schedule)(self.0, Wakeup::Woken) },
            Wake::Coalesced => {}
            // SAFETY: the last reference is gone (T6).
            Wake::Free => unsafe { (vtable.free)(self.0) },
        }
    }

    /// Asks the task to end. The caller keeps its reference.
    pub(super) fn abort(self) {
        match self.state().cancel() {
            Cancel::Wake => {
                if !sheave_facade::seeded::on("task_abort_silent") {
                    self.wake_by_ref();
                }
            }
            Cancel::Nothing => {}
        }
    }

    /// As [`abort`](Self::abort), and notes why. Returns whether the task had not ended before.
    pub(super) fn cancel(self, message: Option<Cow<'static, str>>) -> bool {
        if self.state().has_ended() {
            return false;
        }
        if let Some(message) = message {
            let reason = Box::new(Reason { message, by: current::current_id() });
            let former = self.trailer().extras.get_or_make().reason.lock().replace(reason);
            drop(former);
        }
        self.abort();
        true
    }

    /// Gives up `count` references of the caller; the `Raw` is dead afterwards.
    #[inline]
    pub(super) fn release(self, count: u64) {
        let vtable = self.vtable();
        match self.state().ref_dec(count) {
            Refs::Remain => {}
            // SAFETY: the last reference is gone (T6).
            Refs::Last => unsafe { (vtable.free)(self.0) },
        }
    }
}
