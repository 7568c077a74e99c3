//! Which of many futures were woken: each has a waker with a key, and one waiter takes the keys.
//!
//! | call       | keys | waiter    | does                                                  |
//! |------------|------|-----------|-------------------------------------------------------|
//! | a wake     | its own among them | any | nothing                                            |
//! | a wake     | any  | none      | adds its key                                          |
//! | a wake     | any  | stored    | adds its key, takes the waiter and wakes it unlocked  |
//! | `pop`      | some | any       | takes the oldest key                                  |
//! | `poll_pop` | some | any       | takes the oldest key                                  |
//! | `poll_pop` | none | any       | stores the waiter, in the same hold of the lock       |
//! | drop       | any  | any       | closes: takes both, and a wake does nothing any more  |
//!
//! A key may come again, and late: whoever takes it looks whether its future is still there and still
//! pending. The cost of a completion does not depend on how many futures there are, and a future that is
//! woken many times before it is polled costs no memory.

use sheave_facade::seeded;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::Relaxed};
use sheave_facade::sync::{Arc, Mutex};
use std::collections::VecDeque;
use std::task::{Context, Poll, Wake, Waker};
use std::{fmt, mem};

/// The receiving end, for one waiter.
pub(crate) struct ReadyKeys {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    woken: VecDeque<Arc<Entry>>,
    waiter: Option<Waker>,
    is_closed: bool,
}

impl Shared {
    fn pop(&mut self) -> Option<usize> {
        let entry = self.woken.pop_front()?;
        // ORDERING: Relaxed; the flag changes under the lock only.
        entry.is_woken.store(false, Relaxed);
        Some(entry.key)
    }
}

/// What the waker of one future refers to.
struct Entry {
    key: usize,
    /// Whether it is among the woken ones.
    is_woken: AtomicBool,
    shared: Arc<Mutex<Shared>>,
}

impl ReadyKeys {
    /// No key, no waiter.
    pub(crate) fn new() -> Self {
        Self { shared: Arc::new(Mutex::new(Shared::default())) }
    }

    /// A waker that hands in `key`.
    pub(crate) fn waker(&self, key: usize) -> Waker {
        let is_woken = AtomicBool::new(false);
        Waker::from(Arc::new(Entry { key, is_woken, shared: self.shared.clone() }))
    }

    /// The key that has waited longest.
    pub(crate) fn pop(&self) -> Option<usize> {
        self.shared.lock().pop()
    }

    /// Waits for a key.
    pub(crate) fn poll_pop(&self, cx: &mut Context<'_>) -> Poll<usize> {
        {
            let mut shared = self.shared.lock();
            if let Some(key) = shared.pop() {
                return Poll::Ready(key);
            }
            if shared.waiter.as_ref().is_some_and(|waiter| waiter.will_wake(cx.waker())) {
                return Poll::Pending;
            }
        }
        // To clone and to drop a waker is code of a user: outside the lock (W10). Meanwhile a key
        // may have come, whose wake found no waiter.
        let waiter = cx.waker().clone();
        let mut shared = self.shared.lock();
        if !seeded::on("ready_keys_no_recheck") {
            if let Some(key) = shared.pop() {
                return Poll::Ready(key);
            }
        }
        let former = shared.waiter.replace(waiter);
        drop(shared);
        drop(former);
        Poll::Pending
    }
}

impl Drop for ReadyKeys {
    /// Those who are woken refer to this, and it to them: it lets go.
    fn drop(&mut self) {
        let mut shared = self.shared.lock();
        shared.is_closed = true;
        let gone = (mem::take(&mut shared.woken), shared.waiter.take());
        drop(shared);
        drop(gone);
    }
}

impl fmt::Debug for ReadyKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyKeys").finish_non_exhaustive()
    }
}

impl Wake for Entry {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waiter = {
            let mut shared = self.shared.lock();
            // ORDERING: Relaxed; the flag changes under the lock only.
            if shared.is_closed || self.is_woken.swap(true, Relaxed) {
                return;
            }
            shared.woken.push_back(self.clone());
            shared.waiter.take()
        };
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

#[cfg(all(test, loom))]
mod loom;
