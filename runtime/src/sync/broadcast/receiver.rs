//! The receiving end: every message, or the news that some were missed.

use super::channel::{Channel, Popped};
use super::error::{RecvError, TryRecvError};
use crate::coop;
use crate::sync::blocking::block_on;
use crate::sync::wait_list::Key;
use sheave_facade::sync::Arc;
use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

/// Receives the messages of a [channel](super::channel), from its creation on.
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
    /// The number of the message it wants next.
    next: u64,
}

impl<T> Receiver<T> {
    /// A receiver that the channel has counted.
    pub(super) fn counted(channel: Arc<Channel<T>>, next: u64) -> Self {
        Self { channel, next }
    }

    /// How many messages it has not received, those included that it has missed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.channel.len_from(self.next)
    }

    /// Whether it has received all messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether both receive from the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }

    /// How many senders there are, weak ones not counted.
    #[must_use]
    pub fn sender_strong_count(&self) -> usize {
        self.channel.counts().0
    }

    /// How many weak senders there are.
    #[must_use]
    pub fn sender_weak_count(&self) -> usize {
        self.channel.counts().1
    }

    /// Whether all senders are dropped. There may still be messages.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sender_strong_count() == 0
    }
}

impl<T: Clone> Receiver<T> {
    /// Another receiver, for the messages that are sent from now on.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, mut receiver) = sheave::sync::broadcast::channel(8);
    /// sender.send(1).expect("there is a receiver");
    /// let mut late = receiver.resubscribe();
    /// sender.send(2).expect("there are receivers");
    /// assert_eq!((receiver.recv().await, late.recv().await), (Ok(1), Ok(2)));
    /// # });
    /// ```
    #[must_use]
    pub fn resubscribe(&self) -> Self {
        Self { channel: self.channel.clone(), next: self.channel.subscribe() }
    }

    /// Waits for the next message.
    ///
    /// The last receiver of a message gets the message itself, and the others clones.
    ///
    /// # Errors
    /// If all senders are dropped and all messages were received; or, once, how many messages it has
    /// missed.
    ///
    /// # Cancel safety
    /// Strict: a dropped wait takes no message with it.
    pub async fn recv(&mut self) -> Result<T, RecvError> {
        let mut wait = Wait { channel: &self.channel, key: None };
        let next = &mut self.next;
        match poll_fn(|cx| wait.poll(next, cx)).await {
            Popped::Message(message) => Ok(message.receive()),
            Popped::Lagged(missed) => Err(RecvError::Lagged(missed)),
            Popped::End | Popped::Nothing => Err(RecvError::Closed),
        }
    }

    /// Takes the next message if there is one.
    ///
    /// # Errors
    /// Whether there is none yet, there will never be one, or how many it has missed.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match self.channel.pop(&mut self.next) {
            Popped::Message(message) => Ok(message.receive()),
            Popped::Lagged(missed) => Err(TryRecvError::Lagged(missed)),
            Popped::Nothing => Err(TryRecvError::Empty),
            Popped::End => Err(TryRecvError::Closed),
        }
    }

    /// Blocks this thread until the next message comes.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// # Panics
    /// In a task, whose worker it would block.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Result<T, RecvError> {
        block_on(self.recv())
    }
}

/// Waits for a message; its place in the list is given up on drop.
struct Wait<'a, T> {
    channel: &'a Channel<T>,
    key: Option<Key>,
}

impl<T> Wait<'_, T> {
    fn poll(&mut self, next: &mut u64, cx: &mut Context<'_>) -> Poll<Popped<T>> {
        let progress = ready!(coop::poll_proceed(cx));
        let popped = ready!(self.channel.poll_pop(next, &mut self.key, cx));
        progress.made_progress();
        Poll::Ready(popped)
    }
}

impl<T> Drop for Wait<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.channel.stop_waiting(key);
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.channel.unsubscribe(self.next);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("len", &self.len()).finish_non_exhaustive()
    }
}
