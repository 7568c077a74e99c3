//! Models of the scheduler as it ships: real tasks, queues, idle word, parkers and registry. The
//! deques and the poller are the facade's stand-ins. The model's main thread is worker 0, which
//! spares a thread and with it most executions.

use super::config::{Config, Flavor, Hooks};
use super::vacancy::Offer;
use super::{Shared, UnhandledPanic, worker};
use crate::tasks::Spec;
use sheave_facade::deque;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::atomic::{AtomicUsize, Ordering::*};
use sheave_facade::sync::{Arc, Condvar, Mutex};
use sheave_facade::thread;
use std::future::{pending, poll_fn, ready};
use std::panic::Location;
use std::task::{Poll, Waker};
use std::time::Duration;

pub(super) fn config(workers: usize) -> Config {
    Config {
        name: None,
        flavor: Flavor::MultiThread,
        workers,
        reactors: workers,
        outside_rosters: 1,
        use_slot: true,
        event_interval: 61,
        start_paused: false,
        thread_name: Arc::new(String::new),
        stack_size: None,
        max_blocking_threads: 1,
        blocking_queue_limit: None,
        keep_alive: Duration::ZERO,
        stuck_threshold: Duration::from_secs(1),
        max_stand_ins: 0,
        on_stuck_poll: None,
        measures_polls: false,
        debug: false,
        slow_poll_threshold: Duration::MAX,
        unhandled_panic: UnhandledPanic::Ignore,
        on_unhandled_panic: None,
        hooks: Hooks::default(),
    }
}

/// A runtime whose workers are started by the model.
pub(super) fn shared(workers: usize) -> Arc<Shared> {
    let shared = Shared::new(config(workers)).unwrap();
    for _ in 0..workers {
        shared.lifecycle.worker_enters();
    }
    shared
}

pub(super) fn spawn(shared: &Arc<Shared>, future: impl Future<Output = ()> + Send + 'static) {
    drop(shared.spawn(future, Spec::at(Location::caller())));
}

/// A condition that a task may block its thread for.
#[derive(Default)]
struct Done {
    is_done: Mutex<bool>,
    changed: Condvar,
}

impl Done {
    fn set(&self) {
        *self.is_done.lock() = true;
        self.changed.notify_one();
    }

    fn block(&self) {
        let mut is_done = self.is_done.lock();
        while !*is_done {
            self.changed.wait(&mut is_done);
        }
    }
}

/// Claim: a task that is spawned from outside runs, whether its worker is about to sleep, asleep
/// or awake (W5). Threads 2, bound 4. Controls: `idle_no_fence`, `worker_no_recheck`.
#[test]
fn spawn_from_outside_races_sleep() {
    Model::new("scheduler::spawn_from_outside_races_sleep").bound(4).check(|| {
        let shared = shared(1);
        let outside = {
            let shared = shared.clone();
            thread::spawn(move || {
                let inner = shared.clone();
                spawn(&shared, async move { inner.close() });
            })
        };
        worker::run(shared, 0, Offer::FIRST);
        outside.join().unwrap();
    });
}

/// Claim: a task that a blocked task left in the local queue is run by the other worker: the push
/// wakes it, also if it is just falling asleep. Threads 2, bound 2. Control: `schedule_no_notify`.
#[test]
fn queued_task_is_stolen_from_a_blocked_worker() {
    Model::new("scheduler::queued_task_is_stolen_from_a_blocked_worker").check(|| {
        deque::strong();
        let shared = shared(2);
        let (inner, end) = (shared.clone(), shared.clone());
        spawn(&shared, async move {
            let done = Arc::new(Done::default());
            let child = done.clone();
            spawn(&inner, async move { child.set() });
            // The second child takes the slot and displaces the first one to the queue.
            spawn(&inner, async {});
            done.block();
            end.close();
        });
        let other = {
            let shared = shared.clone();
            thread::spawn(move || worker::run(shared, 1, Offer::FIRST))
        };
        worker::run(shared, 0, Offer::FIRST);
        other.join().unwrap();
    });
}

/// Claim: of two tasks that are pushed from outside both run, although only one searcher is woken
/// at a time: the last searcher that finds work wakes the next. Threads 3, bound 1.
#[test]
fn two_workers_two_tasks() {
    Model::new("scheduler::two_workers_two_tasks").bound(1).check(|| {
        deque::strong();
        let shared = shared(2);
        let left = Arc::new(AtomicUsize::new(2));
        let other = {
            let shared = shared.clone();
            thread::spawn(move || worker::run(shared, 1, Offer::FIRST))
        };
        let outside = {
            let (shared, left) = (shared.clone(), left.clone());
            thread::spawn(move || {
                for _ in 0..2 {
                    let (end, left) = (shared.clone(), left.clone());
                    spawn(&shared, async move {
                        if left.fetch_sub(1, AcqRel) == 1 {
                            end.close();
                        }
                    });
                }
            })
        };
        worker::run(shared, 0, Offer::FIRST);
        other.join().unwrap();
        outside.join().unwrap();
    });
}

/// Claim: a task that is pushed while a worker searches is run, also if that worker finds another
/// task that blocks: the last searcher looks at the queues and sends another worker. Threads 3,
/// bound 1. Controls: `end_search_no_recheck`, `idle_no_fence_after_search`.
#[test]
fn searcher_finds_a_task_that_blocks() {
    Model::new("scheduler::searcher_finds_a_task_that_blocks").bound(1).check(|| {
        let shared = shared(2);
        let other = {
            let shared = shared.clone();
            thread::spawn(move || worker::run(shared, 1, Offer::FIRST))
        };
        let outside = {
            let shared = shared.clone();
            thread::spawn(move || {
                let (end, done) = (shared.clone(), Arc::new(Done::default()));
                let second = done.clone();
                spawn(&shared, async move {
                    done.block();
                    end.close();
                });
                spawn(&shared, async move { second.set() });
            })
        };
        worker::run(shared, 0, Offer::FIRST);
        other.join().unwrap();
        outside.join().unwrap();
    });
}

/// Claim: a spawn that races with the close is run or dropped, before the last worker leaves or by
/// the spawner itself, and never forgotten (W9). Threads 2, bound 3.
/// Control: `registry_open_gate` lets a task in that nobody will end.
#[test]
fn spawn_races_close() {
    Model::new("scheduler::spawn_races_close").bound(3).check(|| {
        let shared = shared(1);
        let witness = Arc::new(());
        let outside = {
            let (shared, witness) = (shared.clone(), witness.clone());
            thread::spawn(move || spawn(&shared, async move { drop(witness) }))
        };
        shared.close();
        worker::run(shared.clone(), 0, Offer::FIRST);
        outside.join().unwrap();
        assert_eq!(Arc::strong_count(&witness), 1, "a future outlived its runtime");
        assert_eq!(shared.registry.len(), 0, "a task was forgotten");
    });
}

/// Claim: a wake from outside that races with shutdown touches no freed runtime, and the task is
/// dropped. Threads 2, bound 3.
#[test]
fn wake_races_shutdown() {
    Model::new("scheduler::wake_races_shutdown").bound(3).check(|| {
        let shared = shared(1);
        let witness = Arc::new(());
        let slot: Arc<Mutex<Option<Waker>>> = Arc::default();
        let (waker, held) = (slot.clone(), witness.clone());
        spawn(
            &shared,
            poll_fn(move |cx| {
                let _held = &held;
                *waker.lock() = Some(cx.waker().clone());
                Poll::<()>::Pending
            }),
        );
        let outside = thread::spawn(move || {
            let waker = slot.lock().take();
            if let Some(waker) = waker {
                waker.wake();
            }
        });
        shared.close();
        worker::run(shared, 0, Offer::FIRST);
        outside.join().unwrap();
        assert_eq!(Arc::strong_count(&witness), 1, "a future outlived its runtime");
    });
}

/// Claim: who waits for the tasks to end by themselves, with no time limit, hears of the last one.
/// Threads 2, bound 3. Control: `last_task_leaves_silently`.
#[test]
fn last_task_races_the_drain() {
    Model::new("scheduler::last_task_races_the_drain").bound(3).check(|| {
        let shared = shared(1);
        let witness = Arc::new(());
        let held = witness.clone();
        spawn(&shared, async move { drop(held) });
        let closer = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.shut_gate();
                shared.lifecycle.wait(None, |_| shared.is_deserted());
                shared.close();
            })
        };
        worker::run(shared.clone(), 0, Offer::FIRST);
        closer.join().unwrap();
        assert_eq!(Arc::strong_count(&witness), 1, "a future outlived its runtime");
        assert_eq!(shared.registry.len(), 0, "a task was forgotten");
    });
}

/// Claim: a current-thread runtime that is closed while another thread's `block_on` returns is run to
/// its end by one of the two, before the closer has waited for the workers (W9). Threads 2, bound 3.
/// Control: `driver_looks_early`.
#[test]
fn close_races_the_end_of_block_on() {
    Model::new("scheduler::close_races_the_end_of_block_on").bound(3).check(|| {
        let flavor = Flavor::CurrentThread;
        let shared = Shared::new(Config { flavor, use_slot: false, ..config(1) }).unwrap();
        let witness = Arc::new(());
        let held = witness.clone();
        spawn(&shared, async move {
            let _held = held;
            pending::<()>().await;
        });
        let driver = {
            let shared = shared.clone();
            thread::spawn(move || shared.block_on(ready(())))
        };
        shared.close();
        shared.drive_to_the_end();
        shared.lifecycle.wait(None, |present| present.workers == 0);
        assert_eq!(Arc::strong_count(&witness), 1, "a future outlived its runtime");
        driver.join().unwrap();
    });
}

#[test]
fn control_last_task_leaves_silently() {
    let model = "scheduler::loom::last_task_races_the_drain";
    must_catch(model, "last_task_leaves_silently", &["deadlock"]);
}

#[test]
fn control_driver_looks_early() {
    let model = "scheduler::loom::close_races_the_end_of_block_on";
    must_catch(model, "driver_looks_early", &["outlived"]);
}

#[test]
fn control_no_fence() {
    let model = "scheduler::loom::spawn_from_outside_races_sleep";
    must_catch(model, "idle_no_fence", &["deadlock"]);
}

#[test]
fn control_no_recheck() {
    let model = "scheduler::loom::spawn_from_outside_races_sleep";
    must_catch(model, "worker_no_recheck", &["deadlock"]);
}

#[test]
fn control_no_recheck_after_search() {
    let model = "scheduler::loom::searcher_finds_a_task_that_blocks";
    must_catch(model, "end_search_no_recheck", &["deadlock"]);
}

#[test]
fn control_no_fence_after_search() {
    let model = "scheduler::loom::searcher_finds_a_task_that_blocks";
    must_catch(model, "idle_no_fence_after_search", &["deadlock"]);
}

#[test]
fn control_no_notify() {
    let model = "scheduler::loom::queued_task_is_stolen_from_a_blocked_worker";
    must_catch(model, "schedule_no_notify", &["deadlock"]);
}

#[test]
fn control_open_gate() {
    let model = "scheduler::loom::spawn_races_close";
    must_catch(model, "registry_open_gate", &["deadlock", "forgotten", "outlived"]);
}
