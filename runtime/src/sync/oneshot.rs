//! A channel for one value.
//!
//! | channel | call                     | channel | returns                                      |
//! |---------|--------------------------|---------|----------------------------------------------|
//! | Open    | `send`                   | Sent    | `Ok`, and wakes the receiver                 |
//! | Open    | the sender is dropped    | Gone    | and wakes the receiver                       |
//! | Open    | receiver polled          | Open    | `Pending`                                    |
//! | Open    | `close`, receiver dropped | Closed | and wakes who waits in `Sender::closed`      |
//! | Closed  | `send`                   | Closed  | the value comes back                         |
//! | Closed  | receiver polled          | Taken   | `Err`                                        |
//! | Sent    | receiver polled, dropped | Taken   | the value                                    |
//! | Gone    | receiver polled          | Taken   | `Err`                                        |
//! Absent: (Sent, `send`) and (Gone, `send`), the sender is used up; a poll of a Taken channel panics.

use super::blocking::block_on;
use super::wait_list::{poll_alone, wake};
use crate::coop;
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, Mutex};
use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// A channel for one value.
///
/// # Examples
/// ```
/// use sheave::sync::oneshot;
///
/// # #[sheave::main]
/// # async fn main() {
/// let (answer, question) = oneshot::channel();
/// sheave::spawn(async move { answer.send(42) });
/// assert_eq!(question.await, Ok(42));
/// # }
/// ```
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let state = State { stage: Stage::Open, receiver: None, sender: None };
    let shared = Arc::new(Mutex::new(state));
    (Sender { shared: Some(shared.clone()) }, Receiver { shared, is_done: false })
}

/// Sends the value. Dropped without a value, it lets the receiver know.
pub struct Sender<T> {
    /// `None` once a value was sent.
    shared: Option<Arc<Mutex<State<T>>>>,
}

/// Waits for the value: a future.
///
/// # Cancel safety
/// Strict: poll it through `&mut receiver`, and the value is still there after a dropped wait.
#[must_use = "futures do nothing unless polled"]
pub struct Receiver<T> {
    shared: Arc<Mutex<State<T>>>,
    /// The stage is Taken, so the end of this receiver is news to nobody.
    is_done: bool,
}

struct State<T> {
    stage: Stage<T>,
    receiver: Option<Waker>,
    /// Of `Sender::closed`.
    sender: Option<Waker>,
}

enum Stage<T> {
    Open,
    Sent(T),
    Gone,
    Closed,
    Taken,
}

impl<T> State<T> {
    /// The transitions of the receiver's polls.
    fn take(&mut self) -> Result<T, error::TryRecvError> {
        if matches!(self.stage, Stage::Open) {
            return Err(error::TryRecvError::Empty);
        }
        match mem::replace(&mut self.stage, Stage::Taken) {
            Stage::Sent(value) => Ok(value),
            Stage::Gone | Stage::Closed | Stage::Taken => Err(error::TryRecvError::Closed),
            Stage::Open => unreachable!("looked above"),
        }
    }

    fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed | Stage::Taken)
    }

    /// The receiver wants no value any more. Returns who waits to hear of that.
    fn close(&mut self) -> Option<Waker> {
        if matches!(self.stage, Stage::Open) {
            self.stage = Stage::Closed;
        }
        self.sender.take()
    }
}

impl<T> Sender<T> {
    /// Sends the value. Never waits.
    ///
    /// `Ok` does not mean that the value is ever received: the receiver may be dropped later.
    ///
    /// # Errors
    /// Hands the value back if the receiver was closed or dropped.
    #[inline]
    pub fn send(mut self, value: T) -> Result<(), T> {
        let shared = self.shared.take().expect("a sender sends once");
        let mut state = shared.lock();
        if !matches!(state.stage, Stage::Open) {
            drop(state);
            return Err(value);
        }
        state.stage = Stage::Sent(value);
        let (receiver, own) = (state.receiver.take(), state.sender.take());
        drop(state);
        if !seeded::on("oneshot_send_wakes_nobody") {
            wake(receiver);
        }
        drop(own);
        Ok(())
    }

    /// Waits until the receiver is closed or dropped.
    ///
    /// # Cancel safety
    /// Strict.
    ///
    /// # Examples
    /// Work that nobody waits for any more is given up:
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (mut sender, receiver) = sheave::sync::oneshot::channel::<u32>();
    /// drop(receiver);
    /// sender.closed().await;
    /// assert_eq!(sender.send(1), Err(1));
    /// # });
    /// ```
    pub async fn closed(&mut self) {
        poll_fn(|cx| self.poll_closed(cx)).await;
    }

    /// The polled form of [`closed`](Self::closed).
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        let shared = self.shared.as_ref().expect("a sender that was not used up");
        let closed = |state: &mut State<T>| state.is_closed().then_some(());
        ready!(poll_alone(shared, |state| &mut state.sender, cx, closed));
        progress.made_progress();
        Poll::Ready(())
    }

    /// Whether the receiver was closed or dropped.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.lock().is_closed())
    }
}

impl<T> Receiver<T> {
    /// Refuses a value that is not sent yet. One that was sent can still be received.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, mut receiver) = sheave::sync::oneshot::channel();
    /// receiver.close();
    /// assert_eq!(sender.send("late"), Err("late"));
    /// assert!(receiver.await.is_err());
    /// # });
    /// ```
    pub fn close(&mut self) {
        let sender = self.shared.lock().close();
        wake(sender);
    }

    /// Takes the value if it has been sent.
    ///
    /// # Errors
    /// Whether there is no value yet, or will never be one.
    ///
    /// # Examples
    /// ```
    /// use sheave::sync::oneshot::{self, error::TryRecvError};
    ///
    /// let (sender, mut receiver) = oneshot::channel();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send(1).expect("the receiver lives");
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, error::TryRecvError> {
        let taken = self.shared.lock().take();
        self.is_done = !matches!(taken, Err(error::TryRecvError::Empty));
        taken
    }

    /// Blocks this thread until the value comes.
    ///
    /// # Errors
    /// If the sender was dropped without a value.
    ///
    /// # Panics
    /// In a task, whose worker it would block.
    #[track_caller]
    pub fn blocking_recv(self) -> Result<T, error::RecvError> {
        block_on(self)
    }

    /// Whether the value, or the news that there is none, was already received.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.is_done
    }

    /// Whether no value waits to be received.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !matches!(self.shared.lock().stage, Stage::Sent(_))
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, error::RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = ready!(coop::poll_proceed(cx));
        assert!(!self.is_done, "a receiver is polled after its end");
        let look = |state: &mut State<T>| match state.take() {
            Ok(value) => Some(Ok(value)),
            Err(error::TryRecvError::Closed) => Some(Err(error::RecvError(()))),
            Err(error::TryRecvError::Empty) => None,
        };
        let received = ready!(poll_alone(&self.shared, |state| &mut state.receiver, cx, look));
        progress.made_progress();
        self.get_mut().is_done = true;
        Poll::Ready(received)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let Some(shared) = self.shared.take() else { return };
        let mut state = shared.lock();
        if matches!(state.stage, Stage::Open) {
            state.stage = Stage::Gone;
        }
        let (receiver, own) = (state.receiver.take(), state.sender.take());
        drop(state);
        if !seeded::on("oneshot_drop_wakes_nobody") {
            wake(receiver);
        }
        drop(own);
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let mut state = self.shared.lock();
        let sender = state.close();
        let own = state.receiver.take();
        // A value that nobody has received is code of the user, too, when it is dropped (W10).
        let unreceived = mem::replace(&mut state.stage, Stage::Taken);
        drop(state);
        wake(sender);
        drop((own, unreceived));
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("is_closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("is_empty", &self.is_empty()).finish_non_exhaustive()
    }
}

/// What can go wrong with a [`channel`].
pub mod error {
    use std::{error, fmt};

    /// The sender was dropped without a value, or the channel was closed before there was one.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RecvError(pub(super) ());

    /// Why there was no value at once.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum TryRecvError {
        /// Not yet.
        Empty,
        /// Never: the sender is gone, or the value was received before.
        Closed,
    }

    impl fmt::Display for RecvError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the channel was closed without a value")
        }
    }

    impl fmt::Display for TryRecvError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(match self {
                Self::Empty => "no value was sent yet",
                Self::Closed => "the channel was closed without a value",
            })
        }
    }

    impl error::Error for RecvError {}
    impl error::Error for TryRecvError {}
}

#[cfg(all(test, loom))]
mod loom;
