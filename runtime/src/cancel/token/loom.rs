//! Models of a cancellation that races with waiting, with children and with drops.

use super::CancellationToken;
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::Relaxed};
use sheave_facade::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// Claim: whoever waits for a token or for a child made meanwhile is woken, and sees what the
/// canceller wrote before; one that gives up its wait takes nothing with it.
/// Threads 3, bound 2.
#[test]
fn all_hear_of_it() {
    Model::new("cancel_reaches_all").check(|| {
        let token = CancellationToken::new();
        let is_written = Arc::new(AtomicBool::new(false));
        let (parent, seen) = (token.clone(), is_written.clone());
        let child = thread::spawn(move || {
            let child = parent.child_token();
            drop(parent);
            block_on(child.cancelled());
            assert!(seen.load(Relaxed), "written before the call");
        });
        let quitter = token.clone();
        let quitter = thread::spawn(move || {
            let mut wait = pin!(quitter.cancelled());
            drop(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        });
        is_written.store(true, Relaxed);
        token.cancel();
        assert!(token.is_cancelled());
        child.join().expect("it is told");
        quitter.join().expect("it gives up");
    });
}

/// Claim: a token that is dropped while its parent is cancelled does not take the place of another
/// one that is made meanwhile.
/// Threads 3, bound 2.
#[test]
fn a_drop_takes_no_place_but_its_own() {
    Model::new("cancel_drop_own_place").check(|| {
        let root = CancellationToken::new();
        let (middle, other) = (root.child_token(), root.child_token());
        let leaf = middle.child_token();
        let dropping = thread::spawn(move || drop(leaf));
        let cancelling = thread::spawn(move || middle.cancel());
        let late = other.child_token();
        dropping.join().expect("it drops");
        root.cancel();
        assert!(late.is_cancelled(), "the late one is told");
        cancelling.join().expect("it cancels");
    });
}

#[test]
fn controls() {
    let model = |name| format!("cancel::token::loom::{name}");
    must_catch(&model("all_hear_of_it"), "cancel_child_not_told", &["deadlock", "invalid key"]);
    must_catch(&model("all_hear_of_it"), "cancel_waiter_looks_once", &["deadlock"]);
    let told = ["the late one is told", "invalid key"];
    must_catch(&model("a_drop_takes_no_place_but_its_own"), "cancel_release_blind", &told);
}
