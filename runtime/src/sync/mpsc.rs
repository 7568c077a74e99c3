//! A channel for many messages, from many senders to one receiver.
//!
//! [`channel`] has room for so many messages and lets its senders wait, first come first served.
//! [`unbounded_channel`] takes whatever comes, and grows with it.
//!
//! Messages arrive in the order in which they were sent. The end comes to the receiver when all
//! senders are dropped, and to the senders when the receiver is dropped or closed.

mod channel;
mod ends;
pub mod error;
mod permit;
mod receiver;
mod sender;
mod unbounded;

pub use permit::{OwnedPermit, Permit, PermitIterator};
pub use receiver::{Receiver, UnboundedReceiver};
pub use sender::{Sender, WeakSender};
pub use unbounded::{UnboundedSender, WeakUnboundedSender};

use channel::Channel;
use sheave_facade::sync::Arc;

/// A channel with room for `buffer` messages.
///
/// # Panics
/// If `buffer` is 0 or more than `usize::MAX >> 3`.
///
/// # Examples
/// ```
/// use sheave::sync::mpsc;
///
/// # #[sheave::main]
/// # async fn main() {
/// let (sender, mut receiver) = mpsc::channel(16);
/// for n in 1..=3 {
///     let sender = sender.clone();
///     sheave::spawn(async move { sender.send(n).await });
/// }
/// drop(sender); // The last one ends the channel.
/// let mut sum = 0;
/// while let Some(n) = receiver.recv().await {
///     sum += n;
/// }
/// assert_eq!(sum, 6);
/// # }
/// ```
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    let most = Channel::<T>::MAX;
    assert!(
        (1..=most).contains(&buffer),
        "a channel has room for between 1 and {most} messages, not for {buffer}"
    );
    let channel = Arc::new(Channel::new(buffer));
    (Sender::first(channel.clone()), Receiver::new(channel))
}

/// A channel that takes whatever comes. Nothing holds a sender back that is faster than the receiver.
///
/// # Examples
/// ```
/// # futures_lite::future::block_on(async {
/// let (sender, mut receiver) = sheave::sync::mpsc::unbounded_channel();
/// std::thread::spawn(move || sender.send("from a thread"));
/// assert_eq!(receiver.recv().await, Some("from a thread"));
/// # });
/// ```
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let channel = Arc::new(Channel::new(Channel::<T>::UNLIMITED));
    (UnboundedSender::first(channel.clone()), UnboundedReceiver::new(channel))
}

#[cfg(all(test, loom))]
mod loom;
