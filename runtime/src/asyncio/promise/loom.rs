//! Models of a promise: set, dropped and cancelled, awaited by several.

use super::{PromiseError, create_future};
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::thread;

/// Claim: of a set, a cancel and the drop of the completers, exactly one decides, and the one who
/// awaits hears which. Threads 3; bound 3. Controls: `promise_set_twice`, `promise_abandons_silently`.
#[test]
fn set_races_cancel_and_drop() {
    Model::new("promise_set_races_cancel_and_drop").bound(3).check(|| {
        let (completer, promise) = create_future::<u32, ()>();
        let second = completer.clone();
        let setter = thread::spawn(move || completer.set_result(7).is_ok());
        let canceller = thread::spawn(move || second.cancel());
        let outcome = block_on(promise);
        let was_set = setter.join().expect("it sets");
        let was_cancelled = canceller.join().expect("it cancels");
        assert!(was_set != was_cancelled, "both decide, or none");
        match outcome {
            Ok(7) => assert!(was_set),
            Err(PromiseError::Cancelled(None)) => assert!(was_cancelled),
            other => panic!("nobody has said {other:?}"),
        }
    });
}

/// Claim: whoever awaits hears that the last completer was dropped. Threads 3; bound 3.
/// Control: `promise_abandons_silently`.
#[test]
fn dropped_completers_are_noticed() {
    Model::new("promise_abandoned").bound(3).check(|| {
        let (completer, promise) = create_future::<u32, ()>();
        let second = completer.clone();
        let droppers =
            [thread::spawn(move || drop(completer)), thread::spawn(move || drop(second))];
        assert_eq!(block_on(promise), Err(PromiseError::Abandoned));
        droppers.into_iter().for_each(|dropper| dropper.join().expect("it drops"));
    });
}

/// Claim: everybody who awaits gets the result, also if another one gives up. Threads 3; bound 2.
/// Control: `promise_wakes_first_only`.
#[test]
fn everybody_gets_the_result() {
    Model::new("promise_everybody_gets_it").check(|| {
        let (completer, promise) = create_future::<u32, ()>();
        let second = promise.clone();
        let other = thread::spawn(move || block_on(second));
        let setter = thread::spawn(move || completer.set_result(7).is_ok());
        assert_eq!(block_on(promise), Ok(7));
        assert_eq!(other.join().expect("it awaits"), Ok(7));
        assert!(setter.join().expect("it sets"));
    });
}

#[test]
fn controls() {
    let race = "asyncio::promise::loom::set_races_cancel_and_drop";
    must_catch(race, "promise_set_twice", &["both decide, or none", "nobody has said"]);
    must_catch(
        "asyncio::promise::loom::dropped_completers_are_noticed",
        "promise_abandons_silently",
        &["deadlock"],
    );
    must_catch(
        "asyncio::promise::loom::everybody_gets_the_result",
        "promise_wakes_first_only",
        &["deadlock"],
    );
}
