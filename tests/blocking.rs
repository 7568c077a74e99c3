//! Blocking work: `spawn_blocking`, `to_thread`, `block_in_place`.

use sheave::runtime::{Builder, Handle, Runtime};
use sheave::task::{self, block_in_place, spawn_blocking, yield_now};
use sheave_tests::{Drops, Flag, eventually, watchdog};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn small() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).build().unwrap()
}

fn on_both(test: impl Fn(&Runtime)) {
    let current = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    watchdog(LIMIT, || [current, small()].iter().for_each(test));
}

/// Polls a future once, whether or not it is ready then.
async fn poll_once<F: Future + Unpin>(future: &mut F) {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let _ = future.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
}

#[test]
fn the_cap_holds_and_the_others_queue() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().max_blocking_threads(2).build().unwrap();
        let (running, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (release, wait) = channel::<()>();
        let wait = Arc::new(std::sync::Mutex::new(wait));
        let jobs: Vec<_> = (0..6)
            .map(|n| {
                let (running, peak, wait) = (running.clone(), peak.clone(), wait.clone());
                runtime.spawn_blocking(move || {
                    peak.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    wait.lock().unwrap().recv().unwrap();
                    running.fetch_sub(1, SeqCst);
                    n
                })
            })
            .collect();
        eventually("two run", || running.load(SeqCst) == 2);
        let metrics = runtime.metrics();
        assert_eq!((metrics.num_blocking_threads(), metrics.blocking_queue_depth()), (2, 4));
        (0..6).for_each(|_| release.send(()).unwrap());
        for (n, job) in jobs.into_iter().enumerate() {
            assert_eq!(runtime.block_on(job).unwrap(), n);
        }
        assert_eq!(peak.load(SeqCst), 2);
    });
}

#[test]
fn a_job_may_block_on_another_job_of_a_pool_with_one_thread() {
    on_both(|runtime| {
        let handle = runtime.handle().clone();
        let outer = runtime
            .spawn_blocking(move || handle.block_on(async { spawn_blocking(|| 7).await.unwrap() }));
        assert_eq!(runtime.block_on(outer).unwrap(), 7);
    });
}

#[test]
fn a_queued_job_can_be_aborted_and_a_running_one_cannot() {
    on_both(|runtime| {
        let (drops, (release, wait), (started, is_started)) =
            (Drops::new(), channel::<()>(), channel());
        let running = runtime.spawn_blocking(move || {
            started.send(()).unwrap();
            wait.recv().unwrap();
            1
        });
        is_started.recv().unwrap();
        let witness = drops.witness();
        let queued = runtime.spawn_blocking(move || {
            drop(witness);
            panic!("ran after its abort");
        });
        queued.abort();
        running.abort();
        release.send(()).unwrap();
        assert_eq!(runtime.block_on(running).unwrap(), 1);
        let error: task::JoinError = runtime.block_on(queued).unwrap_err();
        assert!(error.is_cancelled(), "{error}");
        drops.assert_all();
    });
}

#[test]
fn a_panic_is_the_joiners_and_the_thread_survives() {
    on_both(|runtime| {
        let thread = |runtime: &Runtime| {
            runtime.block_on(runtime.spawn_blocking(|| std::thread::current().id())).unwrap()
        };
        let before = thread(runtime);
        let error = runtime.block_on(runtime.spawn_blocking(|| panic!("on purpose")));
        let error: task::JoinError = error.unwrap_err();
        assert!(error.is_panic(), "{error}");
        assert_eq!(thread(runtime), before);
    });
}

#[test]
fn a_job_is_inside_its_runtime() {
    on_both(|runtime| {
        let job = runtime.spawn_blocking(|| {
            let task = Handle::current().spawn(async { 3 });
            Handle::current().block_on(task).unwrap()
        });
        assert_eq!(runtime.block_on(job).unwrap(), 3);
        // And the next job of that thread belongs to itself alone.
        assert!(!runtime.block_on(runtime.spawn_blocking(|| task::try_id().is_none())).unwrap());
    });
}

#[test]
fn to_thread_is_lazy_and_its_panic_goes_on_in_the_caller() {
    on_both(|runtime| {
        runtime.block_on(async {
            let drops = Drops::new();
            let witness = drops.witness();
            let never = sheave::to_thread(move || {
                drop(witness);
                panic!("ran without a poll");
            });
            assert_eq!(drops.dropped(), 0);
            drop::<task::ToThread<_, ()>>(never);
            drops.assert_all();
            assert_eq!(sheave::to_thread(|| 4).await, 4);
        });
        let caught = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async { sheave::to_thread(|| panic!("through and through")).await })
        }));
        let payload = caught.expect_err("the panic goes on");
        assert_eq!(payload.downcast_ref::<&str>().unwrap(), &"through and through");
    });
}

#[test]
fn to_thread_cancels_its_queued_job_when_dropped() {
    on_both(|runtime| {
        let ((release, wait), drops) = (channel::<()>(), Drops::new());
        let blocker = runtime.spawn_blocking(move || wait.recv().unwrap());
        let witness = drops.witness();
        runtime.block_on(async {
            let mut queued = sheave::to_thread(move || {
                drop(witness);
                panic!("ran after its end");
            });
            poll_once::<task::ToThread<_, ()>>(&mut queued).await;
            drop(queued);
            release.send(()).unwrap();
            blocker.await.unwrap();
            spawn_blocking(|| ()).await.unwrap();
        });
        drops.assert_all();
    });
}

#[test]
fn block_in_place_returns_the_result_wherever_it_is_called() {
    watchdog(LIMIT, || {
        assert_eq!(block_in_place(|| 1), 1, "outside of a runtime");
        let runtime = small();
        assert_eq!(runtime.block_on(async { block_in_place(|| 2) }), 2);
        let nested = async { block_in_place(|| block_in_place(|| 3)) };
        assert_eq!(runtime.block_on(runtime.spawn(nested)).unwrap(), 3);
        let driving = async {
            yield_now().await;
            block_in_place(|| Handle::current().block_on(sheave::spawn(async { 4 })).unwrap())
        };
        assert_eq!(runtime.block_on(runtime.spawn(driving)).unwrap(), 4);
        assert_eq!(runtime.block_on(runtime.spawn_blocking(|| block_in_place(|| 5))).unwrap(), 5);
    });
}

#[test]
fn the_other_tasks_go_on_during_block_in_place() {
    watchdog(LIMIT, || {
        let runtime = small();
        for _ in 0..100 {
            let ((send, receive), (started, is_started)) = (channel(), channel());
            let blocked = runtime.spawn(async move {
                block_in_place(|| {
                    started.send(()).unwrap();
                    receive.recv().unwrap()
                })
            });
            is_started.recv().unwrap();
            drop(runtime.spawn(async move { send.send(1).unwrap() }));
            assert_eq!(runtime.block_on(blocked).unwrap(), 1);
        }
    });
}

#[test]
fn a_task_that_was_woken_just_before_goes_on_during_block_in_place() {
    watchdog(LIMIT, || {
        let runtime = small();
        let blocked = runtime.spawn(async {
            let (send, receive) = channel();
            // The newest task is in the worker's slot, which only the worker itself looks at.
            drop(sheave::spawn(async move { send.send(1).unwrap() }));
            block_in_place(|| receive.recv().unwrap())
        });
        assert_eq!(runtime.block_on(blocked).unwrap(), 1);
    });
}

#[test]
fn block_in_place_waits_behind_no_blocking_job() {
    watchdog(LIMIT, || {
        let runtime = small();
        let (send, receive) = channel();
        // The pool's only thread waits for a task.
        let job = runtime.spawn_blocking(move || receive.recv().unwrap());
        let blocked = runtime.spawn(async move {
            drop(sheave::spawn(async move { send.send(6).unwrap() }));
            block_in_place(|| Handle::current().block_on(job).unwrap())
        });
        assert_eq!(runtime.block_on(blocked).unwrap(), 6);
    });
}

#[test]
fn block_in_place_takes_no_thread_from_the_pool() {
    watchdog(LIMIT, || {
        let runtime = small();
        for _ in 0..20 {
            let (send, receive) = channel();
            let blocked = runtime.spawn(async move {
                let other = sheave::spawn(async move { send.send(()).unwrap() });
                block_in_place(|| receive.recv().unwrap());
                other.await.unwrap();
            });
            runtime.block_on(blocked).unwrap();
            // The worker goes on elsewhere by now; the pool's only thread is still the pool's.
            assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 7)).unwrap(), 7);
        }
    });
}

#[test]
fn many_tasks_block_in_place_at_once() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let barrier = Arc::new(Barrier::new(64));
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let barrier = barrier.clone();
                runtime.spawn(async move {
                    block_in_place(|| barrier.wait().is_leader());
                    yield_now().await;
                    block_in_place(|| barrier.wait().is_leader())
                })
            })
            .collect();
        let leaders = runtime.block_on(async {
            let mut leaders = 0;
            for task in tasks {
                leaders += usize::from(task.await.unwrap());
            }
            leaders
        });
        assert_eq!(leaders, 1);
    });
}

#[test]
fn a_panic_in_block_in_place_loses_no_worker() {
    watchdog(LIMIT, || {
        let runtime = small();
        for _ in 0..50 {
            let task = runtime.spawn(async { block_in_place(|| panic!("on purpose")) });
            let error: task::JoinError = runtime.block_on(task).unwrap_err();
            assert!(error.is_panic(), "{error}");
            assert_eq!(runtime.block_on(runtime.spawn(async { 8 })).unwrap(), 8);
        }
    });
}

#[test]
fn block_in_place_without_a_thread_to_be_had_keeps_its_worker() {
    watchdog(LIMIT, || {
        let (drops, flag) = (Drops::new(), Flag::new());
        let runtime = Arc::new(small());
        let (witness, done, mine) = (drops.witness(), flag.clone(), runtime.clone());
        drop(runtime.spawn(async move {
            let _witness = witness;
            pending::<()>().await;
        }));
        let (go, may_go) = channel::<()>();
        drop(runtime.spawn(async move {
            may_go.recv().unwrap();
            // The last owner: this closes the runtime and with it the relief.
            drop(mine);
            assert_eq!(block_in_place(|| 9), 9);
            done.set();
        }));
        drop(runtime);
        go.send(()).unwrap();
        eventually("the task goes on", || flag.is_set());
        eventually("the other one is dropped", || drops.dropped() == 1);
    });
}

#[test]
fn a_runtime_may_end_while_a_task_is_in_block_in_place() {
    watchdog(LIMIT, || {
        let runtime = small();
        let ((release, wait), (started, is_started)) = (channel::<()>(), channel());
        let drops = Drops::new();
        let witness = drops.witness();
        let blocked = runtime.spawn(async move {
            let _witness = witness;
            block_in_place(|| {
                started.send(()).unwrap();
                wait.recv().unwrap();
            });
            pending::<()>().await;
        });
        is_started.recv().unwrap();
        runtime.shutdown_timeout(Duration::from_millis(50));
        assert!(!blocked.is_finished(), "a blocked task is not torn away");
        release.send(()).unwrap();
        eventually("the task has ended", || blocked.is_finished());
        drops.assert_all();
    });
}
