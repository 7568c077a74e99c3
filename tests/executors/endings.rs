//! Work that is given up, and executors that end before it.

use super::{LIMIT, occupy, on_both, one, poll_once};
use sheave::asyncio::{run_in_executor, to_thread, try_to_thread};
use sheave::cancel::{CancelScope, current_scope};
use sheave::concurrent::{Executor, FutureError, Job, Rejected, check_cancelled};
use sheave::runtime::{Builder, Handle};
use sheave::sync::{CapacityLimiter, oneshot};
use sheave::task::{spawn_blocking, yield_now};
use sheave::time::timeout;
use sheave_tests::{Drops, Witness, watchdog};
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

#[test]
fn a_queued_job_is_cancelled_and_a_running_one_abandoned() {
    on_both(|runtime| {
        runtime.block_on(async {
            let release = occupy(None);
            let drops = Drops::new();
            let witness = drops.witness();
            let queued = run_in_executor(None, move || drop(witness));
            assert!(queued.cancel() && queued.cancelled());
            drops.assert_all();
            assert!(queued.await.unwrap_err().is_cancelled());
            release.send(()).unwrap();
            assert_eq!(run_in_executor(None, || 1).await.unwrap(), 1);
        });
    });
}

/// What a job has captured is dropped inside the runtime, also if it never ran.
#[test]
fn a_cancelled_closure_is_dropped_inside_its_runtime() {
    struct Asks(Sender<bool>);
    impl Drop for Asks {
        fn drop(&mut self) {
            self.0.send(Handle::try_current().is_ok()).unwrap();
        }
    }
    on_both(|runtime| {
        let (sender, receiver) = channel();
        let release = runtime.block_on(async { occupy(None) });
        let asks = Asks(sender);
        let queued = runtime.handle().run_in_executor(None, move || drop(asks));
        assert!(queued.cancel());
        assert!(receiver.recv().unwrap(), "dropped inside the runtime");
        drop(release);
    });
}

/// Q3: dropped while it runs, the job is detached, and can learn of it. C10.
#[test]
fn a_dropped_to_thread_is_asked_to_end() {
    on_both(|runtime| {
        runtime.block_on(async {
            let (started, is_started) = channel();
            let (ended, has_ended) = channel();
            let mut running = to_thread(move || {
                started.send(()).unwrap();
                while check_cancelled().is_ok() {
                    thread::yield_now();
                }
                ended.send(()).unwrap();
            });
            assert!(!poll_once(&mut running));
            is_started.recv().unwrap();
            drop(running);
            has_ended.recv().unwrap();
        });
    });
}

#[test]
fn a_dropped_to_thread_that_waits_never_runs() {
    on_both(|runtime| {
        runtime.block_on(async {
            let release = occupy(None);
            let drops = Drops::new();
            let witness = drops.witness();
            let mut queued = to_thread(move || drop(witness));
            assert!(!poll_once(&mut queued));
            assert_eq!(Handle::current().metrics().blocking_queue_depth(), 1);
            drop(queued);
            drops.assert_all();
            assert_eq!(Handle::current().metrics().blocking_queue_depth(), 0);
            release.send(()).unwrap();
        });
    });
}

/// C10: long work that asks does not hold up the end of its runtime.
#[test]
fn work_learns_that_its_runtime_shuts_down() {
    watchdog(LIMIT, || {
        for by_spawn_blocking in [true, false] {
            let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
            let (started, is_started) = channel();
            let ended = Arc::new(AtomicBool::new(false));
            let flag = ended.clone();
            let work = move || {
                started.send(()).unwrap();
                while check_cancelled().is_ok() {
                    thread::yield_now();
                }
                flag.store(true, SeqCst);
            };
            if by_spawn_blocking {
                drop(runtime.spawn_blocking(work));
            } else {
                drop(runtime.handle().run_in_executor(None, work));
            }
            is_started.recv().unwrap();
            drop(runtime);
            assert!(ended.load(SeqCst));
        }
    });
}

#[test]
fn after_the_end_of_the_runtime_the_default_executor_refuses() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        let refused = handle.run_in_executor(None, || 1);
        let error: FutureError = futures_lite::future::block_on(refused).unwrap_err();
        assert!(error.is_shutdown(), "{error}");
    });
}

#[test]
fn a_default_executor_that_is_shut_down_ends_its_work_and_refuses_more() {
    on_both(|runtime| {
        let handle = runtime.handle();
        runtime.block_on(async {
            let drops = Drops::new();
            let release = occupy(None);
            let witnesses = [drops.witness(), drops.witness()];
            let queued = run_in_executor(None, move || drop(witnesses));
            let dropped = to_thread(|| unreachable!("it is cancelled in the queue"));
            assert!(!poll_once(&mut Box::pin(dropped)));
            let mut shutdown = Box::pin(handle.shutdown_default_executor(None));
            assert!(!poll_once(&mut shutdown), "a closure runs");
            assert!(handle.shutdown_default_executor(Duration::ZERO).await.is_err());
            assert!(run_in_executor(None, || 1).await.unwrap_err().is_shutdown());
            assert!(try_to_thread(|| 1).await.unwrap_err().is_shutdown());
            release.send(()).unwrap();
            shutdown.await.unwrap();
            drops.assert_all();
            assert!(queued.done());
            assert_eq!(handle.shutdown_default_executor(Duration::ZERO).await, Ok(()));
            // Others use the same threads, and go on.
            assert_eq!(spawn_blocking(|| 2).await.unwrap(), 2);
            assert_eq!(run_in_executor(Some(&one()), || 3).await.unwrap(), 3);
        });
    });
}

/// A chosen executor is dropped, which ends a pool that nobody else has.
#[test]
fn a_chosen_default_executor_goes_with_its_shutdown() {
    struct Inline(#[expect(dead_code)] Witness);

    impl Executor for Inline {
        fn execute(&self, job: Box<dyn Job>) -> Result<(), Rejected> {
            job.run();
            Ok(())
        }
    }

    on_both(|runtime| {
        let drops = Drops::new();
        runtime.handle().set_default_executor(Inline(drops.witness()));
        runtime.block_on(async {
            assert_eq!(run_in_executor(None, || 1).await.unwrap(), 1);
            assert_eq!(drops.dropped(), 0);
            Handle::current().shutdown_default_executor(None).await.unwrap();
        });
        drops.assert_all();
    });
}

/// Q3: inside a scope, work that runs is told to end, and waited for.
#[test]
fn a_scope_waits_for_its_threads() {
    on_both(|runtime| {
        runtime.block_on(async {
            let (ended, scope) = (Arc::new(AtomicBool::new(false)), CancelScope::new());
            let (flag, button) = (ended.clone(), scope.clone());
            let work = move || {
                button.cancel();
                while check_cancelled().is_ok() {
                    thread::yield_now();
                }
                flag.store(true, SeqCst);
            };
            let left = scope.run(async {
                to_thread(work).await;
                pending::<()>().await;
            });
            assert!(left.await.is_err());
            assert!(ended.load(SeqCst));
        });
    });
}

/// Q3: with `abandon_on_cancel` it is left to itself.
#[test]
fn a_scope_leaves_threads_that_may_be_abandoned() {
    on_both(|runtime| {
        runtime.block_on(async {
            let (release, wait) = channel::<()>();
            let (ended, has_ended) = channel();
            let scope = CancelScope::new();
            let button = scope.clone();
            let stubborn = to_thread(move || {
                button.cancel();
                wait.recv().unwrap();
                ended.send(()).unwrap();
            });
            assert!(scope.run(stubborn.abandon_on_cancel(true)).await.is_err());
            release.send(()).unwrap();
            has_ended.recv().unwrap();
        });
    });
}

#[test]
fn a_scope_cancels_work_that_waits_in_the_queue() {
    on_both(|runtime| {
        runtime.block_on(async {
            let release = occupy(None);
            let drops = Drops::new();
            let witness = drops.witness();
            let scope = CancelScope::new();
            let button = scope.clone();
            let (queued, ()) = sheave::join!(scope.run(to_thread(move || drop(witness))), async {
                yield_now().await;
                button.cancel();
            });
            assert!(queued.is_err(), "although the only thread is taken");
            drops.assert_all();
            release.send(()).unwrap();
        });
    });
}

/// A scope that had only borrowed a future, and has left, takes nothing from it: the work begins, although the
/// scopes in the future have heard of the cancellation.
#[test]
fn a_scope_that_has_left_does_not_end_work_that_begins_later() {
    on_both(|runtime| {
        runtime.block_on(async {
            let (first, later) = (CancelScope::new(), CancelScope::new());
            let mut work = pin!(later.run(async {
                yield_now().await;
                (to_thread(|| 6).await, try_to_thread(|| 7).await.unwrap())
            }));
            first.cancel();
            assert!(first.run(work.as_mut()).await.is_err());
            let done = timeout(Duration::from_secs(20), work).await;
            assert_eq!(done.expect("it is not stuck").unwrap(), (6, 7));
        });
    });
}

/// A closure does not begin in a scope that is cancelled already, nor takes a token.
#[test]
fn a_cancelled_scope_submits_nothing() {
    on_both(|runtime| {
        runtime.block_on(async {
            let (ran, limiter) = (Arc::new(AtomicUsize::new(0)), CapacityLimiter::new(1));
            for turn in 0..100 {
                let (ran, scope) = (ran.clone(), CancelScope::new());
                scope.cancel();
                let count = move || ran.fetch_add(1, SeqCst);
                if turn % 2 == 0 {
                    let work = to_thread(count).limiter(&limiter).abandon_on_cancel(turn % 4 == 0);
                    assert!(scope.run(work).await.is_err());
                } else {
                    let refused = scope.run(try_to_thread(count)).await.unwrap().unwrap_err();
                    assert!(refused.is_cancelled());
                }
            }
            // What was submitted before this has begun.
            to_thread(|| ()).await;
            assert_eq!((ran.load(SeqCst), limiter.borrowed_tokens()), (0, 0));
        });
    });
}

/// Awaits within the closure are told by a token: the scope of the caller is not around them.
#[test]
fn a_future_that_is_awaited_in_a_thread_is_told_by_a_token() {
    on_both(|runtime| {
        runtime.block_on(async {
            let (scope, handle) = (CancelScope::new(), Handle::current());
            let (token, button) = (scope.child_token(), scope.clone());
            let ran = scope.run(to_thread(move || {
                handle.block_on(token.run_until_cancelled(async {
                    assert!(current_scope().is_none());
                    button.cancel();
                    pending::<()>().await;
                }))
            }));
            assert_eq!(ran.await.unwrap(), None);
        });
    });
}

/// Work of `spawn_blocking` is asked to end when it is aborted.
#[test]
fn an_aborted_closure_is_asked_to_end() {
    on_both(|runtime| {
        runtime.block_on(async {
            let (started, is_started) = oneshot::channel();
            let task = spawn_blocking(move || {
                assert!(check_cancelled().is_ok());
                started.send(()).unwrap();
                while check_cancelled().is_ok() {
                    thread::yield_now();
                }
                "told"
            });
            is_started.await.unwrap();
            task.abort();
            assert_eq!(task.await.unwrap(), "told");
        });
    });
}
