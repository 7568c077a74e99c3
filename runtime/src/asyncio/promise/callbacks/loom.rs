//! Models of the stage *calling*: a promise is done, and not yet for who waits. Each call of callbacks
//! has a thread of its own, in place of a runtime's task.

use super::{Caller, Calls, Place};
use crate::asyncio::promise::{Completer, Promise, create_future};
use crate::sync::blocking::block_on;
use crate::tasks::Id;
use crate::util::contain::Payload;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use sheave_facade::sync::{Arc, Mutex};
use sheave_facade::thread::{self, JoinHandle};
use std::panic::Location;

type Value = std::sync::Arc<()>;

/// Calls, or drops what it is to call as a runtime does that has closed.
#[derive(Default)]
struct Threads {
    is_closed: bool,
    started: Mutex<Vec<JoinHandle<()>>>,
}

impl Caller<Value, ()> for Threads {
    fn begin(self: Arc<Self>, calls: Calls<Value, ()>, _: &'static Location<'static>) {
        let is_closed = self.is_closed;
        let thread =
            thread::spawn(
                move || if is_closed { drop(calls) } else { calls.call(Id::from_u64(1)) },
            );
        self.started.lock().push(thread);
    }

    fn tell(&self, _: Payload, _: Id, _: &'static Location<'static>) {
        unreachable!("no callback panics");
    }
}

impl Threads {
    fn join(&self) {
        let started = std::mem::take(&mut *self.started.lock());
        started.into_iter().for_each(|thread| thread.join().expect("it calls"));
    }
}

/// Registers a callback that counts its calls.
fn count(promise: &Promise<Value, ()>, threads: &Arc<Threads>, calls: &Arc<AtomicUsize>) {
    let calls = calls.clone();
    // ORDERING: Relaxed; looked at by who has the outcome, or has joined the threads.
    let call = Box::new(move |_: &_| drop(calls.fetch_add(1, Relaxed)));
    let caller: Arc<Threads> = threads.clone();
    let _ = promise.register(call, Place { caller, location: Location::caller() });
}

fn set(completer: Completer<Value, ()>, value: &Value) -> JoinHandle<()> {
    let value = value.clone();
    thread::spawn(move || completer.set_result(value).expect("it is set once"))
}

/// Claim: a callback is called once, and before anybody has the result, whether it was registered before
/// the promise was done, after that, or in between. Threads 3; bound 2.
/// Control: `promise_late_callback_waits`.
#[test]
fn registration_races_completion() {
    Model::new("promise_registration_races_completion").check(|| {
        let (threads, calls) = (Arc::<Threads>::default(), Arc::new(AtomicUsize::new(0)));
        let ((completer, promise), value) = (create_future(), Value::default());
        let setter = set(completer, &value);
        count(&promise, &threads, &calls);
        drop(block_on(promise).expect("it was set"));
        assert_eq!(calls.load(Relaxed), 1, "not called once before the result was there");
        setter.join().expect("it sets");
        threads.join();
        assert_eq!(std::sync::Arc::strong_count(&value), 1, "the result is gone");
    });
}

/// Claim: a callback that is registered while others are called is called, too, by whomever, and a promise
/// that is dropped meanwhile takes neither calls nor results along. Threads 4; bound 2.
/// Control: `promise_forgets_late_callback`.
#[test]
fn registration_races_calls_and_drop() {
    Model::new("promise_registration_races_calls").check(|| {
        let (threads, calls) = (Arc::<Threads>::default(), Arc::new(AtomicUsize::new(0)));
        let ((completer, promise), value) = (create_future(), Value::default());
        count(&promise, &threads, &calls);
        set(completer, &value).join().expect("it sets");
        count(&promise, &threads, &calls);
        drop(promise);
        threads.join();
        assert_eq!(calls.load(Relaxed), 2, "each is called once");
        assert_eq!(std::sync::Arc::strong_count(&value), 1, "the result is gone");
    });
}

/// Claim: a runtime that closes and calls nothing gives the result to who waits. Threads 3; bound 2.
/// Control: `promise_calls_keep_outcome`.
#[test]
fn calls_that_are_dropped() {
    Model::new("promise_calls_dropped").check(|| {
        let threads = Arc::new(Threads { is_closed: true, ..Threads::default() });
        let calls = Arc::new(AtomicUsize::new(0));
        let ((completer, promise), value) = (create_future(), Value::default());
        let setter = set(completer, &value);
        count(&promise, &threads, &calls);
        drop(block_on(promise).expect("it was set"));
        setter.join().expect("it sets");
        threads.join();
        assert_eq!(calls.load(Relaxed), 0);
        assert_eq!(std::sync::Arc::strong_count(&value), 1, "the result is gone");
    });
}

#[test]
fn controls() {
    must_catch(
        "asyncio::promise::callbacks::loom::registration_races_completion",
        "promise_late_callback_waits",
        &["not called once before"],
    );
    must_catch(
        "asyncio::promise::callbacks::loom::registration_races_calls_and_drop",
        "promise_forgets_late_callback",
        &["each is called once"],
    );
    must_catch(
        "asyncio::promise::callbacks::loom::calls_that_are_dropped",
        "promise_calls_keep_outcome",
        &["deadlock"],
    );
}
