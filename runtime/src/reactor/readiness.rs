//! The readiness of one direction of one source, in one word: `{ tick, flags }`.
//!
//! Whoever turns the reactor sets it, the tasks that use the source clear it after the operating
//! system has told them that it was wrong. The tick counts the settings, so that a clearing never
//! erases an event that is newer than what the clearing task has seen (W7).
//!
//! | from                             | call                  | to                          |
//! |----------------------------------|-----------------------|-----------------------------|
//! | (t, flags)                       | `set(news)`           | (t+1, flags ∪ news ∪ READY) |
//! | (t, flags), seen                 | `clear_blocked(seen)` | (t, ∅)                      |
//! | (t, READY), seen                 | `clear_short(seen)`   | (t, ∅)                      |
//! | (t, READY ∪ CLOSED or ERROR), seen | `clear_short(seen)` | unchanged: the end of the stream or the error is still to be fetched |
//! | anything but what was seen       | `clear_*(seen)`       | unchanged: somebody knows better |
//! | (t, flags)                       | `shut_down()`         | (t+1, READY ∪ SHUT_DOWN), never left |
//!
//! READY is set whenever any other flag is, so one test decides whether to wait.
//! `clear_blocked` also removes CLOSED and ERROR: an operation that would block is proof that the
//! flag does not concern it (a socket before `connect` reports a hang-up), and as the source is
//! edge-triggered the next change sets it again. Kept, the task would spin on it.

use super::interest::{Direction, Ready};
use sheave_facade::seeded;
use sheave_facade::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// An operation would not block.
pub(super) const READY: u32 = 0b0001;
/// The peer closed this direction: with READY.
pub(super) const CLOSED: u32 = 0b0010;
/// The source has an error to report: with READY.
pub(super) const ERROR: u32 = 0b0100;
/// The runtime is gone, no event will follow.
const SHUT_DOWN: u32 = 0b1000;
/// The tick occupies the bits above the flags and wraps. A task would have to sleep through 2^28
/// events between a look and its clearing to be deceived.
const TICK: u32 = 0b1_0000;

/// What a task saw when it looked; what a clearing is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen(u32);

impl Seen {
    /// Whether an operation is worth trying.
    pub(super) fn is_ready(self) -> bool {
        self.0 & READY != 0
    }

    /// Whether the runtime was shut down.
    pub(super) fn is_shut_down(self) -> bool {
        self.0 & SHUT_DOWN != 0
    }

    /// The public view of the flags.
    pub(super) fn as_ready(self, direction: Direction) -> Ready {
        let (open, closed) = match direction {
            Direction::Read => (Ready::READABLE, Ready::READ_CLOSED),
            Direction::Write => (Ready::WRITABLE, Ready::WRITE_CLOSED),
        };
        [(READY, open), (CLOSED, closed), (ERROR, Ready::ERROR)]
            .into_iter()
            .filter(|(flag, _)| self.0 & flag != 0)
            .fold(Ready::EMPTY, |all, (_, ready)| all | ready)
    }
}

/// The word.
// ORDERING: every access is Relaxed, for two reasons. No memory is published through the word:
// READY promises that a system call is worth trying, and the kernel orders the data itself. And
// all decisions are about this one word, whose modification order alone decides whether a
// clearing meets the value it saw. That a waiter is not left asleep is the business of the lock
// around the wakers (`source.rs`): the setter writes the word before it takes the lock, the waiter
// reads it again after it has.
#[derive(Debug)]
pub(super) struct Readiness {
    /// Stored by reactor turns (`set`), by tasks (`clear_*`) and by `shut_down`; loaded by tasks.
    word: AtomicU32,
}

impl Readiness {
    /// A word at tick 0. `flags` is READY for a direction that is assumed to be ready until an
    /// operation blocks.
    pub(super) fn new(flags: u32) -> Self {
        Self { word: AtomicU32::new(flags) }
    }

    pub(super) fn look(&self) -> Seen {
        // ORDERING: Relaxed, see the type.
        Seen(self.word.load(Relaxed))
    }

    /// Records an event.
    pub(super) fn set(&self, news: u32) {
        self.update(|word| (word | news | READY).wrapping_add(TICK));
    }

    /// Records that an operation would have blocked.
    pub(super) fn clear_blocked(&self, seen: Seen) {
        self.replace(seen, seen.0 & !(READY | CLOSED | ERROR));
    }

    /// Records that an operation moved fewer bytes than it was asked to, so that the next one
    /// would block.
    pub(super) fn clear_short(&self, seen: Seen) {
        if seen.0 & (CLOSED | ERROR) == 0 {
            self.replace(seen, seen.0 & !READY);
        }
    }

    /// Makes every present and later waiter return.
    pub(super) fn shut_down(&self) {
        self.update(|word| (word | READY | SHUT_DOWN).wrapping_add(TICK));
    }

    fn update(&self, next: impl Fn(u32) -> u32) {
        // ORDERING: Relaxed, see the type; of the load, the exchange and its failure.
        let mut word = self.word.load(Relaxed);
        while let Err(now) = self.word.compare_exchange_weak(word, next(word), Relaxed, Relaxed) {
            word = now;
        }
    }

    fn replace(&self, seen: Seen, cleared: u32) {
        if seen.is_shut_down() {
            return;
        }
        if seeded::on("readiness_clear_ignores_tick") {
            self.update(|word| word & !READY);
            return;
        }
        // ORDERING: Relaxed, see the type. A failure means a newer event (W7), or that another
        // task has cleared the word already: both are as they should be.
        let _ = self.word.compare_exchange(seen.0, cleared, Relaxed, Relaxed);
    }
}
