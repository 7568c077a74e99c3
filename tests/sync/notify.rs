//! `Notify`: one, all, order, and what a dropped waiter passes on.

use super::{Bomb, Driven};
use sheave::sync::Notify;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};

#[test]
fn one_permit_is_kept() {
    let bell = Notify::new();
    bell.notify_one();
    bell.notify_one();
    Driven::new(bell.notified()).assert_ready();
    Driven::new(bell.notified()).assert_pending();
}

#[test]
fn waiters_go_on_in_the_order_of_arrival() {
    let bell = Notify::new();
    let mut waiters: Vec<_> = (0..3).map(|_| Driven::new(bell.notified())).collect();
    waiters.iter_mut().for_each(Driven::assert_pending);
    for next in 0..3 {
        bell.notify_one();
        let woken: Vec<usize> = waiters.iter().map(Driven::wakes).collect();
        assert_eq!(woken.iter().sum::<usize>(), next + 1);
        waiters[next].assert_ready();
    }
}

#[test]
fn the_last_may_go_first() {
    let bell = Notify::new();
    let (mut first, mut last) = (Driven::new(bell.notified()), Driven::new(bell.notified()));
    first.assert_pending();
    last.assert_pending();
    bell.notify_last();
    first.assert_pending();
    last.assert_ready();
}

#[test]
fn all_that_were_created_go_on_and_none_later() {
    let bell = Arc::new(Notify::new());
    let mut queued: Vec<_> = (0..100).map(|_| Driven::new(bell.notified())).collect();
    queued.iter_mut().for_each(Driven::assert_pending);
    let mut unpolled = Driven::new(bell.clone().notified_owned());
    bell.notify_waiters();
    queued.iter_mut().for_each(Driven::assert_ready);
    unpolled.assert_ready();
    Driven::new(bell.notified()).assert_pending();
}

#[test]
fn a_signal_of_a_dropped_waiter_is_passed_on() {
    let bell = Notify::new();
    let (mut quitter, mut heir) = (Driven::new(bell.notified()), Driven::new(bell.notified()));
    quitter.assert_pending();
    heir.assert_pending();
    bell.notify_one();
    drop(quitter);
    assert_eq!(heir.wakes(), 1);
    drop(heir);
    Driven::new(bell.notified()).assert_ready();
}

#[test]
fn a_signal_for_all_is_not_passed_on() {
    let bell = Notify::new();
    let mut quitter = Driven::new(bell.notified());
    quitter.assert_pending();
    bell.notify_waiters();
    drop(quitter);
    Driven::new(bell.notified()).assert_pending();
}

#[test]
fn enable_takes_a_place() {
    let bell = Notify::new();
    let mut first = pin!(bell.notified());
    assert!(!first.as_mut().enable());
    let mut second = Driven::new(bell.notified());
    second.assert_pending();
    bell.notify_one();
    assert!(first.as_mut().enable());
    second.assert_pending();
}

#[test]
fn a_waker_that_panics_costs_nobody_the_wake() {
    let bell = Notify::new();
    let mut cursed = Box::pin(bell.notified());
    let bomb = Waker::from(Arc::new(Bomb));
    assert!(Pin::new(&mut cursed).poll(&mut Context::from_waker(&bomb)).is_pending());
    let mut other = Driven::new(bell.notified());
    other.assert_pending();
    bell.notify_waiters();
    assert_eq!(other.wakes(), 1);
    other.assert_ready();
}
