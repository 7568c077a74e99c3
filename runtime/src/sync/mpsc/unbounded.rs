//! The sending end of an unbounded channel.

use super::channel::{Channel, Refusal};
use super::error::SendError;
use super::sender::Watch;
use crate::coop::consume_budget;
use sheave_facade::sync::Arc;
use std::fmt;

/// Sends messages to the [`UnboundedReceiver`](super::UnboundedReceiver) of an
/// [unbounded channel](super::unbounded_channel).
///
/// The channel ends when the last clone is dropped.
pub struct UnboundedSender<T> {
    channel: Arc<Channel<T>>,
}

/// A sender that does not keep the channel open.
pub struct WeakUnboundedSender<T> {
    channel: Arc<Channel<T>>,
}

impl<T> UnboundedSender<T> {
    /// The first sender, which the channel has counted.
    pub(super) fn first(channel: Arc<Channel<T>>) -> Self {
        Self { channel }
    }

    /// Sends a message. Never waits.
    ///
    /// `Ok` does not mean that the message is ever received: the receiver may be dropped later.
    ///
    /// # Errors
    /// Hands the message back if the channel is closed.
    ///
    /// # Panics
    /// If more messages wait than fit into the address space.
    #[inline]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.channel.try_push(message).map_err(|(refusal, message)| match refusal {
            Refusal::Closed => SendError(message),
            Refusal::Full => {
                panic!("an unbounded channel holds {} messages", Channel::<T>::UNLIMITED)
            }
        })
    }

    /// Waits until the receiver is closed or dropped.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn closed(&self) {
        consume_budget().await;
        Watch::closed(&self.channel).await;
    }

    /// Whether the receiver is closed or dropped.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.channel.is_closed()
    }

    /// Whether both send to the same receiver.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }

    /// A sender that does not keep the channel open.
    #[must_use]
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        self.channel.add_weak();
        WeakUnboundedSender { channel: self.channel.clone() }
    }

    /// How many senders there are, weak ones not counted.
    #[must_use]
    pub fn strong_count(&self) -> usize {
        self.channel.counts().0
    }

    /// How many weak senders there are.
    #[must_use]
    pub fn weak_count(&self) -> usize {
        self.channel.counts().1
    }
}

impl<T> WeakUnboundedSender<T> {
    /// A sender, if the channel still has one.
    #[must_use]
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        self.channel.upgrade().then(|| UnboundedSender { channel: self.channel.clone() })
    }

    /// How many senders there are, weak ones not counted.
    #[must_use]
    pub fn strong_count(&self) -> usize {
        self.channel.counts().0
    }

    /// How many weak senders there are.
    #[must_use]
    pub fn weak_count(&self) -> usize {
        self.channel.counts().1
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        self.channel.add_strong();
        Self { channel: self.channel.clone() }
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> Self {
        self.channel.add_weak();
        Self { channel: self.channel.clone() }
    }
}

impl<T> Drop for UnboundedSender<T> {
    fn drop(&mut self) {
        self.channel.remove_strong();
    }
}

impl<T> Drop for WeakUnboundedSender<T> {
    fn drop(&mut self) {
        self.channel.remove_weak();
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedSender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakUnboundedSender").finish_non_exhaustive()
    }
}
