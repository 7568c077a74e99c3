//! The sending end.

use super::channel::Channel;
use super::error::SendError;
use super::receiver::Receiver;
use crate::coop::consume_budget;
use crate::sync::wait_list::Key;
use sheave_facade::sync::Arc;
use std::fmt;
use std::future::poll_fn;

/// Sends messages to all receivers of a [channel](super::channel).
///
/// The channel ends when the last clone is dropped.
pub struct Sender<T> {
    channel: Arc<Channel<T>>,
}

/// A sender that does not keep the channel open.
pub struct WeakSender<T> {
    channel: Arc<Channel<T>>,
}

impl<T> Sender<T> {
    /// A sender that the channel has counted.
    pub(super) fn first(channel: Arc<Channel<T>>) -> Self {
        Self { channel }
    }

    /// A sender without receivers, which may [subscribe](Self::subscribe) later.
    ///
    /// # Panics
    /// As [`channel`](super::channel()).
    #[track_caller]
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { channel: Arc::new(Channel::new(capacity, 0)) }
    }

    /// Sends a message to all receivers, and returns how many these are. Never waits.
    ///
    /// `Ok` does not mean that anybody receives the message: receivers may be dropped, or too slow.
    ///
    /// # Errors
    /// Hands the message back if there is no receiver.
    pub fn send(&self, message: T) -> Result<usize, SendError<T>> {
        self.channel.send(message).map_err(SendError)
    }

    /// A new receiver, for the messages that are sent from now on.
    ///
    /// # Examples
    /// ```
    /// let sender = sheave::sync::broadcast::Sender::new(8);
    /// assert!(sender.send("to nobody").is_err());
    /// let mut receiver = sender.subscribe();
    /// assert_eq!(sender.send("to one"), Ok(1));
    /// assert_eq!(receiver.try_recv(), Ok("to one"));
    /// ```
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        let next = self.channel.subscribe();
        Receiver::counted(self.channel.clone(), next)
    }

    /// A sender that does not keep the channel open.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = sheave::sync::broadcast::channel::<u32>(1);
    /// let weak = sender.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(sender);
    /// assert!(weak.upgrade().is_none() && receiver.is_closed());
    /// ```
    #[must_use]
    pub fn downgrade(&self) -> WeakSender<T> {
        self.channel.add_weak();
        WeakSender { channel: self.channel.clone() }
    }

    /// How many messages are kept, because some receiver has not received them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.channel.len()
    }

    /// Whether all receivers have received all messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many receivers there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.channel.receivers()
    }

    /// Whether both send to the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }

    /// Waits until there is no receiver.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn closed(&self) {
        consume_budget().await;
        let mut watch = Watch { channel: &self.channel, key: None };
        poll_fn(|cx| watch.channel.poll_deserted(&mut watch.key, cx)).await;
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

impl<T> WeakSender<T> {
    /// A sender, if the channel still has one.
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.channel.upgrade().then(|| Sender { channel: self.channel.clone() })
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

/// Waits for the last receiver to go; its place in the list is given up on drop.
struct Watch<'a, T> {
    channel: &'a Channel<T>,
    key: Option<Key>,
}

impl<T> Drop for Watch<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.channel.stop_watching(key);
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.channel.add_strong();
        Self { channel: self.channel.clone() }
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        self.channel.add_weak();
        Self { channel: self.channel.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.channel.remove_strong();
    }
}

impl<T> Drop for WeakSender<T> {
    fn drop(&mut self) {
        self.channel.remove_weak();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}
