//! Something that happens once, and that tasks can wait for.
//!
//! | from   | call     | to     | then                                           |
//! |--------|----------|--------|------------------------------------------------|
//! | Silent | `listen` | Silent | the waker is kept under the listener's key     |
//! | Made   | `listen` | Made   | the listener is told so                        |
//! | Silent | `make`   | Made   | all wakers are taken, and woken after the lock |
//!
//! All of it happens under one lock, so a listener either sees that the announcement was made, or its
//! waker is there to be taken.

use crate::util::contain::contain;
use sheave_facade::seeded;
use sheave_facade::sync::Mutex;
use slab::Slab;
use std::mem;
use std::task::{Poll, Waker};

/// See the [module documentation](self).
#[derive(Default)]
pub(crate) struct Announcement(Mutex<State>);

#[derive(Default)]
struct State {
    is_made: bool,
    listeners: Slab<Waker>,
}

/// A listener's place.
#[derive(Debug, Default)]
pub(crate) struct Listener(Option<usize>);

impl Announcement {
    /// Makes it, once; later calls do nothing.
    pub(crate) fn make(&self) {
        let listeners = {
            let mut state = self.0.lock();
            state.is_made = true;
            mem::take(&mut state.listeners)
        };
        // A waker is user code: outside the lock, and one that panics costs the others nothing (W10).
        listeners.into_iter().for_each(|(_, waker)| contain(|| waker.wake()));
    }

    /// Whether it was made.
    pub(crate) fn is_made(&self) -> bool {
        self.0.lock().is_made
    }

    /// Ready once it was made; until then `waker` is kept.
    pub(crate) fn listen(&self, listener: &mut Listener, waker: &Waker) -> Poll<()> {
        if self.is_made() {
            return Poll::Ready(());
        }
        // To clone and to drop a waker is user code.
        let waker = waker.clone();
        let mut state = self.0.lock();
        if state.is_made && !seeded::on("announcement_unheard") {
            return Poll::Ready(());
        }
        let former = match listener.0 {
            Some(key) => Some(mem::replace(&mut state.listeners[key], waker)),
            None => {
                listener.0 = Some(state.listeners.insert(waker));
                None
            }
        };
        drop(state);
        drop(former);
        Poll::Pending
    }

    /// The listener goes.
    pub(crate) fn leave(&self, listener: &mut Listener) {
        let Some(key) = listener.0.take() else { return };
        let waker = {
            let mut state = self.0.lock();
            // Once it was made the keys are gone with the wakers.
            if state.is_made { None } else { Some(state.listeners.remove(key)) }
        };
        drop(waker);
    }
}

#[cfg(all(test, loom))]
mod loom;
