//! The sending end of a bounded channel.

use super::channel::{Channel, Refusal};
use super::error::{SendError, TrySendError};
use super::permit::{OwnedPermit, Permit, PermitIterator};
use crate::coop::consume_budget;
use crate::sync::blocking::block_on;
use crate::sync::wait_list::Key;
use sheave_facade::sync::Arc;
use std::fmt;
use std::future::poll_fn;

/// Sends messages to the [`Receiver`](super::Receiver) of a [bounded channel](super::channel).
///
/// The channel ends when the last clone is dropped.
pub struct Sender<T> {
    channel: Arc<Channel<T>>,
}

/// A sender that does not keep the channel open.
pub struct WeakSender<T> {
    channel: Arc<Channel<T>>,
}

/// Waits for the end of a channel; its place in the queue is given up on drop.
pub(super) struct Watch<'a, T> {
    channel: &'a Channel<T>,
    key: Option<Key>,
}

impl<T> Watch<'_, T> {
    pub(super) async fn closed(channel: &Channel<T>) {
        let mut watch = Watch { channel, key: None };
        poll_fn(|cx| watch.channel.poll_closed(&mut watch.key, cx)).await;
    }
}

impl<T> Drop for Watch<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.channel.stop_watching(key);
        }
    }
}

impl<T> Sender<T> {
    /// The first sender, which the channel has counted.
    pub(super) fn first(channel: Arc<Channel<T>>) -> Self {
        Self { channel }
    }

    pub(super) fn shared(&self) -> &Channel<T> {
        &self.channel
    }

    /// Sends a message, and waits for room if there is none.
    ///
    /// `Ok` does not mean that the message is ever received: the receiver may be dropped later.
    ///
    /// # Errors
    /// Hands the message back if the channel is closed.
    ///
    /// # Cancel safety
    /// Consumes: a future that is dropped before it is ready drops the message, which was not sent.
    /// To keep it, [`reserve`](Self::reserve) room first. The place in the queue is lost.
    #[inline]
    pub async fn send(&self, message: T) -> Result<(), SendError<T>> {
        consume_budget().await;
        match self.channel.try_push(message) {
            Ok(()) => Ok(()),
            Err((Refusal::Closed, message)) => Err(SendError(message)),
            Err((Refusal::Full, message)) => match self.channel.reserve(1).await {
                Ok(()) => {
                    self.channel.push_reserved(message);
                    Ok(())
                }
                Err(()) => Err(SendError(message)),
            },
        }
    }

    /// Sends a message if there is room and nobody waits for it.
    ///
    /// # Errors
    /// Hands the message back, and says whether the channel is full or closed.
    ///
    /// # Examples
    /// ```
    /// use sheave::sync::mpsc::{self, error::TrySendError};
    ///
    /// let (sender, receiver) = mpsc::channel(1);
    /// sender.try_send(1).expect("there is room");
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// drop(receiver);
    /// assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
    /// ```
    #[inline]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.channel.try_push(message).map_err(|(refusal, message)| match refusal {
            Refusal::Full => TrySendError::Full(message),
            Refusal::Closed => TrySendError::Closed(message),
        })
    }

    /// Blocks this thread until there is room, and sends.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Panics
    /// In a task, whose worker it would block.
    #[track_caller]
    pub fn blocking_send(&self, message: T) -> Result<(), SendError<T>> {
        block_on(self.send(message))
    }

    /// Waits for room for one message.
    ///
    /// # Errors
    /// If the channel is closed.
    ///
    /// # Cancel safety
    /// Strict: room that was granted to a dropped future goes to the next sender. The place in the queue
    /// is lost.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, mut receiver) = sheave::sync::mpsc::channel(1);
    /// let permit = sender.reserve().await.expect("open");
    /// assert!(sender.try_send("no room").is_err());
    /// permit.send("reserved");
    /// assert_eq!(receiver.recv().await, Some("reserved"));
    /// # });
    /// ```
    pub async fn reserve(&self) -> Result<Permit<'_, T>, SendError<()>> {
        self.wait_for(1).await?;
        Ok(Permit::of(&self.channel))
    }

    /// Waits for room for `n` messages.
    ///
    /// # Errors
    /// If the channel is closed, or can never hold so many.
    ///
    /// # Cancel safety
    /// As [`reserve`](Self::reserve).
    pub async fn reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, SendError<()>> {
        if n > self.max_capacity() {
            return Err(SendError(()));
        }
        if n > 0 {
            self.wait_for(n).await?;
        } else if self.is_closed() {
            return Err(SendError(()));
        }
        Ok(PermitIterator::of(&self.channel, n))
    }

    /// Waits for room for one message, with a permit that has no lifetime.
    ///
    /// # Errors
    /// If the channel is closed.
    ///
    /// # Cancel safety
    /// As [`reserve`](Self::reserve); the sender is dropped with the future.
    pub async fn reserve_owned(self) -> Result<OwnedPermit<T>, SendError<()>> {
        self.wait_for(1).await?;
        Ok(OwnedPermit::of(self))
    }

    /// Reserves room for one message if there is some and nobody waits for it.
    ///
    /// # Errors
    /// Whether the channel is full or closed.
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        self.try_wait_for(1)?;
        Ok(Permit::of(&self.channel))
    }

    /// Reserves room for `n` messages if there is so much and nobody waits for it.
    ///
    /// # Errors
    /// Whether the channel is full or closed.
    pub fn try_reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        if n > 0 {
            self.try_wait_for(n)?;
        } else if self.is_closed() {
            return Err(TrySendError::Closed(()));
        }
        Ok(PermitIterator::of(&self.channel, n))
    }

    /// [`try_reserve`](Self::try_reserve) with a permit that has no lifetime.
    ///
    /// # Errors
    /// Hands the sender back, and says whether the channel is full or closed.
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        match self.channel.try_reserve(1) {
            Ok(()) => Ok(OwnedPermit::of(self)),
            Err(Refusal::Full) => Err(TrySendError::Full(self)),
            Err(Refusal::Closed) => Err(TrySendError::Closed(self)),
        }
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

    /// How many messages can be sent at once.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.channel.free()
    }

    /// How many messages there is room for.
    #[must_use]
    pub fn max_capacity(&self) -> usize {
        self.channel.limit()
    }

    /// Whether both send to the same receiver.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }

    /// A sender that does not keep the channel open.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = sheave::sync::mpsc::channel::<u32>(1);
    /// let weak = sender.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// ```
    #[must_use]
    pub fn downgrade(&self) -> WeakSender<T> {
        self.channel.add_weak();
        WeakSender { channel: self.channel.clone() }
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

    async fn wait_for(&self, slots: usize) -> Result<(), SendError<()>> {
        consume_budget().await;
        self.channel.reserve(slots).await.map_err(|()| SendError(()))
    }

    fn try_wait_for(&self, slots: usize) -> Result<(), TrySendError<()>> {
        self.channel.try_reserve(slots).map_err(|refusal| match refusal {
            Refusal::Full => TrySendError::Full(()),
            Refusal::Closed => TrySendError::Closed(()),
        })
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
        f.debug_struct("Sender").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}
