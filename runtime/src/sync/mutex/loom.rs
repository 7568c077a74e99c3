//! Models of a lock: exclusion, hand-over, giving up.

use super::Mutex;
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// Claim: two holders never meet, each sees what the former one wrote, and a third that gives up its
/// wait at any moment takes nothing with it.
/// Threads 3, bound 2.
#[test]
fn holders_exclude_each_other() {
    Model::new("mutex_exclusion").check(|| {
        let lock = Arc::new(Mutex::new(0));
        let (other, quitter) = (lock.clone(), lock.clone());
        let other = thread::spawn(move || *block_on(other.lock()) += 1);
        let quitter = thread::spawn(move || {
            let mut wait = pin!(quitter.lock());
            drop(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        });
        *block_on(lock.lock()) += 1;
        other.join().expect("it gets the lock");
        quitter.join().expect("it gives up");
        assert_eq!(*lock.try_lock().expect("everybody has left"), 2);
    });
}

#[test]
fn controls() {
    let model = "sync::mutex::loom::holders_exclude_each_other";
    must_catch(model, "permits_grant_not_passed_on", &["deadlock", "everybody has left"]);
    let concurrent = ["Causality violation", "concurrent"];
    must_catch(model, "permits_never_taken", &concurrent);
    must_catch(model, "permits_release_relaxed", &concurrent);
}
