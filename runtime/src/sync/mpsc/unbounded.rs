//! The sending end of an unbounded channel.

use super::channel::{Channel, Refusal};
use super::ends::sends;
use super::error::SendError;
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
}

sends!(
    UnboundedSender,
    WeakUnboundedSender,
    "```
let (sender, _receiver) = sheave::sync::mpsc::unbounded_channel::<u32>();
let weak = sender.downgrade();
assert!(weak.upgrade().is_some());
drop(sender);
assert!(weak.upgrade().is_none());
```"
);

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedSender").finish_non_exhaustive()
    }
}
