//! The mark by which a thread knows whose thread it is.
//!
//! A job that waits for a job of the same pool could wait for ever: at the cap no other thread may
//! run it. The mark lets the wait notice, and help instead.

use crate::shared::Shared;
use sheave_facade::sync::Arc;
use std::cell::{Cell, RefCell};

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

sheave_facade::thread_local! {
    /// The pool that the mark names.
    static POOL: RefCell<Option<Arc<Shared>>> = RefCell::new(None);
}

/// Marks the current thread until dropped.
pub(crate) struct Membership {
    before: Mark,
    pool: Option<Arc<Shared>>,
}

/// Marks the current thread as one of `pool`'s.
pub(crate) fn join(pool: &Arc<Shared>) -> Membership {
    let mark = Mark { pool: pool.id(), compensated: false };
    let pool = replace(Some(pool.clone()));
    Membership { before: MARK.with(|place| place.replace(mark)), pool }
}

/// Makes `pool` the one that the mark names and returns the former. On a thread that is ending there is none.
fn replace(pool: Option<Arc<Shared>>) -> Option<Arc<Shared>> {
    POOL.try_with(|place| place.replace(pool)).unwrap_or(None)
}

/// The pool whose thread this is.
fn current() -> Option<Arc<Shared>> {
    POOL.try_with(|pool| pool.borrow().clone()).unwrap_or(None)
}

/// Runs `wait`, which blocks this thread. If it is the thread of a pool, whichever, that pool may have
/// one more thread meanwhile, as in [`Pool::compensate`](crate::Pool::compensate).
///
/// For whoever waits on a pool's thread without knowing whose it is: a job that waits for a job must
/// not wait for ever because it has taken the thread that the other needs.
///
/// ```
/// use sheave_blocking_pool::{Builder, compensate};
///
/// let pool = Builder::new().max_threads(1).build();
/// let inner = pool.clone();
/// let outer = pool.spawn(move || {
///     let (sender, receiver) = std::sync::mpsc::channel();
///     inner.spawn(move || sender.send(7));
///     compensate(|| receiver.recv().unwrap())
/// });
/// assert_eq!(outer.wait().unwrap(), 7);
/// ```
pub fn compensate<R>(wait: impl FnOnce() -> R) -> R {
    match current() {
        Some(pool) => pool.compensate(wait),
        None => wait(),
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        MARK.with(|mark| mark.set(self.before));
        drop(replace(self.pool.take()));
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
