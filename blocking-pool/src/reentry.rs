//! The mark by which a thread knows whose thread it is.
//!
//! A job that waits for a job of the same pool could wait for ever: at the cap no other thread may
//! run it. The mark lets the wait notice, and help instead.

use std::cell::Cell;

/// What a thread remembers about its pool.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    /// Address of the pool's shared state; no pool lives at zero.
    pool: usize,
    compensated: bool,
}

const NOBODYS: Mark = Mark { pool: 0, compensated: false };

sheave_facade::thread_local! {
    static MARK: Cell<Mark> = Cell::new(NOBODYS);
}

/// Marks the current thread until dropped.
pub(crate) struct Membership {
    before: Mark,
}

/// Marks the current thread as one of `pool`'s.
pub(crate) fn join(pool: usize) -> Membership {
    Membership { before: MARK.with(|mark| mark.replace(Mark { pool, compensated: false })) }
}

impl Drop for Membership {
    fn drop(&mut self) {
        MARK.with(|mark| mark.set(self.before));
    }
}

/// Whether the current thread is one of `pool`'s.
pub(crate) fn is_member(pool: usize) -> bool {
    !sheave_facade::seeded::on("pool_thread_unmarked") && MARK.with(|mark| mark.get().pool == pool)
}

/// Whether the pool already knows that this thread is blocked.
pub(crate) fn is_compensated() -> bool {
    MARK.with(|mark| mark.get().compensated)
}

/// Notes whether the pool knows that this thread is blocked.
pub(crate) fn set_compensated(compensated: bool) {
    MARK.with(|mark| mark.set(Mark { compensated, ..mark.get() }));
}
