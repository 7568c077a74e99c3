//! The receiving end: the newest value, and waiting for a newer one.

use super::borrow::Ref;
use super::error::RecvError;
use super::{Shared, State};
use crate::coop;
use crate::sync::wait_list::{Key, poll_look, wake};
use crate::util::waits::{SyncKind, noting};
use sheave_facade::sync::Arc;
use std::fmt;
use std::future::{Future, poll_fn};
use std::task::{Poll, ready};

/// Sees the latest value of a [channel](super::channel). A clone has seen what the original has.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The number of the change that was seen last.
    seen: u64,
}

impl<T> Receiver<T> {
    /// A receiver that the channel has counted.
    pub(super) fn first(shared: Arc<Shared<T>>, seen: u64) -> Self {
        Self { shared, seen }
    }

    /// The value, which does not count as seen.
    ///
    /// Blocks while a sender changes it.
    pub fn borrow(&self) -> Ref<'_, T> {
        let value = self.shared.value.read();
        let has_changed = self.shared.state.lock().version != self.seen;
        Ref { value, has_changed }
    }

    /// The value, which counts as seen from now on.
    ///
    /// Blocks while a sender changes it.
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let value = self.shared.value.read();
        let version = self.shared.state.lock().version;
        let has_changed = std::mem::replace(&mut self.seen, version) != version;
        Ref { value, has_changed }
    }

    /// Whether there is a value that was not seen.
    ///
    /// # Errors
    /// If all senders are dropped.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let state = self.shared.state.lock();
        if state.senders == 0 {
            return Err(RecvError(()));
        }
        Ok(state.version != self.seen)
    }

    /// Makes the value count as not seen.
    pub fn mark_changed(&mut self) {
        self.seen = self.seen.wrapping_sub(1);
    }

    /// Makes the value count as seen.
    pub fn mark_unchanged(&mut self) {
        self.seen = self.shared.state.lock().version;
    }

    /// Waits for a value that was not seen. The newest one then counts as seen.
    ///
    /// # Errors
    /// If all senders are dropped and the last value was seen.
    ///
    /// # Cancel safety
    /// Strict: a change that a dropped future was told of still counts as not seen.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, mut receiver) = sheave::sync::watch::channel(1);
    /// sender.send(2).expect("a receiver lives");
    /// sender.send(3).expect("a receiver lives");
    /// receiver.changed().await.expect("the sender lives");
    /// assert_eq!(*receiver.borrow(), 3);
    /// # });
    /// ```
    pub async fn changed(&mut self) -> Result<(), RecvError> {
        let seen = self.seen;
        self.seen = Change::after(&self.shared, seen).await?;
        Ok(())
    }

    /// Waits for a value that pleases `condition`, beginning with the present one. It counts as seen.
    ///
    /// The value is locked for reading while `condition` runs, so that the one it judges is the one
    /// that is returned: senders wait meanwhile, and `condition` must not send to this channel or
    /// borrow from it, as with a [`Ref`] that is held.
    ///
    /// # Panics
    /// If `condition` does. The value is unlocked then, and the channel stays usable; the value counts
    /// as seen.
    ///
    /// # Errors
    /// If all senders are dropped and the last value does not please.
    ///
    /// # Cancel safety
    /// Restarts: the next call looks at the present value again.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, mut receiver) = sheave::sync::watch::channel(1);
    /// std::thread::spawn(move || (2..=10).for_each(|n| drop(sender.send(n))));
    /// assert_eq!(*receiver.wait_for(|n| *n == 10).await.expect("it comes"), 10);
    /// # });
    /// ```
    pub async fn wait_for(
        &mut self,
        mut condition: impl FnMut(&T) -> bool,
    ) -> Result<Ref<'_, T>, RecvError> {
        coop::consume_budget().await;
        let Self { shared, seen } = self;
        let (shared, seen_before) = (&*shared, *seen);
        loop {
            {
                let value = shared.value.read();
                *seen = shared.state.lock().version;
                if condition(&value) {
                    return Ok(Ref { value, has_changed: *seen != seen_before });
                }
            }
            *seen = Change::after(shared, *seen).await?;
        }
    }

    /// Whether both see the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

/// Waits for a change; its place in the list is given up on drop.
struct Change<'a, T> {
    shared: &'a Shared<T>,
    key: Option<Key>,
}

impl<T> Change<'_, T> {
    /// The number of a change other than `seen`.
    fn after(shared: &Shared<T>, seen: u64) -> impl Future<Output = Result<u64, RecvError>> {
        let mut wait = Change { shared, key: None };
        let look = move |state: &mut State| match state.version {
            version if version != seen => Some(Ok(version)),
            _ if state.senders == 0 => Some(Err(RecvError(()))),
            _ => None,
        };
        poll_fn(move |cx| {
            let progress = ready!(coop::poll_proceed(cx));
            let state = &wait.shared.state;
            let key = &mut wait.key;
            let polled = poll_look(state, |state| &mut state.waiters, key, cx, look);
            let found = ready!(noting(SyncKind::WatchReceiver, state, polled));
            progress.made_progress();
            Poll::Ready(found)
        })
    }
}

impl<T> Drop for Change<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let left = self.shared.state.lock().waiters.leave(key);
            drop(left);
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.state.lock().receivers += 1;
        Self { shared: self.shared.clone(), seen: self.seen }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.receivers -= 1;
        let watchers =
            if state.receivers == 0 { state.watchers.answer_all(()) } else { Vec::new() };
        drop(state);
        wake(watchers);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("seen", &self.seen).finish_non_exhaustive()
    }
}
