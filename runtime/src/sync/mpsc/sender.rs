//! The sending end of a bounded channel.

use super::channel::{Channel, Refusal};
use super::ends::sends;
use super::error::{SendError, SendTimeoutError, TrySendError};
use super::permit::{OwnedPermit, Permit, PermitIterator};
use crate::coop::consume_budget;
use crate::sync::blocking::block_on;
use crate::time;
use sheave_facade::sync::Arc;
use std::fmt;
use std::time::Duration;

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

impl<T> Sender<T> {
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
            Err((Refusal::Full, message)) => self.channel.push(message).await.map_err(SendError),
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

    /// Sends a message, and waits for room if there is none, but not longer than `timeout`.
    ///
    /// # Errors
    /// Hands the message back, and says whether there was no room in time or the channel is closed.
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    ///
    /// # Panics
    /// As [`timeout`](crate::time::timeout()), also if there is room.
    ///
    /// # Examples
    /// ```
    /// use sheave::sync::mpsc::{self, error::SendTimeoutError};
    /// use sheave::time::Duration;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let (sender, _receiver) = mpsc::channel(1);
    /// let timeout = Duration::from_millis(1);
    /// assert_eq!(sender.send_timeout(1, timeout).await, Ok(()));
    /// assert_eq!(sender.send_timeout(2, timeout).await, Err(SendTimeoutError::Timeout(2)));
    /// # }
    /// ```
    pub async fn send_timeout(
        &self,
        message: T,
        timeout: Duration,
    ) -> Result<(), SendTimeoutError<T>> {
        match time::timeout(timeout, self.reserve()).await {
            Ok(Ok(permit)) => {
                permit.send(message);
                Ok(())
            }
            Ok(Err(_closed)) => Err(SendTimeoutError::Closed(message)),
            Err(_elapsed) => Err(SendTimeoutError::Timeout(message)),
        }
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

sends!(
    Sender,
    WeakSender,
    "```
let (sender, _receiver) = sheave::sync::mpsc::channel::<u32>(1);
let weak = sender.downgrade();
assert!(weak.upgrade().is_some());
drop(sender);
assert!(weak.upgrade().is_none());
```"
);

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}
