//! Counts that tell whether everything was dropped, and nothing twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Hands out witnesses and counts how they end.
#[derive(Clone, Debug, Default)]
pub struct Drops(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

impl Drops {
    /// No witnesses yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A witness, to be moved into a future, a closure or an output.
    #[must_use]
    pub fn witness(&self) -> Witness {
        self.0.made.fetch_add(1, SeqCst);
        Witness(self.clone())
    }

    /// How many witnesses were made.
    #[must_use]
    pub fn made(&self) -> usize {
        self.0.made.load(SeqCst)
    }

    /// How many witnesses were dropped.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.0.dropped.load(SeqCst)
    }

    /// Checks that every witness was dropped, each one once.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn assert_all(&self) {
        assert_eq!(self.dropped(), self.made(), "dropped against made");
    }
}

/// Counts its own drop.
#[derive(Debug)]
pub struct Witness(Drops);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.0.dropped.fetch_add(1, SeqCst);
    }
}
