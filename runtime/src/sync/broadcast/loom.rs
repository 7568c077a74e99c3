//! Models of messages that all receivers get.

use super::error::RecvError;
use super::{Receiver, channel};
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;

fn all(mut receiver: Receiver<u32>) -> Vec<u32> {
    std::iter::from_fn(|| block_on(receiver.recv()).ok()).collect()
}

/// Claim: two receivers that look, wait and sleep get all messages and then the end.
/// Threads 3, bound 2.
#[test]
fn everybody_gets_all() {
    Model::new("broadcast_everybody_gets_all").check(|| {
        let (sender, receiver) = channel(2);
        let other = sender.subscribe();
        let other = thread::spawn(move || assert_eq!(all(other), [1, 2]));
        let sender = thread::spawn(move || (1..=2).for_each(|n| assert!(sender.send(n).is_ok())));
        assert_eq!(all(receiver), [1, 2]);
        other.join().expect("it receives");
        sender.join().expect("it sends");
    });
}

/// Claim: a receiver that is too slow hears how many messages it has missed, and misses no other.
/// Threads 2, bound 2.
#[test]
fn what_is_missed_is_counted() {
    Model::new("broadcast_missed_counted").check(|| {
        let (sender, mut receiver) = channel(1);
        let sender = thread::spawn(move || (1..=3).for_each(|n| assert!(sender.send(n).is_ok())));
        let mut seen = 0;
        loop {
            match block_on(receiver.recv()) {
                Ok(number) => {
                    seen += 1;
                    assert_eq!(number, seen);
                }
                Err(RecvError::Lagged(missed)) => seen += missed,
                Err(RecvError::Closed) => break,
            }
        }
        assert_eq!(seen, 3);
        sender.join().expect("it sends");
    });
}

/// Claim: a message that all have received, or nobody will, is dropped.
/// Threads 3, bound 2.
#[test]
fn messages_are_dropped_once() {
    Model::new("broadcast_dropped_once").check(|| {
        let message = Arc::new(());
        let (sender, receiver) = channel(2);
        let mut other = sender.subscribe();
        assert!(sender.send(message.clone()).is_ok());
        let quitter = thread::spawn(move || drop(receiver));
        let other = thread::spawn(move || {
            drop(other.try_recv());
            other
        });
        quitter.join().expect("it gives up");
        let other = other.join().expect("it receives");
        assert!(sender.is_empty());
        assert_eq!(Arc::strong_count(&message), 1);
        drop(other);
        block_on(sender.closed());
    });
}

#[test]
fn controls() {
    let model = |name| format!("sync::broadcast::loom::{name}");
    let all = model("everybody_gets_all");
    must_catch(&all, "broadcast_send_wakes_nobody", &["deadlock"]);
    must_catch(&all, "broadcast_last_sender_wakes_nobody", &["deadlock"]);
    let concurrent = ["Causality violation", "concurrent", "moved out"];
    must_catch(&all, "broadcast_taken_while_read", &concurrent);
    must_catch(&model("messages_are_dropped_once"), "broadcast_received_is_kept", &["panicked"]);
}
