//! What receives values, as a [`Stream`]. As in tokio-stream.

use super::{Generator, generator};
use crate::net::{TcpListener, TcpStream};
use crate::sync::{mpsc, watch};
use crate::time::{Instant, Interval};
use futures_core::stream::Stream;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

mod broadcast;
#[cfg(unix)]
mod unix;
pub use broadcast::{BroadcastStream, errors};
#[cfg(unix)]
pub use unix::{SignalStream, UnixListenerStream};

macro_rules! wrapper {
    ($(#[$doc:meta])* $name:ident$(<$t:ident>)?($inner:ty) -> $item:ty, |$receiver:ident, $cx:ident| $poll:expr $(, $size_hint:expr)?) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name$(<$t>)?($inner);

        impl$(<$t>)? $name$(<$t>)? {
            /// Wraps what receives.
            pub fn new(inner: $inner) -> Self {
                Self(inner)
            }

            /// What was wrapped. Nothing that it has not given out is lost.
            pub fn into_inner(self) -> $inner {
                self.0
            }
        }

        impl$(<$t>)? AsRef<$inner> for $name$(<$t>)? {
            fn as_ref(&self) -> &$inner {
                &self.0
            }
        }

        impl$(<$t>)? AsMut<$inner> for $name$(<$t>)? {
            fn as_mut(&mut self) -> &mut $inner {
                &mut self.0
            }
        }

        impl$(<$t>)? futures_core::Stream for $name$(<$t>)? {
            type Item = $item;

            fn poll_next(
                self: std::pin::Pin<&mut Self>,
                $cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<$item>> {
                let $receiver = &mut self.get_mut().0;
                $poll
            }

            $(fn size_hint(&self) -> (usize, Option<usize>) {
                $size_hint(&self.0)
            })?
        }
    };
}
#[cfg(unix)]
use wrapper;

/// The receiver of a channel is a stream, and the stream can be closed as it can.
macro_rules! of_channel {
    ($Stream:ident, $Receiver:ty) => {
        impl<T> $Stream<T> {
            /// Lets senders send no more. What was sent still comes out of the stream, and then its end.
            pub fn close(&mut self) {
                self.0.close();
            }
        }

        impl<T> From<$Receiver> for $Stream<T> {
            fn from(receiver: $Receiver) -> Self {
                Self::new(receiver)
            }
        }
    };
}

wrapper! {
    /// The values of a bounded channel. Ends when the channel is closed and empty.
    ///
    /// # Examples
    /// ```
    /// use sheave::stream::wrappers::ReceiverStream;
    /// use sheave::sync::mpsc;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let (send, receive) = mpsc::channel(2);
    /// let sender = sheave::spawn(async move {
    ///     for n in 1..=3 {
    ///         send.send(n).await.unwrap();
    ///     }
    /// });
    /// let mut sum = 0;
    /// sheave::for_await!(n in ReceiverStream::new(receive) {
    ///     sum += n;
    /// });
    /// assert_eq!(sum, 6);
    /// # sender.await.unwrap();
    /// # }
    /// ```
    ReceiverStream<T>(mpsc::Receiver<T>) -> T, |receiver, cx| receiver.poll_recv(cx), size_hint
}

of_channel!(ReceiverStream, mpsc::Receiver<T>);

/// Those that are there; once it is closed, no more than these and the permits that are out.
fn size_hint<T>(receiver: &mpsc::Receiver<T>) -> (usize, Option<usize>) {
    // In this order: a permit that is used in between is not counted as less than its message.
    let len = receiver.len();
    let most = || receiver.max_capacity() - receiver.capacity();
    (len, receiver.is_closed().then(most))
}

wrapper! {
    /// The values of an unbounded channel. Ends when the channel is closed and empty.
    UnboundedReceiverStream<T>(mpsc::UnboundedReceiver<T>) -> T, |receiver, cx| receiver.poll_recv(cx), unbounded_size_hint
}

of_channel!(UnboundedReceiverStream, mpsc::UnboundedReceiver<T>);

/// Those that are there, and no others once it is closed.
fn unbounded_size_hint<T>(receiver: &mpsc::UnboundedReceiver<T>) -> (usize, Option<usize>) {
    // In this order: what was sent before the end is counted.
    let is_closed = receiver.is_closed();
    let len = receiver.len();
    (len, is_closed.then_some(len))
}

wrapper! {
    /// The ticks of an interval. Never ends.
    IntervalStream(Interval) -> Instant, |interval, cx| interval.poll_tick(cx).map(Some)
}

wrapper! {
    /// The connections that a listener accepts, or why it could not. Never ends: what to do about an
    /// error is for the loop to say.
    ///
    /// # Examples
    /// ```
    /// use sheave::net::{TcpListener, TcpStream};
    /// use sheave::stream::{StreamExt, wrappers::TcpListenerStream};
    ///
    /// # #[sheave::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let mut connections = TcpListenerStream::new(listener);
    /// let server = connections.next().await.expect("it never ends")?;
    /// assert_eq!(server.peer_addr()?, client.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    TcpListenerStream(TcpListener) -> io::Result<TcpStream>, |listener, cx| {
        listener.poll_accept(cx).map(|accepted| Some(accepted.map(|(stream, _)| stream)))
    }
}

/// The latest value of a watch channel, whenever it has changed. Ends when the senders are gone.
///
/// # Examples
/// ```
/// use sheave::stream::{StreamExt, wrappers::WatchStream};
/// use sheave::sync::watch;
///
/// # futures_lite::future::block_on(async {
/// let (send, receive) = watch::channel("first");
/// let mut values = WatchStream::new(receive);
/// assert_eq!(values.next().await, Some("first"));
/// send.send("second").unwrap();
/// send.send("third").unwrap();
/// drop(send);
/// assert_eq!(values.collect::<Vec<_>>().await, ["third"]);
/// # });
/// ```
pub struct WatchStream<T> {
    values: Pin<Box<dyn Stream<Item = T> + Send + Sync>>,
}

impl<T: Clone + Send + Sync + 'static> WatchStream<T> {
    /// The value that is there, and what follows.
    #[must_use]
    pub fn new(receiver: watch::Receiver<T>) -> Self {
        Self { values: Box::pin(values(receiver, true)) }
    }

    /// What follows the value that is there.
    #[must_use]
    pub fn from_changes(receiver: watch::Receiver<T>) -> Self {
        Self { values: Box::pin(values(receiver, false)) }
    }
}

impl<T: Clone + Send + Sync + 'static> From<watch::Receiver<T>> for WatchStream<T> {
    fn from(receiver: watch::Receiver<T>) -> Self {
        Self::new(receiver)
    }
}

fn values<T: Clone + Send + Sync + 'static>(
    mut receiver: watch::Receiver<T>,
    with_present: bool,
) -> Generator<T, impl Future<Output = ()> + Send + Sync> {
    generator(move |mut co| async move {
        if with_present {
            let value = receiver.borrow_and_update().clone();
            co.yield_(value).await;
        }
        while receiver.changed().await.is_ok() {
            let value = receiver.borrow_and_update().clone();
            co.yield_(value).await;
        }
    })
}

impl<T> Stream for WatchStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.values.as_mut().poll_next(cx)
    }
}

impl<T> fmt::Debug for WatchStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchStream").finish_non_exhaustive()
    }
}
