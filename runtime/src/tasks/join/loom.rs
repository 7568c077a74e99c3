//! Models of the join waker's slot and of the output's hand-over. Thread 0 joins.

use crate::tasks::testing::{Queue, block_on};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::atomic::Ordering::Relaxed;
use sheave_facade::thread;
use std::future::{Future, ready};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

/// Claim: a handle that is polled with one waker and then with another gets the output, whenever
/// the task completes. Threads 2; bound: none.
#[test]
fn join_poll_races_complete() {
    Model::new("task_join_poll_races_complete").unbounded().check(|| {
        let queue = Queue::new();
        let mut join = queue.spawn(ready(5));
        let runner = thread::spawn(move || queue.run_all());
        let polled = Pin::new(&mut join).poll(&mut Context::from_waker(Waker::noop()));
        let output = match polled {
            std::task::Poll::Ready(output) => output,
            std::task::Poll::Pending => block_on(join),
        };
        assert_eq!(output.expect("the task completes"), 5);
        runner.join().expect("the runner ends");
    });
}

/// Claim: whether or not a handle has a waker in the slot, dropping it while the task completes
/// drops waker and output exactly once. Threads 2; bound: none.
#[test]
fn join_drop_races_complete() {
    for polled in [false, true] {
        Model::new("task_join_drop_races_complete").unbounded().check(move || {
            let (queue, token) = (Queue::new(), Arc::new(()));
            let mut join = queue.spawn(ready(token.clone()));
            let woken = Arc::new(Token);
            let waker = Waker::from(woken.clone());
            if polled {
                let polled = Pin::new(&mut join).poll(&mut Context::from_waker(&waker));
                assert!(polled.is_pending());
            }
            drop(waker);
            let runner = thread::spawn(move || queue.run_all());
            drop(join);
            runner.join().expect("the runner ends");
            assert_eq!(Arc::strong_count(&token), 1, "the output is gone");
            assert_eq!(Arc::strong_count(&woken), 1, "the waker is gone");
        });
    }
}

/// Claim: a panic whose handle is dropped while the task ends is told exactly once, by one of the
/// two; if the handle has read it, by nobody. Threads 2; bound: none. Control: `task_panic_untold`.
#[test]
fn unread_panic_is_told_once() {
    for read in [false, true] {
        Model::new("task_unread_panic_is_told_once").unbounded().check(move || {
            let queue = Queue::new();
            // As a panic, without the words of the panic hook.
            let join = queue.spawn(async { resume_unwind(Box::new(())) as () });
            let bench = queue.0.clone();
            let runner = thread::spawn(move || queue.run_all());
            if read {
                assert!(block_on(join).is_err_and(|error| error.is_panic()));
            } else {
                drop(join);
            }
            runner.join().expect("the runner ends");
            // ORDERING: Relaxed; the runner has been joined.
            assert_eq!(bench.unread_panics.load(Relaxed), usize::from(!read), "told once");
        });
    }
}

struct Token;

impl std::task::Wake for Token {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn controls() {
    let poll = "tasks::join::loom::join_poll_races_complete";
    must_catch(poll, "task_complete_relaxed", &["Causality violation"]);
    must_catch(poll, "task_join_waker_relaxed", &["Causality violation"]);
    must_catch(poll, "task_join_waker_blind", &["deadlock"]);
    must_catch(poll, "task_join_slot_shared", &["Causality violation"]);
    let drop = "tasks::join::loom::join_drop_races_complete";
    must_catch(drop, "task_join_output_forgotten", &["freed with its output"]);
    let unread = "tasks::join::loom::unread_panic_is_told_once";
    must_catch(unread, "task_panic_untold", &["told once"]);
}
