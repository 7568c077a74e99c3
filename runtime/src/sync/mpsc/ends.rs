//! What the sending ends of bounded and unbounded channels have in common, written once.

use super::channel::Channel;
use crate::sync::wait_list::Key;
use std::future::poll_fn;

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

macro_rules! sends {
    ($Sender:ident, $WeakSender:ident, $example:literal) => {
        impl<T> $Sender<T> {
            /// The first sender, which the channel has counted.
            pub(super) fn first(channel: Arc<Channel<T>>) -> Self {
                Self { channel }
            }

            /// Waits until the receiver is closed or dropped.
            ///
            /// # Cancel safety
            /// Strict.
            pub async fn closed(&self) {
                crate::coop::consume_budget().await;
                super::ends::Watch::closed(&self.channel).await;
            }

            /// Whether the receiver is closed or dropped.
            #[must_use]
            pub fn is_closed(&self) -> bool {
                self.channel.is_closed()
            }

            /// Whether both send to the same receiver.
            #[must_use]
            pub fn same_channel(&self, other: &Self) -> bool {
                Arc::ptr_eq(&self.channel, &other.channel)
            }

            /// A sender that does not keep the channel open.
            ///
            /// # Examples
            #[doc = $example]
            #[must_use]
            pub fn downgrade(&self) -> $WeakSender<T> {
                self.channel.add_weak();
                $WeakSender { channel: self.channel.clone() }
            }
        }

        impl<T> $WeakSender<T> {
            /// A sender, if the channel still has one.
            #[must_use]
            pub fn upgrade(&self) -> Option<$Sender<T>> {
                self.channel.upgrade().then(|| $Sender { channel: self.channel.clone() })
            }
        }

        super::ends::sends!(counted $Sender, add_strong, remove_strong);
        super::ends::sends!(counted $WeakSender, add_weak, remove_weak);

        impl<T> fmt::Debug for $WeakSender<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($WeakSender)).finish_non_exhaustive()
            }
        }
    };
    (counted $End:ident, $add:ident, $remove:ident) => {
        impl<T> $End<T> {
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

        impl<T> Clone for $End<T> {
            fn clone(&self) -> Self {
                self.channel.$add();
                Self { channel: self.channel.clone() }
            }
        }

        impl<T> Drop for $End<T> {
            fn drop(&mut self) {
                self.channel.$remove();
            }
        }
    };
}
pub(super) use sends;
