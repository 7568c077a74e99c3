//! Models of done-callbacks: registered while the task ends, and while its handle goes.

use crate::tasks::JoinHandle;
use crate::tasks::testing::{Queue, block_on};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use sheave_facade::thread::{self, JoinHandle as Thread};
use std::future::ready;

/// Registers a callback that counts its calls. If it is late, another thread calls it.
fn count_calls(task: &JoinHandle<u32>, calls: &Arc<AtomicUsize>) -> Option<Thread<()>> {
    let calls = calls.clone();
    let count = move |output: &Result<u32, _>| {
        assert_eq!(*output.as_ref().expect("an output"), 7);
        // ORDERING: Relaxed; looked at by who has the output, or has joined the threads.
        calls.fetch_add(1, Relaxed);
    };
    let (_, late) = task.register_callback(count, None);
    late.map(|late| thread::spawn(move || late.call()))
}

/// Claim: a callback is called once and before the handle has the output, whether it was registered
/// before the task ended, after that, or in between. Threads 3; bound 2.
/// Controls: `task_calls_unowed`, `task_outcome_not_lent`.
#[test]
fn registration_races_completion() {
    Model::new("task_registration_races_completion").check(|| {
        let (queue, calls) = (Queue::new(), Arc::new(AtomicUsize::new(0)));
        let task = queue.spawn(ready(7));
        let runner = thread::spawn(move || queue.run_all());
        let caller = count_calls(&task, &calls);
        assert_eq!(block_on(task).expect("an output"), 7);
        assert_eq!(calls.load(Relaxed), 1, "a callback was not called once");
        runner.join().expect("it runs");
        caller.into_iter().for_each(|caller| caller.join().expect("it calls"));
    });
}

/// Claim: a handle that is dropped while callbacks have the outcome leaves it to them, and they are
/// called. Threads 2; bound: none. Control: `task_lent_outcome_dropped`.
#[test]
fn calls_race_the_drop_of_the_handle() {
    Model::new("task_calls_race_drop").unbounded().check(|| {
        let (queue, calls) = (Queue::new(), Arc::new(AtomicUsize::new(0)));
        let task = queue.spawn(ready(7));
        queue.run_all();
        let caller = count_calls(&task, &calls).expect("the task is complete");
        drop(task);
        caller.join().expect("it calls");
        assert_eq!(calls.load(Relaxed), 1, "a callback was not called once");
    });
}

#[test]
fn controls() {
    let race = "tasks::callbacks::loom::registration_races_completion";
    must_catch(race, "task_calls_unowed", &["deadlock"]);
    let early = &["a callback was not called once", "Causality violation", "Concurrent"];
    must_catch(race, "task_outcome_not_lent", early);
    let dropped = &["Causality violation", "has its outcome", "use after free"];
    let drop = "tasks::callbacks::loom::calls_race_the_drop_of_the_handle";
    must_catch(drop, "task_lent_outcome_dropped", dropped);
}
