//! Models of futures that want to set one cell.

use super::OnceCell;
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// Claim: two that initialise get one value, of which both see all that was written.
/// Threads 2, unbounded.
#[test]
fn both_get_one_value() {
    Model::new("once_cell_one_value").unbounded().check(|| {
        let cell = Arc::new(OnceCell::new());
        let other = cell.clone();
        let other = thread::spawn(move || **block_on(other.get_or_init(async || Box::new(1))));
        let own = **block_on(cell.get_or_init(async || Box::new(2)));
        assert_eq!(own, other.join().expect("it gets a value"));
    });
}

/// Claim: one that waits while another fails, or is dropped, goes on by itself.
/// Threads 3, bound 2.
#[test]
fn the_next_one_tries() {
    Model::new("once_cell_next_tries").check(|| {
        let cell = Arc::new(OnceCell::new());
        let (failing, quitting) = (cell.clone(), cell.clone());
        let failing = thread::spawn(move || {
            let _ = block_on(failing.get_or_try_init(async || Err::<u32, _>(())));
        });
        let quitting = thread::spawn(move || {
            let mut wait = pin!(quitting.get_or_init(std::future::pending));
            let _ = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        });
        let own = block_on(cell.get_or_init(async || 1));
        assert_eq!(*own, 1);
        failing.join().expect("it fails");
        quitting.join().expect("it gives up");
    });
}

/// Claim: `set` and a future that runs do not both win, and `get` sees what the winner wrote.
/// Threads 2, unbounded.
#[test]
fn setting_races_with_initialising() {
    Model::new("once_cell_set_vs_init").unbounded().check(|| {
        let cell = Arc::new(OnceCell::new());
        let other = cell.clone();
        let other = thread::spawn(move || other.set(Box::new(1)).is_ok());
        let own = **block_on(cell.get_or_init(async || Box::new(2)));
        let is_set = other.join().expect("it sets or not");
        assert_eq!(own, if is_set { 1 } else { 2 });
        assert_eq!(cell.get().map(|value| **value), Some(own));
    });
}

#[test]
fn controls() {
    let model = |name| format!("sync::once_cell::loom::{name}");
    must_catch(&model("the_next_one_tries"), "once_cell_failure_keeps_permit", &["deadlock"]);
    let silence = ["whoever closes the permits has set the value"];
    must_catch(&model("both_get_one_value"), "once_cell_set_in_silence", &silence);
}
