//! `watch`: what counts as seen, who hears of a change, and both ends.

use super::Driven;
use futures_lite::future::block_on;
use sheave::sync::watch::{self, channel};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

#[test]
fn many_changes_are_one_to_a_slow_receiver() {
    let (sender, mut receiver) = channel(0);
    assert!(!receiver.has_changed().expect("a sender lives"));
    (1..=3).for_each(|n| sender.send(n).expect("a receiver lives"));
    assert!(receiver.borrow().has_changed());
    Driven::new(receiver.changed()).assert_ready().expect("a sender lives");
    assert_eq!(*receiver.borrow(), 3);
    Driven::new(receiver.changed()).assert_pending();
}

#[test]
fn everybody_hears_of_a_change() {
    let (sender, receiver) = channel(0);
    let mut receivers: Vec<_> = (0..50).map(|_| receiver.clone()).collect();
    let mut waits: Vec<_> = receivers.iter_mut().map(|r| Driven::new(r.changed())).collect();
    waits.iter_mut().for_each(Driven::assert_pending);
    sender.send(1).expect("receivers live");
    assert!(waits.iter_mut().all(|wait| wait.wakes() == 1 && wait.assert_ready().is_ok()));
}

#[test]
fn a_change_that_a_dropped_wait_was_told_of_is_not_seen() {
    let (sender, mut receiver) = channel(0);
    let mut wait = Driven::new(receiver.changed());
    wait.assert_pending();
    sender.send(1).expect("a receiver lives");
    drop(wait);
    assert!(receiver.has_changed().expect("a sender lives"));
    assert!(receiver.borrow_and_update().has_changed());
    assert!(!receiver.borrow_and_update().has_changed());
}

#[test]
fn the_last_value_comes_before_the_end() {
    let (sender, mut receiver) = channel(0);
    let mut late = receiver.clone();
    let mut wait = Driven::new(receiver.changed());
    wait.assert_pending();
    sender.send(1).expect("receivers live");
    drop(sender);
    wait.assert_ready().expect("the change came first");
    drop(wait);
    assert!(block_on(receiver.changed()).is_err());
    assert!(late.has_changed().is_err());
    block_on(late.changed()).expect("it has not seen the last value");
    assert_eq!(*late.borrow(), 1);
}

#[test]
fn the_last_sender_wakes_receivers_and_the_last_receiver_senders() {
    let (sender, mut receiver) = channel(0);
    let other = sender.clone();
    let mut wait = Driven::new(receiver.changed());
    wait.assert_pending();
    drop(other);
    wait.assert_pending();
    drop(sender);
    assert!(wait.assert_ready().is_err());

    let (sender, receiver) = channel(0);
    let another = sender.subscribe();
    let mut closed = Driven::new(sender.closed());
    closed.assert_pending();
    drop(receiver);
    closed.assert_pending();
    drop(another);
    assert_eq!(closed.wakes(), 1);
    closed.assert_ready();
    assert_eq!(sender.send(7).map_err(|error| error.0), Err(7));
    assert_eq!(*sender.borrow(), 0);
}

#[test]
fn marks_and_conditions() {
    let (sender, mut receiver) = channel(0);
    receiver.mark_changed();
    Driven::new(receiver.changed()).assert_ready().expect("a sender lives");
    assert!(!sender.send_if_modified(|_| false));
    Driven::new(receiver.changed()).assert_pending();
    assert!(sender.send_if_modified(|n| std::mem::replace(n, 5) != 5));
    receiver.mark_unchanged();
    let mut wait = Driven::new(receiver.wait_for(|n| *n > 6));
    wait.assert_pending();
    sender.send_modify(|n| *n += 1);
    wait.assert_pending();
    sender.send_modify(|n| *n += 1);
    assert_eq!(*wait.assert_ready().expect("a sender lives"), 7);
}

#[test]
fn a_change_that_panics_is_told_to_nobody() {
    let (sender, receiver) = channel(0);
    let change = || sender.send_modify(|_| panic!("of the test"));
    assert!(catch_unwind(AssertUnwindSafe(change)).is_err());
    assert!(!receiver.has_changed().expect("a sender lives"));
    sender.send(1).expect("nothing is poisoned");
    assert_eq!(*receiver.borrow(), 1);
}

#[test]
fn storm_of_changes() {
    let (sender, receiver) = channel((0_u32, 0_u32));
    let watch = |mut receiver: watch::Receiver<(u32, u32)>| {
        thread::spawn(move || {
            let mut last = 0;
            while block_on(receiver.changed()).is_ok() {
                let pair = *receiver.borrow_and_update();
                assert!(pair.0 == pair.1 && pair.0 > last);
                last = pair.0;
            }
            last
        })
    };
    let watchers = [watch(receiver.clone()), watch(receiver)];
    (1..=5_000).for_each(|n| _ = sender.send((n, n)));
    drop(sender);
    for watcher in watchers {
        assert_eq!(watcher.join().expect("no panic"), 5_000);
    }
}

#[test]
fn a_condition_that_panics_leaves_the_channel_usable() {
    let (sender, mut receiver) = watch::channel(1);
    let panics = || drop(block_on(receiver.wait_for(|_| panic!("on purpose"))));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
    sender.send(2).expect("a receiver lives");
    assert_eq!(*block_on(receiver.wait_for(|n| *n == 2)).expect("it is there"), 2);
}

#[test]
fn a_wait_that_ends_late_has_seen_the_newest_value() {
    let (sender, mut receiver) = channel(0);
    let mut wait = Driven::new(receiver.changed());
    wait.assert_pending();
    (1..=2).for_each(|n| sender.send(n).expect("a receiver lives"));
    assert_eq!(wait.wakes(), 1);
    wait.assert_ready().expect("a sender lives");
    drop(wait);
    assert!(!receiver.has_changed().expect("a sender lives"));
    Driven::new(receiver.changed()).assert_pending();
}

#[test]
fn a_sender_that_hears_of_the_end_waits_on_if_somebody_has_subscribed_since() {
    let (sender, receiver) = channel(0);
    let mut closed = Driven::new(sender.closed());
    closed.assert_pending();
    drop(receiver);
    assert_eq!(closed.wakes(), 1);
    let another = sender.subscribe();
    closed.assert_pending();
    drop(another);
    assert_eq!(closed.wakes(), 2);
    closed.assert_ready();
}
