//! `Lock`: exclusion, order, grants that are given up.

use super::{Bomb, Driven};
use futures_lite::future::block_on;
use sheave::sync::Lock;
use sheave::task::{JoinSet, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Waker};

/// B41 and E28: a lock gives tasks exclusive access. What they read, and write after a pause, does not
/// get lost.
#[test]
fn tasks_exclude_each_other() {
    const TASKS: usize = 20;
    const TIMES: usize = 50;
    let shared = Arc::new((Lock::new(), AtomicUsize::new(0)));
    let runtime = sheave::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        let adders: JoinSet<()> = (0..TASKS)
            .map(|_| {
                let shared = shared.clone();
                async move {
                    let (lock, counter) = &*shared;
                    for _ in 0..TIMES {
                        let _held = lock.acquire().await;
                        let read = counter.load(Relaxed);
                        yield_now().await;
                        counter.store(read + 1, Relaxed);
                    }
                }
            })
            .collect();
        adders.join_all().await;
    });
    assert_eq!(shared.1.load(Relaxed), TASKS * TIMES);
}

#[test]
fn it_is_handed_on_in_the_order_of_arrival() {
    let lock = Lock::new();
    let held = lock.try_acquire().expect("it is open");
    let mut waiting: Vec<_> = (0..3).map(|_| Driven::new(lock.acquire())).collect();
    waiting.iter_mut().for_each(Driven::assert_pending);
    drop(held);
    // It was granted to the first: nobody who comes in between gets it.
    assert!(lock.locked());
    assert!(lock.try_acquire().is_err());
    let mut late = Driven::new(lock.acquire());
    late.assert_pending();
    waiting[1].assert_pending();
    for mut next in waiting {
        drop(next.assert_ready());
    }
    drop(late.assert_ready());
    assert!(!lock.locked());
}

/// A waiter that is cancelled after its turn has come passes the turn on.
#[test]
fn a_grant_that_is_given_up_goes_on() {
    let lock = Lock::new();
    let held = lock.try_acquire().expect("it is open");
    let (mut quitter, mut another, mut heir) =
        (Driven::new(lock.acquire()), Driven::new(lock.acquire()), Driven::new(lock.acquire()));
    quitter.assert_pending();
    another.assert_pending();
    heir.assert_pending();
    drop(held);
    assert_eq!((quitter.wakes(), another.wakes(), heir.wakes()), (1, 0, 0));
    drop(another);
    drop(quitter);
    assert_eq!(heir.wakes(), 1);
    drop(heir.assert_ready());
    assert!(!lock.locked());
}

#[test]
fn the_last_waiter_that_gives_up_leaves_it_open() {
    let lock = Lock::new();
    let held = lock.try_acquire().expect("it is open");
    let mut quitter = Driven::new(lock.acquire());
    quitter.assert_pending();
    drop(held);
    drop(quitter);
    assert!(!lock.locked());
}

#[test]
fn a_panic_opens_it() {
    let lock = Arc::new(Lock::new());
    let held = block_on(lock.clone().acquire_owned());
    let panicking = std::thread::spawn(move || {
        let _held = held;
        panic!("with the lock held");
    });
    assert!(panicking.join().is_err());
    assert!(lock.try_acquire().is_ok());
}

#[test]
fn a_waker_that_panics_does_not_keep_it() {
    let lock = Lock::new();
    let held = lock.try_acquire().expect("it is open");
    let mut waiting = Box::pin(lock.acquire());
    let bomb = Waker::from(Arc::new(Bomb));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(&bomb)).is_pending());
    drop(held);
    drop(block_on(waiting));
    assert!(!lock.locked());
}

/// C29: no loop owns it; threads that run no runtime, and two runtimes, share one.
#[test]
fn runtimes_and_threads_share_one() {
    const TIMES: usize = 200;
    static LOCK: Lock = Lock::const_new();
    static COUNTER: AtomicUsize = AtomicUsize::new(0);
    async fn add() {
        for _ in 0..TIMES {
            let _held = LOCK.acquire().await;
            let read = COUNTER.load(Relaxed);
            futures_lite::future::yield_now().await;
            COUNTER.store(read + 1, Relaxed);
        }
    }
    let threads = [
        std::thread::spawn(|| block_on(add())),
        std::thread::spawn(|| {
            sheave::runtime::Builder::new_current_thread().build().unwrap().block_on(add());
        }),
        std::thread::spawn(|| {
            let multi = sheave::runtime::Builder::new_multi_thread().worker_threads(2);
            { multi }.build().unwrap().block_on(async { sheave::spawn(add()).await.unwrap() });
        }),
    ];
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    assert_eq!(COUNTER.load(Relaxed), 3 * TIMES);
}
