//! Models of a wait that registers with tasks while they end. Thread 0 waits.

use crate::asyncio::{ReturnWhen, wait};
use crate::tasks::testing::{Queue, block_on, now};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::thread;
use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Waker};

/// Claim: whenever tasks end, before, while or after `wait` registers with them, it returns, knows all, and
/// leaves their outputs. Threads 2, bound 3.
#[test]
fn registration_races_completion() {
    Model::new("wait_registration_races_completion").bound(3).check(|| {
        let queue = Queue::new();
        let mut tasks = [queue.spawn(ready(1)), queue.spawn(ready(2))];
        let runner = thread::spawn(move || queue.run_all());
        let ended = block_on(wait(&mut tasks, ReturnWhen::AllCompleted)).expect("two tasks");
        assert_eq!(ended.done, [0, 1]);
        let outputs = tasks.each_mut().map(|task| now(task).expect("it completes"));
        assert_eq!(outputs, [1, 2]);
        runner.join().expect("the runner ends");
    });
}

/// Claim: a wait that is dropped while the task ends takes its registration back, and whoever awaits the
/// handle after that is woken. Threads 2; bound: none.
#[test]
fn drop_races_completion() {
    Model::new("wait_drop_races_completion").unbounded().check(|| {
        let queue = Queue::new();
        let mut tasks = [queue.spawn(ready(5))];
        let runner = thread::spawn(move || queue.run_all());
        let mut waits = wait(&mut tasks, ReturnWhen::AllCompleted);
        let _ = Pin::new(&mut waits).poll(&mut Context::from_waker(Waker::noop()));
        drop(waits);
        let [task] = tasks;
        assert_eq!(block_on(task).expect("it completes"), 5);
        runner.join().expect("the runner ends");
    });
}

#[test]
fn controls() {
    let registration = "asyncio::wait::loom::registration_races_completion";
    must_catch(registration, "wait_registers_blind", &["deadlock"]);
    let drop = "asyncio::wait::loom::drop_races_completion";
    must_catch(drop, "task_join_slot_shared", &["Causality violation"]);
}
