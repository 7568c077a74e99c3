//! Models of an event: it is set, and cleared again, while somebody comes, waits, or goes.

use super::Event;
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use sheave_facade::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// Claim: who waits while the event is set, cleared and set again goes on, and sees what was written
/// before it was first set.
/// Threads 2, unbounded.
#[test]
fn set_races_clear_and_wait() {
    Model::new("event_set_clear_wait").unbounded().check(|| {
        let event = Arc::new(Event::new());
        let written = Arc::new(AtomicUsize::new(0));
        let (waiter, seen) = (event.clone(), written.clone());
        let waiter = thread::spawn(move || {
            block_on(waiter.wait());
            seen.load(Relaxed)
        });
        written.store(1, Relaxed);
        event.set();
        event.clear();
        event.set();
        assert_eq!(waiter.join().expect("it hears one of the calls"), 1);
    });
}

/// Claim: who has queued before one `set` goes on although the event is cleared at once, and a waiter
/// that gives up at any moment leaves nothing behind.
/// Threads 3, bound 2.
#[test]
fn a_set_reaches_those_who_wait_though_cleared() {
    Model::new("event_set_then_clear").check(|| {
        let event = Arc::new(Event::new());
        let (setter, quitter) = (event.clone(), event.clone());
        let mut waiting = Box::pin(event.wait());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        let setter = thread::spawn(move || {
            setter.set();
            setter.clear();
        });
        let quitter = thread::spawn(move || {
            let mut wait = pin!(quitter.wait());
            _ = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        });
        block_on(waiting);
        setter.join().expect("it sets and clears");
        quitter.join().expect("it gives up");
        assert!(!event.is_set() && event.waiters.lock().is_empty(), "nothing is left behind");
    });
}

#[test]
fn controls() {
    let model = |name| format!("sync::event::loom::{name}");
    must_catch(&model("set_races_clear_and_wait"), "event_set_wakes_nobody", &["deadlock"]);
    let though_cleared = model("a_set_reaches_those_who_wait_though_cleared");
    must_catch(&though_cleared, "event_set_wakes_nobody", &["deadlock"]);
    must_catch(&though_cleared, "event_quitter_stays", &["nothing is left behind"]);
    must_catch(&model("set_races_clear_and_wait"), "event_set_relaxed", &["panicked"]);
}
