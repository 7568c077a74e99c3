//! Waiting for a task: its output, and the slot of the waiter's waker (T4).

use super::callbacks::{self, Callback, CallbackId, LateCalls};
use super::cell::Outcome;
use super::error::Failure;
use super::extras::Extras;
use super::header::{Header, Raw};
use super::state::{Detach, Slot};
use super::{
    AbortHandle, Id, JoinError, PanicSink, TaskRef, TryResultError, inherited_context, waker,
};
use crate::coop;
use crate::util::contain::contain;
use crate::util::waits::{self, Wait};
use sheave_facade::seeded;
use sheave_facade::sync::Arc;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker, ready};

/// The right to the output of a task. Awaiting it waits for the task.
///
/// Dropping a `JoinHandle` detaches the task, which runs on; its output is then dropped as soon as
/// it is there.
///
/// # Cancel safety
/// Strict: `&mut JoinHandle` may be awaited, dropped and awaited again, the output stays with the
/// task until one such await returns it.
///
/// # Panics
/// If it is polled again after it has returned the output, or awaited by the task itself, which would
/// wait for ever.
///
/// # Errors
/// A [`JoinError`] if the task was cancelled or panicked.
///
/// # Examples
/// ```
/// # #[sheave::main]
/// # async fn main() {
/// let answer = sheave::spawn(async { 6 * 7 });
/// assert_eq!(answer.await.unwrap(), 42);
///
/// let endless = sheave::spawn(std::future::pending::<()>());
/// endless.abort();
/// assert!(endless.await.unwrap_err().is_cancelled());
/// # }
/// ```
#[must_use = "dropping a `JoinHandle` detaches its task: await it, or `drop` it explicitly"]
pub struct JoinHandle<T> {
    task: Raw,
    _output: PhantomData<T>,
}

// SAFETY: through the handle a `T` may leave the thread where it was made, hence `T: Send`. The rest
// is the state (T1), fields that never change (T2), and the slot, whose waker is `Send`.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: with `&JoinHandle` only the state and fixed fields are within reach.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

impl<T> Unpin for JoinHandle<T> {}
impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    /// 1. The caller passes a reference that is counted, and the JOIN_INTEREST that is set.
    /// 2. The task's output is a `T`.
    pub(super) unsafe fn from_raw(header: NonNull<Header>) -> Self {
        // SAFETY: the reference keeps the task alive.
        Self { task: unsafe { Raw::new(header) }, _output: PhantomData }
    }

    /// Asks the task to end. Its future is dropped at its next turn, and awaiting the handle then
    /// gives a [`JoinError`] that [is cancelled](JoinError::is_cancelled).
    ///
    /// A task that completes first keeps its output, and aborting an ended task does nothing. A
    /// poll that is going on is not interrupted.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// A handle that can abort the task and cannot join it.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        self.task.state().ref_inc();
        // SAFETY: counted just now.
        AbortHandle::new(unsafe { TaskRef::from_raw(self.task.as_ptr()) })
    }

    /// Asks the task to end, as [`abort`](Self::abort) does, and returns `false` if it has ended
    /// already.
    ///
    /// **asyncio**: `Task.cancel()`. As there, `true` says that the end was asked for, not that the
    /// task will end cancelled: it may complete first.
    ///
    /// # Differences from asyncio
    /// Nothing is thrown into the task: its future is dropped at its next turn, so it can neither
    /// catch nor delay that, and there is no `uncancel`. A future that is never polled runs no line of
    /// its body, and drops what it has captured.
    ///
    /// ```
    /// # #[sheave::main]
    /// # async fn main() {
    /// let task = sheave::spawn(std::future::pending::<()>());
    /// assert!(task.cancel());
    /// # let mut task = task;
    /// assert!((&mut task).await.unwrap_err().is_cancelled());
    /// assert!(!task.cancel(), "it has ended");
    /// # }
    /// ```
    pub fn cancel(&self) -> bool {
        self.task.cancel(None)
    }

    /// As [`cancel`](Self::cancel), and says why: whoever joins the task finds the message in
    /// [`JoinError::cancel_message`]. If the task is cancelled several times before it ends, the last
    /// message counts.
    pub fn cancel_with_message(&self, message: impl Into<Cow<'static, str>>) -> bool {
        self.task.cancel(Some(message.into()))
    }

    /// Whether the task has ended: completed, panicked or cancelled.
    ///
    /// After [`abort`](Self::abort) this becomes `true` only when the future has been dropped.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.state().is_complete()
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.task.id()
    }

    /// Where the task was spawned.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.task.location()
    }

    /// A reference to the task.
    pub(crate) fn task_ref(&self) -> TaskRef {
        TaskRef::of(self.task)
    }

    /// Waits until the output can be taken, and leaves it where it is. Whoever is woken asks again:
    /// callbacks may have the output first.
    pub(crate) fn poll_ended(&mut self, waker: &Waker) -> Poll<()> {
        match self.register(waker) {
            Slot::Complete if seeded::on("wait_registers_blind") => Poll::Pending,
            Slot::Complete if !self.is_lent(Some(waker)) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }

    /// Whether the output can be taken: the task has ended, and no callbacks have it.
    pub(crate) fn has_output(&self) -> bool {
        self.is_finished() && !self.is_lent(None)
    }

    /// Takes back the waker of [`poll_ended`](Self::poll_ended).
    pub(crate) fn stop_waiting(&mut self) {
        let state = self.task.state();
        if state.has_join_waker() && state.withdraw_join_waker() == Slot::Changed {
            drop(self.take_waker());
        }
    }

    /// Whether the task has ended with a panic, or with an output that `is_failure` says is one.
    pub(crate) fn has_failed(&mut self, is_failure: impl Fn(&T) -> bool) -> bool {
        if !self.has_output() {
            return false;
        }
        let mut has_failed = false;
        // SAFETY: the pointer is to an outcome of the handle's output type.
        let mut look = |outcome: NonNull<()>| match unsafe { outcome.cast::<Outcome<T>>().as_ref() }
        {
            Ok(output) => has_failed = is_failure(output),
            Err(failure) => has_failed = matches!(failure, Failure::Panic(_)),
        };
        // SAFETY: the task is complete and its outcome not lent, so the stage is the handle's (T3), which
        // is borrowed mutably: nobody can lend it meanwhile.
        unsafe { (self.task.vtable().look_at_outcome)(self.task.as_ptr(), &mut look) };
        has_failed
    }

    /// The output, without waiting: asyncio's `Task.result()`. A handle returns it once, this way or by
    /// being awaited.
    ///
    /// # Errors
    /// [`TryResultError::Pending`] if the task has not ended, [`TryResultError::Join`] if it ended
    /// without an output.
    ///
    /// # Panics
    /// If the handle has returned the output before.
    ///
    /// # Examples
    /// ```
    /// use sheave::task::{TryResultError, yield_now};
    ///
    /// # sheave::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut task = sheave::spawn(async { 6 * 7 });
    /// assert!(matches!(task.try_result(), Err(TryResultError::Pending)));
    /// yield_now().await;
    /// assert_eq!(task.try_result().unwrap(), 42);
    /// # })
    /// ```
    pub fn try_result(&mut self) -> Result<T, TryResultError> {
        if !self.has_output() {
            return Err(TryResultError::Pending);
        }
        // A waker that an earlier await has left is the runner's: it was promised a wake.
        self.take_output().map_err(TryResultError::Join)
    }

    fn extras(&self) -> Option<&Extras> {
        self.task.trailer().extras.get()
    }

    /// Whether callbacks have the output of the complete task just now. If they do, `waker` is woken
    /// when they are through, or without one, who was to be woken before.
    fn is_lent(&self, waker: Option<&Waker>) -> bool {
        // To clone a waker is code of a user: not under the lock.
        self.extras().is_some_and(|extras| extras.callbacks.keep_waker(waker.cloned()))
    }

    /// Moves the output out of a complete task.
    fn take_output(&mut self) -> Result<T, JoinError> {
        debug_assert!(self.task.state().is_complete(), "the stage is the runner's");
        let mut output: Option<Result<T, JoinError>> = None;
        // SAFETY: the task is complete, so the stage is the handle's (T3); the pointer is to an
        // option of the output's type.
        unsafe {
            (self.task.vtable().take_output)(self.task.as_ptr(), NonNull::from(&mut output).cast());
        }
        output.expect("a `JoinHandle` was polled after it had returned the output")
    }

    /// Sees to it that completion wakes `waker`. `Complete` if it is too late for that.
    fn register(&mut self, waker: &Waker) -> Slot {
        let state = self.task.state();
        if state.is_complete()
            || (state.has_join_waker() && state.withdraw_join_waker() == Slot::Complete)
        {
            return Slot::Complete;
        }
        // The slot is the handle's from here to `publish_join_waker` (T4).
        let stored = match self.take_waker() {
            Some(stored) if stored.will_wake(waker) => stored,
            _ => waker.clone(),
        };
        let slot = &self.task.trailer().join_waker;
        // SAFETY: JOIN_WAKER is clear, so the slot is the handle's (T4); it is empty.
        slot.with_mut(|slot| unsafe { *slot = Some(stored) });
        let published = state.publish_join_waker();
        if published == Slot::Complete {
            drop(self.take_waker());
        }
        published
    }

    /// Empties the slot. For the handle only, while the slot is its own (T4).
    fn take_waker(&mut self) -> Option<Waker> {
        // SAFETY: private, and both callers in this file have just seen JOIN_WAKER clear while the
        // task was not complete, or have failed to set it (T4).
        self.task.trailer().join_waker.with_mut(|slot| unsafe { (*slot).take() })
    }
}

impl<T: Send + 'static> JoinHandle<T> {
    /// Registers a callback for the outcome. If `LateCalls` come back, the task is complete, and they are
    /// to be called by whoever is scheduled for that.
    #[track_caller]
    pub(crate) fn register_callback<F>(
        &self,
        f: F,
        sink: Option<Arc<dyn PanicSink>>,
    ) -> (CallbackId, Option<LateCalls>)
    where
        F: FnOnce(&Result<T, JoinError>) + Send + 'static,
    {
        let call = Box::new(move |outcome: NonNull<()>| {
            // SAFETY: it is called with the outcome of this task, whose output is a `T`.
            f(unsafe { outcome.cast::<Result<T, JoinError>>().as_ref() });
        });
        let callback = Callback { call, context: inherited_context(), sink };
        // SAFETY: this is the handle, borrowed for the call; `T: Send`, so that the callback may see the
        // output on another thread, one at a time.
        unsafe { callbacks::register(self.task, callback) }
    }

    /// Removes a callback. Returns whether it was there.
    pub(crate) fn unregister_callback(&self, id: CallbackId) -> bool {
        let removed = self.extras().and_then(|extras| extras.callbacks.unregister(id));
        removed.is_some()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = ready!(coop::poll_proceed(cx));
        if self.register(cx.waker()) == Slot::Changed {
            assert!(
                !waker::is_of(cx.waker(), self.task),
                "a task cannot wait for its own end: await its handle in another task"
            );
            waits::note(Wait::Join { task: self.id().as_u64() });
            return Poll::Pending;
        }
        if self.is_lent(Some(cx.waker())) {
            return Poll::Pending;
        }
        progress.made_progress();
        Poll::Ready(self.take_output())
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        match self.task.state().drop_join() {
            Detach::Detached => return,
            Detach::DropWaker => contain(|| drop(self.take_waker())),
            Detach::DropOutput if seeded::on("task_join_output_forgotten") => {}
            Detach::DropOutput if self.extras().is_some_and(|it| it.callbacks.detach()) => {}
            Detach::DropOutput => {
                // SAFETY: the task is complete, so the stage is the handle's (T3).
                contain(|| unsafe { (self.task.vtable().drop_output)(self.task.as_ptr()) });
            }
        }
        self.task.release(1);
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("id", &self.id()).finish()
    }
}

#[cfg(all(test, loom))]
mod loom;
