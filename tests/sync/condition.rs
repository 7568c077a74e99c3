//! `Condition`: who is notified, who has the lock, and who gives up.

use super::Driven;
use futures_lite::future::block_on;
use sheave::sync::{Condition, ConditionGuard, Lock, LockGuard};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

fn take(condition: &Condition) -> ConditionGuard<'_> {
    Driven::new(condition.acquire()).assert_ready()
}

/// So many that wait, in this order.
fn waiting<'a>(
    condition: &'a Condition,
    count: usize,
) -> Vec<Driven<impl Future<Output = ConditionGuard<'a>> + use<'a>>> {
    let queue = |_| {
        let mut waiter = Driven::new(take(condition).wait());
        waiter.assert_pending(); // Now the lock is open again.
        waiter
    };
    (0..count).map(queue).collect()
}

#[test]
fn waiting_opens_the_lock_and_returns_with_it() {
    let condition = Condition::new();
    let mut waiter = Driven::new(take(&condition).wait());
    assert!(condition.locked(), "a wait begins with its first poll");
    waiter.assert_pending();
    assert!(!condition.locked());
    let notifier = take(&condition);
    notifier.notify(1);
    waiter.assert_pending(); // The lock is held.
    drop(notifier);
    let guard = waiter.assert_ready();
    assert!(condition.locked());
    drop(guard);
    assert!(!condition.locked());
}

#[test]
fn so_many_go_on_in_the_order_of_arrival() {
    let condition = Condition::new();
    let mut waiters = waiting(&condition, 6);
    let wakes = |waiters: &[Driven<_>]| waiters.iter().map(Driven::wakes).collect::<Vec<_>>();
    take(&condition).notify(0);
    assert_eq!(wakes(&waiters), [0; 6]);
    take(&condition).notify(1);
    assert_eq!(wakes(&waiters), [1, 0, 0, 0, 0, 0]);
    take(&condition).notify(2);
    assert_eq!(wakes(&waiters), [1, 1, 1, 0, 0, 0]);
    take(&condition).notify(2048);
    assert_eq!(wakes(&waiters), [1; 6]);
    for waiter in &mut waiters {
        drop(waiter.assert_ready());
    }
}

#[test]
fn a_notification_is_kept_for_nobody() {
    let condition = Condition::new();
    take(&condition).notify(1);
    take(&condition).notify_all();
    assert_eq!(waiting(&condition, 1)[0].wakes(), 0);
}

#[test]
fn all_have_the_lock_one_after_the_other() {
    let condition = Condition::new();
    let mut waiters = waiting(&condition, 3);
    take(&condition).notify_all();
    let first = waiters[0].assert_ready();
    waiters[1].assert_pending();
    waiters[2].assert_pending();
    drop(first);
    waiters[2].assert_pending(); // The second one was there first.
    drop(waiters[1].assert_ready());
    drop(waiters[2].assert_ready());
}

#[test]
fn a_notification_that_is_given_up_goes_on() {
    let condition = Condition::new();
    let mut waiters = waiting(&condition, 3);
    take(&condition).notify(1);
    drop(waiters.remove(0)); // Notified, and not polled since.
    assert_eq!((waiters[0].wakes(), waiters[1].wakes()), (1, 0));
    let holder = take(&condition);
    waiters[0].assert_pending(); // Notified, and waits for the lock.
    drop(waiters.remove(0));
    assert_eq!(waiters[0].wakes(), 1);
    drop(holder);
    drop(waiters[0].assert_ready());
    assert!(!condition.locked());
}

#[test]
fn who_gives_up_with_the_lock_granted_leaves_it_open() {
    let condition = Condition::new();
    let mut waiters = waiting(&condition, 2);
    let holder = take(&condition);
    holder.notify(1);
    waiters[0].assert_pending();
    drop(holder); // Grants the lock to the first.
    assert!(condition.locked());
    drop(waiters.remove(0));
    assert!(!condition.locked());
    drop(waiters[0].assert_ready());
}

#[test]
fn who_gives_up_unnotified_takes_nothing() {
    let condition = Condition::new();
    let mut waiters = waiting(&condition, 2);
    drop(waiters.remove(0));
    assert_eq!(waiters[0].wakes(), 0);
    take(&condition).notify(1);
    drop(waiters[0].assert_ready());
    // Of those who heard `notify_all`, nobody passes it on to one who came later.
    let mut heard = waiting(&condition, 1);
    take(&condition).notify_all();
    let late = waiting(&condition, 1);
    drop(heard.remove(0));
    assert_eq!(late[0].wakes(), 0);
}

#[test]
fn wait_for_looks_with_the_lock_held() {
    let condition = Condition::new();
    let (value, looks) = (Cell::new(0), Cell::new(0));
    let mut waiter = Driven::new(take(&condition).wait_for(|| {
        assert!(condition.locked());
        looks.set(looks.get() + 1);
        value.get() >= 2
    }));
    waiter.assert_pending();
    for round in 1..=2 {
        assert_eq!(looks.get(), round);
        value.set(round);
        take(&condition).notify(1);
        if round < 2 {
            waiter.assert_pending();
        }
    }
    drop(waiter.assert_ready());
    assert_eq!(looks.get(), 3);
}

#[test]
fn a_predicate_that_panics_opens_the_lock() {
    let condition = Condition::new();
    let mut waiter = Driven::new(take(&condition).wait_for(|| panic!("a predicate of the test")));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| waiter.poll())).is_err());
    assert!(!condition.locked());
}

#[test]
fn two_share_a_lock() {
    let lock = Arc::new(Lock::new());
    let (not_empty, not_full) =
        (Condition::with_lock(lock.clone()), Condition::with_lock(lock.clone()));
    let mut consumers = waiting(&not_empty, 1);
    let mut producers = waiting(&not_full, 1);
    let guard = take(&not_full);
    assert!(not_empty.locked() && lock.locked());
    guard.notify_all();
    drop(guard);
    consumers[0].assert_pending();
    // With the same lock held, one is told by the other.
    let guard = not_empty.holding(producers[0].assert_ready());
    assert!(lock.locked());
    guard.notify(1);
    assert_eq!(consumers[0].wakes(), 1);
    consumers[0].assert_pending();
    let plain = LockGuard::from(guard);
    assert!(lock.locked());
    let mut again = Driven::new(not_full.holding(plain).wait());
    again.assert_pending();
    let guard = consumers[0].assert_ready();
    not_full.holding(guard).notify(1);
    drop(again.assert_ready());
    assert!(!lock.locked());
}

#[test]
#[should_panic(expected = "was given a guard of another lock")]
fn a_guard_of_another_lock_is_refused() {
    let (one, other) = (Condition::new(), Condition::new());
    drop(one.holding(take(&other)));
}

/// What one puts, another takes, and nobody sleeps over a notification.
#[test]
fn storm_of_threads() {
    const TIMES: usize = 300;
    let shared = Arc::new((Condition::new(), AtomicUsize::new(0)));
    let consumers: Vec<_> = (0..3)
        .map(|_| {
            let shared = shared.clone();
            thread::spawn(move || {
                let (condition, stock) = &*shared;
                for _ in 0..TIMES {
                    block_on(async {
                        let guard = condition.acquire().await;
                        let _guard = guard.wait_for(|| stock.load(Relaxed) > 0).await;
                        stock.store(stock.load(Relaxed) - 1, Relaxed);
                    });
                }
            })
        })
        .collect();
    let (condition, stock) = &*shared;
    for _ in 0..3 * TIMES {
        let guard = block_on(condition.acquire());
        stock.store(stock.load(Relaxed) + 1, Relaxed);
        guard.notify(1);
    }
    consumers.into_iter().for_each(|consumer| consumer.join().expect("no panic"));
    assert_eq!(stock.load(Relaxed), 0);
}
