//! Closures that the runtime is to call once, and the handles that keep it from that.
//!
//! | from    | call     | to        | then                                     |
//! |---------|----------|-----------|------------------------------------------|
//! | Waiting | `fire`   | Called    | the caller calls the closure             |
//! | Waiting | `cancel` | Cancelled | the caller drops the closure             |
//! | Called, Cancelled | `fire`, `cancel` | – | nothing                      |
//!
//! The closure is taken out under the lock, and called or dropped without it (W10). A task of the runtime
//! waits for the moment and fires; a task that is dropped before cancels.

use crate::scheduler::Shared;
use crate::tasks::{AbortHandle, Spec};
use crate::time::{Instant, sleep_until};
use crate::util::contain::contain;
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, Mutex};
use std::fmt;
use std::mem;
use std::ops::Deref;
use std::panic::Location;

/// See the [module documentation](self).
struct Call<F>(Mutex<State<F>>);

enum State<F> {
    Waiting(F),
    Called,
    Cancelled,
}

impl<F> Call<F> {
    /// Takes the closure out, if it waits, and leaves `then`.
    fn take(&self, then: State<F>) -> Option<F> {
        let mut state = self.0.lock();
        match mem::replace(&mut *state, then) {
            State::Waiting(f) => Some(f),
            over => {
                *state = over;
                None
            }
        }
    }

    /// The closure, which the caller calls.
    fn fire(&self) -> Option<F> {
        self.take(State::Called)
    }

    fn is_waiting(&self) -> bool {
        matches!(*self.0.lock(), State::Waiting(_))
    }
}

/// A call, whatever it calls.
trait Cancel: Send + Sync {
    /// Whether this has kept the closure from being called.
    fn cancel(&self) -> bool;
    fn is_cancelled(&self) -> bool;
}

impl<F: Send> Cancel for Call<F> {
    fn cancel(&self) -> bool {
        if seeded::on("call_cancelled_too_late") {
            let was_waiting = self.is_waiting();
            drop(self.take(State::Cancelled));
            return was_waiting;
        }
        let taken = self.take(State::Cancelled);
        let is_taken = taken.is_some();
        contain(|| drop(taken));
        is_taken
    }

    fn is_cancelled(&self) -> bool {
        matches!(*self.0.lock(), State::Cancelled)
    }
}

/// What the task holds: a call that is cancelled if it is not fired.
struct Due<F: Send>(Arc<Call<F>>);

impl<F: FnOnce() + Send> Due<F> {
    fn fire(self) {
        if let Some(f) = self.0.fire() {
            f();
        }
    }
}

impl<F: Send> Drop for Due<F> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Lets the runtime call `f`, as soon as what is queued by now has had its turn.
pub(crate) fn call_soon<F>(
    shared: &Arc<Shared>,
    f: F,
    location: &'static Location<'static>,
) -> CallHandle
where
    F: FnOnce() + Send + 'static,
{
    let call = Arc::new(Call(Mutex::new(State::Waiting(f))));
    let due = Due(call.clone());
    let task = shared.spawn(async move { due.fire() }, Spec::at(location)).abort_handle();
    CallHandle { call, task }
}

/// Lets the runtime call `f` at `deadline`.
pub(crate) fn call_at<F>(
    shared: &Arc<Shared>,
    deadline: Instant,
    f: F,
    location: &'static Location<'static>,
) -> TimerHandle
where
    F: FnOnce() + Send + 'static,
{
    let call = Arc::new(Call(Mutex::new(State::Waiting(f))));
    let due = Due(call.clone());
    let fire = async move {
        sleep_until(deadline).await;
        due.fire();
    };
    let task = shared.spawn(fire, Spec::at(location)).abort_handle();
    TimerHandle { call: CallHandle { call, task }, deadline }
}

/// A closure that the runtime is to call: asyncio's `Handle`. Made by
/// [`call_soon`](crate::runtime::Handle::call_soon).
///
/// To drop it does not cancel the call; see [`cancel_on_drop`](Self::cancel_on_drop). Clones are of the
/// same call.
#[derive(Clone)]
pub struct CallHandle {
    call: Arc<dyn Cancel>,
    task: AbortHandle,
}

impl CallHandle {
    /// Keeps the closure from being called, and drops it here and now, with all that it has captured.
    /// Returns `false` if it is too late: it was called, or cancelled before. One that is being called is
    /// not interrupted.
    ///
    /// # Examples
    /// ```
    /// let runtime = sheave::runtime::Builder::new_current_thread().build()?;
    /// let call = runtime.handle().call_soon(|| unreachable!());
    /// assert!(call.cancel() && call.is_cancelled());
    /// assert!(!call.cancel());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn cancel(&self) -> bool {
        let is_cancelled = self.call.cancel();
        if is_cancelled {
            // A timer leaves the wheel with its task.
            self.task.abort();
        }
        is_cancelled
    }

    /// Whether the closure was dropped without a call: by [`cancel`](Self::cancel), or because the
    /// runtime has shut down.
    ///
    /// # Differences from asyncio
    /// A call that was made is not cancelled, whoever tries it afterwards.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.call.is_cancelled()
    }

    /// Cancels the call when the wrapper is dropped.
    ///
    /// # Examples
    /// ```
    /// let runtime = sheave::runtime::Builder::new_current_thread().build()?;
    /// let call = runtime.handle().call_soon(|| unreachable!());
    /// drop(call.clone().cancel_on_drop());
    /// assert!(call.is_cancelled());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn cancel_on_drop(self) -> CancelOnDrop<Self> {
        CancelOnDrop(self)
    }
}

impl fmt::Debug for CallHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallHandle").field("is_cancelled", &self.is_cancelled()).finish()
    }
}

/// A closure that the runtime is to call at some moment: asyncio's `TimerHandle`. Made by
/// [`call_later`](crate::runtime::Handle::call_later) and [`call_at`](crate::runtime::Handle::call_at).
///
/// As [`CallHandle`] otherwise.
#[derive(Clone, Debug)]
pub struct TimerHandle {
    call: CallHandle,
    deadline: Instant,
}

impl TimerHandle {
    /// When the closure is to be called: asyncio's `when()`.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// See [`CallHandle::cancel`].
    pub fn cancel(&self) -> bool {
        self.call.cancel()
    }

    /// See [`CallHandle::is_cancelled`].
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.call.is_cancelled()
    }

    /// See [`CallHandle::cancel_on_drop`].
    pub fn cancel_on_drop(self) -> CancelOnDrop<Self> {
        CancelOnDrop(self)
    }
}

impl AsRef<CallHandle> for CallHandle {
    fn as_ref(&self) -> &CallHandle {
        self
    }
}

impl AsRef<CallHandle> for TimerHandle {
    fn as_ref(&self) -> &CallHandle {
        &self.call
    }
}

/// A [`CallHandle`] or [`TimerHandle`] whose call is cancelled when this is dropped. Made by
/// [`cancel_on_drop`](CallHandle::cancel_on_drop).
#[derive(Debug)]
#[must_use = "dropping it cancels the call"]
pub struct CancelOnDrop<H: AsRef<CallHandle>>(H);

impl<H: AsRef<CallHandle>> Deref for CancelOnDrop<H> {
    type Target = H;

    fn deref(&self) -> &H {
        &self.0
    }
}

impl<H: AsRef<CallHandle>> Drop for CancelOnDrop<H> {
    fn drop(&mut self) {
        self.0.as_ref().cancel();
    }
}

#[cfg(all(test, loom))]
mod loom;
