//! Which thread is this: one copy of a number, and no other thread ever has the same.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Identifies a thread among all threads that the process ever has.
///
/// Unlike `std::thread::current().id()`, [`current`](Self::current) works to the very end of a
/// thread, and it tells modelled threads apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadId(u64);

/// Handed out so far. No part of any protocol, so a model need not see it.
static LAST: AtomicU64 = AtomicU64::new(0);

crate::thread_local! {
    /// The number of this thread; 0 until it is asked for. Without a destructor.
    static OWN: Cell<u64> = Cell::new(0);
}

impl ThreadId {
    /// The id of the calling thread.
    #[inline]
    #[must_use]
    pub fn current() -> Self {
        let own = OWN.with(Cell::get);
        if own == 0 { Self::first() } else { Self(own) }
    }

    #[cold]
    fn first() -> Self {
        // ORDERING: Relaxed. The numbers must differ, and nothing else.
        let number = LAST.fetch_add(1, Relaxed) + 1;
        OWN.with(|own| own.set(number));
        Self(number)
    }
}
