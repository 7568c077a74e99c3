//! A channel for one value.
//!
//! One word says how far the channel is, and who waits.
//!
//! | word                 | call                      | sets     | returns, and does                         |
//! |----------------------|---------------------------|----------|-------------------------------------------|
//! | not CLOSED           | `send`                    | SENT     | `Ok`; wakes a receiver that waits         |
//! | CLOSED               | `send`                    | –        | the value comes back                      |
//! | any                  | the sender is dropped     | GONE     | wakes a receiver that waits, not CLOSED   |
//! | SENT                 | the receiver looks        | –        | the value; never looks again              |
//! | GONE or CLOSED, not SENT | the receiver looks    | –        | `Err`; never looks again                  |
//! | none of these        | the receiver looks        | RECEIVER_WAITS | `Pending`                           |
//! | `_WAITS`             | who waits has another waker | not `_WAITS` | as if it looked first               |
//! | any                  | `close`, receiver dropped | CLOSED   | wakes who waits in `Sender::closed`       |
//! | not CLOSED           | `Sender::closed` polled   | SENDER_WAITS | `Pending`                             |
//!
//! Absent: SENT with GONE, the sender is used up by `send`; SENT, GONE or CLOSED cleared.

pub mod error;

use super::blocking::block_on;
use crate::coop;
use crate::util::contain::contain;
use crate::util::waits::{SyncKind, noting};
use sheave_facade::cell::UnsafeCell;
use sheave_facade::seeded;
use sheave_facade::sync::TrackedArc;
use sheave_facade::sync::atomic::AtomicUsize;
use sheave_facade::sync::atomic::Ordering::{AcqRel, Acquire};
use std::fmt;
use std::future::{Future, poll_fn};
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
    let shared = TrackedArc::new(Shared {
        word: AtomicUsize::new(0),
        value: UnsafeCell::new(None),
        receiver: UnsafeCell::new(None),
        sender: UnsafeCell::new(None),
    });
    (Sender { shared: Some(shared.clone()) }, Receiver { shared, is_done: false })
}

/// Sends the value. Dropped without a value, it lets the receiver know.
pub struct Sender<T> {
    /// `None` once a value was sent.
    shared: Option<TrackedArc<Shared<T>>>,
}

/// Waits for the value: a future.
///
/// # Cancel safety
/// Strict: poll it through `&mut receiver`, and the value is still there after a dropped wait.
#[must_use = "futures do nothing unless polled"]
pub struct Receiver<T> {
    shared: TrackedArc<Shared<T>>,
    /// The value, or the news that there is none, was received. Nobody waits for the end of this one.
    is_done: bool,
}

const SENT: usize = 1;
const GONE: usize = 2;
const CLOSED: usize = 4;
const RECEIVER_WAITS: usize = 8;
const SENDER_WAITS: usize = 16;
/// What ends a wait, whoever does it.
const OVER: usize = SENT | GONE | CLOSED;

struct Shared<T> {
    word: AtomicUsize,
    /// [one-side] The sender's until `SENT` is set, the receiver's from then on.
    value: UnsafeCell<Option<T>>,
    /// [own-waker] Each side's own while its `_WAITS` is not set. While that is set, both sides may
    /// read it; the other one does so if it finds the bit set by the change that ends the wait.
    receiver: UnsafeCell<Option<Waker>>,
    sender: UnsafeCell<Option<Waker>>,
}

// SAFETY: the value goes from one side to the other, hence `T: Send`; [one-side] never gives out two
// references, so `T: Sync` is not needed. Wakers are `Sync`, and [own-waker] tells who writes.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn look(&self) -> usize {
        // ORDERING: Acquire; pairs with the release of `set` and `set_sent`. Weaker, the receiver
        // would take the value before it sees it written (model `a_value_arrives`).
        self.word.load(Acquire)
    }

    /// Sets bits and returns the former word.
    fn set(&self, bits: usize) -> usize {
        // ORDERING: AcqRel. Release: whoever sees a `_WAITS` bit finds the waker stored. Acquire: who
        // sets one and finds `SENT` reads the value (model `a_value_arrives`).
        self.word.fetch_or(bits, AcqRel)
    }

    /// Sets `SENT` unless the receiver is closed, and returns the former word.
    fn set_sent(&self) -> usize {
        let open = |word: usize| (word & CLOSED == 0).then_some(word | SENT);
        // ORDERING: AcqRel, Acquire as in `set`; here the release publishes the value.
        match self.word.fetch_update(AcqRel, Acquire, open) {
            Ok(former) | Err(former) => former,
        }
    }

    /// The value, for the side it belongs to.
    fn take(&self) -> Option<T> {
        // SAFETY: accesses the value; [one-side] by what the callers found in the word.
        self.value.with_mut(|value| unsafe { &mut *value }.take())
    }

    /// Says what the word means to a receiver.
    fn receive(&self, word: usize) -> Result<T, error::TryRecvError> {
        if word & SENT != 0 {
            // [one-side] `SENT` is set; the receiver takes once.
            return Ok(self.take().expect("a value was sent and not received"));
        }
        let is_over = word & (GONE | CLOSED) != 0;
        Err(if is_over { error::TryRecvError::Closed } else { error::TryRecvError::Empty })
    }

    /// The waker of the side whose bit is `waits`.
    fn place(&self, waits: usize) -> &UnsafeCell<Option<Waker>> {
        if waits == RECEIVER_WAITS { &self.receiver } else { &self.sender }
    }

    /// For the other side, with the word before the change that ends the wait.
    #[inline]
    fn wake(&self, waits: usize, former: usize) {
        if former & waits != 0 && former & OVER == 0 {
            // SAFETY: reads the waker; [own-waker] the bit was set by then.
            let waker = self.place(waits).with(|place| unsafe { &*place }.as_ref());
            contain(|| waker.expect("stored before the bit was set").wake_by_ref());
        }
    }

    /// Has this waker from now on, unless the wait is over. Returns the newest word.
    fn wait(&self, waits: usize, mut word: usize, cx: &Context<'_>) -> usize {
        let place = self.place(waits);
        if word & waits != 0 {
            // SAFETY: reads the waker; [own-waker] by the side itself.
            let own = place.with(|place| unsafe { &*place }.as_ref());
            if own.is_some_and(|own| own.will_wake(cx.waker())) {
                return word;
            }
            word = self.take_back(waits);
            if word & OVER != 0 && !seeded::on("oneshot_waker_taken_back_late") {
                // The other side may be reading.
                return word;
            }
        }
        let clone = cx.waker().clone();
        // SAFETY: writes the waker; [own-waker] the bit is not set, and was not when the wait ended.
        let former = place.with_mut(|place| unsafe { &mut *place }.replace(clone));
        drop(former);
        self.set(waits)
    }

    /// Clears the bit of a side that waits, and returns the former word.
    fn take_back(&self, waits: usize) -> usize {
        // ORDERING: Acquire; pairs with the release of `set_sent`: it may be the look that finds the
        // value (model `a_new_waker_is_woken`). It publishes nothing.
        self.word.fetch_and(!waits, Acquire)
    }

    fn close(&self) -> usize {
        let former = self.set(CLOSED);
        self.wake(SENDER_WAITS, former);
        former
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
        // SAFETY: accesses the value; [one-side] `SENT` is not set.
        shared.value.with_mut(|place| unsafe { *place = Some(value) });
        let former = shared.set_sent();
        if former & CLOSED != 0 && !seeded::on("oneshot_sent_though_closed") {
            // [one-side] `SENT` is not set, and never will be.
            return Err(shared.take().expect("stored above"));
        }
        if !seeded::on("oneshot_send_wakes_nobody") {
            shared.wake(RECEIVER_WAITS, former);
        }
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
    fn drop(&mut self) {
        let Some(shared) = self.shared.take() else { return };
        let former = shared.set(GONE);
        if !seeded::on("oneshot_drop_wakes_nobody") {
            shared.wake(RECEIVER_WAITS, former);
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        // A sender that lives on keeps nothing alive that nobody waits for or receives.
        let former = self.shared.close();
        if former & SENT != 0 {
            // [one-side] `SENT` is set.
            drop(self.shared.take());
        } else if former & GONE == 0 {
            // SAFETY: writes the waker; [own-waker] the sender finds `CLOSED`, and does not look.
            drop(self.shared.receiver.with_mut(|place| unsafe { &mut *place }.take()));
        }
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
