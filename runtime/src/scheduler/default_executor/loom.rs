//! A model of the shutdown. Thread 0 shuts down.

use super::DefaultExecutor;
use crate::scheduler::announcement::Listener;
use crate::tasks::testing::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use sheave_facade::thread;
use std::future::poll_fn;

/// Claim: once it is over, jobs were refused or have ended; and it is over when they have.
/// Threads 3; bound 3. Controls: `default_executor_enters_closed`, `default_executor_leaves_unseen`.
#[test]
fn shutdown_races_jobs() {
    Model::new("default_executor::shutdown_races_jobs").bound(3).check(|| {
        let (executor, running) =
            (Arc::<DefaultExecutor>::default(), Arc::new(AtomicUsize::new(0)));
        let submits = [0; 2].map(|_| {
            let (executor, running) = (executor.clone(), running.clone());
            thread::spawn(move || {
                if executor.enter() {
                    // ORDERING: Relaxed, so that nothing but the executor orders them.
                    running.fetch_add(1, Relaxed);
                    running.fetch_sub(1, Relaxed);
                    executor.leave();
                }
            })
        });
        executor.close();
        let mut listener = Listener::default();
        block_on(poll_fn(|cx| executor.over.listen(&mut listener, cx.waker())));
        assert_eq!(running.load(Relaxed), 0, "a job runs on");
        submits.into_iter().for_each(|submits| submits.join().unwrap());
    });
}

#[test]
fn controls() {
    let race = "scheduler::default_executor::loom::shutdown_races_jobs";
    must_catch(race, "default_executor_enters_closed", &["a job runs on"]);
    must_catch(race, "default_executor_leaves_unseen", &["deadlock"]);
}
