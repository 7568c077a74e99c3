//! `Semaphore`: order, large requests, dropped grants, closing, permits as values.

use super::Driven;
use futures_lite::future::{block_on, pending};
use sheave::sync::{Mutex, OnceCell, Queue, Semaphore, TryAcquireError};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn nobody_is_overtaken() {
    let semaphore = Semaphore::new(1);
    let mut large = Driven::new(semaphore.acquire_many(2));
    let mut small = Driven::new(semaphore.acquire());
    large.assert_pending();
    small.assert_pending();
    assert_eq!(semaphore.available_permits(), 0);
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    semaphore.add_permits(1);
    let both = large.assert_ready().expect("open");
    small.assert_pending();
    drop(both);
    small.assert_ready().expect("open").forget();
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn a_large_request_that_leaves_lets_the_others_go_on() {
    let semaphore = Semaphore::new(1);
    let mut large = Driven::new(semaphore.acquire_many(5));
    let mut small = Driven::new(semaphore.acquire());
    large.assert_pending();
    small.assert_pending();
    drop(large);
    assert_eq!(small.wakes(), 1);
    small.assert_ready().expect("open").forget();
}

#[test]
fn a_dropped_grant_goes_to_the_next() {
    let semaphore = Semaphore::new(0);
    let (mut quitter, mut heir) =
        (Driven::new(semaphore.acquire()), Driven::new(semaphore.acquire()));
    quitter.assert_pending();
    heir.assert_pending();
    semaphore.add_permits(1);
    assert_eq!((quitter.wakes(), heir.wakes()), (1, 0));
    drop(quitter);
    drop(heir.assert_ready());
    assert_eq!(semaphore.available_permits(), 1);
}

/// Those who leave the line before a permit comes are passed over, wherever they stand; so are those who
/// leave with it.
#[test]
fn who_leaves_the_line_is_passed_over() {
    let semaphore = Semaphore::new(0);
    let mut line: Vec<_> = (0..6).map(|_| Some(Driven::new(semaphore.acquire()))).collect();
    line.iter_mut().flatten().for_each(Driven::assert_pending);
    let wakes = |line: &[Option<Driven<_>>]| {
        line.iter().map(|one| one.as_ref().map_or(0, Driven::wakes)).collect::<Vec<_>>()
    };
    (line[0], line[1], line[3]) = (None, None, None);
    semaphore.add_permits(1);
    assert_eq!(wakes(&line), [0, 0, 1, 0, 0, 0]);
    line[2] = None;
    assert_eq!(wakes(&line), [0, 0, 0, 0, 1, 0]);
    semaphore.add_permits(1);
    (line[4], line[5]) = (None, None);
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn closing_refuses_all() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().expect("free");
    let mut waiting: Vec<_> = (0..40).map(|_| Driven::new(semaphore.acquire())).collect();
    waiting.iter_mut().for_each(Driven::assert_pending);
    semaphore.close();
    assert!(semaphore.is_closed());
    assert!(waiting.iter_mut().all(|wait| wait.assert_ready().is_err()));
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
    drop(held);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn permits_are_values() {
    let semaphore = Arc::new(Semaphore::new(5));
    let mut five = semaphore.clone().try_acquire_many_owned(5).expect("all");
    let two = five.split(2).expect("of five");
    assert!(five.split(4).is_none());
    assert_eq!((five.num_permits(), two.num_permits()), (3, 2));
    five.merge(two);
    five.forget();
    assert_eq!(semaphore.available_permits(), 0);
    semaphore.add_permits(7);
    assert_eq!(semaphore.forget_permits(100), 7);
}

#[test]
#[should_panic(expected = "permits of two semaphores")]
fn permits_of_two_semaphores_do_not_merge() {
    let (one, other) = (Semaphore::new(1), Semaphore::new(1));
    one.try_acquire().expect("free").merge(other.try_acquire().expect("free"));
}

#[test]
#[should_panic(expected = "at most")]
fn too_many_permits_are_refused() {
    Semaphore::new(Semaphore::MAX_PERMITS).add_permits(1);
}

#[test]
fn a_task_that_always_succeeds_still_yields() {
    let runtime = sheave::runtime::Builder::new_current_thread().build().expect("no thread");
    let turns = runtime.block_on(async {
        let others = Arc::new(AtomicUsize::new(0));
        let semaphore = Semaphore::new(1);
        let counted = others.clone();
        drop(sheave::spawn(async move { counted.fetch_add(1, SeqCst) }));
        let greedy = sheave::spawn(async move {
            for _ in 0..1000 {
                drop(semaphore.acquire().await);
            }
            others.load(SeqCst)
        });
        greedy.await.expect("no panic")
    });
    assert_eq!(turns, 1);
}

#[test]
fn storm_of_threads_that_give_up() {
    let semaphore = Arc::new(Semaphore::new(3));
    let inside = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let (semaphore, inside) = (semaphore.clone(), inside.clone());
            thread::spawn(move || {
                for round in 0..2_000_u32 {
                    let many = 1 + (round + n) % 3;
                    if round % 5 == 0 {
                        let mut wait = Driven::new(semaphore.acquire_many(many));
                        drop(wait.poll());
                        continue;
                    }
                    let permits = block_on(semaphore.acquire_many(many)).expect("open");
                    let now = inside.fetch_add(many as usize, SeqCst) + many as usize;
                    assert!(now <= 3, "{now} inside");
                    inside.fetch_sub(many as usize, SeqCst);
                    drop(permits);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    assert_eq!(semaphore.available_permits(), 3);
}

/// However many are served at once, it takes no more of the stack: here what a worker's thread has.
#[test]
fn a_crowd_is_served_on_a_small_stack() {
    const CROWD: usize = 200_000;
    let serve = || {
        let semaphore = Semaphore::new(0);
        let mut cx = Context::from_waker(Waker::noop());
        let mut crowd: Vec<_> = (0..CROWD).map(|_| Box::pin(semaphore.acquire())).collect();
        assert!(crowd.iter_mut().all(|waiter| waiter.as_mut().poll(&mut cx).is_pending()));
        semaphore.add_permits(CROWD);
        assert!(crowd.iter_mut().all(|waiter| waiter.as_mut().poll(&mut cx).is_ready()));
    };
    thread::Builder::new().stack_size(128 << 10).spawn(serve).unwrap().join().unwrap();
}

#[test]
fn threads_wait_for_permits_too() {
    let semaphore = Arc::new(Semaphore::new(2));
    let both = semaphore.blocking_acquire_many(2).expect("open");
    let waiting = semaphore.clone();
    let waiting = thread::spawn(move || {
        let (one, other) = (waiting.blocking_acquire(), waiting.clone().blocking_acquire_owned());
        one.expect("open").num_permits() + other.expect("open").num_permits()
    });
    drop(both);
    assert_eq!(waiting.join().expect("no panic"), 2);
    let held = semaphore.clone().blocking_acquire_many_owned(2).expect("open");
    let refused = semaphore.clone();
    let refused = thread::spawn(move || refused.blocking_acquire().is_err());
    semaphore.close();
    assert!(refused.join().expect("no panic"));
    assert!(semaphore.clone().blocking_acquire_many_owned(1).is_err());
    drop(held);
}

#[test]
fn what_was_granted_before_the_end_stays_granted() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().expect("free");
    let (mut granted, mut waiting) =
        (Driven::new(semaphore.acquire()), Driven::new(semaphore.acquire()));
    granted.assert_pending();
    waiting.assert_pending();
    drop(held);
    semaphore.close();
    assert!(granted.assert_ready().is_ok());
    assert!(waiting.assert_ready().is_err());
}

/// The shortest of many polls of `wait`, each for something new, that find nothing.
fn shortest_vain_poll<T>(make: impl Fn() -> T, wait: impl AsyncFn(&T)) -> Duration {
    let poll = |_| {
        let made = make();
        let mut wait = pin!(wait(&made));
        let start = Instant::now();
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        start.elapsed()
    };
    (0..1000).map(poll).min().expect("there are some")
}

/// Unlike a lock, which may be free in a moment: that is what a new one hopes for.
#[test]
fn who_waits_for_what_nobody_holds_for_a_moment_queues_at_once() {
    let lock = || {
        let lock = Arc::new(Mutex::new(()));
        let held = lock.clone().try_lock_owned().expect("it is new");
        (lock, held)
    };
    let hoping = shortest_vain_poll(lock, async |(lock, _held)| _ = lock.lock().await);
    let semaphore = || Semaphore::new(0);
    let signal = shortest_vain_poll(semaphore, async |signal| _ = signal.acquire().await);
    let items = shortest_vain_poll(|| Queue::<u32>::new(0), async |queue| _ = queue.get().await);
    let full = || {
        let queue = Queue::new(1);
        queue.put_nowait(1).expect("it is empty");
        queue
    };
    let places = shortest_vain_poll(full, async |queue| _ = queue.put(2).await);
    let initialising = || {
        let cell = Arc::new(OnceCell::<u32>::new());
        let same = cell.clone();
        let mut first = Driven::new(async move { *same.get_or_init(pending).await });
        first.assert_pending();
        (cell, first)
    };
    let value = shortest_vain_poll(initialising, async |(cell, _first)| {
        cell.get_or_init(pending).await;
    });
    let all = [signal, items, places, value];
    assert!(all.iter().all(|poll| *poll * 2 < hoping), "{all:?}, and with hope {hoping:?}");
}
