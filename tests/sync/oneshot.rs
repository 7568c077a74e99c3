//! `oneshot`: the value, its ends, and what is left of either.

use super::Driven;
use futures_lite::future::block_on;
use sheave::sync::oneshot::{self, error::TryRecvError};
use std::sync::Arc;
use std::thread;

#[test]
fn a_value_wakes_the_receiver() {
    let (sender, receiver) = oneshot::channel();
    let mut receiver = Driven::new(receiver);
    receiver.assert_pending();
    sender.send(1).expect("the receiver lives");
    assert_eq!(receiver.wakes(), 1);
    assert_eq!(receiver.assert_ready(), Ok(1));
}

#[test]
fn a_dropped_sender_wakes_the_receiver() {
    let (sender, receiver) = oneshot::channel::<()>();
    let mut receiver = Driven::new(receiver);
    receiver.assert_pending();
    drop(sender);
    assert_eq!(receiver.wakes(), 1);
    assert!(receiver.assert_ready().is_err());
}

#[test]
fn a_dropped_receiver_hands_the_value_back() {
    let (mut sender, receiver) = oneshot::channel();
    let mut closed = Driven::new(sender.closed());
    closed.assert_pending();
    drop(receiver);
    assert_eq!(closed.wakes(), 1);
    closed.assert_ready();
    drop(closed);
    assert!(sender.is_closed());
    assert_eq!(sender.send(1), Err(1));
}

#[test]
fn a_closed_receiver_still_takes_what_was_sent() {
    let (sender, mut receiver) = oneshot::channel();
    sender.send(1).expect("open");
    receiver.close();
    assert!(!receiver.is_empty());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(receiver.is_terminated());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_value_that_nobody_receives_is_dropped() {
    let value = Arc::new(());
    let (sender, receiver) = oneshot::channel();
    sender.send(value.clone()).expect("open");
    drop(receiver);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
#[should_panic(expected = "polled after its end")]
fn a_poll_after_the_end_panics() {
    let (sender, receiver) = oneshot::channel();
    sender.send(1).expect("open");
    let mut receiver = Driven::new(receiver);
    drop(receiver.assert_ready());
    drop(receiver.poll());
}

#[test]
fn a_dropped_wait_loses_nothing() {
    let (sender, mut receiver) = oneshot::channel();
    Driven::new(&mut receiver).assert_pending();
    sender.send(1).expect("open");
    assert_eq!(block_on(receiver), Ok(1));
}

#[test]
fn round_trips_between_threads() {
    let (requests, inbox) = std::sync::mpsc::channel::<(u32, oneshot::Sender<u32>)>();
    let server = thread::spawn(move || {
        for (n, reply) in inbox {
            reply.send(n + 1).expect("the client waits");
        }
    });
    for n in 0..5_000 {
        let (reply, answer) = oneshot::channel();
        requests.send((n, reply)).expect("the server lives");
        let answer = if n % 2 == 0 { block_on(answer) } else { answer.blocking_recv() };
        assert_eq!(answer, Ok(n + 1));
    }
    drop(requests);
    server.join().expect("no panic");
}
