//! Models of a future: set, start, cancel, callback and wait.

use super::super::{FutureError, promise};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use sheave_facade::thread;

/// Claim: who waits while the value is set gets it. Threads 2, no bound.
/// Control: a setter that wakes nobody.
#[test]
fn set_races_wait() {
    Model::new("future_set_races_wait").unbounded().check(|| {
        let (promise, future) = promise();
        let setting = thread::spawn(move || promise.set_result(7).unwrap());
        assert_eq!(future.wait().unwrap(), 7);
        setting.join().unwrap();
    });
}

#[test]
fn set_races_wait_control() {
    must_catch("concurrent::state::loom::set_races_wait", "future_wakes_nobody", &["deadlock"]);
}

/// Claim: a cancellation races the start of the work, and exactly one of them wins: the work is not
/// begun if the canceller was told yes, and the waiter hears the same. Threads 2, no bound.
/// Control: a cancellation that also stops what runs.
#[test]
fn start_races_cancel() {
    Model::new("future_start_races_cancel").unbounded().check(|| {
        let (promise, future) = promise();
        let working = thread::spawn(move || {
            let is_due = promise.set_running_or_notify_cancel();
            if is_due {
                let _ = promise.set_result(7);
            }
            is_due
        });
        let is_cancelled = future.cancel();
        let result = future.wait();
        let has_run = working.join().unwrap();
        assert_ne!(is_cancelled, has_run, "either cancelled or run");
        match result {
            Ok(value) => assert!(value == 7 && has_run, "the waiter hears the same"),
            Err(error) => assert!(error.is_cancelled() && !has_run, "the waiter hears the same"),
        }
    });
}

#[test]
fn start_races_cancel_control() {
    must_catch(
        "concurrent::state::loom::start_races_cancel",
        "future_cancels_what_runs",
        &["either cancelled or run", "the waiter hears the same"],
    );
}

/// Claim: a callback that is added while the value is set is called exactly once, and before the value
/// is taken. Threads 2, no bound. Control: a callback that is added after a look under an earlier lock.
#[test]
fn set_races_callback() {
    Model::new("future_set_races_callback").unbounded().check(|| {
        let (promise, future) = promise();
        let called = Arc::new(AtomicUsize::new(0));
        let setting = thread::spawn(move || promise.set_result(7).unwrap());
        let counter = called.clone();
        future.add_done_callback(move |result: &Result<u32, FutureError>| {
            assert_eq!(*result.as_ref().unwrap(), 7);
            // ORDERING: SeqCst; the counter is an oracle, and no protocol rests on it.
            counter.fetch_add(1, SeqCst);
        });
        assert_eq!(future.wait().unwrap(), 7);
        // ORDERING: SeqCst, see above.
        assert_eq!(called.load(SeqCst), 1, "called once, before the value is taken");
        setting.join().unwrap();
    });
}

#[test]
fn set_races_callback_control() {
    must_catch(
        "concurrent::state::loom::set_races_callback",
        "future_callback_added_late",
        &["called once, before the value is taken"],
    );
}

/// Claim: set, cancel and wait on three threads: one end, which all agree on. Threads 3, bound 3.
/// Control: a setter that wakes nobody.
#[test]
fn set_cancel_and_wait() {
    Model::new("future_set_cancel_wait").bound(3).check(|| {
        let (promise, mut future) = promise();
        let setting = thread::spawn(move || promise.set_result(7).is_ok());
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = calls.clone();
        future.add_done_callback(move |_: &Result<u32, FutureError>| {
            // ORDERING: SeqCst; the counter is an oracle, and no protocol rests on it.
            counter.fetch_add(1, SeqCst);
        });
        let shared = future.state.clone();
        let cancelling = thread::spawn(move || shared.cancel());
        let error = future.exception();
        let was_set = setting.join().unwrap();
        assert_ne!(was_set, cancelling.join().unwrap(), "one end");
        assert_eq!(was_set, error.is_none(), "all agree");
        // ORDERING: SeqCst, see above.
        assert_eq!(calls.load(SeqCst), 1, "one call");
    });
}

#[test]
fn set_cancel_and_wait_control() {
    must_catch(
        "concurrent::state::loom::set_cancel_and_wait",
        "future_wakes_nobody",
        &["deadlock"],
    );
}
