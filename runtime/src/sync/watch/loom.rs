//! Models of a value that changes while others look and wait.

use super::channel;
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::thread;

/// Claim: a receiver that looks, waits and looks again sees the last of two changes before the end.
/// Threads 2, bound 2.
#[test]
fn the_last_value_is_seen() {
    Model::new("watch_last_value_seen").check(|| {
        let (sender, mut receiver) = channel(0);
        let sender = thread::spawn(move || (1..=2).for_each(|n| drop(sender.send(n))));
        let mut seen = *receiver.borrow_and_update();
        while block_on(receiver.changed()).is_ok() {
            let newer = *receiver.borrow_and_update();
            assert!(newer >= seen, "values come in order");
            seen = newer;
        }
        assert_eq!(seen, 2);
        sender.join().expect("it sends");
    });
}

/// Claim: each of two receivers that wait hears of one change.
/// Threads 3, bound 2.
#[test]
fn everybody_hears_of_a_change() {
    Model::new("watch_everybody_hears").check(|| {
        let (sender, receiver) = channel(0);
        let receivers = [receiver.clone(), receiver].map(|mut receiver| {
            thread::spawn(move || {
                block_on(receiver.changed()).expect("a change comes before the end");
                assert_eq!(*receiver.borrow(), 1);
            })
        });
        sender.send_replace(1);
        receivers.into_iter().for_each(|receiver| receiver.join().expect("it hears"));
        block_on(sender.closed());
    });
}

#[test]
fn controls() {
    let model = |name| format!("sync::watch::loom::{name}");
    must_catch(&model("everybody_hears_of_a_change"), "watch_change_wakes_nobody", &["deadlock"]);
    must_catch(&model("the_last_value_is_seen"), "watch_last_sender_wakes_nobody", &["deadlock"]);
}
