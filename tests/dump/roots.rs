//! What threads block on, in dumps that another thread takes.

use super::{LIMIT, LONG, find};
use sheave::runtime::{Builder, Handle, RootDump, Runtime, SyncKind, TaskState, WaitsFor};
use sheave::sync::oneshot::{self, Receiver};
use sheave::task::{self, LocalSet, spawn_local};
use sheave::time::{sleep, timeout};
use sheave_tests::{eventually, watchdog};
use std::future::{Future, pending};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

fn both() -> [Runtime; 2] {
    [Builder::new_multi_thread().worker_threads(2), Builder::new_current_thread()]
        .map(|builder| builder.build().unwrap())
}

/// A thread that looks at the first root until that waits as asked for, and then sends a message.
fn observe(
    handle: &Handle,
    is_it: impl Fn(&RootDump) -> bool + Send + 'static,
) -> (JoinHandle<RootDump>, Receiver<()>) {
    let (seen, was_seen) = oneshot::channel();
    let handle = handle.clone();
    let observer = thread::spawn(move || {
        let mut found = None;
        eventually("the root waits", || {
            found = handle.dump().roots().first().filter(|root| is_it(root)).cloned();
            found.is_some()
        });
        seen.send(()).unwrap();
        found.unwrap()
    });
    (observer, was_seen)
}

fn is_for(root: &RootDump, kind: SyncKind) -> bool {
    matches!(root.waits_for(), Some(WaitsFor::Sync { kind: k, .. }) if k == kind)
}

fn waits_for_a_message(root: &RootDump) -> bool {
    is_for(root, SyncKind::OneshotReceiver)
}

#[test]
fn a_root_says_where_it_is_and_what_it_waits_for() {
    watchdog(LIMIT, || {
        for runtime in both() {
            let (observer, seen) = observe(runtime.handle(), |root| root.waits_for().is_some());
            let begun = std::time::Instant::now();
            let line = line!() + 1;
            let waited = runtime.block_on(async {
                let waiter = sheave::spawn(async { seen.await.unwrap() });
                let id = waiter.id();
                waiter.await.unwrap();
                id
            });
            let root = observer.join().unwrap();
            let expected =
                matches!(root.waits_for(), Some(WaitsFor::Join { task, .. }) if task == waited);
            assert!(expected, "{root:?}");
            assert_eq!((root.called_at().file(), root.called_at().line()), (file!(), line));
            assert_eq!(root.thread_name(), thread::current().name());
            assert_eq!((root.state(), root.task()), (TaskState::Waiting, None));
            assert!(!root.waits_for_more());
            let polled = root.since_last_poll().expect("it was polled");
            assert!(polled <= begun.elapsed() + Duration::from_millis(100), "{polled:?}");
            let text = root.to_string();
            let place = format!("block_on at {}:{line}:", file!());
            assert!(text.starts_with(&place), "{text}");
            assert!(text.ends_with(&format!(": the end of task {waited}")), "{text}");
            assert!(runtime.handle().dump().roots().is_empty(), "it has ended");
        }
    });
}

#[test]
fn several_threads_block_on_one_runtime() {
    watchdog(LIMIT, || {
        for runtime in both() {
            let names = ["the first", "the second", "the third"];
            let threads: Vec<_> = names
                .into_iter()
                .map(|name| {
                    let (release, released) = oneshot::channel::<()>();
                    let handle = runtime.handle().clone();
                    let block = move || handle.block_on(released).unwrap();
                    let thread = thread::Builder::new().name(name.to_owned()).spawn(block);
                    (release, thread.unwrap())
                })
                .collect();
            let handle = runtime.handle();
            eventually("all of them wait", || {
                let dump = handle.dump();
                dump.roots().iter().filter(|root| waits_for_a_message(root)).count() == 3
            });
            let dump = handle.dump();
            for name in names {
                let of_this = |root: &&RootDump| root.thread_name() == Some(name);
                assert_eq!(dump.roots().iter().filter(of_this).count(), 1, "{dump}");
                assert!(dump.to_string().contains(&format!(" on thread {name:?} waiting for ")));
            }
            for (left, (release, thread)) in threads.into_iter().enumerate() {
                release.send(()).unwrap();
                thread.join().unwrap();
                assert_eq!(handle.dump().roots().len(), 2 - left);
            }
        }
    });
}

#[test]
fn a_root_runs_while_it_is_polled() {
    watchdog(LIMIT, || {
        for runtime in both() {
            let (dump, later) = runtime.block_on(async {
                let dump = Handle::current().dump();
                thread::sleep(Duration::from_millis(20));
                (dump, Handle::current().dump())
            });
            for dump in [&dump, &later] {
                let [root] = dump.roots() else { panic!("{dump}") };
                assert!(matches!(root.state(), TaskState::Running { worker: None, .. }), "{dump}");
                assert_eq!(root.waits_for(), None);
            }
            let root = &later.roots()[0];
            assert!(root.since_last_poll() >= Some(Duration::from_millis(20)), "{root}");
            assert!(root.to_string().contains(" running for "), "{root}");
        }
    });
}

#[test]
fn one_that_was_woken_and_not_polled_yet_is_queued() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let (observer, seen) = observe(runtime.handle(), |root| {
            // Before its first poll it is queued as well.
            root.state() == TaskState::Queued && root.since_last_poll().is_some()
        });
        runtime.block_on(async {
            let (wake, woken) = oneshot::channel();
            let waker = sheave::spawn(async move {
                let mut seen = seen;
                wake.send(()).unwrap();
                // The root is due, and this task has the thread.
                while seen.try_recv().is_err() {
                    thread::yield_now();
                }
            });
            woken.await.unwrap();
            waker.await.unwrap();
        });
        let root = observer.join().unwrap();
        assert!(root.to_string().contains(" queued, polled "), "{root}");
    });
}

#[test]
fn the_entrances_to_a_runtime() {
    watchdog(LIMIT, || {
        for runtime in both() {
            // The other tasks of the thread wait for something else.
            let (observer, seen) = observe(runtime.handle(), waits_for_a_message);
            let line = line!() + 1;
            LocalSet::new().block_on(&runtime, async {
                drop(spawn_local(async { sleep(LONG).await }));
                seen.await.unwrap();
            });
            assert_eq!(observer.join().unwrap().called_at().line(), line);

            let (observer, seen) = observe(runtime.handle(), waits_for_a_message);
            runtime.block_on(async {
                drop(sheave::spawn(sleep(LONG)));
                timeout(LONG, seen).await.unwrap().unwrap();
            });
            assert!(observer.join().unwrap().waits_for_more(), "there is the time-out beside it");
        }

        // The future waits, and the runner listens for Ctrl-C.
        let mut runner = sheave::asyncio::Runner::new().on_ctrl_c();
        let handle = runner.handle().unwrap();
        let (observer, seen) = observe(&handle, waits_for_a_message);
        let line = line!() + 1;
        runner.run(async { seen.await.unwrap() });
        let root = observer.join().unwrap();
        assert_eq!(root.called_at().line(), line);
        assert!(!root.waits_for_more());

        let runtime = Runtime::new().unwrap();
        let handle = runtime.handle().clone();
        let stopping = handle.clone();
        let stopper = thread::spawn(move || {
            eventually("it runs", || !stopping.dump().roots().is_empty());
            let line = stopping.dump().roots()[0].called_at().line();
            stopping.stop();
            line
        });
        let line = line!() + 1;
        runtime.run_forever();
        assert_eq!(stopper.join().unwrap(), line);
    });
}

#[test]
fn a_task_that_blocks_in_place_is_named() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let handle = runtime.handle().clone();
        let (observer, seen) = observe(&handle, waits_for_a_message);
        let own = handle.clone();
        let blocking = runtime.spawn(async move {
            let (mut wait, mut seen) = (std::pin::pin!(sleep(LONG)), Some(seen));
            std::future::poll_fn(|cx| {
                let polled = wait.as_mut().poll(cx);
                if let Some(seen) = seen.take() {
                    task::block_in_place(|| own.block_on(async { seen.await.unwrap() }));
                }
                polled
            })
            .await;
        });
        let root = observer.join().unwrap();
        assert_eq!(root.task(), Some(blocking.id()));
        assert!(root.to_string().contains(&format!(" by task {} waiting", blocking.id())));
        // The note of its own future is still there.
        eventually("it waits for the timer", || {
            let dump = handle.dump();
            let waits = find(&dump, blocking.id()).unwrap().waits_for();
            assert!(!matches!(waits, Some(WaitsFor::Sync { .. })), "{dump}");
            matches!(waits, Some(WaitsFor::Timer { .. }))
        });
    });
}

/// The thread that runs the tasks of a current-thread runtime to their end is nobody's `block_on`.
#[test]
fn a_shutdown_has_no_root() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        let (tell, told) = mpsc::channel();
        let task = runtime.spawn(async move {
            sheave::shutdown_requested().await;
            tell.send(Handle::current().dump()).unwrap();
            pending::<()>().await;
        });
        let options = sheave::runtime::ShutdownOptions::new().drain(Duration::from_millis(200));
        let report = runtime.shutdown(options);
        assert!(task.is_finished());
        assert!(report.is_complete(), "{report}");
        let dump = told.recv().unwrap();
        assert!(dump.roots().is_empty() && dump.tasks().len() == 1, "{dump}");
        assert!(handle.dump().roots().is_empty());
    });
}
