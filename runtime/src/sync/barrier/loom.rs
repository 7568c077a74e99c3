//! Models of threads that meet.

use super::Barrier;
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Claim: two meet twice, and of each round one leads.
/// Threads 2, unbounded.
#[test]
fn one_of_each_round_leads() {
    Model::new("barrier_one_leads").unbounded().check(|| {
        let barrier = Arc::new(Barrier::new(2));
        let twice = |barrier: &Barrier| [(); 2].map(|()| block_on(barrier.wait()).is_leader());
        let other = barrier.clone();
        let other = thread::spawn(move || twice(&other));
        let own = twice(&barrier);
        let other = other.join().expect("it meets us");
        assert_eq!(own.map(|leads| !leads), other);
    });
}

/// Polls once and leaves. Returns whether it led a round.
fn try_and_leave(barrier: &Barrier) -> bool {
    let mut wait = pin!(barrier.wait());
    match wait.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result.is_leader(),
        Poll::Pending => false,
    }
}

/// Claim: of those who give up at any moment at most two make a round, and nobody is left of them.
/// Threads 3, bound 2.
#[test]
fn who_leaves_does_not_count() {
    Model::new("barrier_leaver").check(|| {
        let barrier = Arc::new(Barrier::new(2));
        let others: [_; 2] = std::array::from_fn(|_| {
            let barrier = barrier.clone();
            thread::spawn(move || try_and_leave(&barrier))
        });
        let own = try_and_leave(&barrier);
        let others = others.map(|other| other.join().expect("it gives up"));
        assert!(others.into_iter().chain([own]).filter(|leads| *leads).count() <= 1);
        assert!(barrier.waiters.lock().is_empty());
    });
}

#[test]
fn controls() {
    let model = |name| format!("sync::barrier::loom::{name}");
    must_catch(&model("one_of_each_round_leads"), "barrier_leader_wakes_nobody", &["deadlock"]);
    must_catch(&model("who_leaves_does_not_count"), "barrier_quitter_counts", &["panicked"]);
}
