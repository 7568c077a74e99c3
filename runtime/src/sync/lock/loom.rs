//! Models of a lock without data: a grant that races with giving up.

use super::Lock;
use crate::sync::blocking::block_on;
use sheave_facade::cell::UnsafeCell;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// What the lock protects, outside of it.
struct Protected {
    lock: Lock,
    sum: UnsafeCell<usize>,
}

// SAFETY: the cell is accessed by the holder of the lock only; whether that is so is the claim.
unsafe impl Send for Protected {}
// SAFETY: as above.
unsafe impl Sync for Protected {}

impl Protected {
    fn add_one(&self) {
        let _held = block_on(self.lock.acquire());
        // SAFETY: as above.
        self.sum.with_mut(|sum| unsafe { *sum += 1 });
    }
}

/// Claim: holders exclude each other, and a lock that is granted to a future while that is dropped
/// goes to the next one.
/// Threads 3, bound 2.
#[test]
fn a_grant_races_an_abort() {
    Model::new("lock_grant_races_abort").check(|| {
        let protected = Arc::new(Protected { lock: Lock::new(), sum: UnsafeCell::new(0) });
        let (other, quitter) = (protected.clone(), protected.clone());
        let other = thread::spawn(move || other.add_one());
        let quitter = thread::spawn(move || {
            let mut wait = pin!(quitter.lock.acquire());
            drop(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        });
        protected.add_one();
        other.join().expect("it gets the lock");
        quitter.join().expect("it gives up");
        assert!(!protected.lock.locked(), "everybody has left");
        // SAFETY: the other threads have ended.
        assert_eq!(protected.sum.with(|sum| unsafe { *sum }), 2);
    });
}

#[test]
fn controls() {
    let model = "sync::lock::loom::a_grant_races_an_abort";
    must_catch(model, "permits_grant_not_passed_on", &["deadlock", "everybody has left"]);
    must_catch(model, "permits_never_taken", &["Causality violation", "concurrent"]);
}
