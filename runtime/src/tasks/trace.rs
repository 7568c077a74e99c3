//! What a task, or the root of a `block_on`, leaves behind for dumps: when it was polled last, and what
//! it waits for since.
//!
//! Two words that order nothing. Who polls stores them, one thread at a time (W2); who looks
//! at them may see those of another poll than the state it sees, but never half a word.

use crate::util::waits::Note;
use sheave_facade::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// See the [module documentation](self).
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// In nanoseconds since the origin of the clock; 0 before the first poll.
    polled: AtomicU64,
    waits: AtomicU64,
}

impl Trace {
    /// For who polls: a poll begins.
    #[inline]
    pub(crate) fn begin_poll(&self, nanos: u64) {
        // ORDERING: Relaxed, see the module documentation.
        self.polled.store(nanos, Relaxed);
    }

    /// For who polls: a poll ends in `Pending`.
    #[inline]
    pub(crate) fn wait(&self, note: Note) {
        // ORDERING: Relaxed; the end of the poll publishes it with everything else.
        self.waits.store(note.word(), Relaxed);
    }

    /// When the last poll began, and what it noted if it has ended.
    pub(crate) fn look(&self) -> (Option<u64>, Note) {
        // ORDERING: Relaxed, see the module documentation.
        let polled = self.polled.load(Relaxed);
        ((polled != 0).then_some(polled), Note::from_word(self.waits.load(Relaxed)))
    }
}
