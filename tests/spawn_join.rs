//! Spawning, joining and aborting tasks.

use sheave::runtime::{Builder, Runtime};
use sheave::task::{self, yield_now};
use sheave_tests::{Drops, Flag, eventually, watchdog};
use std::collections::HashSet;
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().build().unwrap(),
        Builder::new_multi_thread().worker_threads(2).build().unwrap(),
    ]
}

fn on_both(test: impl Fn(&Runtime)) {
    watchdog(LIMIT, || runtimes().iter().for_each(test));
}

#[test]
fn results_arrive() {
    on_both(|runtime| {
        let outside = runtime.spawn(async { 1 });
        let sum = runtime.block_on(async {
            let tasks: Vec<_> = (0..100).map(|n| sheave::spawn(async move { n })).collect();
            let mut sum = outside.await.unwrap();
            for task in tasks {
                sum += task.await.unwrap();
            }
            sum
        });
        assert_eq!(sum, 4951);
    });
}

#[test]
fn a_panic_is_the_joiners_and_costs_nobody_else() {
    on_both(|runtime| {
        let number = std::hint::black_box(1);
        let task = runtime.spawn(async move { panic!("on purpose {number}") });
        let error: task::JoinError = runtime.block_on(task).unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert!(error.to_string().contains("on purpose 1"), "{error}");
        let payload = error.into_panic();
        assert_eq!(payload.downcast_ref::<String>().unwrap(), "on purpose 1");
        assert_eq!(runtime.block_on(runtime.spawn(ready(2))).unwrap(), 2);
    });
}

/// Panics when dropped, so that a cancellation panics.
struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("dropped on purpose");
    }
}

#[test]
fn a_panic_while_a_cancelled_future_is_dropped_is_the_joiners() {
    on_both(|runtime| {
        let fragile = Fragile;
        let task = runtime.spawn(async move {
            let _fragile = &fragile;
            pending::<()>().await;
        });
        task.abort();
        assert!(runtime.block_on(task).unwrap_err().is_panic());
    });
}

#[test]
fn abort_before_the_first_poll_drops_the_future_unpolled() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let drops = Drops::new();
        let witness = drops.witness();
        runtime.block_on(async {
            let task = sheave::spawn(async move {
                drop(witness);
                panic!("polled");
            });
            task.abort();
            assert!(!task.is_finished(), "the future is dropped by a worker, not by the aborter");
            let error: task::JoinError = task.await.unwrap_err();
            assert!(error.is_cancelled(), "{error}");
        });
        drops.assert_all();
    });
}

#[test]
fn abort_while_waiting_cancels() {
    on_both(|runtime| {
        let (flag, drops) = (Flag::new(), Drops::new());
        let (wait, witness) = (flag.wait(), drops.witness());
        let task = runtime.spawn(async move {
            let _witness = witness;
            wait.await;
        });
        runtime.block_on(async {
            while flag.waiting() == 0 {
                yield_now().await;
            }
            let handle = task.abort_handle();
            handle.abort();
            handle.abort();
            assert!(task.await.unwrap_err().is_cancelled());
            assert!(handle.is_finished());
        });
        drops.assert_all();
        flag.set();
    });
}

#[test]
fn a_handle_that_aborts_on_drop_ends_its_task_unless_it_was_detached() {
    on_both(|runtime| {
        let drops = Drops::new();
        let forever = || {
            let witness = drops.witness();
            task::AbortOnDropHandle::new(runtime.spawn(async move {
                let _witness = witness;
                pending::<()>().await;
            }))
        };
        let mut bound = forever();
        let abort = bound.abort_handle();
        // Dropping the future that awaits it is not dropping it.
        runtime.block_on(async {
            sheave::select! {
                _ = &mut bound => unreachable!(),
                () = yield_now() => {}
            }
        });
        assert!(!bound.is_finished() && bound.as_ref().id() == abort.id());
        drop(bound);
        runtime.block_on(async {
            while !abort.is_finished() {
                yield_now().await;
            }
        });
        drops.assert_all();

        let free = forever().detach();
        runtime.block_on(yield_now());
        assert!(!free.is_finished());
        free.abort();
        assert!(runtime.block_on(free).unwrap_err().is_cancelled());
        let done = task::AbortOnDropHandle::new(runtime.spawn(ready(7)));
        assert_eq!(runtime.block_on(done).unwrap(), 7);
    });
}

#[test]
fn abort_while_running_takes_effect_at_the_next_await() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        for waits_again in [false, true] {
            let (running, is_running) = channel();
            let (go_on, may_go_on) = channel::<()>();
            let task = runtime.spawn(async move {
                running.send(()).unwrap();
                may_go_on.recv().unwrap();
                if waits_again {
                    yield_now().await;
                    panic!("resumed after its abort");
                }
                5
            });
            is_running.recv().unwrap();
            task.abort();
            assert!(!task.is_finished());
            go_on.send(()).unwrap();
            match runtime.block_on(task) {
                Ok(output) => assert!(!waits_again && output == 5),
                Err(error) => assert!(waits_again && error.is_cancelled(), "{error}"),
            }
        }
    });
}

#[test]
fn abort_after_the_end_changes_nothing() {
    on_both(|runtime| {
        let task = runtime.spawn(async { 7 });
        runtime.block_on(async {
            while !task.is_finished() {
                yield_now().await;
            }
            task.abort();
            assert_eq!(task.await.unwrap(), 7);
        });
    });
}

#[test]
fn a_task_may_abort_itself() {
    on_both(|runtime| {
        let (send, receive) = channel::<task::AbortHandle>();
        let task = runtime.spawn(async move {
            receive.recv().unwrap().abort();
            yield_now().await;
            panic!("resumed after its abort");
        });
        send.send(task.abort_handle()).unwrap();
        let result: Result<(), _> = runtime.block_on(task);
        assert!(result.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_detached_task_runs_to_its_end() {
    on_both(|runtime| {
        let flag = Flag::new();
        let raised = flag.clone();
        drop(runtime.spawn(async move {
            yield_now().await;
            raised.set();
        }));
        runtime.block_on(flag.wait());
    });
}

#[test]
fn an_output_is_dropped_once_whoever_gets_it() {
    on_both(|runtime| {
        let drops = Drops::new();
        let never_read = runtime.spawn(ready(drops.witness()));
        let read = runtime.spawn(ready(drops.witness()));
        drop(runtime.spawn(ready(drops.witness())));
        drop(runtime.block_on(read).unwrap());
        runtime.block_on(async {
            while !never_read.is_finished() {
                yield_now().await;
            }
        });
        drop(never_read);
        runtime.block_on(async {
            while drops.dropped() < 3 {
                yield_now().await;
            }
        });
        drops.assert_all();
    });
}

#[test]
fn ids_are_unique_and_the_tasks_know_theirs() {
    on_both(|runtime| {
        let (send, ids) = channel();
        runtime.block_on(async {
            assert!(task::try_id().is_none(), "a root is no task");
            let mut spawners = Vec::new();
            for _ in 0..10 {
                let send = send.clone();
                spawners.push(sheave::spawn(async move {
                    for _ in 0..1000 {
                        let inner = sheave::spawn(async { task::id() });
                        let id = inner.id();
                        assert_eq!(inner.await.unwrap(), id);
                        send.send(id).unwrap();
                    }
                }));
            }
            for spawner in spawners {
                spawner.await.unwrap();
            }
            let job = task::spawn_blocking(task::id);
            let id = job.id();
            assert_eq!(job.await.unwrap(), id);
            send.send(id).unwrap();
        });
        drop(send);
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 10_001);
        assert!(task::try_id().is_none());
    });
}

#[test]
fn driving_another_runtime_inside_a_task_keeps_the_tasks_id() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let task = runtime.spawn(async {
            let inner = Builder::new_current_thread().build().unwrap();
            drop(inner.spawn(pending::<()>()));
            // Cancels the inner task on this thread.
            drop(inner);
            task::try_id()
        });
        let id = task.id();
        assert_eq!(runtime.block_on(task).unwrap(), Some(id));
    });
}

#[test]
fn handles_tell_where_a_task_was_spawned() {
    on_both(|runtime| {
        let (here, task) = (Location::caller(), runtime.spawn(async {}));
        assert_eq!((here.file(), here.line()), (task.location().file(), task.location().line()));
        runtime.block_on(async {
            let (here, task) = (Location::caller(), task::Builder::new().name("n").spawn(async {}));
            assert_eq!(here.line(), task.location().line());
            task.await.unwrap();
        });
    });
}

#[test]
fn a_handle_may_be_awaited_on_another_runtime() {
    watchdog(LIMIT, || {
        let [first, second] = runtimes();
        let (flag, raised) = (Flag::new(), Flag::new());
        let (wait, raise) = (flag.wait(), raised.clone());
        let task = second.spawn(async move {
            raise.set();
            wait.await;
            3
        });
        let outer = first.spawn(async move { task.await.unwrap() + 1 });
        first.block_on(async {
            raised.wait().await;
            flag.set();
            assert_eq!(outer.await.unwrap(), 4);
        });
    });
}

fn chain(left: u32, done: Sender<()>) {
    drop(sheave::spawn(async move {
        match left {
            0 => done.send(()).unwrap(),
            _ => chain(left - 1, done),
        }
    }));
}

#[test]
fn tasks_spawn_tasks_a_hundred_thousand_deep() {
    on_both(|runtime| {
        let (done, wait) = channel();
        runtime.block_on(async {
            chain(100_000, done);
            while wait.try_recv().is_err() {
                yield_now().await;
            }
        });
    });
}

fn nest(depth: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async move {
        match depth {
            0 => 0,
            _ => sheave::spawn(nest(depth - 1)).await.unwrap() + 1,
        }
    })
}

#[test]
fn joins_nest() {
    on_both(|runtime| assert_eq!(runtime.block_on(nest(2_000)), 2_000));
}

#[test]
fn a_handle_that_has_returned_its_output_says_so() {
    on_both(|runtime| {
        let mut task = runtime.spawn(async { 1 });
        assert_eq!(runtime.block_on(&mut task).unwrap(), 1);
        let again = catch_unwind(AssertUnwindSafe(|| runtime.block_on(&mut task)));
        let payload = again.expect_err("a second output");
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap();
        assert!(text.contains("polled after"), "{text}");
    });
}

#[test]
fn finished_tasks_leave_the_count() {
    on_both(|runtime| {
        let flag = Flag::new();
        let tasks: Vec<_> = (0..100).map(|_| runtime.spawn(flag.wait())).collect();
        assert_eq!(runtime.metrics().num_alive_tasks(), 100);
        flag.set();
        runtime.block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
        eventually("no task is alive", || runtime.metrics().num_alive_tasks() == 0);
    });
}

/// A panic that passes through what borrows one of these is caught without `AssertUnwindSafe`.
#[test]
fn what_is_shared_may_be_borrowed_by_code_that_unwinds() {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    fn survives<T: UnwindSafe + RefUnwindSafe>() {}
    survives::<Runtime>();
    survives::<sheave::runtime::Handle>();
    survives::<task::JoinHandle<std::cell::Cell<u8>>>();
    survives::<sheave::net::TcpStream>();
    survives::<sheave::net::UdpSocket>();
    survives::<sheave::net::UnixListener>();
    survives::<sheave::sync::Notify>();
    on_both(|runtime| {
        assert!(catch_unwind(|| runtime.block_on(async { panic!("on purpose") })).is_err());
        assert_eq!(runtime.block_on(async { sheave::spawn(async { 7 }).await }).unwrap(), 7);
    });
}
