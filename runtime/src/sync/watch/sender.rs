//! The sending end: changing the value, and hearing that nobody looks any more.

use super::borrow::Ref;
use super::error::SendError;
use super::receiver::Receiver;
use super::{Shared, State, Told};
use crate::coop::consume_budget;
use crate::sync::wait_list::{Key, poll_look, wake};
use crate::util::waits::{SyncKind, noting};
use sheave_facade::seeded;
use sheave_facade::sync::Arc;
use std::fmt;
use std::future::poll_fn;

/// Changes the value of a [channel](super::channel). The channel ends when the last clone is dropped.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// A sender that the channel has counted.
    pub(super) fn first(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// A sender without receivers, which may [subscribe](Self::subscribe) later.
    #[must_use]
    pub fn new(initial: T) -> Self {
        Self { shared: Arc::new(Shared::new(initial, 0)) }
    }

    /// Replaces the value, and tells the receivers.
    ///
    /// # Errors
    /// Hands the value back if there is no receiver; the former one stays.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError(value));
        }
        self.send_replace(value);
        Ok(())
    }

    /// Replaces the value also without receivers, and returns the former one.
    ///
    /// # Examples
    /// ```
    /// let sender = sheave::sync::watch::Sender::new(1);
    /// assert_eq!(sender.send_replace(2), 1);
    /// assert_eq!(*sender.subscribe().borrow(), 2);
    /// ```
    pub fn send_replace(&self, value: T) -> T {
        self.shared.change(|current| (Told::Everybody, std::mem::replace(current, value)))
    }

    /// Changes the value in place, and tells the receivers.
    ///
    /// `change` runs while the value is locked: it must not look at this channel. If it panics,
    /// nobody is told.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = sheave::sync::watch::channel(vec![1]);
    /// sender.send_modify(|list| list.push(2));
    /// assert_eq!(*receiver.borrow(), [1, 2]);
    /// ```
    pub fn send_modify(&self, change: impl FnOnce(&mut T)) {
        self.shared.change(|value| {
            change(value);
            (Told::Everybody, ())
        });
    }

    /// Changes the value in place, and tells the receivers if `change` returns `true`. Returns the same.
    ///
    /// As with [`send_modify`](Self::send_modify), the value is locked meanwhile.
    pub fn send_if_modified(&self, change: impl FnOnce(&mut T) -> bool) -> bool {
        self.shared.change(|value| match change(value) {
            true => (Told::Everybody, true),
            false => (Told::Nobody, false),
        })
    }

    /// The value. Blocks while another sender changes it.
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref { value: self.shared.value.read(), has_changed: false }
    }

    /// A new receiver, for which the present value counts as seen.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        let mut state = self.shared.state.lock();
        state.receivers += 1;
        Receiver::first(self.shared.clone(), state.version)
    }

    /// Waits until there is no receiver.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn closed(&self) {
        consume_budget().await;
        let mut watch = Watch { shared: &self.shared, key: None };
        let look = |state: &mut State| (state.receivers == 0).then_some(());
        poll_fn(|cx| {
            let (state, key) = (&self.shared.state, &mut watch.key);
            let polled = poll_look(state, |state| &mut state.watchers, key, cx, look);
            noting(SyncKind::WatchSender, state, polled)
        })
        .await;
    }

    /// Whether there is no receiver.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// How many receivers there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.state.lock().receivers
    }

    /// How many senders there are.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.shared.state.lock().senders
    }

    /// Whether both send to the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

/// Waits for the last receiver to go; its place in the list is given up on drop.
struct Watch<'a, T> {
    shared: &'a Shared<T>,
    key: Option<Key>,
}

impl<T> Drop for Watch<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let left = self.shared.state.lock().watchers.leave(key);
            drop(left);
        }
    }
}

impl<T: Default> Default for Sender<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.state.lock().senders += 1;
        Self { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.senders -= 1;
        let refused = if state.senders == 0 { state.waiters.answer_all(()) } else { Vec::new() };
        drop(state);
        if !seeded::on("watch_last_sender_wakes_nobody") {
            wake(refused);
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("receivers", &self.receiver_count()).finish_non_exhaustive()
    }
}
