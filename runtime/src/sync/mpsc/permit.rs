//! Room in a channel, reserved before there is a message.

use super::channel::Channel;
use super::sender::Sender;
use std::fmt;

/// Room for one message. Dropped without a message, it leaves the room to others.
#[must_use = "a permit that is dropped at once reserves nothing"]
pub struct Permit<'a, T> {
    channel: &'a Channel<T>,
}

/// Room for some messages: an iterator over [`Permit`]s. What is not taken is left to others.
#[must_use = "permits that are dropped at once reserve nothing"]
pub struct PermitIterator<'a, T> {
    channel: &'a Channel<T>,
    left: usize,
}

/// Room for one message, together with the sender.
#[must_use = "a permit that is dropped at once reserves nothing"]
pub struct OwnedPermit<T> {
    /// `None` once used up.
    sender: Option<Sender<T>>,
}

impl<'a, T> Permit<'a, T> {
    /// For the holder of a reserved slot.
    pub(super) fn of(channel: &'a Channel<T>) -> Self {
        Self { channel }
    }

    /// Sends a message, without waiting. If the receiver was dropped meanwhile, the message is too.
    pub fn send(self, message: T) {
        let channel = self.channel;
        // The slot is filled, not given back.
        std::mem::forget(self);
        channel.push_reserved(message);
    }
}

impl<'a, T> PermitIterator<'a, T> {
    /// For the holder of reserved slots.
    pub(super) fn of(channel: &'a Channel<T>, left: usize) -> Self {
        Self { channel, left }
    }
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Permit<'a, T>> {
        self.left = self.left.checked_sub(1)?;
        Some(Permit::of(self.channel))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}

impl<T> OwnedPermit<T> {
    /// For the holder of a reserved slot.
    pub(super) fn of(sender: Sender<T>) -> Self {
        Self { sender: Some(sender) }
    }

    /// Sends a message, without waiting, and returns the sender. If the receiver was dropped
    /// meanwhile, the message is too.
    pub fn send(mut self, message: T) -> Sender<T> {
        let sender = self.sender.take().expect("a permit is used once");
        sender.shared().push_reserved(message);
        sender
    }

    /// Leaves the room to others, and returns the sender.
    pub fn release(mut self) -> Sender<T> {
        let sender = self.sender.take().expect("a permit is used once");
        sender.shared().unreserve(1);
        sender
    }

    /// Whether both permits are for the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        self.same_channel_as_sender(other.sender())
    }

    /// Whether `sender` sends to the channel that the permit is for.
    #[must_use]
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.sender().same_channel(sender)
    }

    fn sender(&self) -> &Sender<T> {
        self.sender.as_ref().expect("a permit is used once")
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        self.channel.unreserve(1);
    }
}

impl<T> Drop for PermitIterator<'_, T> {
    fn drop(&mut self) {
        if self.left > 0 {
            self.channel.unreserve(self.left);
        }
    }
}

impl<T> Drop for OwnedPermit<T> {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            sender.shared().unreserve(1);
        }
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for PermitIterator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PermitIterator").field("left", &self.left).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").finish_non_exhaustive()
    }
}
