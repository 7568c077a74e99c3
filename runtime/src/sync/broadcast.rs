//! A channel that gives each message to each receiver.
//!
//! The channel keeps so many messages. A receiver that is slower than that misses the oldest ones, and
//! is told how many; nobody waits for it.

mod channel;
pub mod error;
mod message;
mod receiver;
mod sender;

pub use receiver::Receiver;
pub use sender::{Sender, WeakSender};

use channel::Channel;
use sheave_facade::sync::Arc;

/// A channel that keeps the latest `capacity` messages: exactly so many.
///
/// # Panics
/// If `capacity` is 0 or more than `usize::MAX >> 1`.
///
/// # Examples
/// ```
/// use sheave::sync::broadcast;
///
/// # #[sheave::main]
/// # async fn main() {
/// let (sender, mut receiver) = broadcast::channel(16);
/// let mut another = sender.subscribe();
/// sender.send("hello").expect("there are receivers");
/// assert_eq!(receiver.recv().await, Ok("hello"));
/// assert_eq!(another.recv().await, Ok("hello"));
/// # }
/// ```
///
/// A receiver that is too slow:
/// ```
/// use sheave::sync::broadcast::{self, error::RecvError};
///
/// # futures_lite::future::block_on(async {
/// let (sender, mut receiver) = broadcast::channel(2);
/// for n in 1..=3 {
///     sender.send(n).expect("there is a receiver");
/// }
/// assert_eq!(receiver.recv().await, Err(RecvError::Lagged(1)));
/// assert_eq!(receiver.recv().await, Ok(2));
/// # });
/// ```
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel::new(capacity, 1));
    (Sender::first(channel.clone()), Receiver::counted(channel, 0))
}

#[cfg(all(test, loom))]
mod loom;
