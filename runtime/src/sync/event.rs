//! A flag that can be waited for.
//!
//! | flag  | call          | flag  | those who wait                                           |
//! |-------|---------------|-------|----------------------------------------------------------|
//! | clear | `wait` polled | clear | one more                                                 |
//! | clear | `set`         | set   | all are answered, and go on even if it is cleared before |
//! | set   | `wait` polled | set   | none: ready at once                                      |
//! | set   | `clear`       | clear | those who come from now on                               |

use super::wait_list::{Key, WaitList, poll_answer, wake};
use crate::coop;
use crate::util::waits::{SyncKind, noting};
use sheave_facade::seeded;
use sheave_facade::sync::Mutex;
use std::fmt;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::task::{Context, Poll, ready};

/// A flag that any number of tasks can wait for, as asyncio has it.
///
/// [`set`](Self::set) wakes all who wait, and nobody waits any more until [`clear`](Self::clear). A
/// signal that is not kept is a [`Notify`](super::Notify); a value that changes is a
/// [`watch`](super::watch) channel.
///
/// # Differences from asyncio
/// It works on any thread and in any executor, and belongs to no loop.
///
/// # Examples
/// ```
/// use sheave::sync::Event;
/// use std::sync::Arc;
///
/// # #[sheave::main]
/// # async fn main() {
/// let started = Arc::new(Event::new());
/// let waiters: sheave::task::JoinSet<bool> = (0..3)
///     .map(|_| {
///         let started = started.clone();
///         async move {
///             started.wait().await;
///             started.is_set()
///         }
///     })
///     .collect();
/// started.set();
/// assert_eq!(waiters.join_all().await, [true; 3]);
/// # }
/// ```
pub struct Event {
    state: Mutex<State>,
}

struct State {
    is_set: bool,
    waiters: WaitList<(), ()>,
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl Event {
    /// An event that is not set.
    #[must_use]
    pub fn new() -> Self {
        Self::const_new()
    }

    sheave_facade::const_fn! {
        /// [`new`](Self::new) for statics.
        #[must_use]
        pub fn const_new() -> Self {
            Self { state: Mutex::new(State { is_set: false, waiters: WaitList::new() }) }
        }
    }

    /// Whether the event is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.state.lock().is_set
    }

    /// Sets the event, and wakes all who wait. These go on even if it is cleared before they run.
    ///
    /// # Examples
    /// ```
    /// # use futures_lite::future::{block_on, poll_once};
    /// # block_on(async {
    /// let event = sheave::sync::Event::new();
    /// let mut waiting = Box::pin(event.wait());
    /// assert!(poll_once(&mut waiting).await.is_none());
    /// event.set();
    /// event.clear();
    /// waiting.await;
    /// # });
    /// ```
    pub fn set(&self) {
        let mut state = self.state.lock();
        state.is_set = true;
        let waiting = state.waiters.answer_all(());
        drop(state);
        if !seeded::on("event_set_wakes_nobody") {
            wake(waiting);
        }
    }

    /// Clears the event: who waits from now on waits for the next [`set`](Self::set).
    ///
    /// # Examples
    /// ```
    /// let event = sheave::sync::Event::new();
    /// event.set();
    /// event.clear();
    /// assert!(!event.is_set());
    /// ```
    pub fn clear(&self) {
        self.state.lock().is_set = false;
    }

    /// Waits until the event is set. Ready at once if it is.
    ///
    /// What happened before the [`set`](Self::set) is visible to those who waited for it.
    ///
    /// # Cancel safety
    /// Strict: a dropped wait leaves nothing behind. A call of [`set`](Self::set) that it had heard of
    /// is missed if the event is cleared before the next wait.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let event = sheave::sync::Event::new();
    /// event.set();
    /// event.wait().await;
    /// event.wait().await; // It stays set.
    /// # });
    /// ```
    pub async fn wait(&self) {
        let mut wait = Wait { event: self, key: None };
        poll_fn(|cx| wait.poll(cx)).await;
    }
}

/// Waits for an event; its place in the list is given up on drop.
struct Wait<'a> {
    event: &'a Event,
    key: Option<Key>,
}

impl Wait<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        let at_once = |state: &mut State| match state.is_set {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let Self { event, key } = self;
        let polled = poll_answer(&event.state, |state| &mut state.waiters, key, cx, at_once);
        ready!(noting(SyncKind::Event, *event, polled));
        progress.made_progress();
        Poll::Ready(())
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            if !seeded::on("event_quitter_stays") {
                let left = self.event.state.lock().waiters.leave(key);
                drop(left);
            }
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("is_set", &self.is_set()).finish()
    }
}

#[cfg(all(test, loom))]
mod loom;
