//! Done-callbacks (item 35 of the asyncio reference): of tasks, local tasks and futures.

use sheave::asyncio::{ContextVar, create_future, create_task, current_task};
use sheave::runtime::{Builder, Runtime};
use sheave::sync::oneshot;
use sheave::task::{self, JoinHandle, LocalSet, TaskStatus, TryResultError, yield_now};
use sheave_tests::{Drops, in_a_task, runtimes, watchdog};
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

static WHO: ContextVar<u32> = ContextVar::with_default("who", 0);

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

type Log = Arc<Mutex<Vec<(u32, u32, u32)>>>;

/// A callback that logs its number, its context and the output.
fn logs<E>(log: &Log, n: u32) -> impl FnOnce(&Result<u32, E>) + Send + 'static {
    let log = log.clone();
    move |output| {
        let Ok(output) = output else { panic!("no output") };
        log.lock().unwrap().push((n, WHO.get(), *output));
    }
}

/// In the order of registration, each registration once, in the context of the registration, and
/// before the awaiter has the output. The output need not be `Clone`, nor `Sync`.
#[test]
fn callbacks_come_in_order_and_before_the_awaiter() {
    in_a_task(|| async {
        let log = Log::default();
        let (go, gone) = oneshot::channel();
        let task = create_task(async move { gone.await.unwrap() });
        for n in 1..=20 {
            WHO.set(n);
            task.add_done_callback(logs(&log, n));
        }
        WHO.set(0);
        go.send(7).unwrap();
        assert_eq!(task.await.unwrap(), 7);
        let expected: Vec<_> = (1..=20).map(|n| (n, n, 7)).collect();
        assert_eq!(*log.lock().unwrap(), expected);
        let cell = create_task(async { std::cell::Cell::new(Box::new(7)) });
        let (seen, see) = mpsc::channel();
        cell.add_done_callback(move |cell| {
            let cell = cell.as_ref().unwrap();
            seen.send(cell.replace(Box::new(8))).unwrap();
        });
        assert_eq!(cell.await.unwrap().into_inner(), Box::new(8));
        assert_eq!(see.recv().unwrap(), Box::new(7));
    });
}

/// Never by the one who registers, also if the task is done; the output comes after the call then too.
#[test]
fn a_callback_of_a_done_task_is_called_later() {
    watchdog(LIMIT, || {
        current_thread().block_on(async {
            let log = Log::default();
            let mut task = create_task(async { 7 });
            yield_now().await;
            assert!(task.is_finished());
            task.add_done_callback(logs(&log, 1));
            task.add_done_callback(logs(&log, 2));
            assert!(log.lock().unwrap().is_empty(), "never synchronously");
            assert!(matches!(task.try_result(), Err(TryResultError::Pending)), "first the calls");
            assert_eq!((&mut task).await.unwrap(), 7);
            assert_eq!(*log.lock().unwrap(), [(1, 0, 7), (2, 0, 7)]);
        });
    });
    in_a_task(|| async {
        for _ in 0..100 {
            let log = Log::default();
            let task = create_task(async { 7 });
            yield_now().await;
            task.add_done_callback(logs(&log, 1));
            yield_now().await;
            task.add_done_callback(logs(&log, 2));
            assert_eq!(task.await.unwrap(), 7);
            assert_eq!(*log.lock().unwrap(), [(1, 0, 7), (2, 0, 7)]);
        }
    });
}

/// Never where the task ends: on one thread, what was ready before the task comes before its callbacks.
#[test]
fn a_callback_waits_for_its_turn() {
    watchdog(LIMIT, || {
        current_thread().block_on(async {
            let log = Arc::new(Mutex::new(vec![]));
            let noted = |what: &'static str| {
                let log = log.clone();
                move || log.lock().unwrap().push(what)
            };
            let (ends, other, called) = (noted("ends"), noted("other"), noted("called"));
            let task = create_task(async move { ends() });
            task.add_done_callback(move |_| called());
            let other = create_task(async move { other() });
            task.await.unwrap();
            other.await.unwrap();
            assert_eq!(*log.lock().unwrap(), ["ends", "other", "called"]);
        });
    });
}

#[test]
fn a_removed_callback_is_not_called() {
    in_a_task(|| async {
        let drops = Drops::default();
        let witness = drops.witness();
        let (go, gone) = oneshot::channel();
        let task = create_task(async move { gone.await.unwrap() });
        let log = Log::default();
        let kept = task.add_done_callback(logs(&log, 1));
        let removed = task.add_done_callback(move |_| drop(witness));
        assert!(task.remove_done_callback(removed));
        drops.assert_all();
        assert!(!task.remove_done_callback(removed), "it was removed before");
        go.send(7).unwrap();
        let meta = task.meta();
        while !meta.is_finished() {
            yield_now().await;
        }
        assert!(!task.remove_done_callback(kept), "it was called");
        assert_eq!(task.await.unwrap(), 7);
        assert_eq!(*log.lock().unwrap(), [(1, 0, 7)]);
    });
}

/// A detached task keeps its callbacks, and its output is dropped after them.
#[test]
fn a_detached_task_calls_back() {
    in_a_task(|| async {
        for is_late in [false, true] {
            let (called, call) = create_future::<_, Infallible>();
            let drops = Drops::default();
            let output = drops.witness();
            let task = create_task(async move { output });
            if is_late {
                while !task.is_finished() {
                    yield_now().await;
                }
            }
            let seen = drops.clone();
            task.add_done_callback(move |_| called.set_result(seen.dropped()).unwrap());
            drop(task);
            assert_eq!(call.await, Ok(0));
            sheave_tests::eventually("the output is dropped", || drops.dropped() == 1);
        }
    });
}

/// The outcome is what the awaiter gets: also a cancellation with its message, and a panic.
#[test]
fn a_callback_sees_how_the_task_has_ended() {
    in_a_task(|| async {
        let (reason, reasons) = mpsc::channel();
        let sees = |reason: &mpsc::Sender<_>| {
            let reason = reason.clone();
            move |outcome: &Result<(), task::JoinError>| {
                reason.send(outcome.as_ref().unwrap_err().to_string()).unwrap();
            }
        };
        let task = create_task(std::future::pending::<()>());
        task.add_done_callback(sees(&reason));
        assert!(task.cancel_with_message("no longer needed"));
        let error = task.await.unwrap_err();
        assert_eq!(error.cancel_message(), Some("no longer needed"));
        assert_eq!(reasons.recv().unwrap(), error.to_string());
        let task: JoinHandle<()> = create_task(async { panic!("on purpose") });
        task.add_done_callback(sees(&reason));
        let error = task.await.unwrap_err();
        assert_eq!(reasons.recv().unwrap(), error.to_string());
        assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "on purpose");
    });
}

/// No task runs in a callback, and its own has ended.
#[test]
fn a_callback_is_no_task() {
    in_a_task(|| async {
        let task = create_task(yield_now());
        let (seen, see) = mpsc::channel();
        let meta = task.meta();
        task.add_done_callback(move |_| {
            let status = meta.status();
            seen.send((current_task(), status, meta.cancel())).unwrap();
            // It may spawn: it is in the runtime.
            drop(create_task(async {}));
        });
        task.await.unwrap();
        assert_eq!(see.recv().unwrap(), (None, TaskStatus::Finished, false));
    });
}

/// A panic in a callback goes to the hook, and costs neither the others their call nor the task its
/// output.
#[test]
fn a_panic_in_a_callback_is_told() {
    watchdog(LIMIT, || {
        for is_late in [false, true] {
            let (told, tell) = mpsc::channel();
            let runtime = Builder::new_multi_thread()
                .worker_threads(2)
                .on_unhandled_panic(move |panic| {
                    let text = panic.to_string();
                    assert!(panic.is_callback() && text.starts_with("a done-callback of task"));
                    told.send((panic.task_id(), panic.message().map(String::from))).unwrap();
                })
                .build()
                .unwrap();
            let log = Log::default();
            runtime.block_on(async {
                let task = create_task(async { 7 });
                if is_late {
                    while !task.is_finished() {
                        yield_now().await;
                    }
                }
                let id = task.id();
                task.add_done_callback(|_| panic!("on purpose"));
                task.add_done_callback(logs(&log, 2));
                assert_eq!(task.await.unwrap(), 7);
                assert_eq!(tell.recv().unwrap(), (id, Some("on purpose".into())));
            });
            assert_eq!(*log.lock().unwrap(), [(2, 0, 7)]);
            assert!(tell.try_recv().is_err(), "told once");
        }
    });
}

/// Of local tasks, of closures on the pool, and registered on a thread without a runtime.
#[test]
fn every_kind_of_task_calls_back() {
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            let log = Log::default();
            let set = LocalSet::new();
            let local = set.spawn_local(async { *std::rc::Rc::new(7) });
            local.add_done_callback(logs(&log, 1));
            assert_eq!(runtime.block_on(set.run_until(local)).unwrap(), 7);
            let blocking = runtime.spawn_blocking(|| 8);
            let _entered = runtime.enter();
            blocking.add_done_callback(logs(&log, 2));
            assert_eq!(runtime.block_on(blocking).unwrap(), 8);
            let (go, gone) = oneshot::channel();
            let task = runtime.spawn(async move { gone.await.unwrap() });
            std::thread::scope(|scope| {
                scope.spawn(|| task.add_done_callback(logs(&log, 3)));
            });
            go.send(9).unwrap();
            assert_eq!(runtime.block_on(task).unwrap(), 9);
            assert_eq!(*log.lock().unwrap(), [(1, 0, 7), (2, 0, 8), (3, 0, 9)]);
        }
    });
}

/// Whoever ends the runtime calls those of the tasks that it cancels.
#[test]
fn the_end_of_the_runtime_calls_back() {
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            let (seen, see) = mpsc::channel();
            let task = runtime.spawn(std::future::pending::<()>());
            task.add_done_callback(move |outcome| {
                seen.send(outcome.as_ref().unwrap_err().is_cancelled()).unwrap();
            });
            drop(runtime);
            assert_eq!(see.recv(), Ok(true));
            drop(task);
        }
    });
}

/// Many threads register with tasks that end just then.
#[test]
fn registrations_race_the_end() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        for _ in 0..500 {
            let task = runtime.spawn(async { 7 });
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        let _entered = runtime.enter();
                        let calls = calls.clone();
                        task.add_done_callback(move |_| _ = calls.fetch_add(1, SeqCst));
                    });
                }
            });
            assert_eq!(runtime.block_on(task).unwrap(), 7);
        }
        assert_eq!(calls.load(SeqCst), 1000);
    });
}

#[test]
#[should_panic(expected = "has returned its output: add it before")]
fn it_is_too_late_for_a_callback_when_the_output_is_gone() {
    current_thread().block_on(async {
        let mut task = create_task(async { 7 });
        assert_eq!((&mut task).await.unwrap(), 7);
        task.add_done_callback(|_| {});
    });
}

/// Futures that are completed by hand call back by the same rules.
#[test]
fn a_promise_calls_back() {
    in_a_task(|| async {
        let log = Log::default();
        let (completer, mut promise) = create_future::<u32, Infallible>();
        WHO.set(1);
        promise.add_done_callback(logs(&log, 1));
        WHO.set(2);
        let removed = promise.add_done_callback(logs(&log, 2));
        WHO.set(3);
        promise.add_done_callback(logs(&log, 3));
        assert!(promise.remove_done_callback(removed) && !promise.remove_done_callback(removed));
        completer.set_result(7).unwrap();
        assert!(completer.is_finished() && completer.set_result(8).is_err());
        assert_eq!((&mut promise).await, Ok(7));
        assert_eq!(*log.lock().unwrap(), [(1, 1, 7), (3, 3, 7)]);
    });
}

/// What a callback adds is called as well, before the awaiter has the outcome; what it removes is not
/// called any more, though the future is done.
#[test]
fn a_callback_of_a_promise_adds_and_removes_others() {
    in_a_task(|| async {
        let log = Log::default();
        let (completer, promise) = create_future::<u32, Infallible>();
        let (same, added, removed) = (promise.clone(), logs(&log, 2), Arc::new(Mutex::new(None)));
        let id = removed.clone();
        promise.add_done_callback(move |_| {
            WHO.set(1);
            same.add_done_callback(added);
            assert!(same.remove_done_callback(id.lock().unwrap().take().unwrap()));
        });
        *removed.lock().unwrap() = Some(promise.add_done_callback(|_| unreachable!("removed")));
        promise.add_done_callback(logs(&log, 3));
        completer.set_result(7).unwrap();
        assert_eq!(promise.await, Ok(7));
        assert_eq!(*log.lock().unwrap(), [(3, 0, 7), (2, 1, 7)]);
    });
}

#[test]
fn a_promise_that_is_done_calls_back_later() {
    watchdog(LIMIT, || {
        current_thread().block_on(async {
            let log = Log::default();
            let (completer, promise) = create_future::<u32, Infallible>();
            completer.set_result(7).unwrap();
            promise.add_done_callback(logs(&log, 1));
            promise.add_done_callback(logs(&log, 2));
            assert!(log.lock().unwrap().is_empty(), "never synchronously");
            assert_eq!(promise.clone().await, Ok(7));
            assert_eq!(*log.lock().unwrap(), [(1, 0, 7), (2, 0, 7)]);
            assert_eq!(promise.await, Ok(7));
        });
    });
}

/// Also if nobody awaits it, and if nobody completes it.
#[test]
fn a_promise_that_is_dropped_calls_back() {
    in_a_task(|| async {
        let (called, call) = create_future::<_, Infallible>();
        let (completer, promise) = create_future::<u32, Infallible>();
        promise.add_done_callback(|_| panic!("on purpose"));
        promise.add_done_callback(move |outcome| called.set_result(outcome.is_err()).unwrap());
        drop(promise);
        drop(completer);
        assert_eq!(call.await, Ok(true));
    });
}
