//! Models of a condition: notifications that race with waiters that come and go.

use super::Condition;
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::Relaxed};
use sheave_facade::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// Claim: who looks with the lock held misses no notification that follows the change.
/// Threads 2, unbounded.
#[test]
fn no_notification_is_missed() {
    Model::new("condition_not_missed").unbounded().check(|| {
        let shared = Arc::new((Condition::new(), AtomicBool::new(false)));
        let waiter = shared.clone();
        let waiter = thread::spawn(move || {
            block_on(async {
                let (condition, is_ready) = &*waiter;
                let guard = condition.acquire().await;
                drop(guard.wait_for(|| is_ready.load(Relaxed)).await);
            });
        });
        let (condition, is_ready) = &*shared;
        let guard = block_on(condition.acquire());
        is_ready.store(true, Relaxed);
        guard.notify(1);
        drop(guard);
        waiter.join().expect("it hears the notification");
        assert!(!condition.locked(), "everybody has left");
    });
}

/// Claim: a notification that a waiter had received, before it gives up while it waits for it or for
/// the lock, reaches the other waiter; and the lock is open in the end.
/// Threads 2, unbounded.
#[test]
fn a_notification_is_passed_on() {
    Model::new("condition_passed_on").unbounded().check(|| {
        let condition = Arc::new(Condition::new());
        let mut cx = Context::from_waker(Waker::noop());
        let mut quitter = Box::pin(async { block_on(condition.acquire()).wait().await });
        assert!(quitter.as_mut().poll(&mut cx).is_pending());
        let mut stayer = Box::pin(async { block_on(condition.acquire()).wait().await });
        assert!(stayer.as_mut().poll(&mut cx).is_pending());
        let notifier = condition.clone();
        let notifier = thread::spawn(move || block_on(notifier.acquire()).notify(1));
        if quitter.as_mut().poll(&mut cx).is_ready() {
            block_on(condition.acquire()).notify(1);
        }
        drop(quitter);
        drop(block_on(stayer));
        notifier.join().expect("it notifies once");
        assert!(!condition.locked(), "everybody has left");
        assert!(condition.waiters.lock().is_empty());
    });
}

/// Claim: as above, when the one who gives up comes while the notification is given.
/// Threads 3, bound 2.
#[test]
fn who_comes_and_goes_takes_no_notification() {
    Model::new("condition_comer").check(|| {
        let condition = Arc::new(Condition::new());
        let mut cx = Context::from_waker(Waker::noop());
        let mut stayer = Box::pin(async { block_on(condition.acquire()).wait().await });
        assert!(stayer.as_mut().poll(&mut cx).is_pending());
        let (notifier, quitter) = (condition.clone(), condition.clone());
        let notifier = thread::spawn(move || block_on(notifier.acquire()).notify(1));
        let quitter = thread::spawn(move || {
            let mut wait = pin!(async { quitter.acquire().await.wait().await });
            _ = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        });
        drop(block_on(stayer));
        notifier.join().expect("it notifies once");
        quitter.join().expect("it gives up");
        assert!(!condition.locked(), "everybody has left");
    });
}

#[test]
fn controls() {
    let model = |name| format!("sync::condition::loom::{name}");
    let missed = "condition_opens_before_it_queues";
    must_catch(&model("no_notification_is_missed"), missed, &["deadlock"]);
    let lost = "condition_notify_not_passed_on";
    must_catch(&model("a_notification_is_passed_on"), lost, &["deadlock"]);
    let comer = model("who_comes_and_goes_takes_no_notification");
    must_catch(&comer, "permits_grant_not_passed_on", &["deadlock", "everybody has left"]);
}
