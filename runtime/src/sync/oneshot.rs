//! A channel for one value.

mod channel;
pub mod error;

use super::blocking::block_on;
use crate::coop;
use crate::util::waits::{SyncKind, noting};
use channel::{CLOSED, OVER, RECEIVER_WAITS, SENDER_WAITS, SENT, Side};
use sheave_facade::seeded;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

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
    let (sender, receiver) = Side::pair();
    (Sender { shared: Some(sender) }, Receiver { shared: receiver, is_done: false })
}

/// Sends the value. Dropped without a value, it lets the receiver know.
pub struct Sender<T> {
    /// `None` once a value was sent.
    shared: Option<Side<T>>,
}

/// Waits for the value: a future.
///
/// # Cancel safety
/// Strict: poll it through `&mut receiver`, and the value is still there after a dropped wait.
#[must_use = "futures do nothing unless polled"]
pub struct Receiver<T> {
    shared: Side<T>,
    /// The value, or the news that there is none, was received. Nobody waits for the end of this one.
    is_done: bool,
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
        self.shared.take().expect("a sender sends once").send(value)
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
        let word = shared.look();
        if word & CLOSED == 0 && shared.wait(SENDER_WAITS, word, cx) & CLOSED == 0 {
            return noting(SyncKind::OneshotSender, &**shared, Poll::Pending);
        }
        progress.made_progress();
        Poll::Ready(())
    }

    /// Whether the receiver was closed or dropped.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.look() & CLOSED != 0)
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
        self.shared.close();
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
        if self.is_done {
            return Err(error::TryRecvError::Closed);
        }
        let taken = self.shared.receive(self.shared.look());
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
        self.is_done || self.shared.look() & SENT == 0
    }

    /// Whether there is nothing left to wait for.
    pub(crate) fn is_over(&self) -> bool {
        self.is_done || self.shared.look() & OVER != 0
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, error::RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = ready!(coop::poll_proceed(cx));
        assert!(!self.is_done, "a receiver is polled after its end");
        let word = self.shared.look();
        let mut received = self.shared.receive(word);
        if matches!(received, Err(error::TryRecvError::Empty)) {
            let word = self.shared.wait(RECEIVER_WAITS, word, cx);
            if !seeded::on("oneshot_no_second_look") {
                received = self.shared.receive(word);
            }
        }
        if matches!(received, Err(error::TryRecvError::Empty)) {
            return noting(SyncKind::OneshotReceiver, &*self.shared, Poll::Pending);
        }
        progress.made_progress();
        self.get_mut().is_done = true;
        Poll::Ready(received.map_err(|_closed| error::RecvError(())))
    }
}

impl<T> Drop for Sender<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            shared.drop_sender();
        }
    }
}

impl<T> Drop for Receiver<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: a receiver that is dropped is not used any more.
        unsafe { self.shared.drop_receiver(self.is_done) };
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

#[cfg(all(test, loom))]
mod loom;
