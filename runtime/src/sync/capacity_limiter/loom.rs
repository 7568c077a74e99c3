//! Models of a limiter: a token comes back while somebody comes, waits, or goes.

use super::CapacityLimiter;
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// Claim: of two who want the only token, each gets it in turn. Threads 2, no bound.
/// Control: a token that comes back silently.
#[test]
fn a_token_goes_round() {
    Model::new("limiter_token_goes_round").unbounded().check(|| {
        let limiter = CapacityLimiter::new(1);
        let other = limiter.clone();
        let borrowing = thread::spawn(move || {
            let _token = block_on(other.acquire());
            assert_eq!(other.borrowed_tokens(), 1, "one at a time");
        });
        let token = block_on(limiter.acquire());
        assert_eq!(limiter.borrowed_tokens(), 1, "one at a time");
        drop(token);
        borrowing.join().unwrap();
        assert_eq!(limiter.borrowed_tokens(), 0);
    });
}

#[test]
fn a_token_goes_round_control() {
    must_catch(
        "sync::capacity_limiter::loom::a_token_goes_round",
        "limiter_wakes_nobody",
        &["deadlock"],
    );
}

/// Claim: a token that is granted to a future while that is dropped is free afterwards. Threads 2, no
/// bound. Control: a future that keeps its grant.
#[test]
fn grant_races_drop() {
    Model::new("limiter_grant_races_drop").unbounded().check(|| {
        let limiter = CapacityLimiter::new(1);
        let token = limiter.try_acquire().expect("it is free");
        let returning = thread::spawn(move || drop(token));
        {
            let acquire = pin!(limiter.acquire());
            let _ = acquire.poll(&mut Context::from_waker(Waker::noop()));
        }
        returning.join().unwrap();
        assert!(limiter.try_acquire().is_some(), "the token is free");
    });
}

#[test]
fn grant_races_drop_control() {
    must_catch(
        "sync::capacity_limiter::loom::grant_races_drop",
        "limiter_grant_not_passed_on",
        &["the token is free"],
    );
}
