//! A model of a call. Thread 0 fires.

use super::{Call, Cancel, State};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::{Arc, Mutex};
use sheave_facade::thread;

/// Claim: a closure is called, or one of those who cancel is told that it is not; never both, and never
/// neither. It is gone after that.
/// Threads 3; bound: none. Control: `call_cancelled_too_late`.
#[test]
fn cancels_race_the_call() {
    Model::new("call::cancels_race_the_call").unbounded().check(|| {
        let captured = Arc::new(());
        let call = Arc::new(Call(Mutex::new(State::Waiting(captured.clone()))));
        let cancels = [0; 2].map(|_| {
            let call = call.clone();
            thread::spawn(move || call.cancel())
        });
        let fired = call.fire().is_some();
        let cancelled = cancels.map(|cancel| cancel.join().unwrap());
        let ends = cancelled.into_iter().filter(|it| *it).count() + usize::from(fired);
        assert_eq!(ends, 1, "called: {fired}, cancelled: {cancelled:?}");
        assert_eq!(call.is_cancelled(), !fired);
        assert_eq!(Arc::strong_count(&captured), 1, "the closure is gone");
    });
}

#[test]
fn control_cancelled_too_late() {
    must_catch(
        "asyncio::call::loom::cancels_race_the_call",
        "call_cancelled_too_late",
        &["called:"],
    );
}
