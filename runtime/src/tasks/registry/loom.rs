//! Models of the registry's gate and of its references. Thread 0 shuts down.

use crate::tasks::testing::{Queue, meta};
use crate::tasks::{Schedule, Wakeup, new_task};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::thread;
use std::future::ready;
use std::sync::Arc;

/// Claim: a task that is spawned while the registry closes is refused, or it is aborted; either way
/// its future is dropped and never polled (W9). Threads 2; bound: none.
#[test]
fn bind_races_close() {
    Model::new("registry_bind_races_close").unbounded().check(|| {
        let (queue, token) = (Queue::new(), Arc::new(()));
        let held = token.clone();
        let spawner = {
            let queue = queue.clone();
            thread::spawn(move || {
                let future = async move {
                    drop(held);
                    panic!("polled after shutdown");
                };
                let (task, runnable, join) = new_task(future, queue.clone(), meta(1));
                match queue.0.registry.bind(0, task) {
                    Ok(()) => queue.schedule(runnable, Wakeup::Woken),
                    Err(_refused) => runnable.shutdown(),
                }
                join
            })
        };
        queue.0.registry.close();
        queue.0.registry.abort_all(0);
        let mut join = spawner.join().expect("the spawner ends");
        queue.run_all();
        assert_eq!(Arc::strong_count(&token), 1, "the future is gone");
        assert!(queue.0.registry.is_empty());
        let outcome: Result<(), _> = super::super::testing::now(&mut join);
        assert!(outcome.expect_err("no output").is_cancelled(), "polled after shutdown");
    });
}

/// Claim: tasks that complete while all are aborted leave the ring whole, and nothing is leaked or
/// used after it is freed. Threads 2, bound 3.
#[test]
fn abort_all_races_completion() {
    Model::new("registry_abort_all_races_completion").bound(3).check(|| {
        let queue = Queue::new();
        drop(queue.spawn(ready(())));
        drop(queue.spawn(ready(())));
        let runner = {
            let queue = queue.clone();
            thread::spawn(move || queue.run_all())
        };
        queue.0.registry.abort_all(0);
        runner.join().expect("the runner ends");
        queue.run_all();
        assert!(queue.0.registry.is_empty());
    });
}

#[test]
fn controls() {
    let bind = "tasks::registry::loom::bind_races_close";
    must_catch(bind, "registry_open_gate", &["polled after shutdown"]);
    let abort = "tasks::registry::loom::abort_all_races_completion";
    must_catch(abort, "registry_ref_uncounted", &["use after free", "a reference given up twice"]);
}
