//! Models of the registry's gate and of its references. Thread 0 shuts down.

use crate::tasks::testing::{Queue, id, now, spec};
use crate::tasks::{Registry, Remaining, Schedule, Wakeup, new_task};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::thread;
use std::future::ready;
use std::sync::Arc;

/// Claim: a task that another thread spawns while the registry closes is refused, or it is aborted;
/// either way its future is dropped and never polled (W9). Threads 2; bound: none.
#[test]
fn bind_outside_races_close() {
    Model::new("registry_bind_outside_races_close").unbounded().check(|| {
        let (queue, token) = (Queue::new(), Arc::new(()));
        let held = token.clone();
        let spawner = {
            let queue = queue.clone();
            thread::spawn(move || {
                let future = async move {
                    drop(held);
                    panic!("polled after shutdown");
                };
                let (task, runnable, join) = new_task(future, queue.clone(), id(1), spec());
                match queue.0.registry.bind_outside(0, task) {
                    Ok(()) => queue.schedule(runnable, Wakeup::Woken),
                    Err(_refused) => runnable.shutdown(),
                }
                join
            })
        };
        queue.0.registry.close();
        let _ = queue.0.registry.usher_out(0);
        queue.0.registry.abort_all(0);
        let mut join = spawner.join().expect("the spawner ends");
        queue.run_all();
        assert_eq!(Arc::strong_count(&token), 1, "the future is gone");
        assert_eq!(queue.0.registry.remaining(), Remaining::Nobody);
        let outcome: Result<(), _> = now(&mut join);
        assert!(outcome.expect_err("no output").is_cancelled(), "polled after shutdown");
    });
}

/// Claim: the same for a task that a worker spawns inside a task of its own, without a lock; and
/// everybody is gone exactly when both have ended. Threads 2; bound 2. Control: `registry_no_fence`.
#[test]
fn bind_races_close() {
    Model::new("registry_bind_races_close").bound(2).check(|| {
        let (registry, ushers) = Registry::new(1, 1);
        let usher = ushers.into_iter().next().expect("one worker, one usher");
        let queue = Queue::with_registry(registry);
        let token = Arc::new(());
        let held = token.clone();
        let (outer, outer_runnable, _join) = new_task(ready(()), queue.clone(), id(1), spec());
        assert!(queue.0.registry.bind(&usher, outer).is_ok(), "the registry is open");
        let worker = {
            let queue = queue.clone();
            thread::spawn(move || {
                let future = async move {
                    drop(held);
                    panic!("polled after shutdown");
                };
                let (task, runnable, join) = new_task(future, queue.clone(), id(2), spec());
                match queue.0.registry.bind(&usher, task) {
                    Ok(()) => queue.schedule(runnable, Wakeup::Woken),
                    Err(_refused) => runnable.shutdown(),
                }
                assert_eq!(queue.0.registry.remaining(), Remaining::Some, "the outer task is here");
                outer_runnable.run();
                join
            })
        };
        queue.0.registry.close();
        for roster in 0..queue.0.registry.rosters() {
            let _ = queue.0.registry.usher_out(roster);
            queue.0.registry.abort_all(roster);
        }
        let mut join = worker.join().expect("the worker ends");
        queue.run_all();
        assert_eq!(Arc::strong_count(&token), 1, "the future is gone");
        assert_eq!(queue.0.registry.remaining(), Remaining::Nobody);
        let outcome: Result<(), _> = now(&mut join);
        assert!(outcome.expect_err("no output").is_cancelled(), "polled after shutdown");
    });
}

/// Claim: a task that a worker spawns while one thread counts and another one aborts is aborted, even
/// if the first has counted it and the second has not seen it. Threads 3, bound 2.
/// Control: `registry_late_task_stays`.
#[test]
fn bind_races_two_shutdowns() {
    Model::new("registry_bind_races_two_shutdowns").bound(2).check(|| {
        let (registry, ushers) = Registry::new(1, 1);
        let usher = ushers.into_iter().next().expect("one worker, one usher");
        let queue = Queue::with_registry(registry);
        let spawner = {
            let queue = queue.clone();
            thread::spawn(move || {
                let future = async { panic!("polled after shutdown") };
                let (task, runnable, join) = new_task(future, queue.clone(), id(1), spec());
                match queue.0.registry.bind(&usher, task) {
                    Ok(()) => queue.schedule(runnable, Wakeup::Woken),
                    Err(_refused) => runnable.shutdown(),
                }
                join
            })
        };
        let patient = {
            let queue = queue.clone();
            thread::spawn(move || {
                queue.0.registry.close();
                let _ = queue.0.registry.usher_out(0);
            })
        };
        queue.0.registry.close();
        queue.0.registry.abort_all(0);
        patient.join().expect("the patient one ends");
        let mut join = spawner.join().expect("the spawner ends");
        queue.run_all();
        let outcome: Result<(), _> = now(&mut join);
        assert!(outcome.expect_err("no output").is_cancelled(), "polled after shutdown");
    });
}

/// Claim: a task that completes while it is shown or aborted is not used after it is freed, and
/// leaves once. Threads 2, bound 3. Control: `seat_ignores_visitors`.
#[test]
fn visits_race_completion() {
    Model::new("registry_visits_race_completion").bound(3).check(|| {
        let queue = Queue::new();
        drop(queue.spawn(ready(())));
        let runner = {
            let queue = queue.clone();
            thread::spawn(move || queue.run_all())
        };
        queue.0.registry.for_each(|task| assert_eq!(task.id().to_string(), "1"));
        queue.0.registry.close();
        let _ = queue.0.registry.usher_out(0);
        queue.0.registry.abort_all(0);
        runner.join().expect("the runner ends");
        queue.run_all();
        assert_eq!(queue.0.registry.remaining(), Remaining::Nobody);
        assert_eq!(queue.0.registry.len(), 0);
    });
}

#[test]
fn controls() {
    let outside = "tasks::registry::loom::bind_outside_races_close";
    must_catch(outside, "registry_open_gate", &["polled after shutdown", "the future is gone"]);
    let worker = "tasks::registry::loom::bind_races_close";
    must_catch(worker, "registry_no_fence", &["polled after shutdown", "the future is gone"]);
    let two = "tasks::registry::loom::bind_races_two_shutdowns";
    must_catch(two, "registry_late_task_stays", &["polled after shutdown"]);
    let visits = "tasks::registry::loom::visits_race_completion";
    must_catch(
        visits,
        "seat_ignores_visitors",
        &["use after free", "given up twice", "right: Nobody", "right: 0"],
    );
}
