//! What runs on this thread: which task, and in which context.
//!
//! Whoever runs something puts a [`Frame`] on its stack and points the thread's one pointer at it,
//! until that has ended. Frames nest: a task may drive a local set, or block in place on another
//! runtime. A thread without a frame has a context of its own, once it has set a variable.

use super::context::Context;
use super::header::Raw;
use super::{Id, Runnable, TaskRef};
use crate::util::contain::contain;
use std::cell::{Cell, OnceCell, RefCell};
use std::ptr;

sheave_facade::thread_local! {
    /// The innermost frame on this thread; null if there is none.
    static CURRENT: Cell<*const Frame> = Cell::new(ptr::null());
}

sheave_facade::thread_local! {
    /// The context of code in no frame.
    static OUTSIDE: RefCell<Option<Context>> = RefCell::new(None);
}

/// What is being run.
pub(crate) struct Frame {
    /// The task, if it is one. Whoever made the frame keeps it alive while user code can see it.
    task: Option<Raw>,
    /// Empty until a variable is set, if the task was spawned in an empty context.
    context: OnceCell<Context>,
    /// The frame that was the innermost one before.
    below: Cell<*const Frame>,
}

impl Frame {
    fn new(task: Option<Raw>, context: Option<Context>) -> Self {
        let context = context.map_or_else(OnceCell::new, OnceCell::from);
        Self { task, context, below: Cell::new(ptr::null()) }
    }

    /// Runs `body` inside this frame.
    fn scope<R>(&self, body: impl FnOnce() -> R) -> R {
        struct Restore<'a>(&'a Frame);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                CURRENT.with(|current| current.set(self.0.below.get()));
            }
        }
        self.below.set(CURRENT.with(|current| current.replace(self)));
        let _restore = Restore(self);
        body()
    }

    fn context(&self) -> &Context {
        self.context.get_or_init(|| {
            let context = Context::new();
            if let Some(task) = self.task {
                // SAFETY: the task is polled, or ends, on this thread further down the stack, so its
                // Runnable is there and the code here runs on behalf of its owner.
                unsafe { task.adopt_context(&context) };
            }
            context
        })
    }
}

/// Calls `f` with the innermost frame.
fn with_frame<R>(f: impl FnOnce(Option<&Frame>) -> R) -> R {
    let frame = CURRENT.with(Cell::get);
    // SAFETY: `Frame::scope` set the pointer to a frame that it borrows until it has restored the
    // former value, and it does so also when the body unwinds.
    f(unsafe { frame.as_ref() })
}

/// Runs a task, or shuts it down, as the current one of this thread. `act` does just that: it never
/// unwinds, and runs no code of a user once the task may be gone.
#[inline]
pub(crate) fn as_current(task: Runnable, act: impl FnOnce(Runnable)) {
    // SAFETY: this is the Runnable's owner.
    let frame = Frame::new(Some(task.raw()), unsafe { task.raw().context() });
    frame.scope(|| act(task));
    if let Some(context) = frame.context.into_inner() {
        // The last one to hold it drops values of users.
        contain(|| drop(context));
    }
}

/// A copy of the current context, for work that is no task; `None` if nothing is set.
pub(crate) fn inherited_context() -> Option<Context> {
    heritage().1
}

/// Runs `body`, which is no task, in that context, or in an empty one of its own.
pub(crate) fn in_context<R>(context: Option<Context>, body: impl FnOnce() -> R) -> R {
    Frame::new(None, context).scope(body)
}

/// The task that runs on this thread.
pub(crate) fn current_task() -> Option<TaskRef> {
    with_frame(|frame| frame?.task.map(TaskRef::of))
}

/// Whether this thread polls the task, or runs something that the task has called.
pub(crate) fn is_current(task: &TaskRef) -> bool {
    let mut frame = CURRENT.with(Cell::get);
    // SAFETY: as in `with_frame`; a frame outlives those that are put on top of it.
    while let Some(here) = unsafe { frame.as_ref() } {
        if here.task == Some(task.raw()) {
            return true;
        }
        frame = here.below.get();
    }
    false
}

/// The id of the task that runs on this thread.
pub(crate) fn current_id() -> Option<Id> {
    with_frame(|frame| frame?.task.map(Raw::id))
}

/// What a task that is spawned here has from its spawner: a parent, if a task spawns it, and a copy of
/// the current context, if anything is set there.
#[inline]
pub(super) fn heritage() -> (Option<Id>, Option<Context>) {
    with_frame(|frame| match frame {
        Some(frame) => {
            let context = frame.context.get().and_then(Context::copy_unless_empty);
            (frame.task.map(Raw::id), context)
        }
        None => (None, outside().and_then(|context| context.copy_unless_empty())),
    })
}

/// The context of code in no frame, if it has one.
fn outside() -> Option<Context> {
    OUTSIDE.try_with(|outside| outside.borrow().clone()).ok().flatten()
}

/// Calls `f` with the current context, if there is one that may hold values.
pub(crate) fn try_with_context<R>(f: impl FnOnce(Option<&Context>) -> R) -> R {
    with_frame(|frame| match frame {
        Some(frame) => f(frame.context.get()),
        None => f(outside().as_ref()),
    })
}

impl Context {
    /// The context of the code that calls this: the same one, not a copy. What is set in it, this
    /// code sees, and the other way round.
    ///
    /// A thread in no task has a context of its own.
    #[must_use]
    pub fn current() -> Self {
        with_frame(|frame| match frame {
            Some(frame) => frame.context().clone(),
            None => OUTSIDE
                .try_with(|outside| outside.borrow_mut().get_or_insert_default().clone())
                // The thread is ending, and so is what this would be remembered for.
                .unwrap_or_default(),
        })
    }

    /// Runs `body` in this context: what it sets is set here, and stays when `body` has returned.
    ///
    /// # Panics
    /// If `body` does.
    pub fn run<R>(&self, body: impl FnOnce() -> R) -> R {
        let task = with_frame(|frame| frame.and_then(|frame| frame.task));
        Frame::new(task, Some(self.clone())).scope(body)
    }
}
