//! Models of a shared task: who waits, who gives up, and the end of the task.

use crate::tasks::testing::{Queue, block_on};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::thread;
use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Claim: everybody who waits when the task ends gets its output, and so does who comes just then.
/// Threads 3; bound 2. Controls: `shared_wakes_nobody`,
/// `shared_keeps_the_news`.
#[test]
fn waiters_race_completion() {
    Model::new("shared_waiters_race_completion").check(|| {
        let queue = Queue::new();
        let shared = queue.spawn(ready(7)).shared();
        let second = shared.clone();
        let other = thread::spawn(move || block_on(second));
        let runner = thread::spawn(move || queue.run_all());
        assert_eq!(block_on(shared).expect("an output"), 7);
        assert_eq!(other.join().expect("it waits").expect("an output"), 7);
        runner.join().expect("it runs");
    });
}

/// Claim: one who gives up takes nobody's wake along, not even if the task was told to wake him.
/// Threads 3; bound 2. Control: `shared_task_wakes_one_task`.
#[test]
fn a_waiter_that_gives_up_races_completion() {
    Model::new("shared_waiter_gives_up").check(|| {
        let queue = Queue::new();
        let shared = queue.spawn(ready(7)).shared();
        let given_up = shared.clone();
        let other = thread::spawn(move || {
            let mut given_up = pin!(given_up);
            if let Poll::Ready(output) =
                given_up.as_mut().poll(&mut Context::from_waker(Waker::noop()))
            {
                assert_eq!(output.expect("an output"), 7);
            }
        });
        let runner = thread::spawn(move || queue.run_all());
        assert_eq!(block_on(shared).expect("an output"), 7);
        other.join().expect("it gives up");
        runner.join().expect("it runs");
    });
}

#[test]
fn controls() {
    let all = "asyncio::shared::loom::waiters_race_completion";
    must_catch(all, "shared_wakes_nobody", &["deadlock"]);
    must_catch(all, "shared_keeps_the_news", &["deadlock"]);
    must_catch(
        "asyncio::shared::loom::a_waiter_that_gives_up_races_completion",
        "shared_task_wakes_one_task",
        &["deadlock"],
    );
}
