//! Models of signals that race with their waiters.

use super::Notify;
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::Relaxed};
use sheave_facade::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// Claim: a signal that a dropped waiter had received, or not, reaches the other waiter.
/// Threads 3, bound 2.
#[test]
fn a_signal_is_passed_on() {
    Model::new("notify_passed_on").check(|| {
        let bell = Arc::new(Notify::new());
        let (quitter, stayer) = (bell.clone(), bell.clone());
        let quitter = thread::spawn(move || {
            let mut wait = pin!(quitter.notified());
            if wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                quitter.notify_one();
            }
        });
        let stayer = thread::spawn(move || block_on(stayer.notified()));
        bell.notify_one();
        quitter.join().expect("it gives up");
        stayer.join().expect("it hears the signal");
    });
}

/// Claim: who is created before it looks at a condition misses no `notify_waiters` that follows a
/// change of that condition.
/// Threads 3, bound 2.
#[test]
fn all_who_were_created_go_on() {
    Model::new("notify_waiters_reaches_created").check(|| {
        let bell = Arc::new(Notify::new());
        let is_open = Arc::new(AtomicBool::new(false));
        let waiters: [_; 2] = std::array::from_fn(|_| {
            let (bell, is_open) = (bell.clone(), is_open.clone());
            thread::spawn(move || {
                let waiting = bell.notified();
                if !is_open.load(Relaxed) {
                    block_on(waiting);
                }
            })
        });
        is_open.store(true, Relaxed);
        bell.notify_waiters();
        waiters.into_iter().for_each(|waiter| waiter.join().expect("it goes on"));
    });
}

#[test]
fn controls() {
    let model = |name| format!("sync::notify::loom::{name}");
    must_catch(&model("a_signal_is_passed_on"), "notify_not_passed_on", &["deadlock"]);
    must_catch(&model("all_who_were_created_go_on"), "notify_created_forgotten", &["deadlock"]);
}
