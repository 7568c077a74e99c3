//! Signals: `Notify`, and the channels for one value and for the latest value.

use super::{TIMES, bare, row};
use crate::contest::Contest;
use futures_lite::future::{poll_once, zip};

/// A signal that is there before somebody waits for it.
macro_rules! notified_before {
    ($name:literal, $Notify:path) => {{
        let bell = <$Notify>::new();
        bare($name, async move || {
            for _ in 0..TIMES {
                bell.notify_one();
                bell.notified().await;
            }
        })
    }};
}

/// Two futures that wait for each other.
macro_rules! notified_in_turn {
    ($name:literal, $Notify:path) => {{
        let (one, other) = (<$Notify>::new(), <$Notify>::new());
        bare($name, async move || {
            let ping = async {
                for _ in 0..TIMES / 2 {
                    one.notify_one();
                    other.notified().await;
                }
            };
            let pong = async {
                for _ in 0..TIMES / 2 {
                    one.notified().await;
                    other.notify_one();
                }
            };
            zip(ping, pong).await;
        })
    }};
}

/// A value that is there before the receiver looks.
macro_rules! sent_before {
    ($name:literal, $channel:path) => {
        bare($name, async || {
            for number in 0..TIMES {
                let (sender, receiver) = $channel();
                sender.send(number).expect("the receiver lives");
                assert_eq!(receiver.await, Ok(number));
            }
        })
    };
}

/// A receiver that waits before the value is there.
macro_rules! received_before {
    ($name:literal, $channel:path) => {
        bare($name, async || {
            for number in 0..TIMES {
                let (sender, mut receiver) = $channel();
                assert!(poll_once(&mut receiver).await.is_none());
                sender.send(number).expect("the receiver lives");
                assert_eq!(receiver.await, Ok(number));
            }
        })
    };
}

/// Values that are there before the receiver looks.
macro_rules! changed_before {
    ($name:literal, $channel:path) => {{
        let (sender, mut receiver) = $channel(0);
        bare($name, async move || {
            for number in 0..TIMES {
                sender.send(number).expect("the receiver lives");
                receiver.changed().await.expect("the sender lives");
                assert_eq!(*receiver.borrow_and_update(), number);
            }
        })
    }};
}

/// Two futures that answer each change with another.
macro_rules! changed_in_turn {
    ($name:literal, $channel:path) => {{
        let ((ask, mut asked), (answer, mut answered)) = ($channel(0), $channel(0));
        bare($name, async move || {
            let ping = async {
                for number in 0..TIMES / 2 {
                    ask.send(number).expect("the receiver lives");
                    answered.changed().await.expect("the sender lives");
                }
            };
            let pong = async {
                for number in 0..TIMES / 2 {
                    asked.changed().await.expect("the sender lives");
                    answer.send(number).expect("the receiver lives");
                }
            };
            zip(ping, pong).await;
        })
    }};
}

pub(super) fn run(contest: &mut Contest) {
    notify(contest);
    oneshot(contest);
    watch(contest);
}

fn notify(contest: &mut Contest) {
    let entrants = vec![
        notified_before!("tokio", tokio::sync::Notify),
        notified_before!("sheave", sheave::sync::Notify),
    ];
    row(contest, "sync: notify, alone", entrants);
    let entrants = vec![
        notified_in_turn!("tokio", tokio::sync::Notify),
        notified_in_turn!("sheave", sheave::sync::Notify),
    ];
    row(contest, "sync: notify, 2 in turn", entrants);
}

fn oneshot(contest: &mut Contest) {
    let entrants = vec![
        sent_before!("tokio", tokio::sync::oneshot::channel),
        sent_before!("sheave", sheave::sync::oneshot::channel),
    ];
    row(contest, "sync: oneshot, sent first", entrants);
    let entrants = vec![
        received_before!("tokio", tokio::sync::oneshot::channel),
        received_before!("sheave", sheave::sync::oneshot::channel),
    ];
    row(contest, "sync: oneshot, receiver waits", entrants);
}

fn watch(contest: &mut Contest) {
    let entrants = vec![
        changed_before!("tokio", tokio::sync::watch::channel),
        changed_before!("sheave", sheave::sync::watch::channel),
    ];
    row(contest, "sync: watch, alone", entrants);
    let entrants = vec![
        changed_in_turn!("tokio", tokio::sync::watch::channel),
        changed_in_turn!("sheave", sheave::sync::watch::channel),
    ];
    row(contest, "sync: watch, 2 in turn", entrants);
}
