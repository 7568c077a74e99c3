//! A flag that can be waited for.
//!
//! | flag  | call          | flag  | those who wait                                           |
//! |-------|---------------|-------|----------------------------------------------------------|
//! | clear | `wait` polled | clear | one more                                                 |
//! | clear | `set`         | set   | all are answered, and go on even if it is cleared before |
//! | set   | `wait` polled | set   | none: ready at once                                      |
//! | set   | `clear`       | clear | those who come from now on                               |
//!
//! One word holds the flag, and counts the calls of `set` that have changed it. Those calls are made
//! under the lock of the list: who finds the flag clear there is queued for the next of them, and hears
//! of that by the count, without the lock.

use super::wait_list::{Key, WaitList, wake};
use crate::coop;
use crate::util::waits::{SyncKind, noting};
use sheave_facade::seeded;
use sheave_facade::sync::BriefMutex;
use sheave_facade::sync::atomic::AtomicUsize;
use sheave_facade::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::fmt;
use std::future::poll_fn;
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
    word: AtomicUsize,
    waiters: BriefMutex<WaitList<(), ()>>,
}

/// The flag.
const SET: usize = 1;
/// One more call of `set`.
const CALL: usize = 2;

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
            Self { word: AtomicUsize::new(0), waiters: BriefMutex::new(WaitList::new()) }
        }
    }

    /// Whether the event is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.look() & SET != 0
    }

    #[inline]
    fn look(&self) -> usize {
        // ORDERING: Acquire; pairs with the release of `set`: who hears of it sees what was done before.
        self.word.load(Acquire)
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
        let mut waiters = self.waiters.lock();
        let word = self.look();
        // ORDERING: Release; pairs with the acquire of `look`. Weaker is the control
        // `event_set_relaxed`. Also if it is set already: who comes later sees what was done before
        // this call. A `clear` at the same time may as well have come before.
        let order = if seeded::on("event_set_relaxed") { Relaxed } else { Release };
        self.word.store((word | SET) + CALL, order);
        let waiting = waiters.dismiss_all();
        drop(waiters);
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
        // ORDERING: Relaxed; nothing is published.
        self.word.fetch_and(!SET, Relaxed);
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
        let mut wait = Wait { event: self, queued: None };
        poll_fn(|cx| wait.poll(cx)).await;
    }
}

/// Waits for an event; its place in the list is given up on drop.
struct Wait<'a> {
    event: &'a Event,
    /// The place in the list, and how many calls there had been.
    queued: Option<(Key, usize)>,
}

impl Wait<'_> {
    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        if !self.is_through(self.event.look()) {
            ready!(noting(SyncKind::Event, self.event, self.poll_queued(cx)));
        }
        progress.made_progress();
        Poll::Ready(())
    }

    /// Whether the event is set, or was since this has queued. Then its place is gone.
    #[inline]
    fn is_through(&mut self, word: usize) -> bool {
        match self.queued {
            None => word & SET != 0,
            Some((_, calls)) if calls == word / CALL => false,
            Some(_) => {
                self.queued = None;
                true
            }
        }
    }

    #[cold]
    fn poll_queued(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut waiters = self.event.waiters.lock();
        let word = self.event.look();
        if self.is_through(word) {
            return Poll::Ready(());
        }
        let former = match &self.queued {
            Some((key, _)) => Some(waiters.change_waker(key, waker)),
            None => {
                self.queued = Some((waiters.join((), waker), word / CALL));
                None
            }
        };
        drop(waiters);
        drop(former);
        Poll::Pending
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut waiters = match self.queued {
            Some(_) if !seeded::on("event_quitter_stays") => self.event.waiters.lock(),
            _ => return,
        };
        if !self.is_through(self.event.look()) {
            let left = self.queued.take().map(|(key, _)| waiters.leave(key));
            drop(waiters);
            drop(left);
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
