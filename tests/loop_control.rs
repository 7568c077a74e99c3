//! Control of the event loop by asyncio's names (items 14 to 28 of the asyncio reference).
//! `B12` and its like name obligations of its table of behaviours.

use sheave::asyncio::{self, CallHandle, ContextVar, run_coroutine_threadsafe};
use sheave::runtime::{Builder, Handle, Runtime};
use sheave::task::{self, yield_now};
use sheave::time::sleep;
use sheave_tests::{Drops, Flag, eventually, watchdog};
use std::future::{IntoFuture, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(3600);

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// Runs `test` with a runtime of each flavour.
fn on_both(test: impl Fn(Runtime)) {
    watchdog(LIMIT, || [current_thread(), multi_thread()].into_iter().for_each(test));
}

/// What callbacks have noted, in their order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn note(&self, what: &'static str) -> impl FnOnce() + Send + use<> {
        let log = self.0.clone();
        move || log.lock().unwrap().push(what)
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// B5: `run_until_complete` blocks its caller until the future is done, and works again and again.
#[test]
fn run_until_complete_returns_when_its_future_is_done() {
    on_both(|runtime| {
        for n in 0..3 {
            let done = runtime.run_until_complete(async move {
                sleep(Duration::from_millis(1)).await;
                n
            });
            assert_eq!(done.unwrap(), n);
        }
    });
}

/// B14: it does not wait until there is nothing left to do.
#[test]
fn run_until_complete_leaves_other_tasks_behind() {
    on_both(|runtime| {
        let task = runtime.spawn(pending::<()>());
        assert_eq!(runtime.run_until_complete(async { 1 }).unwrap(), 1);
        assert!(!task.is_finished());
        assert_eq!(runtime.handle().all_tasks().len(), 1);
    });
}

#[test]
fn a_stop_gives_the_unfinished_future_back() {
    on_both(|runtime| {
        let (drops, flag) = (Drops::new(), Flag::new());
        let (witness, wait, handle) = (drops.witness(), flag.clone(), runtime.handle().clone());
        let stopped = runtime.run_until_complete(async move {
            let _witness = witness;
            handle.stop();
            wait.wait().await;
            "done"
        });
        let stopped = stopped.unwrap_err();
        assert!(stopped.to_string().contains("stopped before the future was complete"));
        assert_eq!(drops.dropped(), 0);
        flag.set();
        assert_eq!(runtime.run_until_complete(stopped.into_future()).unwrap(), "done");
        drops.assert_all();
    });
}

#[test]
fn a_future_that_ends_in_the_turn_of_the_stop_is_complete() {
    watchdog(LIMIT, || {
        let runtime = current_thread();
        let handle = runtime.handle().clone();
        let task = runtime.spawn(async move { handle.stop() });
        assert!(runtime.run_until_complete(task).unwrap().is_ok());
        // The stop was used up with that run.
        assert_eq!(runtime.run_until_complete(yield_now()).unwrap(), ());
        let handle = runtime.handle().clone();
        let panics = async move {
            handle.stop();
            panic!("on purpose")
        };
        let caught = catch_unwind(AssertUnwindSafe(|| runtime.run_until_complete(panics)));
        assert!(caught.is_err());
        assert_eq!(runtime.run_until_complete(yield_now()).unwrap(), ());
    });
}

/// A multi-thread runtime has no turns; there a run that is stopped early ends without one.
#[test]
fn a_stop_before_run_forever_is_honoured_after_one_turn() {
    watchdog(LIMIT, || {
        let (runtime, log) = (current_thread(), Log::default());
        let (handle, late) = (runtime.handle().clone(), log.note("queued by a callback"));
        handle.call_soon(log.note("queued"));
        let again = handle.clone();
        handle.call_soon(move || drop(again.call_soon(late)));
        handle.stop();
        handle.stop();
        runtime.run_forever();
        assert_eq!(log.take(), ["queued"]);
        // Two stops before a run are one.
        let stop = handle.clone();
        handle.call_soon(move || stop.stop());
        runtime.run_forever();
        assert_eq!(log.take(), ["queued by a callback"]);
        let runtime = multi_thread();
        runtime.handle().stop();
        runtime.run_forever();
    });
}

/// Item 18: what is scheduled when `stop` is called runs, and what that schedules does not.
#[test]
fn a_stop_lets_the_turn_finish_and_begins_no_other() {
    watchdog(LIMIT, || {
        let (runtime, log) = (current_thread(), Log::default());
        let handle = runtime.handle().clone();
        let (stop, before, after) = (handle.clone(), log.note("before"), log.note("after"));
        handle.call_soon(move || {
            stop.call_soon(before);
            stop.stop();
            stop.call_soon(after);
        });
        runtime.run_forever();
        assert_eq!(log.take(), ["before"]);
        runtime.block_on(async {
            yield_now().await;
            yield_now().await;
        });
        assert_eq!(log.take(), ["after"]);
    });
}

#[test]
fn a_stop_cancels_nothing_and_tasks_go_on_with_the_next_run() {
    on_both(|runtime| {
        let (flag, handle) = (Flag::new(), runtime.handle().clone());
        let wait = flag.clone();
        let task = runtime.spawn(async move { wait.wait().await });
        handle.call_later(Duration::from_millis(1), {
            let handle = handle.clone();
            move || handle.stop()
        });
        runtime.run_forever();
        assert!(!task.is_finished());
        flag.set();
        assert!(runtime.run_until_complete(task).unwrap().is_ok());
    });
}

#[test]
fn every_thread_that_runs_the_runtime_returns_from_one_stop() {
    on_both(|runtime| {
        let handle = runtime.handle().clone();
        let (runtime, begun) = (Arc::new(runtime), Arc::new(AtomicUsize::new(0)));
        let runs = [(); 3].map(|()| {
            let (runtime, begun) = (runtime.clone(), begun.clone());
            thread::spawn(move || {
                // Polled inside the run, so the run has begun.
                let note = async move {
                    begun.fetch_add(1, SeqCst);
                    pending::<()>().await;
                };
                drop(runtime.run_until_complete(note).unwrap_err());
            })
        });
        eventually("all threads run", || begun.load(SeqCst) == 3);
        handle.stop();
        runs.into_iter().for_each(|run| run.join().unwrap());
    });
}

#[test]
fn a_panic_in_a_callback_does_not_stop_the_loop() {
    watchdog(LIMIT, || {
        let (tell, told) = channel();
        let builder = Builder::new_current_thread();
        let runtime =
            builder.on_unhandled_panic(move |panic| tell.send(panic.to_string()).unwrap());
        let runtime = runtime.build().unwrap();
        let handle = runtime.handle().clone();
        let line = line!() + 1;
        handle.call_soon(|| panic!("out of paper"));
        let stop = handle.clone();
        handle.call_soon(move || stop.stop());
        runtime.run_forever();
        let told = told.recv().unwrap();
        assert!(told.contains(&format!("{}:{line}:", file!())), "{told}");
        assert!(told.ends_with("panicked with message \"out of paper\""), "{told}");
    });
}

#[test]
fn run_forever_ends_when_the_runtime_shuts_down() {
    on_both(|runtime| {
        let runtime = Arc::new(runtime);
        let begun = Flag::new();
        let (flag, run) = (begun.clone(), runtime.clone());
        drop(runtime.spawn(async move { flag.set() }));
        let thread = thread::spawn(move || run.run_forever());
        eventually("the loop runs", || begun.is_set());
        assert!(runtime.shutdown(Default::default()).is_complete());
        thread.join().unwrap();
    });
}

#[test]
#[should_panic(expected = "already drives a runtime")]
fn run_forever_inside_async_code_panics() {
    let runtime = current_thread();
    runtime.block_on(async { runtime.run_forever() });
}

#[test]
fn callbacks_are_called_once_each_in_the_order_of_registration() {
    watchdog(LIMIT, || {
        let (runtime, log) = (current_thread(), Log::default());
        let handle = runtime.handle().clone();
        for name in ["one", "two", "three"] {
            handle.call_soon(log.note(name));
        }
        handle.stop();
        runtime.run_forever();
        assert_eq!(log.take(), ["one", "two", "three"]);
        handle.stop();
        runtime.run_forever();
        assert!(log.take().is_empty());
    });
}

/// `call_later(0)` comes behind what is queued, and timers fire in the order of their deadlines.
#[test]
fn timers_are_called_in_the_order_of_their_deadlines() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        let (log, handle) = (Log::default(), runtime.handle().clone());
        handle.call_soon(log.note("soon"));
        handle.call_later(Duration::ZERO, log.note("zero"));
        handle.call_later(3 * LONG, log.note("last"));
        let timer = handle.call_at(handle.time() + LONG, log.note("first"));
        assert_eq!(timer.deadline(), handle.time() + LONG);
        let (stop, started) = (handle.clone(), handle.time());
        handle.call_later(4 * LONG, move || stop.stop());
        runtime.run_forever();
        assert_eq!(log.take(), ["soon", "zero", "first", "last"]);
        assert_eq!(handle.time(), started + 4 * LONG);
    });
}

#[test]
fn a_timer_is_never_early() {
    on_both(|runtime| {
        let handle = runtime.handle().clone();
        let (tell, told) = channel();
        let timers: Vec<_> = (0..50)
            .map(|n| {
                let (tell, clock) = (tell.clone(), handle.clone());
                handle.call_later(Duration::from_micros(100 * n), move || {
                    tell.send((n as usize, clock.time())).unwrap();
                })
            })
            .collect();
        let stop = handle.clone();
        handle.call_later(Duration::from_millis(20), move || stop.stop());
        runtime.run_forever();
        for (n, at) in told.iter().take(timers.len()) {
            assert!(at >= timers[n].deadline());
        }
    });
}

#[test]
fn a_cancelled_call_drops_its_closure_at_once() {
    on_both(|runtime| {
        let (drops, handle) = (Drops::new(), runtime.handle().clone());
        let witness = drops.witness();
        let timer = handle.call_later(LONG, move || drop(witness));
        assert!(!timer.is_cancelled());
        assert!(timer.cancel());
        drops.assert_all();
        assert!(timer.is_cancelled() && !timer.cancel());
        // The task that has waited goes too, and the timer with it.
        eventually("the timer is gone", || {
            runtime.block_on(yield_now());
            runtime.metrics().num_alive_tasks() == 0
        });
    });
}

/// A call that is queued can be cancelled up to its turn.
#[test]
fn a_callback_cancels_the_one_behind_it() {
    watchdog(LIMIT, || {
        let runtime = current_thread();
        let handle = runtime.handle();
        let (give, given) = channel::<CallHandle>();
        let first = handle.call_soon(move || assert!(given.recv().unwrap().cancel()));
        let second = handle.call_soon(|| unreachable!("it was cancelled"));
        give.send(second.clone()).unwrap();
        handle.stop();
        runtime.run_forever();
        assert!(second.is_cancelled() && !first.is_cancelled());
        assert!(!first.cancel(), "it was called");
    });
}

#[test]
fn a_call_that_was_made_cannot_be_cancelled() {
    watchdog(LIMIT, || {
        let runtime = current_thread();
        let call = runtime.handle().call_soon(|| {});
        runtime.handle().stop();
        runtime.run_forever();
        assert!(!call.cancel() && !call.is_cancelled());
    });
}

#[test]
fn dropping_a_handle_does_not_cancel_but_its_wrapper_does() {
    watchdog(LIMIT, || {
        let (runtime, log) = (current_thread(), Log::default());
        let handle = runtime.handle().clone();
        drop(handle.call_soon(log.note("dropped")));
        let kept = handle.call_soon(log.note("wrapped")).cancel_on_drop();
        assert!(!kept.is_cancelled());
        drop(kept);
        drop(handle.call_later(Duration::ZERO, log.note("timer")).cancel_on_drop());
        handle.stop();
        runtime.run_forever();
        assert_eq!(log.take(), ["dropped"]);
    });
}

#[test]
fn a_callback_sees_the_context_of_its_registration() {
    static USER: ContextVar<&str> = ContextVar::with_default("user", "nobody");
    on_both(|runtime| {
        let (handle, (tell, told)) = (runtime.handle().clone(), channel());
        asyncio::copy_context().run(|| {
            USER.set("Ada");
            let (soon, later) = (tell.clone(), tell.clone());
            handle.call_soon(move || {
                soon.send(USER.get()).unwrap();
                USER.set("changed");
            });
            handle.call_later(Duration::from_millis(1), move || later.send(USER.get()).unwrap());
            USER.set("Grace");
        });
        let stop = handle.clone();
        handle.call_later(Duration::from_millis(5), move || stop.stop());
        runtime.run_forever();
        assert_eq!([told.recv().unwrap(), told.recv().unwrap()], ["Ada", "Ada"]);
        assert_eq!(USER.get(), "nobody");
    });
}

#[test]
fn a_call_is_cancelled_by_the_shutdown_and_after_it() {
    on_both(|runtime| {
        let (drops, handle) = (Drops::new(), runtime.handle().clone());
        let (early, late) = (drops.witness(), drops.witness());
        let waiting = handle.call_later(LONG, move || drop(early));
        assert!(runtime.shutdown(Default::default()).is_complete());
        assert!(waiting.is_cancelled());
        assert!(handle.call_soon(move || drop(late)).is_cancelled());
        drops.assert_all();
    });
}

/// B12, E10: the main thread makes the loop, a child thread runs it for ever, and work is registered
/// from the main thread, which is not blocked.
#[test]
fn a_loop_in_a_thread_takes_work_from_the_main_thread() {
    watchdog(LIMIT, || {
        let runtime = current_thread();
        let handle = runtime.handle().clone();
        let child = thread::spawn(move || runtime.run_forever());
        let release = Flag::new();
        let wait = release.clone();
        let first = run_coroutine_threadsafe(
            async move {
                wait.wait().await;
                thread::current().id()
            },
            &handle,
        );
        // The main thread has gone on: it is what releases the work.
        assert!(!first.done());
        release.set();
        let ran_on: ThreadId = first.wait().unwrap();
        assert_eq!(ran_on, child.thread().id());
        let second = handle.spawn_threadsafe(async { 6 * 7 });
        assert_eq!(second.wait().unwrap(), 42);
        handle.call_soon_threadsafe({
            let handle = handle.clone();
            move || handle.stop()
        });
        child.join().unwrap();
    });
}

#[test]
fn cancelling_the_concurrent_future_cancels_the_task() {
    on_both(|runtime| {
        let (drops, begun) = (Drops::new(), Flag::new());
        let (witness, flag) = (drops.witness(), begun.clone());
        let future = runtime.handle().spawn_threadsafe(async move {
            let _witness = witness;
            flag.set();
            pending::<()>().await;
        });
        runtime.block_on(begun.wait());
        assert!(future.cancel() && future.cancelled());
        eventually("the task has ended", || {
            runtime.block_on(yield_now());
            runtime.metrics().num_alive_tasks() == 0
        });
        drops.assert_all();
    });
}

#[test]
fn a_cancelled_task_cancels_the_concurrent_future() {
    on_both(|runtime| {
        let future = runtime.handle().spawn_threadsafe(pending::<()>());
        assert!(runtime.handle().all_tasks().iter().all(|task| task.cancel()));
        let error = runtime.block_on(future.into_future()).unwrap_err();
        assert!(error.is_cancelled());
        let orphan = runtime.handle().spawn_threadsafe(pending::<()>());
        drop(runtime);
        assert!(orphan.wait().unwrap_err().is_cancelled());
    });
}

#[test]
fn a_panic_goes_to_the_concurrent_future() {
    on_both(|runtime| {
        let future = runtime.handle().spawn_threadsafe(async { panic!("out of paper") });
        let error = runtime.block_on(future.into_future()).unwrap_err();
        assert_eq!(*error.try_into_panic().unwrap().downcast::<&str>().unwrap(), "out of paper");
    });
}

#[test]
fn dropping_the_concurrent_future_or_losing_patience_detaches_the_task() {
    watchdog(LIMIT, || {
        let runtime = multi_thread();
        let (release, done) = (Flag::new(), Flag::new());
        let work = |done: Option<Flag>| {
            let wait = release.clone();
            async move {
                wait.wait().await;
                done.iter().for_each(Flag::set);
                1
            }
        };
        drop(runtime.handle().spawn_threadsafe(work(Some(done.clone()))));
        let mut late = runtime.handle().spawn_threadsafe(work(None));
        assert!(late.wait_timeout(Duration::from_millis(2)).unwrap_err().is_timeout());
        release.set();
        runtime.block_on(done.wait());
        assert_eq!(late.wait().unwrap(), 1);
    });
}

/// C18: the deadlock of asyncio is a diagnosis here.
#[test]
fn waiting_on_the_thread_of_the_loop_panics_and_says_so() {
    on_both(|runtime| {
        let error = runtime.block_on(runtime.spawn(async {
            let _ = run_coroutine_threadsafe(pending::<()>(), &Handle::current()).wait();
        }));
        let text = error.unwrap_err().to_string();
        assert!(text.contains("a thread that drives a runtime would block"), "{text}");
    });
}

/// B53: there is a running loop in tasks and callbacks, and outside there is none.
#[test]
fn the_running_loop_is_known_inside_only() {
    watchdog(LIMIT, || {
        assert!(Handle::try_current().is_err());
        assert!(thread::spawn(asyncio::get_running_loop).join().is_err());
        let runtime = current_thread();
        let (tell, told) = channel();
        runtime.handle().call_soon(move || {
            tell.send((task::try_id().is_some(), asyncio::get_running_loop())).unwrap();
        });
        runtime.handle().stop();
        runtime.run_forever();
        let (_, found) = told.recv().unwrap();
        found.stop();
        runtime.run_forever();
        runtime.block_on(async { asyncio::get_running_loop() });
        assert!(Handle::try_current().is_err());
    });
}

/// Item 28: the handler of a loop that runs can be replaced, and one that panics costs nothing.
#[test]
fn an_exception_handler_hears_of_panics_and_may_panic_itself() {
    on_both(|runtime| {
        let handle = runtime.handle().clone();
        let panics = |text: &'static str| {
            handle.call_soon(move || panic!("{text}"));
            eventually("the callback has panicked", || {
                runtime.block_on(yield_now());
                runtime.metrics().num_alive_tasks() == 0
            });
        };
        let (tell, told) = channel();
        handle.set_exception_handler(|_| panic!("the handler is broken"));
        panics("first");
        handle.set_exception_handler(move |panic| tell.send(panic.to_string()).unwrap());
        panics("second");
        assert!(told.recv().unwrap().ends_with("panicked with message \"second\""));
        handle.default_exception_handler();
        panics("third");
        assert!(told.recv().is_err(), "the handler is gone");
    });
}
