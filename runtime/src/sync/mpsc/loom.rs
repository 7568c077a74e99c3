//! Models of a channel: messages, room, ends.

use super::{channel, unbounded_channel};
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// Claim: what two senders send while the receiver looks, stores its waker or sleeps is received, and
/// then the end.
/// Threads 3, bound 2.
#[test]
fn messages_and_the_end_arrive() {
    Model::new("mpsc_messages_and_end").check(|| {
        let (sender, mut receiver) = unbounded_channel();
        let senders = [sender.clone(), sender]
            .map(|sender| thread::spawn(move || sender.send(1).expect("the receiver lives")));
        let received: [_; 3] = std::array::from_fn(|_| block_on(receiver.recv()));
        assert_eq!(received, [Some(1), Some(1), None]);
        senders.into_iter().for_each(|sender| sender.join().expect("it sends"));
    });
}

/// Claim: in a channel with room for one, a sender that gives up at any moment leaves the room to the
/// other one that waits.
/// Threads 3, bound 2.
#[test]
fn room_is_passed_on() {
    Model::new("mpsc_room_passed_on").check(|| {
        let (sender, mut receiver) = channel(1);
        sender.try_send(0).expect("there is room");
        let quitting = sender.clone();
        let quitter = thread::spawn(move || {
            let mut wait = pin!(quitting.reserve());
            drop(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        });
        let stayer = thread::spawn(move || block_on(sender.send(1)).expect("the receiver lives"));
        assert_eq!(receiver.try_recv(), Ok(0));
        assert_eq!(block_on(receiver.recv()), Some(1));
        quitter.join().expect("it gives up");
        stayer.join().expect("it sends");
    });
}

/// Claim: a receiver that closes and then drains gets every message of a `send` that said `Ok`.
/// Threads 2, unbounded.
#[test]
fn closing_loses_nothing_that_was_sent() {
    Model::new("mpsc_close_vs_send").unbounded().check(|| {
        let (sender, mut receiver) = channel(1);
        let sender = thread::spawn(move || match block_on(sender.reserve()) {
            Ok(permit) => {
                permit.send(());
                1
            }
            Err(_closed) => 0,
        });
        receiver.close();
        let received = std::iter::from_fn(|| block_on(receiver.recv())).count();
        assert_eq!(received, sender.join().expect("it ends"));
    });
}

/// Claim: the same of a `send` that has to wait for room, which may be granted before the channel is closed
/// and filled after that. Threads 2, unbounded.
#[test]
fn closing_loses_no_message_that_has_room() {
    Model::new("mpsc_close_vs_waiting_send").unbounded().check(|| {
        let (sender, mut receiver) = channel(1);
        sender.try_send(0).expect("there is room");
        let sender = thread::spawn(move || usize::from(block_on(sender.send(1)).is_ok()));
        assert_eq!(receiver.try_recv(), Ok(0));
        receiver.close();
        let received = std::iter::from_fn(|| block_on(receiver.recv())).count();
        assert_eq!(received, sender.join().expect("it ends"));
    });
}

/// Claim: `closed` hears of a receiver that is dropped at any moment, and so does a waiting `send`.
/// Threads 3, bound 2.
#[test]
fn a_dropped_receiver_is_noticed() {
    Model::new("mpsc_receiver_dropped").check(|| {
        let (sender, receiver) = channel(1);
        sender.try_send(0).expect("there is room");
        let sending = sender.clone();
        let sending = thread::spawn(move || assert!(block_on(sending.send(1)).is_err()));
        let watching = thread::spawn(move || block_on(sender.closed()));
        drop(receiver);
        sending.join().expect("it is refused");
        watching.join().expect("it hears");
    });
}

/// Claim: a message that is granted room while the receiver is dropped is not left behind in the channel.
/// Threads 2, unbounded.
#[test]
fn a_message_for_nobody_is_dropped() {
    Model::new("mpsc_message_for_nobody").unbounded().check(|| {
        let message = Arc::new(());
        let (sender, mut receiver) = channel(1);
        sender.try_send(message.clone()).expect("there is room");
        let waiting = (sender.clone(), message.clone());
        let waiting = thread::spawn(move || {
            let (sender, message) = waiting;
            drop(block_on(sender.send(message)));
        });
        receiver.try_recv().expect("it is full");
        drop(receiver);
        waiting.join().expect("it is sent or refused");
        assert_eq!(Arc::strong_count(&message), 1, "left behind");
        assert_eq!(sender.capacity(), 1);
    });
}

#[test]
fn controls() {
    let model = |name| format!("sync::mpsc::loom::{name}");
    let arrive = model("messages_and_the_end_arrive");
    must_catch(&arrive, "mpsc_push_wakes_nobody", &["deadlock"]);
    must_catch(&arrive, "mpsc_last_sender_wakes_nobody", &["deadlock"]);
    must_catch(&model("room_is_passed_on"), "mpsc_grant_not_passed_on", &["deadlock"]);
    let has_room = model("closing_loses_no_message_that_has_room");
    must_catch(&has_room, "mpsc_push_wakes_nobody", &["deadlock"]);
    let for_nobody = model("a_message_for_nobody_is_dropped");
    must_catch(&for_nobody, "mpsc_fills_for_nobody", &["left behind"]);
}
