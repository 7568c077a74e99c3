//! The messages of a broadcast channel.

use crate::stream::{Generator, Stream, generator};
use crate::sync::broadcast::Receiver;
use crate::sync::broadcast::error::RecvError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What an item of a stream can be, in place of a value.
pub mod errors {
    use std::{error, fmt};

    /// Why [`BroadcastStream`](super::BroadcastStream) has no message.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum BroadcastStreamRecvError {
        /// The stream was read too slowly: so many messages were given up before. The next item is the
        /// oldest message that is kept.
        Lagged(u64),
    }

    impl fmt::Display for BroadcastStreamRecvError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let Self::Lagged(missed) = self;
            write!(f, "the stream was read too slowly for {missed} messages")
        }
    }

    impl error::Error for BroadcastStreamRecvError {}
}
use errors::BroadcastStreamRecvError;

/// The messages of a broadcast channel, or how many of them were missed. Ends when all senders are gone
/// and all messages were given out.
///
/// # Examples
/// ```
/// use sheave::stream::StreamExt;
/// use sheave::stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError::Lagged};
/// use sheave::sync::broadcast;
///
/// # futures_lite::future::block_on(async {
/// let (send, receive) = broadcast::channel(2);
/// let messages = BroadcastStream::new(receive);
/// for n in 1..=3 {
///     send.send(n).unwrap();
/// }
/// drop(send);
/// // There is room for two, so the first one was given up.
/// assert_eq!(messages.collect::<Vec<_>>().await, [Err(Lagged(1)), Ok(2), Ok(3)]);
/// # });
/// ```
pub struct BroadcastStream<T> {
    messages: Pin<Box<dyn Stream<Item = Item<T>> + Send + Sync>>,
}

type Item<T> = Result<T, BroadcastStreamRecvError>;

impl<T: Clone + Send + Sync + 'static> BroadcastStream<T> {
    /// What the receiver has not received yet, and what follows.
    #[must_use]
    pub fn new(receiver: Receiver<T>) -> Self {
        Self { messages: Box::pin(messages(receiver)) }
    }
}

impl<T: Clone + Send + Sync + 'static> From<Receiver<T>> for BroadcastStream<T> {
    fn from(receiver: Receiver<T>) -> Self {
        Self::new(receiver)
    }
}

fn messages<T: Clone + Send + Sync + 'static>(
    mut receiver: Receiver<T>,
) -> Generator<Item<T>, impl Future<Output = ()> + Send + Sync> {
    generator(move |mut co| async move {
        loop {
            let item = match receiver.recv().await {
                Ok(message) => Ok(message),
                Err(RecvError::Lagged(missed)) => Err(BroadcastStreamRecvError::Lagged(missed)),
                Err(RecvError::Closed) => return,
            };
            co.yield_(item).await;
        }
    })
}

impl<T> Stream for BroadcastStream<T> {
    type Item = Item<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item<T>>> {
        self.messages.as_mut().poll_next(cx)
    }
}

impl<T> fmt::Debug for BroadcastStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastStream").finish_non_exhaustive()
    }
}
