//! Running a task: poll once, complete, cancel. No atomics of its own, the word is `state`'s.

use super::cell::{Cell, Outcome};
use super::error::{Failure, Stopped};
use super::header::{Header, Raw, Schedule, Wakeup};
use super::state::{Begin, End, Joiner, Owed};
use super::{Id, TaskRef, callbacks, waker};
use crate::util::contain::{catch, contain, discard};
use crate::util::waits;
use std::fmt;
use std::future::Future;
use std::mem::{self, ManuallyDrop};
use std::panic::Location;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll, Waker};

/// The right to poll a task once. There is at most one per task (W2), and it is never lost: dropping
/// it ends the task as cancelled.
pub(crate) struct Runnable(Raw);

// SAFETY: running a task on another thread needs a `Send` future, which `new_task` demands and for
// which the caller of `new_local_task` answers. All other access goes through the state (T1).
unsafe impl Send for Runnable {}

impl Runnable {
    /// The Runnable as a pointer, for a queue that stores pointers.
    pub(crate) fn into_raw(self) -> NonNull<Header> {
        self.give_up().as_ptr()
    }

    /// The Runnable behind a pointer.
    ///
    /// # Safety
    /// `header` came from [`into_raw`](Self::into_raw), and each such pointer is used once.
    pub(crate) unsafe fn from_raw(header: NonNull<Header>) -> Self {
        // SAFETY: the Runnable keeps the task alive.
        Self(unsafe { Raw::new(header) })
    }

    fn give_up(self) -> Raw {
        ManuallyDrop::new(self).0
    }

    /// Polls the task once, or drops its future if the task was aborted. A task that was woken
    /// meanwhile goes back to its scheduler, as [`Wakeup::Yielded`]. Never unwinds.
    #[inline]
    pub(crate) fn run(self) {
        let task = self.give_up();
        // SAFETY: this was the Runnable, and it is used up.
        unsafe { (task.vtable().run)(task.as_ptr()) };
    }

    /// Ends the task as cancelled: drops the future here and now. Never unwinds.
    pub(crate) fn shutdown(self) {
        drop(self);
    }

    /// As [`shutdown`](Self::shutdown), and the handle says why.
    pub(crate) fn stop(self, why: Stopped) {
        let task = self.give_up();
        // SAFETY: this was the Runnable, and it is used up.
        unsafe { (task.vtable().shutdown)(task.as_ptr(), why) };
    }

    /// The task's id.
    pub(crate) fn id(&self) -> Id {
        self.0.id()
    }

    /// Where the task was spawned.
    pub(crate) fn location(&self) -> &'static Location<'static> {
        self.0.location()
    }

    /// The task's name, if it has one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.trailer().extras.get()?.name.as_deref()
    }

    pub(super) fn raw(&self) -> Raw {
        self.0
    }

    /// Notes for dumps that a poll begins, so many nanoseconds after the origin of the clock.
    #[inline]
    pub(crate) fn begin_poll(&self, nanos: u64) {
        self.0.trace().begin_poll(nanos);
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        // SAFETY: this was the Runnable, and it is used up.
        unsafe { (self.0.vtable().shutdown)(self.0.as_ptr(), Stopped::Cancelled) };
    }
}

impl fmt::Debug for Runnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runnable").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// See [`Runnable::run`].
///
/// # Safety
/// `header` is the Runnable of a task of these types; the call uses it up.
pub(super) unsafe fn run<F: Future + 'static, S: Schedule>(header: NonNull<Header>) {
    // SAFETY: the Runnable keeps the task alive.
    let task = unsafe { Raw::new(header) };
    match task.state().begin_poll() {
        // SAFETY: the Runnable is handed on.
        Begin::Cancel(owed) => unsafe { end::<F, S>(header, Stopped::Cancelled, owed) },
        // SAFETY: the Runnable is handed on, and this is the turn that was put off.
        Begin::Call => unsafe { call_and_complete::<F, S>(header) },
        // SAFETY: the caller owns the Runnable.
        Begin::Poll(seen, owed) => match unsafe { poll::<F, S>(header) } {
            // SAFETY: the Runnable is handed on.
            Poll::Ready(outcome) => unsafe { conclude::<F, S>(header, outcome, owed) },
            Poll::Pending => {
                task.trace().wait(waits::latest());
                match task.state().end_poll(seen) {
                    End::Idle => {}
                    // SAFETY: the Runnable is handed on.
                    End::Again => unsafe { schedule::<F, S>(header, Wakeup::Yielded) },
                }
            }
        },
    }
}

/// See [`Runnable::shutdown`]. Callbacks are called here and now: nobody may run the task again.
///
/// # Safety
/// As [`run`].
pub(super) unsafe fn shutdown<F: Future + 'static, S: Schedule>(
    header: NonNull<Header>,
    why: Stopped,
) {
    // SAFETY: the Runnable keeps the task alive, and the caller names the types.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    // SAFETY: the caller owns the Runnable, and with it the stage (T3).
    if unsafe { !cell.has_ended() } {
        // SAFETY: the caller owns the Runnable, and the task has not ended.
        unsafe { stop::<F, S>(header, why) };
    }
    // SAFETY: the Runnable is handed on.
    unsafe { call_and_complete::<F, S>(header) };
}

/// Drops the future of a task that was aborted, and concludes it.
///
/// # Safety
/// As [`run`].
unsafe fn end<F: Future + 'static, S: Schedule>(header: NonNull<Header>, why: Stopped, owed: Owed) {
    // SAFETY: the caller owns the Runnable, and the task has not ended.
    unsafe { stop::<F, S>(header, why) };
    // SAFETY: the Runnable is handed on.
    unsafe { settle::<F, S>(header, owed) };
}

/// Drops the future, and stores why.
///
/// # Safety
/// The caller owns the Runnable of a task of these types, which has not ended.
unsafe fn stop<F: Future + 'static, S: Schedule>(header: NonNull<Header>, why: Stopped) {
    // SAFETY: the caller owns the Runnable and names the types.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    // SAFETY: the Runnable's owner owns the stage (T3).
    let outcome = match catch(|| unsafe { cell.consume() }) {
        Ok(()) => Err(Failure::Stopped(why)),
        Err(payload) => Err(Failure::panic(payload, cell.scheduler.panic_sink())),
    };
    // SAFETY: the Runnable's owner owns the stage (T3), which is consumed.
    unsafe { cell.finish(outcome) };
}

/// Hands the Runnable to the scheduler.
///
/// # Safety
/// As [`run`].
pub(super) unsafe fn schedule<F: Future + 'static, S: Schedule>(
    header: NonNull<Header>,
    why: Wakeup,
) {
    // SAFETY: the Runnable keeps the task alive until it is published.
    let scheduler = unsafe { &raw const (*header.cast::<Cell<F, S>>().as_ptr()).scheduler };
    // A copy, never dropped: once the Runnable is published the original may be freed (T8), and a
    // reference must not outlive what it refers to.
    // SAFETY: the bits are valid to share for the call; `Schedule::schedule` says that what they
    // point to may be gone once the task is published.
    let scheduler = ManuallyDrop::new(unsafe { ptr::read(scheduler) });
    // SAFETY: the caller gives the Runnable.
    scheduler.schedule(unsafe { Runnable::from_raw(header) }, why);
}

/// Polls the future; if that ends it, drops it. A panic of either becomes the outcome.
///
/// # Safety
/// The caller owns the Runnable of a task of these types.
unsafe fn poll<F: Future + 'static, S: Schedule>(
    header: NonNull<Header>,
) -> Poll<Outcome<F::Output>> {
    // SAFETY: the caller owns the Runnable, which keeps the task alive until this function returns.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    // SAFETY: the task outlives the borrow.
    let waker = unsafe { waker::borrowed(header) };
    let mut cx = Context::from_waker(&waker);
    waits::begin();
    // SAFETY: the Runnable's owner owns the stage (T3), and an incomplete task has its future.
    let outcome = match catch(|| unsafe { cell.poll(&mut cx) }) {
        Ok(Poll::Pending) => return Poll::Pending,
        Ok(Poll::Ready(output)) => Ok(output),
        Err(payload) => Err(Failure::panic(payload, cell.scheduler.panic_sink())),
    };
    // SAFETY: the Runnable's owner owns the stage (T3).
    let Err(payload) = catch(|| unsafe { cell.consume() }) else {
        return Poll::Ready(outcome);
    };
    match outcome {
        // The first panic is the cause; the second one comes of it.
        Err(first) => {
            discard(payload);
            Poll::Ready(Err(first))
        }
        Ok(output) => {
            contain(|| drop(output));
            Poll::Ready(Err(Failure::panic(payload, cell.scheduler.panic_sink())))
        }
    }
}

/// Stores the outcome, and completes the task: at its next turn, if it has callbacks.
///
/// # Safety
/// The caller gives the Runnable of a task of these types, and has consumed its stage.
#[inline]
unsafe fn conclude<F: Future + 'static, S: Schedule>(
    header: NonNull<Header>,
    outcome: Outcome<F::Output>,
    owed: Owed,
) {
    // SAFETY: the Runnable keeps the task alive, and the caller names the types.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    // SAFETY: the Runnable's owner owns the stage (T3).
    unsafe { cell.finish(outcome) };
    // SAFETY: the Runnable is handed on.
    unsafe { settle::<F, S>(header, owed) };
}

/// Completes a task whose outcome is stored: at its next turn, if it has callbacks.
///
/// # Safety
/// The caller gives the Runnable of a task of these types, whose outcome is stored.
#[inline]
unsafe fn settle<F: Future + 'static, S: Schedule>(header: NonNull<Header>, owed: Owed) {
    if !owed.0 {
        // SAFETY: the Runnable is handed on.
        return unsafe { complete::<F, S>(header) };
    }
    // SAFETY: the Runnable keeps the task alive, and the caller names the types.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    // SAFETY: the Runnable's owner owns the stage (T3).
    cell.header.state.end(unsafe { cell.ending() });
    // SAFETY: the Runnable is handed on.
    unsafe { schedule::<F, S>(header, Wakeup::Yielded) };
}

/// Calls the callbacks that are registered, and completes the task.
///
/// # Safety
/// The caller gives the Runnable of a task of these types, whose outcome is stored.
unsafe fn call_and_complete<F: Future + 'static, S: Schedule>(header: NonNull<Header>) {
    // SAFETY: the Runnable keeps the task alive, and the caller names the types.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    if let Some(extras) = cell.trailer.extras.get() {
        extras.callbacks.set_default_sink(cell.scheduler.panic_sink());
        // SAFETY: the Runnable's owner owns the stage (T3).
        unsafe { (cell.header.vtable.call_back)(header) };
    }
    // SAFETY: the Runnable is handed on.
    unsafe { complete::<F, S>(header) };
}

/// Leaves the registry, tells the joiner and gives up the task's reference to
/// itself.
///
/// # Safety
/// The caller gives the Runnable of a task of these types, whose outcome is stored.
unsafe fn complete<F: Future + 'static, S: Schedule>(header: NonNull<Header>) {
    // SAFETY: the task's reference to itself keeps it alive until the end of this function.
    let task = unsafe { Raw::new(header) };
    // SAFETY: as above, and the caller names the types.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    // SAFETY: the task's reference to itself, lent for the call and not given up by it.
    let lent = ManuallyDrop::new(unsafe { TaskRef::from_raw(header) });
    let registered = cell.scheduler.release(&lent);

    // SAFETY: this is the Runnable's owner, and the outcome is stored.
    if let Some(waker) = unsafe { tell_joiner::<F, S>(header) } {
        contain(|| waker.wake());
    }

    // SAFETY: this was the Runnable's owner, and ends the task (T10).
    if let Some(context) = unsafe { task.take_context() } {
        contain(|| drop(context));
    }

    // One subtraction for both references.
    let count = if registered.is_some() { 2 } else { 1 };
    mem::forget(registered);
    task.release(count);
}

/// Completes the task. The waker is the joiner's.
///
/// # Safety
/// The caller owns the Runnable of a task of these types, whose outcome is stored.
unsafe fn tell_joiner<F: Future + 'static, S: Schedule>(header: NonNull<Header>) -> Option<Waker> {
    // SAFETY: the task's reference to itself keeps it alive, and the caller names the types.
    let cell = unsafe { header.cast::<Cell<F, S>>().as_ref() };
    // SAFETY: the Runnable's owner owns the stage (T3).
    let ending = unsafe { cell.ending() };
    let (joiner, owed) = cell.header.state.complete(ending);
    if owed.0 {
        // SAFETY: the task's reference to itself keeps it alive.
        let task = unsafe { Raw::new(header) };
        // SAFETY: the outcome is lent to this runner since the first registration (T3).
        unsafe { callbacks::borrow(task) }.call();
    }
    match joiner {
        Joiner::None => {
            // SAFETY: nobody wants the output, so the stage stays the runner's (T3).
            contain(|| unsafe { cell.abandon() });
            None
        }
        Joiner::Present => None,
        // SAFETY: COMPLETE was set over JOIN_WAKER, so the slot is this runner's (T4).
        Joiner::Waiting => cell.trailer.join_waker.with_mut(|slot| unsafe { (*slot).take() }),
    }
}
