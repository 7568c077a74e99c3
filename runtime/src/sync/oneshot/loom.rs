//! Models of one value on its way.

use super::channel;
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// Claim: a value that is sent while the receiver looks, stores its waker or sleeps is received.
/// Threads 2, unbounded.
#[test]
fn a_value_arrives() {
    Model::new("oneshot_value_arrives").unbounded().check(|| {
        let (sender, receiver) = channel();
        let sender = thread::spawn(move || sender.send(7));
        assert_eq!(block_on(receiver), Ok(7));
        assert_eq!(sender.join().expect("it sends"), Ok(()));
    });
}

/// Claim: a sender that is dropped ends the wait of the receiver, which has moved to another waker.
/// Threads 2, unbounded.
#[test]
fn a_dropped_sender_is_noticed() {
    Model::new("oneshot_sender_dropped").unbounded().check(|| {
        let (sender, receiver) = channel::<u32>();
        let sender = thread::spawn(move || drop(sender));
        let mut receiver = pin!(receiver);
        let first = receiver.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(first.is_ready() || block_on(receiver).is_err());
        sender.join().expect("it drops");
    });
}

/// Claim: a value is either received by nobody and dropped once, or comes back to its sender.
/// Threads 2, unbounded.
#[test]
fn a_value_is_dropped_once() {
    Model::new("oneshot_value_dropped_once").unbounded().check(|| {
        let value = Arc::new(());
        let (mut sender, receiver) = channel();
        let sent = value.clone();
        let sender = thread::spawn(move || {
            let is_closed = sender.is_closed();
            drop(sender.send(sent).inspect(|()| assert!(!is_closed)));
        });
        drop(receiver);
        sender.join().expect("it sends");
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

/// Claim: a receiver that closes and then looks gets the value of a `send` that said `Ok`, and no other.
/// Threads 2, unbounded.
#[test]
fn closing_races_with_sending() {
    Model::new("oneshot_close_vs_send").unbounded().check(|| {
        let (sender, mut receiver) = channel();
        let sender = thread::spawn(move || sender.send(Box::new(7)));
        receiver.close();
        let received = block_on(receiver).ok();
        let returned = sender.join().expect("it sends").err();
        assert_eq!(received.or(returned), Some(Box::new(7)));
    });
}

/// Claim: a receiver that changes its waker while the value is sent is woken by the newer one.
/// Threads 2, unbounded.
#[test]
fn a_new_waker_is_woken() {
    Model::new("oneshot_new_waker").unbounded().check(|| {
        let (sender, mut receiver) = channel();
        let first = pin!(&mut receiver).poll(&mut Context::from_waker(Waker::noop()));
        assert!(first.is_pending());
        let sender = thread::spawn(move || sender.send(7));
        assert_eq!(block_on(receiver), Ok(7));
        assert_eq!(sender.join().expect("it sends"), Ok(()));
    });
}

/// Claim: `closed` hears of a receiver that is dropped at any moment.
/// Threads 2, unbounded.
#[test]
fn a_dropped_receiver_is_noticed() {
    Model::new("oneshot_receiver_dropped").unbounded().check(|| {
        let (mut sender, receiver) = channel::<u32>();
        let receiver = thread::spawn(move || drop(receiver));
        block_on(sender.closed());
        receiver.join().expect("it drops");
    });
}

#[test]
fn controls() {
    let model = |name| format!("sync::oneshot::loom::{name}");
    must_catch(&model("a_value_arrives"), "oneshot_send_wakes_nobody", &["deadlock"]);
    must_catch(&model("a_value_arrives"), "oneshot_no_second_look", &["deadlock"]);
    let freed = ["Causality violation", "concurrent", "use after free"];
    must_catch(&model("a_new_waker_is_woken"), "oneshot_left_while_waking", &freed);
    must_catch(&model("a_value_is_dropped_once"), "oneshot_sent_though_closed", &["panicked"]);
    let concurrent = ["Causality violation", "concurrent"];
    must_catch(&model("a_new_waker_is_woken"), "oneshot_waker_taken_back_late", &concurrent);
    must_catch(&model("a_dropped_sender_is_noticed"), "oneshot_drop_wakes_nobody", &["deadlock"]);
}
