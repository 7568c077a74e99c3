//! The receiving ends: of bounded channels, and of unbounded ones.

use super::channel::{Channel, Nothing};
use super::error::TryRecvError;
use crate::coop;
use crate::sync::blocking::block_on;
use sheave_facade::sync::Arc;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll, ready};

/// Receives the messages of a [bounded channel](super::channel).
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
    /// Stays empty: messages keep their slots until they are received.
    batch: VecDeque<T>,
}

/// Receives the messages of an [unbounded channel](super::unbounded_channel).
pub struct UnboundedReceiver<T> {
    channel: Arc<Channel<T>>,
    /// Messages that are taken from the channel, and older than those in it.
    batch: VecDeque<T>,
}

// Messages are moved, never looked into: what is left of one after a panic is not this end's to judge.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}
impl<T> UnwindSafe for UnboundedReceiver<T> {}
impl<T> RefUnwindSafe for UnboundedReceiver<T> {}

/// The two ends differ in name only; what they have in common is written once, here.
macro_rules! receives {
    ($Receiver:ident, $example:literal) => {
        impl<T> $Receiver<T> {
            pub(super) fn new(channel: Arc<Channel<T>>) -> Self {
                Self { channel, batch: VecDeque::new() }
            }

            /// Waits for the next message.
            ///
            /// `None` is the end: all senders are dropped, or the channel was
            /// [closed](Self::close), and every message was received.
            ///
            /// # Cancel safety
            /// Strict: a dropped wait takes no message with it.
            ///
            /// # Examples
            #[doc = $example]
            pub async fn recv(&mut self) -> Option<T> {
                poll_fn(|cx| self.poll_recv(cx)).await
            }

            /// The polled form of [`recv`](Self::recv).
            #[inline]
            pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
                let progress = ready!(coop::poll_proceed(cx));
                let message = ready!(self.channel.poll_pop(cx, &mut self.batch));
                progress.made_progress();
                Poll::Ready(message)
            }

            /// Waits for messages, and appends up to `limit` of them to `buffer`.
            ///
            /// Returns how many these are. 0 is the end, as `None` is with [`recv`](Self::recv),
            /// unless `limit` is 0.
            ///
            /// # Cancel safety
            /// Strict: a dropped wait takes no message with it.
            pub async fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
                poll_fn(|cx| self.poll_recv_many(cx, buffer, limit)).await
            }

            /// The polled form of [`recv_many`](Self::recv_many).
            pub fn poll_recv_many(
                &mut self,
                cx: &mut Context<'_>,
                buffer: &mut Vec<T>,
                limit: usize,
            ) -> Poll<usize> {
                if limit == 0 {
                    return Poll::Ready(0);
                }
                let progress = ready!(coop::poll_proceed(cx));
                let Self { channel, batch } = self;
                let count = ready!(channel.poll_pop_many(cx, batch, buffer, limit));
                progress.made_progress();
                Poll::Ready(count)
            }

            /// Takes the next message if there is one.
            ///
            /// # Errors
            /// Whether there is none yet, or will never be one.
            pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
                self.channel.try_pop(&mut self.batch).map_err(|nothing| match nothing {
                    Nothing::Yet => TryRecvError::Empty,
                    Nothing::EverAgain => TryRecvError::Disconnected,
                })
            }

            /// Blocks this thread until the next message comes.
            ///
            /// # Panics
            /// In a task, whose worker it would block.
            #[track_caller]
            pub fn blocking_recv(&mut self) -> Option<T> {
                block_on(self.recv())
            }

            /// Blocks this thread as [`recv_many`](Self::recv_many) waits.
            ///
            /// # Panics
            /// In a task, whose worker it would block.
            #[track_caller]
            pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
                block_on(self.recv_many(buffer, limit))
            }

            /// Refuses new messages, and those that wait for room. Those that were sent, and those for
            /// which permits are held or room was granted, can still be received.
            pub fn close(&mut self) {
                self.channel.close();
            }

            /// Whether no new message can come: the channel was closed, or all senders are dropped.
            #[must_use]
            pub fn is_closed(&self) -> bool {
                self.channel.is_ending()
            }

            /// Whether no message waits.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// How many messages wait.
            #[must_use]
            pub fn len(&self) -> usize {
                self.batch.len() + self.channel.len()
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
        }

        // SAFETY: a shared receiver counts the messages of its batch, and shows none of them.
        unsafe impl<T: Send> Sync for $Receiver<T> {}

        impl<T> Unpin for $Receiver<T> {}

        impl<T> Drop for $Receiver<T> {
            fn drop(&mut self) {
                self.channel.desert(&mut self.batch);
            }
        }

        impl<T> fmt::Debug for $Receiver<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Receiver))
                    .field("len", &self.len())
                    .finish_non_exhaustive()
            }
        }
    };
}

receives!(
    Receiver,
    "```
# futures_lite::future::block_on(async {
let (sender, mut receiver) = sheave::sync::mpsc::channel(8);
sender.send(1).await.expect(\"the receiver lives\");
drop(sender);
assert_eq!(receiver.recv().await, Some(1));
assert_eq!(receiver.recv().await, None);
# });
```"
);
receives!(
    UnboundedReceiver,
    "```
# futures_lite::future::block_on(async {
let (sender, mut receiver) = sheave::sync::mpsc::unbounded_channel();
sender.send(1).expect(\"the receiver lives\");
drop(sender);
assert_eq!(receiver.recv().await, Some(1));
assert_eq!(receiver.recv().await, None);
# });
```"
);

impl<T> Receiver<T> {
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
}
