//! Which of many futures were woken: each has a waker with a key, and one waiter takes the keys.
//!
//! | call       | keys | waiter    | does                                                  |
//! |------------|------|-----------|-------------------------------------------------------|
//! | a wake     | any  | none      | adds its key                                          |
//! | a wake     | any  | stored    | adds its key, takes the waiter and wakes it unlocked  |
//! | `pop`      | some | any       | takes the oldest key                                  |
//! | `poll_pop` | some | any       | takes the oldest key                                  |
//! | `poll_pop` | none | any       | stores the waiter, in the same hold of the lock       |
//!
//! A key may come more than once, and late: whoever takes it looks whether its future is still there
//! and still pending. The cost of a completion does not depend on how many futures there are.

use sheave_facade::seeded;
use sheave_facade::sync::{Arc, Mutex};
use std::collections::VecDeque;
use std::mem;
use std::task::{Context, Poll, Wake, Waker};

/// The receiving end, for one waiter.
#[derive(Debug)]
pub(crate) struct ReadyKeys {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    keys: VecDeque<usize>,
    waiter: Option<Waker>,
}

/// What the waker of one future refers to.
struct Entry {
    key: usize,
    shared: Arc<Mutex<Shared>>,
}

impl ReadyKeys {
    /// No key, no waiter.
    pub(crate) fn new() -> Self {
        Self { shared: Arc::new(Mutex::new(Shared { keys: VecDeque::new(), waiter: None })) }
    }

    /// A waker that hands in `key`.
    pub(crate) fn waker(&self, key: usize) -> Waker {
        Waker::from(Arc::new(Entry { key, shared: self.shared.clone() }))
    }

    /// The key that has waited longest.
    pub(crate) fn pop(&self) -> Option<usize> {
        self.shared.lock().keys.pop_front()
    }

    /// Waits for a key.
    pub(crate) fn poll_pop(&self, cx: &mut Context<'_>) -> Poll<usize> {
        {
            let mut shared = self.shared.lock();
            if let Some(key) = shared.keys.pop_front() {
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
            if let Some(key) = shared.keys.pop_front() {
                return Poll::Ready(key);
            }
        }
        let former = shared.waiter.replace(waiter);
        drop(shared);
        drop(former);
        Poll::Pending
    }
}

impl Wake for Entry {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waiter = {
            let mut shared = self.shared.lock();
            shared.keys.push_back(self.key);
            mem::take(&mut shared.waiter)
        };
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

#[cfg(all(test, loom))]
mod loom;
