//! The memory of a task, hot fields first.
//!
//! ```text
//! | state | vtable | id | location | trace | scheduler | future, then output | join waker, seat, extras |
//! |            header, 48 bytes            |  S        |  as large as F      |  trailer, 32 bytes       |
//! ```

use super::callbacks::Callback;
use super::context::Context as Variables;
use super::current::in_context;
use super::error::Failure;
use super::extras::ExtrasSlot;
use super::header::{Header, LookAt, Schedule, VTable};
use super::seat::Seat;
use super::state::{Ending, State};
use super::trace::Trace;
use super::unread::tell_callback;
use super::{Id, JoinError, JoinHandle, Runnable, TaskRef, current, run};
use crate::util::contain::{catch, contain};
use sheave_facade::alloc;
use sheave_facade::cell::UnsafeCell;
use sheave_facade::seeded;
use std::future::Future;
use std::mem::{self, offset_of};
use std::panic::Location;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

/// How a task is spawned.
#[derive(Debug)]
pub(crate) struct Spec {
    /// Where.
    pub(crate) location: &'static Location<'static>,
    /// The task that spawns it.
    pub(crate) parent: Option<Id>,
    /// Its name, if it was given one.
    pub(crate) name: Option<Box<str>>,
    /// What it runs in; `None` for a context in which nothing is set.
    pub(crate) context: Option<Variables>,
}

impl Spec {
    /// No name, and a copy of the current context.
    #[inline]
    pub(crate) fn at(location: &'static Location<'static>) -> Self {
        let (parent, context) = current::heritage();
        Self { location, parent, name: None, context }
    }
}

/// A whole task. `repr(C)`: the header comes first, the cold trailer last.
#[repr(C)]
pub(super) struct Cell<F: Future, S> {
    pub(super) header: Header,
    pub(super) scheduler: S,
    /// T3.
    stage: UnsafeCell<Stage<F>>,
    pub(super) trailer: Trailer,
}

/// What few paths need.
#[derive(Debug)]
pub(super) struct Trailer {
    /// T4.
    pub(super) join_waker: UnsafeCell<Option<Waker>>,
    /// T5.
    pub(super) seat: UnsafeCell<Option<NonNull<Seat>>>,
    /// The parent, or what most tasks do not have, for 8 bytes.
    pub(super) extras: ExtrasSlot,
}

/// A task's output, or why there is none.
pub(super) type Outcome<T> = Result<T, Failure>;

/// Life of the stage: `Running` → `Finished` → `Consumed`, or `Running` → `Consumed` → `Finished` → ….
enum Stage<F: Future> {
    Running(F),
    Finished(Outcome<F::Output>),
    Consumed,
}

/// Creates a task. Its Runnable is due at once: hand it to a queue. The first reference is for the
/// registry; a task that was not registered is ended by dropping its Runnable.
pub(crate) fn new_task<F, S>(
    future: F,
    scheduler: S,
    id: Id,
    spec: Spec,
) -> (TaskRef, Runnable, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send,
    S: Schedule,
{
    // SAFETY: future and output may be used on any thread.
    unsafe { new_local_task(future, scheduler, id, spec) }
}

/// Creates a task whose future or output may be bound to a thread.
///
/// # Safety
/// If `F` or its output is not `Send`: the Runnable is run, shut down and dropped only on the
/// thread that calls this, wherever wakes hand it to `scheduler`.
pub(crate) unsafe fn new_local_task<F, S>(
    future: F,
    scheduler: S,
    id: Id,
    spec: Spec,
) -> (TaskRef, Runnable, JoinHandle<F::Output>)
where
    F: Future + 'static,
    S: Schedule,
{
    let Spec { location, parent, name, context } = spec;
    let state = State::new(context.is_some());
    let cell = alloc::into_raw(Cell {
        header: Header {
            state,
            vtable: Cell::<F, S>::VTABLE,
            id,
            location,
            trace: Trace::default(),
        },
        scheduler,
        stage: UnsafeCell::new(Stage::Running(future)),
        trailer: Trailer {
            join_waker: UnsafeCell::new(None),
            seat: UnsafeCell::new(None),
            extras: ExtrasSlot::new(parent, name, context),
        },
    });
    let header = cell.cast::<Header>();
    // SAFETY: the initial state counts one reference for a `TaskRef`.
    let task = unsafe { TaskRef::from_raw(header) };
    // SAFETY: the initial state has one wake, so the Runnable exists, and this is it.
    let runnable = unsafe { Runnable::from_raw(header) };
    // SAFETY: the initial state counts one reference for the `JoinHandle` and has its interest bit
    // set; the type is that of the output.
    let join = unsafe { JoinHandle::from_raw(header) };
    (task, runnable, join)
}

impl<F: Future + 'static, S: Schedule> Cell<F, S> {
    const VTABLE: &'static VTable = &VTable {
        run: run::run::<F, S>,
        shutdown: run::shutdown::<F, S>,
        schedule: run::schedule::<F, S>,
        take_output: take_output::<F, S>,
        look_at_outcome: look_at_outcome::<F, S>,
        drop_output: drop_output::<F, S>,
        call_back: call_back::<F, S>,
        has_output: has_output::<F, S>,
        free: free::<F, S>,
        trailer_offset: offset_of!(Cell<F, S>, trailer),
    };

    /// Freeing must not run a user's code (T6): neither output nor waker is left.
    fn assert_spent(&self) {
        // SAFETY: nobody else refers to the task (T6).
        let consumed = self.stage.with(|stage| unsafe { matches!(*stage, Stage::Consumed) });
        // SAFETY: as above.
        let empty = self.trailer.join_waker.with(|slot| unsafe { (*slot).is_none() });
        debug_assert!(consumed && empty, "a task is freed with its output or its join waker");
    }

    /// Polls the future.
    ///
    /// # Safety
    /// The caller owns the Runnable (T3), and the future has not been dropped.
    pub(super) unsafe fn poll(&self, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.stage.with_mut(|stage| {
            // SAFETY: exclusive by T3.
            let Stage::Running(future) = (unsafe { &mut *stage }) else {
                unreachable!("a task is polled only while its future is there")
            };
            // SAFETY: a future is never moved once its task exists (T7).
            unsafe { Pin::new_unchecked(future) }.poll(cx)
        })
    }

    /// Drops what the stage holds. If that panics, the stage is consumed all the same: the
    /// assignment takes place also when the drop of the old value unwinds.
    ///
    /// # Safety
    /// The caller owns the stage (T3).
    pub(super) unsafe fn consume(&self) {
        // SAFETY: exclusive by T3; a future in it is dropped in place (T7).
        self.stage.with_mut(|stage| unsafe { *stage = Stage::Consumed });
    }

    /// Drops the output that nobody will read; a panic is reported instead.
    ///
    /// # Safety
    /// The caller owns the stage (T3) of a complete task, and keeps the task alive.
    pub(super) unsafe fn abandon(&self) {
        let caught = self.stage.with_mut(|stage| {
            // SAFETY: exclusive by T3.
            let stage = unsafe { &mut *stage };
            if !matches!(stage, Stage::Finished(Err(Failure::Panic(_)))) {
                *stage = Stage::Consumed;
                return None;
            }
            match mem::replace(stage, Stage::Consumed) {
                Stage::Finished(Err(Failure::Panic(caught))) => Some(caught),
                _ => unreachable!("looked at just now"),
            }
        });
        if let Some(caught) = caught.filter(|_| !seeded::on("task_panic_untold")) {
            let name = self.trailer.extras.get().and_then(|extras| extras.name.as_deref());
            caught.tell(self.header.id, name, self.header.location);
        }
    }

    /// How the task has ended.
    ///
    /// # Safety
    /// The caller owns the Runnable (T3) of a task whose outcome is stored.
    #[inline]
    pub(super) unsafe fn ending(&self) -> Ending {
        // SAFETY: exclusive by T3.
        self.stage.with(|stage| match unsafe { &*stage } {
            Stage::Finished(Ok(_)) => Ending::Output,
            Stage::Finished(Err(Failure::Panic(_))) => Ending::Panic,
            Stage::Finished(Err(Failure::Stopped(_))) => Ending::Stopped,
            Stage::Running(_) | Stage::Consumed => unreachable!("the outcome is stored"),
        })
    }

    /// Whether the outcome is stored.
    ///
    /// # Safety
    /// The caller owns the Runnable (T3).
    pub(super) unsafe fn has_ended(&self) -> bool {
        // SAFETY: exclusive by T3.
        self.stage.with(|stage| unsafe { matches!(*stage, Stage::Finished(_)) })
    }

    /// Stores the outcome.
    ///
    /// # Safety
    /// The caller owns the Runnable (T3), and has consumed the stage.
    pub(super) unsafe fn finish(&self, outcome: Outcome<F::Output>) {
        // SAFETY: exclusive by T3.
        self.stage.with_mut(|stage| unsafe { *stage = Stage::Finished(outcome) });
    }
}

/// # Safety
/// The caller owns the stage (T3) of a task of these types, and `into` points to an initialised
/// `Option<Result<F::Output, JoinError>>`.
unsafe fn take_output<F: Future, S>(header: NonNull<Header>, into: NonNull<()>) {
    // SAFETY: the caller names the types, and keeps the task alive.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    // SAFETY: exclusive by T3. A stage that is read is `Finished` or `Consumed`, so nothing pinned
    // is moved.
    let stage = cell.stage.with_mut(|stage| unsafe { stage.replace(Stage::Consumed) });
    if let Stage::Finished(outcome) = stage {
        let output = outcome.map_err(|failure| {
            let extras = cell.trailer.extras.get();
            let reason = extras.and_then(|extras| extras.reason.lock().take());
            JoinError::new(cell.header.id, failure.read(), reason)
        });
        // SAFETY: the caller vouches for the type behind `into`.
        unsafe { *into.cast::<Option<Result<F::Output, JoinError>>>().as_mut() = Some(output) };
    }
}

/// # Safety
/// The caller owns the stage (T3) of a task of these types.
unsafe fn look_at_outcome<F: Future, S>(header: NonNull<Header>, look: &mut LookAt<'_>) {
    // SAFETY: the caller names the types, and keeps the task alive.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    cell.stage.with(|stage| {
        // SAFETY: exclusive by T3.
        if let Stage::Finished(outcome) = unsafe { &*stage } {
            look(NonNull::from(outcome).cast());
        }
    });
}

/// # Safety
/// The caller owns the stage (T3) of a task of these types.
unsafe fn drop_output<F: Future + 'static, S: Schedule>(header: NonNull<Header>) {
    // SAFETY: the caller names the types, and keeps the task alive.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    // SAFETY: the caller owns the stage.
    unsafe { cell.abandon() };
}

/// # Safety
/// The caller owns the stage (T3) of a task of these types.
unsafe fn call_back<F: Future, S>(header: NonNull<Header>) {
    // SAFETY: the caller names the types, and keeps the task alive.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    let Some(extras) = cell.trailer.extras.get() else { return };
    if extras.callbacks.is_empty() {
        return;
    }
    // SAFETY: exclusive by T3. A stage with an outcome has nothing pinned.
    let stage = cell.stage.with_mut(|stage| unsafe { stage.replace(Stage::Consumed) });
    let Stage::Finished(outcome) = stage else { unreachable!("an ended task has its outcome") };
    let id = cell.header.id;
    let mut result =
        outcome.map_err(|failure| JoinError::new(id, failure, extras.reason.lock().take()));
    while let Some(callback) = extras.callbacks.next() {
        let view = NonNull::from(&mut result).cast();
        let Callback { call, context, sink } = callback;
        let call = || {
            if let Err(payload) = catch(|| call(view)) {
                let name = extras.name.as_deref();
                tell_callback(payload, sink, id, name, cell.header.location);
            }
        };
        // The last one to hold the context drops values of users.
        contain(|| in_context(context, call));
    }
    let outcome = result.map_err(|error| {
        let (failure, reason) = error.into_parts();
        *extras.reason.lock() = reason;
        failure
    });
    // SAFETY: exclusive by T3, and consumed above.
    cell.stage.with_mut(|stage| unsafe { *stage = Stage::Finished(outcome) });
}

/// # Safety
/// The caller owns the stage (T3) of a task of these types.
unsafe fn has_output<F: Future, S>(header: NonNull<Header>) -> bool {
    // SAFETY: the caller names the types, and keeps the task alive.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    // SAFETY: exclusive by T3.
    cell.stage.with(|stage| unsafe { matches!(*stage, Stage::Finished(_)) })
}

/// # Safety
/// T6: the caller was told that the last reference to this task, of these types, is gone.
unsafe fn free<F: Future + 'static, S: Schedule>(header: NonNull<Header>) {
    let cell = header.cast::<Cell<F, S>>();
    // SAFETY: nobody else refers to the task any more (T6).
    unsafe { cell.as_ref() }.assert_spent();
    // SAFETY: nobody refers to the task any more (T6), and `new_task` allocated it as this type.
    unsafe { alloc::free(cell) };
}
