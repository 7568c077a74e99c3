//! `OnceCell`: one winner, failures, dropped futures, statics.

use super::Driven;
use futures_lite::future::{block_on, pending};
use sheave::sync::{Mutex, Notify, OnceCell, RwLock, Semaphore, SetError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

static WITH: OnceCell<u32> = OnceCell::const_new_with(7);

#[test]
fn set_and_get() {
    let mut cell = OnceCell::new();
    assert_eq!((cell.get(), cell.initialized()), (None, false));
    assert_eq!(cell.set(1), Ok(()));
    assert_eq!(cell.set(2), Err(SetError::AlreadyInitializedError(2)));
    *cell.get_mut().expect("it is set") = 3;
    let copy = cell.clone();
    assert_eq!(copy, cell);
    assert_eq!(cell.take(), Some(3));
    assert_eq!((cell.get(), copy.into_inner()), (None, Some(3)));
    assert_eq!(cell.set(4), Ok(()));
    assert_eq!((WITH.get(), WITH.set(8).is_err()), (Some(&7), true));
    assert_eq!(OnceCell::new_with(Some(7)), OnceCell::from(7));
    assert_eq!(OnceCell::<u32>::new_with(None), OnceCell::default());
}

#[test]
fn while_a_future_runs_nobody_sets_and_everybody_waits() {
    let cell = OnceCell::new();
    let bell = Notify::new();
    let mut first = Driven::new(cell.get_or_init(async || {
        bell.notified().await;
        1
    }));
    let mut others: Vec<_> =
        (2..5).map(|n| Driven::new(cell.get_or_init(async move || n))).collect();
    first.assert_pending();
    others.iter_mut().for_each(Driven::assert_pending);
    let refused = cell.set(9).expect_err("a future runs");
    assert!(refused.is_initializing_err() && !refused.is_already_init_err());
    bell.notify_one();
    assert_eq!(*first.assert_ready(), 1);
    assert!(others.iter_mut().all(|other| *other.assert_ready() == 1));
}

#[test]
fn a_failure_lets_the_next_one_try() {
    let cell = OnceCell::new();
    let bell = Notify::new();
    let mut failing = Driven::new(cell.get_or_try_init(async || {
        bell.notified().await;
        Err::<u32, _>("no luck")
    }));
    let mut next = Driven::new(cell.get_or_try_init(async || Ok::<u32, &str>(2)));
    failing.assert_pending();
    next.assert_pending();
    bell.notify_one();
    assert_eq!(failing.assert_ready(), Err("no luck"));
    assert_eq!(next.wakes(), 1);
    assert_eq!(next.assert_ready(), Ok(&2));
}

#[test]
fn a_dropped_future_lets_the_next_one_try() {
    let cell = OnceCell::new();
    let mut first = Driven::new(cell.get_or_init(pending));
    let mut next = Driven::new(cell.get_or_init(async || 2));
    first.assert_pending();
    next.assert_pending();
    drop(first);
    assert_eq!(next.wakes(), 1);
    assert_eq!(*next.assert_ready(), 2);
}

#[test]
fn a_panic_leaves_the_cell_empty() {
    let cell = OnceCell::new();
    let panics = || block_on(cell.get_or_init(async || panic!("on purpose")));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
    assert_eq!(*block_on(cell.get_or_init(async || 2)), 2);
}

#[test]
fn storm_of_threads() {
    for _ in 0..200 {
        let (cell, runs) = (Arc::new(OnceCell::new()), Arc::new(AtomicUsize::new(0)));
        let threads: Vec<_> = (0..4)
            .map(|n| {
                let (cell, runs) = (cell.clone(), runs.clone());
                thread::spawn(move || {
                    **block_on(cell.get_or_init(async || {
                        runs.fetch_add(1, SeqCst);
                        Box::new(n)
                    }))
                })
            })
            .collect();
        let seen: Vec<i32> = threads.into_iter().map(|one| one.join().expect("no panic")).collect();
        assert_eq!(runs.load(SeqCst), 1);
        assert!(seen.iter().all(|value| *value == seen[0]));
    }
}

#[test]
fn everything_can_be_static() {
    static MUTEX: Mutex<u32> = Mutex::const_new(1);
    static RWLOCK: RwLock<u32> = RwLock::const_new(2);
    static SEMAPHORE: Semaphore = Semaphore::const_new(3);
    static NOTIFY: Notify = Notify::const_new();
    NOTIFY.notify_one();
    block_on(async {
        NOTIFY.notified().await;
        let sum = *MUTEX.lock().await + *RWLOCK.read().await;
        assert_eq!((sum, SEMAPHORE.available_permits()), (3, 3));
    });
}
