//! Models of the parker.

use super::*;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::atomic::{AtomicBool, AtomicUsize};
use sheave_facade::thread;

/// Claim: an unpark that races with `park` ends it, and publishes what came before it.
/// Threads 2, unbounded. Control: `parker_no_lock` signals before the sleeper listens.
#[test]
fn unpark_races_park() {
    Model::new("parker::unpark_races_park").unbounded().check(|| {
        let parker = Arc::new(Parker::new(None));
        let flag = Arc::new(AtomicBool::new(false));
        let other = {
            let (parker, flag) = (parker.clone(), flag.clone());
            thread::spawn(move || {
                flag.store(true, Relaxed);
                parker.unpark();
            })
        };
        while !flag.load(Relaxed) {
            parker.park(None);
        }
        other.join().unwrap();
    });
}

/// Claim: of two unparks none is lost that brings news. Threads 3, bound 2.
#[test]
fn two_unparkers() {
    Model::new("parker::two_unparkers").check(|| {
        let parker = Arc::new(Parker::new(None));
        let count = Arc::new(AtomicUsize::new(0));
        let others = [(); 2].map(|()| {
            let (parker, count) = (parker.clone(), count.clone());
            thread::spawn(move || {
                count.fetch_add(1, Relaxed);
                parker.unpark();
            })
        });
        while count.load(Relaxed) != 2 {
            parker.park(None);
        }
        for other in others {
            other.join().unwrap();
        }
    });
}

/// Claim: an unpark reaches a thread that sleeps in its reactor. Threads 2, unbounded.
/// Control: `parker_no_reactor_notify`.
#[test]
fn unpark_reaches_the_reactor() {
    Model::new("parker::unpark_reaches_the_reactor").unbounded().check(|| {
        let reactor = Arc::new(Reactor::new().unwrap());
        let parker = Arc::new(Parker::new(Some(reactor.clone())));
        let flag = Arc::new(AtomicBool::new(false));
        let other = {
            let (parker, flag) = (parker.clone(), flag.clone());
            thread::spawn(move || {
                flag.store(true, Relaxed);
                parker.unpark();
            })
        };
        while !flag.load(Relaxed) {
            let turn = reactor.try_turn().expect("nobody else turns it");
            parker.park_in(turn, None);
        }
        other.join().unwrap();
    });
}

#[test]
fn control_no_lock() {
    must_catch("park::parker::loom::unpark_races_park", "parker_no_lock", &["deadlock"]);
}

#[test]
fn control_no_reactor_notify() {
    must_catch(
        "park::parker::loom::unpark_reaches_the_reactor",
        "parker_no_reactor_notify",
        &["deadlock"],
    );
}
