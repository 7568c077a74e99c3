//! Models of permits that are granted, given up and refused.

use super::Permits;
use crate::sync::blocking::block_on;
use crate::util::waits::SyncKind;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// Claim: a waiter that is dropped at any moment of its grant leaves the permit to the next one.
/// Threads 3, bound 2.
#[test]
fn a_dropped_grant_is_passed_on() {
    Model::new("permits_dropped_grant_passed_on").check(|| {
        let permits = Arc::new(Permits::new(0));
        let (quitter, stayer) = (permits.clone(), permits.clone());
        let quitter = thread::spawn(move || {
            let mut wait = pin!(quitter.acquire(SyncKind::Semaphore, 1));
            if wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                quitter.release(1);
            }
        });
        let stayer = thread::spawn(move || {
            block_on(stayer.acquire(SyncKind::Semaphore, 1)).expect("nobody closes")
        });
        permits.release(1);
        quitter.join().expect("it gives up");
        stayer.join().expect("it gets the permit");
        assert_eq!(permits.available(), 0);
    });
}

/// Claim: `close` reaches a waiter at any moment of its wait, and no permit is lost.
/// Threads 3, bound 2.
#[test]
fn close_races_with_release() {
    Model::new("permits_close_vs_release").check(|| {
        let permits = Arc::new(Permits::new(0));
        let (waiter, releaser) = (permits.clone(), permits.clone());
        let waiter =
            thread::spawn(move || block_on(waiter.acquire(SyncKind::Semaphore, 1)).is_ok());
        let releaser = thread::spawn(move || releaser.release(1));
        permits.close();
        releaser.join().expect("it releases");
        let was_granted = waiter.join().expect("it hears one or the other");
        assert_eq!(permits.available(), usize::from(!was_granted));
    });
}

/// Claim: who waits for one permit behind one who waits for two gets it when the first gives up.
/// Threads 2, unbounded.
#[test]
fn a_large_request_does_not_block_for_ever() {
    Model::new("permits_large_request_leaves").unbounded().check(|| {
        let permits = Arc::new(Permits::new(1));
        let mut large = Box::pin(permits.acquire(SyncKind::Semaphore, 2));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(large.as_mut().poll(&mut cx).is_pending());
        let small = permits.clone();
        let small = thread::spawn(move || {
            block_on(small.acquire(SyncKind::Semaphore, 1)).expect("nobody closes")
        });
        drop(large);
        small.join().expect("it gets the permit");
    });
}

/// Claim: who takes a permit without waiting and gives it back serves one who queues at any moment
/// of that.
/// Threads 2, unbounded.
#[test]
fn who_queues_is_served() {
    Model::new("permits_queued_served").unbounded().check(|| {
        let permits = Arc::new(Permits::new(1));
        let other = permits.clone();
        let other = thread::spawn(move || {
            block_on(other.acquire(SyncKind::Semaphore, 1)).expect("nobody closes");
            other.release(1);
        });
        if permits.try_acquire(1).is_ok() {
            permits.release(1);
        }
        other.join().expect("it gets the permit");
        assert_eq!(permits.available(), 1);
    });
}

/// Claim: permits that two give back at the same time reach one who waits for both.
/// Threads 3, bound 2.
#[test]
fn what_many_give_adds_up() {
    Model::new("permits_add_up").check(|| {
        let permits = Arc::new(Permits::new(0));
        let givers: [_; 2] = std::array::from_fn(|_| {
            let permits = permits.clone();
            thread::spawn(move || permits.release(1))
        });
        block_on(permits.acquire(SyncKind::Semaphore, 2)).expect("nobody closes");
        givers.into_iter().for_each(|giver| giver.join().expect("it gives"));
        assert_eq!(permits.available(), 0);
    });
}

/// Polls twice, whoever woke it, and gives up.
fn try_twice(permits: &Permits) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    let mut wait = pin!(permits.acquire(SyncKind::Semaphore, 1));
    let is_granted =
        wait.as_mut().poll(&mut cx).is_ready() || wait.as_mut().poll(&mut cx).is_ready();
    usize::from(is_granted)
}

/// Claim: who is told of a grant without the lock, or finds it under the lock, leaves nothing that the
/// next one in its place could take for its own.
/// Threads 2, unbounded.
#[test]
fn a_grant_is_heard_once() {
    Model::new("permits_heard_once").unbounded().check(|| {
        let permits = Arc::new(Permits::new(0));
        let giver = permits.clone();
        let giver = thread::spawn(move || giver.release(1));
        let taken = try_twice(&permits) + try_twice(&permits);
        giver.join().expect("it gives");
        assert_eq!(taken + permits.available(), 1);
    });
}

#[test]
fn controls() {
    let model = |name| format!("sync::permits::loom::{name}");
    let deadlock = ["deadlock"];
    let passed_on = model("a_dropped_grant_is_passed_on");
    must_catch(&passed_on, "permits_grant_not_passed_on", &deadlock);
    must_catch(&model("who_queues_is_served"), "permits_queued_in_silence", &deadlock);
    must_catch(&model("what_many_give_adds_up"), "permits_queued_in_silence", &deadlock);
    must_catch(&model("a_grant_is_heard_once"), "told_not_forgotten", &["panicked"]);
}
