//! What both ends of a channel share: a word, the value, and who waits.
//!
//! The word says how far the channel is, who waits, and which side has left.
//!
//! | word                 | call                      | sets     | returns, and does                         |
//! |----------------------|---------------------------|----------|-------------------------------------------|
//! | not CLOSED           | `send`                    | SENT     | `Ok`; wakes a receiver that waits         |
//! | CLOSED               | `send`                    | –        | the value comes back                      |
//! | not CLOSED           | the sender is dropped     | GONE     | wakes a receiver that waits               |
//! | CLOSED               | the sender is dropped     | –        |                                           |
//! | SENT                 | the receiver looks        | –        | the value; never looks again              |
//! | GONE or CLOSED, not SENT | the receiver looks    | –        | `Err`; never looks again                  |
//! | none of these        | the receiver looks        | RECEIVER_WAITS | `Pending`                           |
//! | `_WAITS`             | who waits has another waker | not `_WAITS` | as if it looked first               |
//! | any                  | `close`                   | CLOSED   | wakes who waits in `Sender::closed`       |
//! | not SENDER_LEFT      | receiver dropped, not told the end | CLOSED | the same; drops the value         |
//! | not CLOSED           | `Sender::closed` polled   | SENDER_WAITS | `Pending`                             |
//! | not the other `_LEFT` | a side is done           | its `_LEFT` | never looks again                      |
//! | the other `_LEFT`    | a side is done            | any      | frees the memory                          |
//!
//! A sender that wakes nobody sets SENDER_LEFT together with SENT or GONE, and a receiver that finds
//! SENDER_LEFT changes nothing. So a value that is there before somebody waits costs one change.
//!
//! Absent: SENT with GONE, the sender is used up by `send`; SENT, GONE, CLOSED or `_LEFT` cleared.

use super::error;
use crate::util::contain::contain;
use sheave_facade::cell::UnsafeCell;
use sheave_facade::sync::atomic::AtomicUsize;
use sheave_facade::sync::atomic::Ordering::{AcqRel, Acquire};
use sheave_facade::{alloc, seeded};
use std::ops::Deref;
use std::ptr::NonNull;
use std::task::{Context, Waker};

pub(super) const SENT: usize = 1;
const GONE: usize = 2;
pub(super) const CLOSED: usize = 4;
pub(super) const RECEIVER_WAITS: usize = 8;
pub(super) const SENDER_WAITS: usize = 16;
const SENDER_LEFT: usize = 32;
const RECEIVER_LEFT: usize = 64;
/// What ends a wait, whoever does it.
pub(super) const OVER: usize = SENT | GONE | CLOSED;

pub(super) struct Shared<T> {
    word: AtomicUsize,
    /// [one-side] The sender's until `SENT` is set, the receiver's from then on.
    value: UnsafeCell<Option<T>>,
    /// [own-waker] Each side's own while its `_WAITS` is not set. While that is set, both sides may
    /// read it; the other one does so if it finds the bit set by the change that ends the wait.
    receiver: UnsafeCell<Option<Waker>>,
    sender: UnsafeCell<Option<Waker>>,
}

/// One side's share. [last-frees] A side sets its `_LEFT` with its last access, and who finds the other
/// side's set frees the memory.
pub(super) struct Side<T>(NonNull<Shared<T>>);

// SAFETY: the value goes from one side to the other, hence `T: Send`; wakers are `Send`, and the last
// side may free the memory on any thread by [last-frees].
unsafe impl<T: Send> Send for Side<T> {}
// SAFETY: [one-side] never gives out two references, so `T: Sync` is not needed. Wakers are `Sync`, and
// [own-waker] tells who writes.
unsafe impl<T: Send> Sync for Side<T> {}

impl<T> Deref for Side<T> {
    type Target = Shared<T>;

    #[inline]
    fn deref(&self) -> &Shared<T> {
        // SAFETY: [last-frees] this side has not left.
        unsafe { self.0.as_ref() }
    }
}

/// What either side does last.
impl<T> Side<T> {
    /// The sender's and the receiver's.
    #[inline]
    pub(super) fn pair() -> (Self, Self) {
        let shared = alloc::into_raw(Shared {
            word: AtomicUsize::new(0),
            value: UnsafeCell::new(None),
            receiver: UnsafeCell::new(None),
            sender: UnsafeCell::new(None),
        });
        (Self(shared), Self(shared))
    }

    /// Sends the value, or hands it back if the receiver is closed.
    #[inline]
    pub(super) fn send(self, value: T) -> Result<(), T> {
        // SAFETY: accesses the value; [one-side] `SENT` is not set.
        self.value.with_mut(|place| unsafe { *place = Some(value) });
        let former = self.end(SENT);
        if former & CLOSED != 0 && !seeded::on("oneshot_sent_though_closed") {
            // [one-side] `SENT` is not set, and never will be.
            let value = self.take().expect("stored above");
            self.leave(SENDER_LEFT);
            return Err(value);
        }
        if former & RECEIVER_WAITS != 0 {
            self.wake_and_leave(former, "oneshot_send_wakes_nobody");
        }
        Ok(())
    }

    /// The sender is dropped without a value.
    pub(super) fn drop_sender(self) {
        let former = self.end(GONE);
        if former & (RECEIVER_WAITS | CLOSED) != 0 {
            self.wake_and_leave(former, "oneshot_drop_wakes_nobody");
        }
    }

    #[cold]
    fn wake_and_leave(self, former: usize, unless: &'static str) {
        if !seeded::on(unless) {
            self.wake(RECEIVER_WAITS, former);
        }
        self.leave(SENDER_LEFT);
    }

    /// The receiver is dropped, which may have been told the end.
    ///
    /// # Safety
    /// Nothing uses this side afterwards.
    #[inline]
    pub(super) unsafe fn drop_receiver(&self, is_done: bool) {
        if self.look() & SENDER_LEFT != 0 {
            // SAFETY: [last-frees] the sender has left, and so does this side.
            unsafe { alloc::free(self.0) };
        } else {
            self.leave_early(is_done);
        }
    }

    /// The receiver is dropped before the sender has left.
    #[cold]
    fn leave_early(&self, is_done: bool) {
        if !is_done {
            self.give_up();
        }
        Self(self.0).leave(RECEIVER_LEFT);
    }

    /// The last access of this side, if it is not the last of both.
    fn leave(self, left: usize) {
        let both = SENDER_LEFT | RECEIVER_LEFT;
        if (self.set(left) | left) & both == both {
            // SAFETY: [last-frees] the other side has left, and so has this one.
            unsafe { alloc::free(self.0) };
        }
    }
}

impl<T> Shared<T> {
    #[inline]
    pub(super) fn look(&self) -> usize {
        // ORDERING: Acquire; pairs with the release of `set` and `end`. Weaker, the receiver would take
        // the value before it sees it written (model `a_value_arrives`), or free what the sender still
        // uses (model `a_dropped_sender_is_noticed`).
        self.word.load(Acquire)
    }

    /// Sets bits and returns the former word.
    fn set(&self, bits: usize) -> usize {
        // ORDERING: AcqRel. Release: whoever sees a `_WAITS` bit finds the waker stored, and whoever
        // sees a `_LEFT` bit comes after all that this side did. Acquire: who sets one and finds `SENT`
        // reads the value (model `a_value_arrives`), and who finds the other `_LEFT` frees.
        self.word.fetch_or(bits, AcqRel)
    }

    /// Sets `SENT` or `GONE` unless the receiver is closed, and returns the former word. The sender has
    /// left if nobody is to be woken and nothing is to be taken back.
    #[inline]
    fn end(&self, how: usize) -> usize {
        let open = |word: usize| {
            let stays = word & RECEIVER_WAITS != 0 && !seeded::on("oneshot_left_while_waking");
            let left = if stays { 0 } else { SENDER_LEFT };
            (word & CLOSED == 0).then_some(word | how | left)
        };
        // ORDERING: AcqRel, Acquire as in `set`; here the release publishes the value.
        match self.word.fetch_update(AcqRel, Acquire, open) {
            Ok(former) | Err(former) => former,
        }
    }

    /// The value, for the side it belongs to.
    #[inline]
    fn take(&self) -> Option<T> {
        // SAFETY: accesses the value; [one-side] by what the callers found in the word.
        self.value.with_mut(|value| unsafe { &mut *value }.take())
    }

    /// Says what the word means to a receiver.
    #[inline]
    pub(super) fn receive(&self, word: usize) -> Result<T, error::TryRecvError> {
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
    fn wake(&self, waits: usize, former: usize) {
        if former & waits != 0 && former & OVER == 0 {
            // SAFETY: reads the waker; [own-waker] the bit was set by then.
            let waker = self.place(waits).with(|place| unsafe { &*place }.as_ref());
            contain(|| waker.expect("stored before the bit was set").wake_by_ref());
        }
    }

    /// Has this waker from now on, unless the wait is over. Returns the newest word.
    pub(super) fn wait(&self, waits: usize, mut word: usize, cx: &Context<'_>) -> usize {
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
        // ORDERING: Acquire; pairs with the release of `end`: it may be the look that finds the value
        // (model `a_new_waker_is_woken`). It publishes nothing.
        self.word.fetch_and(!waits, Acquire)
    }

    pub(super) fn close(&self) -> usize {
        let former = self.set(CLOSED);
        self.wake(SENDER_WAITS, former);
        former
    }

    /// The receiver wants no value any more: a sender that lives on keeps nothing alive that nobody
    /// waits for or receives.
    fn give_up(&self) {
        let former = self.close();
        if former & SENT != 0 {
            // [one-side] `SENT` is set.
            drop(self.take());
        } else if former & GONE == 0 {
            // SAFETY: writes the waker; [own-waker] the sender finds `CLOSED`, and does not look.
            drop(self.receiver.with_mut(|place| unsafe { &mut *place }.take()));
        }
    }
}
