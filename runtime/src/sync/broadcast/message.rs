//! A message that several receivers clone without a lock, and how many of them there will be.
//!
//! The count is set once, when the message is sent, so a receiver changes it once, and the last one not
//! at all: it takes the message itself.
//!
//! | shares | call                       | shares | does                                    |
//! |--------|----------------------------|--------|-----------------------------------------|
//! | –      | `new`                      | 1      | the kept message has it                 |
//! | 1      | `want(n)`                  | n      | the kept message has them               |
//! | 1      | `into_inner`, `receive`    | 0      | moves the message out, frees the memory |
//! | n      | `share`                    | n      | one moves from the kept message to a receiver |
//! | n > 1  | `receive`                  | n - 1  | clones the message                      |
//! | n      | dropped with k < n         | n - k  |                                         |
//! | n      | dropped with n             | 0      | drops the message, frees the memory     |

use sheave_facade::cell::UnsafeCell;
use sheave_facade::sync::atomic::AtomicUsize;
use sheave_facade::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use sheave_facade::{alloc, seeded};
use std::ptr::NonNull;

struct Node<T> {
    shares: AtomicUsize,
    /// [shares] Read by those who have a share, and moved out by one who has all of them. Empty only
    /// after that.
    value: UnsafeCell<Option<T>>,
}

/// So many of the shares of a message. [shares] The shares of all holders together are what the count
/// says, and who gives back the last ones frees the memory.
pub(super) struct Message<T> {
    node: NonNull<Node<T>>,
    shares: usize,
}

// SAFETY: holders on several threads read the value, hence `T: Sync`; any of them may take or drop it,
// hence `T: Send`.
unsafe impl<T: Send + Sync> Send for Message<T> {}
// SAFETY: a reference to a holder reads its number of shares only; `T: Send + Sync` as above.
unsafe impl<T: Send + Sync> Sync for Message<T> {}

impl<T> Message<T> {
    /// A message with one share.
    pub(super) fn new(value: T) -> Self {
        let node = Node { shares: AtomicUsize::new(1), value: UnsafeCell::new(Some(value)) };
        Self { node: alloc::into_raw(node), shares: 1 }
    }

    /// Makes `shares` of the only one.
    pub(super) fn want(&mut self, shares: usize) {
        debug_assert!(self.shares == 1 && shares > 0, "set once, for those who receive");
        // ORDERING: Relaxed; nobody else has a share yet, and who gets one does so through a lock.
        self.node().shares.store(shares, Relaxed);
        self.shares = shares;
    }

    /// How many shares this holder has.
    pub(super) fn shares(&self) -> usize {
        self.shares
    }

    /// One of the shares of this holder, which has at least one.
    #[inline]
    pub(super) fn share(&mut self) -> Self {
        debug_assert!(self.shares > 0, "shares are given once");
        self.shares -= 1;
        Self { node: self.node, shares: 1 }
    }

    /// The message, by its only share.
    pub(super) fn into_inner(self) -> T {
        let value = self.take();
        value.expect("moved out once")
    }

    /// The message for one who has a share: the message itself for the last one, or else a clone.
    #[inline]
    pub(super) fn receive(self) -> T
    where
        T: Clone,
    {
        // ORDERING: Acquire; pairs with the release of `drop`: the others have done with the value.
        if self.node().shares.load(Acquire) == self.shares
            || seeded::on("broadcast_taken_while_read")
        {
            return self.into_inner();
        }
        // SAFETY: reads the value; [shares] by the share of this holder.
        let value = self.node().value.with(|value| unsafe { &*value }.clone());
        value.expect("moved out by the last share")
    }

    /// With all shares.
    #[inline]
    fn take(&self) -> Option<T> {
        // SAFETY: writes the value; [shares] nobody else has a share.
        self.node().value.with_mut(|value| unsafe { &mut *value }.take())
    }

    #[inline]
    fn node(&self) -> &Node<T> {
        // SAFETY: [shares] alive as long as this holder has a share; one without looks at nothing.
        unsafe { self.node.as_ref() }
    }
}

impl<T> Drop for Message<T> {
    #[inline]
    fn drop(&mut self) {
        let shares = self.shares;
        if shares == 0 {
            return;
        }
        // ORDERING: Acquire, as in `receive`.
        let is_last = self.node().shares.load(Acquire) == shares
            // ORDERING: AcqRel. Release: who frees comes after what this holder has read. Acquire: the
            // same for this one, if it frees (model `messages_are_dropped_once`).
            || self.node().shares.fetch_sub(shares, AcqRel) == shares;
        if is_last {
            // SAFETY: [shares] these were the last ones.
            unsafe { alloc::free(self.node) };
        }
    }
}
