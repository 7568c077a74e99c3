//! Locks and semaphores.

use super::{TIMES, bare, row, tasks};
use crate::contest::Contest;
use futures_lite::future::{yield_now, zip};
use std::hint::{black_box, spin_loop};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Everybody takes the lock, and nobody waits for it.
macro_rules! alone {
    ($name:literal, $lock:expr, $take:ident) => {{
        let lock = $lock;
        bare($name, async move || {
            for _ in 0..TIMES {
                drop(black_box(lock.$take().await));
            }
        })
    }};
}

/// Two futures of one thread: each finds the lock held, waits, and is handed the lock.
macro_rules! in_turn {
    ($name:literal, $lock:expr, $take:ident) => {{
        let lock = $lock;
        bare($name, async move || {
            let half = async || {
                for _ in 0..TIMES / 2 {
                    let held = lock.$take().await;
                    yield_now().await;
                    drop(held);
                }
            };
            zip(half(), half()).await;
        })
    }};
}

/// Tasks that hold the lock for a few instructions only, and do `$between` without it. Two of them begin
/// together, each on a processor of its own: who comes first spins, for a thread that sleeps may be woken
/// on the other's.
macro_rules! two_workers {
    ($name:literal, $rt:expr, $lock:expr, $take:ident) => {
        two_workers!($name, $rt, $lock, $take, 2 tasks, ())
    };
    ($name:literal, $rt:expr, $lock:expr, $take:ident, $tasks:literal tasks, $between:expr) => {
        tasks($name, $rt, || {
            let shared = Arc::new(($lock, AtomicUsize::new(0)));
            let share = |_| {
                let shared = shared.clone();
                async move {
                    let (lock, begun) = &*shared;
                    begun.fetch_add(1, Relaxed);
                    while begun.load(Relaxed) < 2 {
                        spin_loop();
                    }
                    for _ in 0..TIMES / $tasks {
                        drop(black_box(lock.$take().await));
                        $between;
                    }
                }
            };
            (0..$tasks).map(share).collect()
        })
    };
}

/// A cell that is set: what most calls find.
macro_rules! set_before {
    ($name:literal, $OnceCell:path) => {{
        let cell = <$OnceCell>::from(7);
        bare($name, async move || {
            for _ in 0..TIMES {
                assert_eq!(*black_box(&cell).get_or_init(async || 8).await, 7);
            }
        })
    }};
}

/// A cell that is made and set by a future.
macro_rules! set_by_future {
    ($name:literal, $OnceCell:path) => {
        bare($name, async || {
            for number in 0..TIMES {
                let cell = <$OnceCell>::new();
                assert_eq!(*cell.get_or_init(async || number).await, number);
            }
        })
    };
}

/// Two futures of one thread that meet again and again.
macro_rules! meetings {
    ($name:literal, $Barrier:path) => {{
        let barrier = <$Barrier>::new(2);
        bare($name, async move || {
            let half = async || {
                for _ in 0..TIMES / 2 {
                    black_box(barrier.wait().await);
                }
            };
            zip(half(), half()).await;
        })
    }};
}

/// What a task does between two sections: about 100 ns.
fn some_work() {
    (0..100).for_each(|step| {
        black_box(step);
    });
}

pub(super) fn run(contest: &mut Contest) {
    mutex(contest);
    rwlock(contest);
    semaphore(contest);
    once_cell(contest);
    barrier(contest);
}

fn once_cell(contest: &mut Contest) {
    let entrants = vec![
        set_before!("tokio", tokio::sync::OnceCell<u32>),
        set_before!("smol", async_lock::OnceCell<u32>),
        set_before!("sheave", sheave::sync::OnceCell<u32>),
    ];
    row(contest, "sync: once cell, set before", entrants);
    let entrants = vec![
        set_by_future!("tokio", tokio::sync::OnceCell<usize>),
        set_by_future!("smol", async_lock::OnceCell<usize>),
        set_by_future!("sheave", sheave::sync::OnceCell<usize>),
    ];
    row(contest, "sync: once cell, set by a future", entrants);
}

fn barrier(contest: &mut Contest) {
    let entrants = vec![
        meetings!("tokio", tokio::sync::Barrier),
        meetings!("smol", async_lock::Barrier),
        meetings!("sheave", sheave::sync::Barrier),
    ];
    row(contest, "sync: barrier, 2 in turn", entrants);
}

fn mutex(contest: &mut Contest) {
    let entrants = vec![
        alone!("tokio", tokio::sync::Mutex::new(0), lock),
        alone!("smol", async_lock::Mutex::new(0), lock),
        alone!("sheave", sheave::sync::Mutex::new(0), lock),
    ];
    row(contest, "sync: mutex, alone", entrants);
    let entrants = vec![
        in_turn!("tokio", tokio::sync::Mutex::new(0), lock),
        in_turn!("smol", async_lock::Mutex::new(0), lock),
        in_turn!("sheave", sheave::sync::Mutex::new(0), lock),
    ];
    row(contest, "sync: mutex, 2 in turn", entrants);
    let rt = contest.sheave();
    let entrants = vec![
        two_workers!("tokio", rt, tokio::sync::Mutex::new(0), lock),
        two_workers!("smol", rt, async_lock::Mutex::new(0), lock),
        two_workers!("sheave", rt, sheave::sync::Mutex::new(0), lock),
    ];
    row(contest, "sync: mutex, 2 workers", entrants);
    let entrants = vec![
        two_workers!("tokio", rt, tokio::sync::Mutex::new(0), lock, 8 tasks, some_work()),
        two_workers!("smol", rt, async_lock::Mutex::new(0), lock, 8 tasks, some_work()),
        two_workers!("sheave", rt, sheave::sync::Mutex::new(0), lock, 8 tasks, some_work()),
    ];
    row(contest, "sync: mutex, 2 workers, 8 busy tasks", entrants);
}

fn rwlock(contest: &mut Contest) {
    let entrants = vec![
        alone!("tokio", tokio::sync::RwLock::new(0), read),
        alone!("smol", async_lock::RwLock::new(0), read),
        alone!("sheave", sheave::sync::RwLock::new(0), read),
    ];
    row(contest, "sync: rwlock read, alone", entrants);
    let entrants = vec![
        alone!("tokio", tokio::sync::RwLock::new(0), write),
        alone!("smol", async_lock::RwLock::new(0), write),
        alone!("sheave", sheave::sync::RwLock::new(0), write),
    ];
    row(contest, "sync: rwlock write, alone", entrants);
    let entrants = vec![
        in_turn!("tokio", tokio::sync::RwLock::new(0), write),
        in_turn!("smol", async_lock::RwLock::new(0), write),
        in_turn!("sheave", sheave::sync::RwLock::new(0), write),
    ];
    row(contest, "sync: rwlock write, 2 in turn", entrants);
    let rt = contest.sheave();
    let entrants = vec![
        two_workers!("tokio", rt, tokio::sync::RwLock::new(0), read),
        two_workers!("smol", rt, async_lock::RwLock::new(0), read),
        two_workers!("sheave", rt, sheave::sync::RwLock::new(0), read),
    ];
    row(contest, "sync: rwlock read, 2 workers", entrants);
    let entrants = vec![
        two_workers!("tokio", rt, tokio::sync::RwLock::new(0), write),
        two_workers!("smol", rt, async_lock::RwLock::new(0), write),
        two_workers!("sheave", rt, sheave::sync::RwLock::new(0), write),
    ];
    row(contest, "sync: rwlock write, 2 workers", entrants);
}

fn semaphore(contest: &mut Contest) {
    let entrants = vec![
        alone!("tokio", tokio::sync::Semaphore::new(1), acquire),
        alone!("smol", async_lock::Semaphore::new(1), acquire),
        alone!("sheave", sheave::sync::Semaphore::new(1), acquire),
    ];
    row(contest, "sync: semaphore, alone", entrants);
    let entrants = vec![
        in_turn!("tokio", tokio::sync::Semaphore::new(1), acquire),
        in_turn!("smol", async_lock::Semaphore::new(1), acquire),
        in_turn!("sheave", sheave::sync::Semaphore::new(1), acquire),
    ];
    row(contest, "sync: semaphore, 2 in turn", entrants);
    let rt = contest.sheave();
    let entrants = vec![
        two_workers!("tokio", rt, tokio::sync::Semaphore::new(1), acquire),
        two_workers!("smol", rt, async_lock::Semaphore::new(1), acquire),
        two_workers!("sheave", rt, sheave::sync::Semaphore::new(1), acquire),
    ];
    row(contest, "sync: semaphore, 2 workers", entrants);
}
