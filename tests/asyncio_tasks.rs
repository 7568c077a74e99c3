//! Tasks and futures by asyncio's names (items 29 to 36).

use sheave::asyncio::{
    ContextVar, PromiseError, all_tasks, create_future, create_task, current_task,
};
use sheave::runtime::{Builder, Handle, Runtime};
use sheave::sync::oneshot;
use sheave::task::{self, TaskStatus, yield_now};
use sheave::time::{sleep, timeout};
use sheave_tests::{Drops, in_a_task, watchdog};
use std::convert::Infallible;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// B1: a nested await adds no task.
#[test]
fn a_nested_await_spawns_nothing() {
    in_a_task(|| async {
        async fn inner() -> usize {
            yield_now().await;
            all_tasks().len()
        }
        assert_eq!(inner().await, 1);
        let concurrent = create_task(inner());
        assert_eq!(concurrent.await.unwrap(), 2);
    });
}

/// B4, B42: to call an async function runs nothing.
#[test]
fn a_future_that_is_not_awaited_does_not_run() {
    in_a_task(|| async {
        let ran = Arc::new(AtomicBool::new(false));
        let flag = ran.clone();
        let future = async move { flag.store(true, SeqCst) };
        yield_now().await;
        assert!(!ran.load(SeqCst));
        create_task(future).await.unwrap();
        assert!(ran.load(SeqCst));
    });
}

/// B18, B37: `create_task` returns at once, and the task runs in the background, in the order of
/// creation on one thread (item 29).
#[test]
fn create_task_returns_before_the_task_begins() {
    watchdog(LIMIT, || {
        current_thread().block_on(async {
            let log = Arc::new(Mutex::new(vec![]));
            let tasks: Vec<_> = (0..3)
                .map(|n| {
                    let log = log.clone();
                    create_task(async move { log.lock().unwrap().push(n) })
                })
                .collect();
            assert!(log.lock().unwrap().is_empty());
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(*log.lock().unwrap(), [0, 1, 2]);
        });
    });
}

/// B36: two sleeps one after the other add up, as tasks they overlap.
#[test]
fn tasks_overlap_where_awaits_add_up() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let elapsed = |start: sheave::time::Instant| start.elapsed().as_secs();
            let start = sheave::time::Instant::now();
            sleep(Duration::from_secs(1)).await;
            sleep(Duration::from_secs(2)).await;
            assert_eq!(elapsed(start), 3);
            let start = sheave::time::Instant::now();
            let first = create_task(sleep(Duration::from_secs(1)));
            let second = create_task(sleep(Duration::from_secs(2)));
            first.await.unwrap();
            second.await.unwrap();
            assert_eq!(elapsed(start), 2);
        });
    });
}

/// B8, B38: the states of a task, in the order in which it takes them.
#[test]
fn a_status_follows_the_life_of_a_task() {
    watchdog(LIMIT, || {
        current_thread().block_on(async {
            let (reached, reach) = oneshot::channel();
            let mut task = create_task(async move {
                let status = current_task().unwrap().status();
                reached.send(status).unwrap();
                pending::<()>().await;
            });
            assert_eq!(task.status(), TaskStatus::Pending);
            assert_eq!(reach.await, Ok(TaskStatus::Running));
            assert_eq!(task.status(), TaskStatus::Pending);
            assert!(task.cancel());
            assert_eq!(task.status(), TaskStatus::Cancelling);
            assert!((&mut task).await.unwrap_err().is_cancelled());
            assert_eq!(task.status(), TaskStatus::Cancelled);
            let mut done = create_task(async {});
            (&mut done).await.unwrap();
            assert_eq!(done.status(), TaskStatus::Finished);
            let mut broken = create_task(async { panic!("on purpose") });
            assert!((&mut broken).await.is_err());
            assert_eq!(broken.status(), TaskStatus::Panicked);
            assert!([&task.status(), &broken.status()].iter().all(|status| status.is_done()));
        });
    });
}

/// Item 31: another worker's poll shows as `Running`.
#[test]
fn a_poll_on_another_worker_is_running() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let (begun, has_begun) = std::sync::mpsc::channel();
        let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
        let task = runtime.spawn(async move {
            begun.send(()).unwrap();
            may_go_on.recv().unwrap();
        });
        has_begun.recv().unwrap();
        let _entered = runtime.enter();
        assert_eq!(task.status(), TaskStatus::Running);
        go_on.send(()).unwrap();
        runtime.block_on(task).unwrap();
    });
}

/// B9: `cancel` says that it was asked for, or that it is too late.
#[test]
fn cancel_says_whether_it_came_in_time() {
    in_a_task(|| async {
        let task = create_task(pending::<()>());
        let meta = task.meta();
        assert!(task.cancel() && task.cancel(), "also when it was asked for before");
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(!meta.cancel());
    });
}

/// Item 32, C9: who cancelled, and why.
#[test]
fn a_cancelled_task_knows_the_reason() {
    in_a_task(|| async {
        let task = create_task(pending::<()>());
        assert!(task.cancel_with_message("first"));
        assert!(task.cancel_with_message(format!("second of {}", 2)));
        let error = task.await.unwrap_err();
        assert_eq!(error.cancel_message(), Some("second of 2"));
        assert_eq!(error.cancelled_by(), Some(task::id()));
        assert!(error.to_string().ends_with("was cancelled: second of 2"));
        let silent = create_task(pending::<()>());
        silent.abort();
        let error = silent.await.unwrap_err();
        assert_eq!((error.cancel_message(), error.cancelled_by()), (None, None));
    });
}

/// A message is no cancellation: a task that ends otherwise does not mention it.
#[test]
fn a_message_that_came_too_late_is_not_told() {
    watchdog(LIMIT, || {
        current_thread().block_on(async {
            let task = create_task(async {
                current_task().unwrap().cancel_with_message("too late for this poll");
                7
            });
            assert_eq!(task.await.unwrap(), 7, "D4: the output wins");
            let task = create_task(async {
                current_task().unwrap().cancel_with_message("ignored");
                panic!("on purpose")
            });
            let error: task::JoinError = task.await.map(|(): ()| ()).unwrap_err();
            assert!(error.is_panic());
            assert_eq!(error.cancel_message(), None);
        });
    });
}

/// D5: the body of a task that is cancelled before its first step does not run, and what it captured
/// is dropped.
#[test]
fn a_task_cancelled_before_its_first_step_drops_its_captures() {
    watchdog(LIMIT, || {
        current_thread().block_on(async {
            let held = Arc::new(());
            let captured = held.clone();
            let task = create_task(async move {
                drop(captured);
                panic!("the body runs");
            });
            task.cancel();
            let error: task::JoinError = task.await.map(|(): ()| ()).unwrap_err();
            assert!(error.is_cancelled());
            assert_eq!(Arc::strong_count(&held), 1);
        });
    });
}

/// B19: main, task 1 and task 2 are three.
#[test]
fn all_tasks_counts_the_caller_and_those_it_has_started() {
    in_a_task(|| async {
        let tasks = [create_task(pending::<()>()), create_task(pending::<()>())];
        let all = all_tasks();
        assert_eq!(all.len(), 3);
        assert!(all.contains(&current_task().unwrap()));
        assert!(tasks.iter().all(|task| all.contains(&task.meta())));
        assert_eq!(Handle::current().all_tasks().len(), 3);
        for task in tasks {
            task.cancel();
            let _ = task.await;
        }
        assert_eq!(all_tasks(), [current_task().unwrap()]);
    });
}

/// Item 34: what is known of a task.
#[test]
fn a_task_knows_itself() {
    in_a_task(|| async {
        let here = current_task().unwrap();
        let named = task::Builder::new().name("courier").spawn(async { current_task().unwrap() });
        let outside = named.meta();
        let inside = named.await.unwrap();
        assert_eq!(inside, outside);
        assert_eq!((inside.name(), inside.parent()), (Some("courier"), Some(here.id())));
        assert_eq!(inside.spawned_at().file(), file!());
        assert!(task::spawn_blocking(|| current_task().is_some()).await.unwrap());
    });
    assert_eq!(current_task(), None);
    assert_eq!(current_thread().block_on(async { current_task() }), None);
}

/// B22: a future that nobody sets is waited for as long as somebody could.
#[test]
fn a_future_that_nobody_sets_is_pending() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (completer, mut promise) = create_future::<(), Infallible>();
            assert!(timeout(Duration::from_secs(3600), &mut promise).await.is_err());
            assert!(promise.try_result().is_err());
            drop(completer);
            assert_eq!(promise.await, Err(PromiseError::Abandoned));
        });
    });
}

/// B7, B17, B23, B61: an await goes on when the value is there, and other tasks run meanwhile.
#[test]
fn an_await_returns_what_was_set() {
    in_a_task(|| async {
        let (completer, promise) = create_future::<_, &str>();
        let setter = create_task(async move {
            yield_now().await;
            completer.set_result("666").unwrap();
        });
        assert_eq!(promise.await, Ok("666"));
        setter.await.unwrap();
        let (completer, promise) = create_future::<(), _>();
        completer.set_exception("raised").unwrap();
        assert_eq!(promise.await, Err(PromiseError::Exception("raised")));
    });
}

/// Item 36: `InvalidStateError` on the second set, and after a cancellation.
#[test]
fn a_future_is_set_once() {
    in_a_task(|| async {
        let (completer, promise) = create_future::<_, &str>();
        assert!(!completer.is_finished());
        completer.clone().set_result(1).unwrap();
        assert_eq!(completer.set_result(2).unwrap_err().into_inner(), 2);
        assert_eq!(completer.set_exception("late").unwrap_err().into_inner(), "late");
        assert!(completer.is_finished() && !completer.cancel() && !promise.cancel());
        assert_eq!(promise.await, Ok(1));
        let (completer, promise) = create_future::<u32, Infallible>();
        assert!(promise.cancel_with_message("no longer needed"));
        assert!(completer.set_result(3).is_err());
        let cancelled = promise.await.unwrap_err();
        assert_eq!(cancelled.to_string(), "the future was cancelled: no longer needed");
        assert!(cancelled.is_cancelled());
    });
}

/// Item 33: a future is awaited many times by many tasks, and all get the same value.
#[test]
fn many_await_one_future() {
    in_a_task(|| async {
        let (completer, promise) = create_future::<_, Infallible>();
        let tasks: Vec<_> = (0..10).map(|_| create_task(promise.clone())).collect();
        let gave_up = create_task(promise.clone());
        yield_now().await;
        gave_up.cancel();
        completer.set_result(String::from("shared")).unwrap();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap(), "shared");
        }
        assert_eq!(promise.await.unwrap(), "shared");
    });
}

/// A result that can be neither cloned nor shared between threads moves.
#[test]
fn a_result_need_not_be_clone_nor_sync() {
    in_a_task(|| async {
        let (completer, promise) = create_future::<_, Infallible>();
        let cell = Box::new(std::cell::Cell::new(7));
        let setter = create_task(async move { completer.set_result(cell).is_ok() });
        assert_eq!(promise.await.unwrap().get(), 7);
        assert!(setter.await.unwrap());
    });
}

#[test]
fn a_result_that_nobody_takes_is_dropped_once() {
    let drops = Drops::default();
    let (completer, promise) = create_future::<_, Infallible>();
    completer.set_result(drops.witness()).unwrap();
    assert_eq!(drops.dropped(), 0, "somebody may ask for it");
    drop(promise);
    assert_eq!(drops.dropped(), 1);
    assert!(completer.set_result(drops.witness()).is_err());
    drops.assert_all();
}

/// Item 33: many await one task.
#[test]
fn many_await_one_task() {
    in_a_task(|| async {
        let (go, gone) = oneshot::channel();
        let shared = create_task(async move { gone.await.unwrap() }).shared();
        let waiters: Vec<_> = (0..10).map(|_| create_task(shared.clone())).collect();
        let gave_up = create_task(shared.clone());
        yield_now().await;
        gave_up.cancel();
        go.send(7).unwrap();
        for waiter in waiters {
            assert_eq!(waiter.await.unwrap().unwrap(), 7);
        }
        assert_eq!(shared.clone().await.unwrap(), 7);
        let failing = create_task(async { panic!("on purpose") }).shared();
        let error = failing.clone().await.map(|(): ()| ()).unwrap_err();
        assert!(error.is_panic());
        assert!(Arc::ptr_eq(&error, &failing.await.unwrap_err()));
    });
}

/// B52 is different here: a handle goes to any thread, and several tasks run at a time.
#[test]
fn a_handle_is_for_any_thread() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let task = Arc::new(runtime.spawn(pending::<()>()));
        let there = task.clone();
        assert!(std::thread::spawn(move || there.cancel()).join().unwrap());
        let task = Arc::into_inner(task).unwrap();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    });
}

/// Item 35: never called by the one who registers, also if the task is done; in the order of
/// registration; each registration once; with the context of the registration.
#[test]
fn done_callbacks_are_called_later_in_order() {
    static WHO: ContextVar<u32> = ContextVar::with_default("who", 0);
    watchdog(LIMIT, || {
        current_thread().block_on(async {
            let log = Arc::new(Mutex::new(vec![]));
            let (go, gone) = oneshot::channel();
            let task = create_task(async move { gone.await.unwrap() }).shared();
            let register = |n: u32| {
                let log = log.clone();
                WHO.set(n);
                task.add_done_callback(move |output| {
                    log.lock().unwrap().push((n, WHO.get(), *output.as_ref().unwrap()));
                })
            };
            register(1);
            let removed = register(2);
            register(3);
            WHO.set(4);
            assert!(task.remove_done_callback(&removed));
            go.send(7).unwrap();
            task.clone().await.unwrap();
            yield_now().await;
            assert!(!task.remove_done_callback(&removed));
            register(5);
            assert_eq!(*log.lock().unwrap(), [(1, 1, 7), (3, 3, 7)], "never synchronously");
            yield_now().await;
            assert_eq!(log.lock().unwrap().last(), Some(&(5, 5, 7)));
        });
    });
}

/// Item 35: a panic in a callback does not cost the others their call, nor the task its output.
#[test]
fn a_panicking_callback_harms_nobody() {
    in_a_task(|| async {
        let (called, call) = create_future::<_, Infallible>();
        let task = create_task(async { 7 }).shared();
        task.add_done_callback(|_| panic!("on purpose"));
        task.add_done_callback(move |output| {
            called.set_result(*output.as_ref().unwrap()).unwrap();
        });
        assert_eq!(call.await, Ok(7));
        assert_eq!(task.await.unwrap(), 7);
    });
}
