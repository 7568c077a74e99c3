//! Models of the task's word, with the real task around it. Thread 0 is the worker.

use crate::tasks::testing::{Queue, watching};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::Relaxed};
use sheave_facade::thread;
use std::future::pending;

/// A flag that carries no ordering of its own, so that only the wake can publish it.
fn flag() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(false))
}

/// Claim: a wake that races with a poll is seen by that poll or causes another one, and the future
/// is handed from one runner to the next (W1, W2). Threads 2, both run tasks; bound: none.
#[test]
fn wake_races_poll() {
    Model::new("task_wake_races_poll").unbounded().check(|| {
        let (queue, set) = (Queue::new(), flag());
        let (future, wakers) = watching(vec![set.clone()]);
        let join = queue.spawn(future);
        queue.run_all();
        let waker = wakers.recv().expect("polled");
        waker.wake_by_ref();
        let other = {
            let queue = queue.clone();
            thread::spawn(move || {
                set.store(true, Relaxed);
                waker.wake();
                queue.run_all();
            })
        };
        queue.run_all();
        other.join().expect("the waker ends");
        queue.run_until(|| join.is_finished());
    });
}

/// Claim: a wake of a task that is scheduled already still publishes (W1). Threads 2; bound: none.
#[test]
fn coalesced_wake_publishes() {
    Model::new("task_coalesced_wake_publishes").unbounded().check(|| {
        let (queue, set) = (Queue::new(), flag());
        let (future, wakers) = watching(vec![set.clone()]);
        let join = queue.spawn(future);
        queue.run_all();
        let waker = wakers.recv().expect("polled");
        waker.wake_by_ref();
        let other = thread::spawn(move || {
            set.store(true, Relaxed);
            waker.wake_by_ref();
        });
        queue.run_until(|| join.is_finished());
        other.join().expect("the waker ends");
    });
}

/// Claim: two wakes, one by reference and one by value, that race with each other and with polls
/// create one Runnable at a time and lose nothing (W1, W2). Threads 3, bound 2.
#[test]
fn two_wakers_race_poll() {
    Model::new("task_two_wakers_race_poll").check(|| {
        let (queue, first, second) = (Queue::new(), flag(), flag());
        let (future, wakers) = watching(vec![first.clone(), second.clone()]);
        let join = queue.spawn(future);
        queue.run_all();
        let by_ref = wakers.recv().expect("polled");
        let by_val = by_ref.clone();
        let others = [
            thread::spawn(move || {
                first.store(true, Relaxed);
                by_ref.wake_by_ref();
            }),
            thread::spawn(move || {
                second.store(true, Relaxed);
                by_val.wake();
            }),
        ];
        queue.run_until(|| join.is_finished());
        others.into_iter().for_each(|other| other.join().expect("the wakers end"));
    });
}

/// Claim: an abort reaches a task whether it is queued, being polled or waiting. Threads 2; bound:
/// none.
#[test]
fn abort_races_poll() {
    Model::new("task_abort_races_poll").unbounded().check(|| {
        let queue = Queue::new();
        let join = queue.spawn(pending::<()>());
        let abort = join.abort_handle();
        let other = thread::spawn(move || abort.abort());
        queue.run_until(|| join.is_finished());
        other.join().expect("the aborter ends");
    });
}

/// Claim: abort, wake and poll end in exactly one outcome, and the future is dropped once.
/// Threads 3, bound 2.
#[test]
fn abort_races_wake_and_poll() {
    Model::new("task_abort_races_wake_and_poll").check(|| {
        let (queue, set) = (Queue::new(), flag());
        let (future, wakers) = watching(vec![set.clone()]);
        let token = std::sync::Arc::new(());
        let held = token.clone();
        let join = queue.spawn(async move {
            let _held = held;
            future.await;
        });
        queue.run_all();
        let waker = wakers.recv().expect("polled");
        let abort = join.abort_handle();
        let others = [
            thread::spawn(move || abort.abort()),
            thread::spawn(move || {
                set.store(true, Relaxed);
                waker.wake();
            }),
        ];
        queue.run_until(|| join.is_finished());
        assert_eq!(std::sync::Arc::strong_count(&token), 1, "the future is gone");
        others.into_iter().for_each(|other| other.join().expect("the others end"));
        queue.run_all();
    });
}

/// Claim: more wakes than the word can count neither wrap it, which would create a second Runnable,
/// nor get lost. Threads 2, bound 1, with 31 countable wakes instead of 2^30.
#[test]
fn wakes_never_wrap() {
    Model::new("task_wakes_never_wrap").bound(1).check(|| {
        let (queue, set) = (Queue::new(), flag());
        let (future, wakers) = watching(vec![set.clone()]);
        let join = queue.spawn(future);
        queue.run_all();
        let waker = wakers.recv().expect("polled");
        let by_val = [waker.clone(), waker.clone(), waker.clone()];
        let other = thread::spawn(move || {
            (0..34).for_each(|_| waker.wake_by_ref());
            set.store(true, Relaxed);
            by_val.into_iter().for_each(std::task::Waker::wake);
        });
        queue.run_until(|| join.is_finished());
        other.join().expect("the waker ends");
    });
}

/// Claim: whoever gives up the last reference frees the task, after everything that others did with
/// theirs, and nothing leaks. Threads 3, bound 3.
#[test]
fn last_reference_frees() {
    Model::new("task_last_reference_frees").bound(3).check(|| {
        let (queue, set) = (Queue::new(), flag());
        let (future, wakers) = watching(vec![set.clone()]);
        let join = queue.spawn(future);
        queue.run_all();
        let waker = wakers.recv().expect("polled");
        set.store(true, Relaxed);
        let dropped = waker.clone();
        waker.wake_by_ref();
        let others = [
            thread::spawn(move || {
                drop(dropped);
                waker.wake();
            }),
            thread::spawn(move || drop(join)),
        ];
        queue.run_all();
        others.into_iter().for_each(|other| other.join().expect("the others end"));
        queue.run_all();
    });
}

#[test]
fn controls() {
    let deadlock = &["deadlock"][..];
    let race = &["Causality violation"][..];
    must_catch("tasks::state::loom::wake_races_poll", "task_end_poll_forgets", deadlock);
    must_catch("tasks::state::loom::wake_races_poll", "task_end_poll_relaxed", race);
    must_catch("tasks::state::loom::coalesced_wake_publishes", "task_wake_relaxed", deadlock);
    must_catch("tasks::state::loom::two_wakers_race_poll", "task_end_poll_forgets", deadlock);
    must_catch("tasks::state::loom::abort_races_poll", "task_abort_silent", deadlock);
    let second_runnable =
        &["Causality violation", "a complete task has no Runnable", "use after free"];
    must_catch("tasks::state::loom::wakes_never_wrap", "task_wakes_uncut", second_runnable);
    must_catch("tasks::state::loom::last_reference_frees", "task_ref_dec_relaxed", race);
}
