//! Models of a value that is set while others set it too, look, and wait.

use super::SetOnce;
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;

/// Claim: who waits gets the value, and all of what was written to it.
/// Threads 3, bound 2.
#[test]
fn who_waits_gets_the_value() {
    Model::new("set_once_heard").check(|| {
        let value = Arc::new(SetOnce::<Box<u32>>::new());
        let waiters: [_; 2] = std::array::from_fn(|_| {
            let value = value.clone();
            thread::spawn(move || **block_on(value.wait()))
        });
        value.set(Box::new(7)).expect("nobody else sets it");
        waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join().expect("it hears"), 7));
    });
}

/// Claim: one of two wins, and the one who is refused finds the value.
/// Threads 2, unbounded.
#[test]
fn who_is_refused_finds_the_value() {
    Model::new("set_once_refused_finds").unbounded().check(|| {
        let value = Arc::new(SetOnce::<u32>::new());
        let set = |value: &SetOnce<u32>, own| match value.set(own) {
            Ok(()) => own,
            Err(_refused) => *value.get().expect("it was set by the other one"),
        };
        let other = value.clone();
        let other = thread::spawn(move || set(&other, 1));
        let own = set(&value, 2);
        assert_eq!(own, other.join().expect("it finds one"));
    });
}

#[test]
fn controls() {
    let model = "sync::set_once::loom::who_waits_gets_the_value";
    must_catch(model, "set_once_in_silence", &["deadlock"]);
    must_catch(model, "set_once_tells_first", &["before those who wait are told"]);
    must_catch(
        "sync::set_once::loom::who_is_refused_finds_the_value",
        "set_once_refuses_early",
        &["set by the other one"],
    );
}
