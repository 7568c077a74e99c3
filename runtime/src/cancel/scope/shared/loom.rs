//! Models of a scope that is cancelled while its future waits, shielded or not.

use crate::cancel::CancelScope;
use crate::sync::blocking::block_on;
use crate::sync::oneshot;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::Relaxed};
use sheave_facade::thread;
use std::future::{Future, pending};
use std::pin::pin;
use std::task::{Context, Waker};

/// Claim: a future that waits is dropped, whenever the call comes, and one that waits for the call
/// itself hears of it before.
/// Threads 2, unbounded.
#[test]
fn the_run_hears_of_a_cancellation() {
    Model::new("scope_cancel").unbounded().check(|| {
        let scope = CancelScope::new();
        let canceller = scope.clone();
        let canceller = thread::spawn(move || canceller.cancel());
        let mut has_looked = false;
        let run = scope.run(async {
            scope.cancelled().await;
            has_looked = true;
            pending::<()>().await;
        });
        assert!(block_on(run).is_err());
        assert!(has_looked, "it is polled once more");
        canceller.join().expect("it cancels");
    });
}

/// Claim: a section is finished first, and its end is heard, also if it ends outside of the poll of
/// the run.
/// Threads 3, bound 2.
#[test]
fn the_run_hears_of_the_end_of_a_section() {
    Model::new("scope_section").check(|| {
        let scope = CancelScope::new();
        let canceller = scope.clone();
        let (give, take) = oneshot::channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let canceller = thread::spawn(move || canceller.cancel());
        let other = thread::spawn(move || {
            let section = block_on(take).expect("it is sent");
            over.store(true, Relaxed);
            drop(section);
        });
        let run = scope.run(async {
            let mut section = Box::pin(CancelScope::shielded(pending::<()>()));
            let polled = section.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending() && give.send(section).is_ok());
            pending::<()>().await;
        });
        let mut run = pin!(run);
        assert!(block_on(run.as_mut()).is_err());
        assert!(is_over.load(Relaxed), "the section is over");
        canceller.join().expect("it cancels");
        other.join().expect("it ends the section");
    });
}

/// Claim: one who waits by a token that was taken before its scope was run hears of the scope around,
/// whenever that is cancelled.
/// Threads 2, unbounded.
#[test]
fn an_early_token_hears_of_the_scope_around() {
    Model::new("scope_early_token").unbounded().check(|| {
        let (outer, inner) = (CancelScope::new(), CancelScope::new());
        let (early, canceller) = (inner.child_token(), outer.clone());
        let canceller = thread::spawn(move || canceller.cancel());
        let mut has_looked = false;
        let run = outer.run(inner.run(async {
            early.cancelled().await;
            has_looked = true;
            pending::<()>().await;
        }));
        assert!(block_on(run).is_err());
        assert!(has_looked, "it is polled once more");
        canceller.join().expect("it cancels");
    });
}

#[test]
fn controls() {
    let model = |name| format!("cancel::scope::shared::loom::{name}");
    must_catch(&model("the_run_hears_of_a_cancellation"), "scope_cause_not_seen", &["deadlock"]);
    let early = model("an_early_token_hears_of_the_scope_around");
    must_catch(&early, "cancel_follower_not_told", &["it is polled once more"]);
    let section = model("the_run_hears_of_the_end_of_a_section");
    must_catch(&section, "scope_section_end_not_told", &["deadlock"]);
    must_catch(&section, "scope_section_ignored", &["the section is over"]);
}
