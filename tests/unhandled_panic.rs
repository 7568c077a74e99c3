//! Panics that nobody reads: who hears of them, when, and what the runtime does.

use futures_lite::future::poll_once;
use sheave::asyncio::{TaskGroup, task_group};
use sheave::runtime::{Builder, Handle, Runtime, ShutdownOptions, UnhandledPanic};
use sheave::task::{self, JoinHandle, LocalSet, yield_now};
use sheave_tests::{Drops, eventually, watchdog};
use std::future::{Future, pending, poll_fn};
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// Names the scene that a child process of these tests plays.
const SCENE: &str = "SHEAVE_UNHANDLED_PANIC_SCENE";

fn builders() -> [Builder; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread().worker_threads(2)]
}

/// What a hook has been told, as text.
fn listening(builder: Builder) -> (Runtime, Receiver<String>) {
    let (tell, told) = channel();
    let runtime = builder.on_unhandled_panic(move |panic| tell.send(panic.to_string()).unwrap());
    (runtime.build().unwrap(), told)
}

fn on_both(test: impl Fn(Runtime, Receiver<String>)) {
    watchdog(LIMIT, || {
        for builder in builders() {
            let (runtime, told) = listening(builder);
            test(runtime, told);
        }
    });
}

/// Runs until no task is left. The last one may still be being told of.
fn ended(runtime: &Runtime) {
    eventually("all tasks have ended", || {
        runtime.block_on(yield_now());
        runtime.metrics().num_alive_tasks() == 0
    });
}

fn finished<T>(runtime: &Runtime, task: &JoinHandle<T>) {
    eventually("the task has ended", || {
        runtime.block_on(yield_now());
        task.is_finished()
    });
}

#[test]
fn a_detached_panic_is_told_when_it_happens() {
    on_both(|runtime, told| {
        let _entered = runtime.enter();
        let task =
            task::Builder::new().name("printer").spawn(async { panic!("out of {}", "paper") });
        let (id, line) = (task.id(), line!() - 1);
        drop(task);
        ended(&runtime);
        let text = told.recv().unwrap();
        let place = format!("{}:{line}:", file!());
        assert!(text.starts_with(&format!("task {id} \"printer\", spawned at {place}")), "{text}");
        assert!(text.ends_with("panicked with message \"out of paper\""), "{text}");
    });
}

#[test]
fn the_hook_gets_the_parts_as_well() {
    watchdog(LIMIT, || {
        let (tell, told) = channel();
        let runtime =
            Builder::new_multi_thread().worker_threads(1).on_unhandled_panic(move |panic| {
                let number = panic.payload().downcast_ref::<u32>().copied();
                let parts = (panic.task_id(), panic.task_name().map(str::to_string), number);
                tell.send((parts, panic.spawned_at().line(), panic.message().is_none())).unwrap();
            });
        let runtime = runtime.build().unwrap();
        let task = runtime.spawn(async { panic_any(7_u32) });
        let (id, line) = (task.id(), line!() - 1);
        drop(task);
        assert_eq!(told.recv().unwrap(), ((id, None, Some(7)), line, true));
    });
}

struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn tasks_of_all_kinds_are_told() {
    on_both(|runtime, told| {
        let text = || told.recv().unwrap();
        drop(runtime.spawn_blocking(|| panic!("blocking")));
        assert!(text().contains("\"blocking\""));
        runtime.block_on(async {
            let local = LocalSet::new();
            drop(local.spawn_local(async { panic!("local") }));
            local.await;
        });
        assert!(text().contains("\"local\""));
        let doomed = PanicsOnDrop;
        let task = runtime.spawn(async move {
            let _doomed = doomed;
            pending::<()>().await;
        });
        runtime.block_on(yield_now());
        task.abort();
        drop(task);
        ended(&runtime);
        assert!(text().contains("\"dropped\""));
    });
}

/// The failures of a task group are for whoever awaits it. Those that come when nobody does are told.
#[test]
fn members_of_a_group_that_was_dropped_are_told() {
    on_both(|runtime, told| {
        let (begin, begun) = channel();
        let (release, wait) = channel::<()>();
        runtime.block_on(async {
            let group = task_group(|group: TaskGroup<()>| async move {
                let doomed = PanicsOnDrop;
                let aborted = async move {
                    let _doomed = doomed;
                    pending().await
                };
                drop(group.spawn::<(), _>(aborted).unwrap());
                let blocking = move || {
                    begin.send(()).unwrap();
                    wait.recv().unwrap_err();
                    panic!("blocking")
                };
                drop(group.spawn_blocking::<(), _>(blocking).unwrap());
                pending::<Result<(), ()>>().await
            });
            let mut group = pin!(group);
            assert!(poll_once(&mut group).await.is_none());
            // A closure that runs is not aborted with the group.
            begun.recv().unwrap();
        });
        drop(release);
        ended(&runtime);
        let mut texts = [told.recv().unwrap(), told.recv().unwrap()];
        texts.sort_by_key(|text| text.contains("blocking"));
        assert!(texts[0].contains("dropped") && texts[1].contains("blocking"), "{texts:?}");
        assert!(texts.iter().all(|text| text.contains(file!())), "{texts:?}");
    });
}

#[test]
fn a_panic_that_is_read_is_nobodys_business() {
    on_both(|runtime, told| {
        let read = runtime.spawn(async { panic!("read") });
        assert!(runtime.block_on(read).unwrap_err().is_panic());
        let blocking = runtime.spawn_blocking(|| panic!("read too"));
        assert!(runtime.block_on(blocking).unwrap_err().is_panic());
        let cancelled = runtime.spawn(pending::<()>());
        cancelled.abort();
        drop(cancelled);
        drop(runtime);
        assert!(told.try_iter().next().is_none());
    });
}

#[test]
fn a_panic_waits_for_its_handle() {
    on_both(|runtime, told| {
        let task = runtime.spawn(async { panic!("patience") });
        finished(&runtime, &task);
        assert!(told.try_recv().is_err(), "the handle may still be awaited");
        drop(task);
        assert!(told.try_recv().unwrap().contains("patience"), "told where the handle is dropped");
        // Also after the runtime is gone.
        let task = runtime.spawn(async { panic!("late") });
        finished(&runtime, &task);
        drop(runtime);
        drop(task);
        assert!(told.try_recv().unwrap().contains("late"));
        assert!(told.recv().is_err(), "nothing keeps the hook alive any more");
    });
}

#[test]
fn ignore_tells_nobody() {
    watchdog(LIMIT, || {
        for builder in builders() {
            let (runtime, told) = listening(builder.unhandled_panic(UnhandledPanic::Ignore));
            drop(runtime.spawn(async { panic!("ignored") }));
            ended(&runtime);
            assert_eq!(runtime.block_on(async { sheave::spawn(async { 3 }).await }).unwrap(), 3);
            drop(runtime);
            assert!(told.try_iter().next().is_none());
        }
    });
}

#[test]
fn hooks_may_panic_and_be_replaced() {
    on_both(|runtime, told| {
        let (begin, begun) = channel();
        runtime.handle().on_unhandled_panic(move |_| {
            begin.send(()).unwrap();
            panic!("the hook panics, too");
        });
        for _ in 0..4 {
            drop(runtime.spawn(async { panic!("first") }));
        }
        ended(&runtime);
        (0..4).for_each(|_| begun.recv().unwrap());
        assert_eq!(runtime.block_on(async { sheave::spawn(async { 3 }).await }).unwrap(), 3);
        // A hook that replaces itself.
        let (tell, second): (Sender<String>, _) = channel();
        let handle = runtime.handle().clone();
        runtime.handle().on_unhandled_panic(move |_| {
            let tell = tell.clone();
            handle.on_unhandled_panic(move |panic| tell.send(panic.to_string()).unwrap());
        });
        for _ in 0..2 {
            let task = runtime.spawn(async { panic!("second") });
            finished(&runtime, &task);
        }
        assert_eq!(second.try_iter().count(), 1);
        assert!(told.try_iter().next().is_none(), "the first hook was replaced");
    });
}

/// A hook that was replaced is dropped when it returns. A panic of that keeps nothing from what comes
/// after the hook.
#[test]
fn a_hook_that_replaces_itself_may_panic_when_dropped() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in the drop of a hook");
        }
    }
    watchdog(LIMIT, || {
        for builder in builders() {
            let builder = builder.unhandled_panic(UnhandledPanic::ShutdownRuntime);
            let runtime = builder.build().unwrap();
            let (handle, bomb) = (runtime.handle().clone(), Bomb);
            runtime.handle().on_unhandled_panic(move |_| {
                let _held = &bomb;
                handle.on_unhandled_panic(|_| ());
            });
            drop(runtime.spawn(async { panic!("fatal") }));
            assert!(text_of_block_on(runtime.handle()).contains("\"fatal\""));
        }
    });
}

fn text_of_block_on(runtime: &Handle) -> String {
    let blocked = catch_unwind(AssertUnwindSafe(|| runtime.block_on(pending::<()>())));
    *blocked.unwrap_err().downcast().unwrap()
}

#[test]
fn shutdown_runtime_ends_it_and_says_why() {
    watchdog(LIMIT, || {
        for builder in builders() {
            let builder = builder.unhandled_panic(UnhandledPanic::ShutdownRuntime);
            let (runtime, told) = listening(builder);
            let drops = Drops::new();
            let witness = drops.witness();
            let other = runtime.spawn(async move {
                let _witness = witness;
                pending::<()>().await;
            });
            // Two threads block on it; one of them may drive it.
            let handle = runtime.handle().clone();
            let beside = std::thread::spawn(move || text_of_block_on(&handle));
            drop(runtime.spawn(async { panic!("fatal") }));
            for text in [text_of_block_on(runtime.handle()), beside.join().unwrap()] {
                assert!(text.contains("ShutdownRuntime") && text.contains("\"fatal\""), "{text}");
            }
            assert!(told.recv().unwrap().contains("fatal"));
            eventually("all tasks are dropped", || other.is_finished());
            drops.assert_all();
            assert!(text_of_block_on(runtime.handle()).contains("fatal"), "for ever");
            assert!(runtime.spawn(async {}).is_finished(), "refused");
        }
    });
}

#[test]
fn shutdown_runtime_hears_of_a_handle_that_is_dropped_later() {
    watchdog(LIMIT, || {
        for builder in builders() {
            let builder = builder.unhandled_panic(UnhandledPanic::ShutdownRuntime);
            let (runtime, _told) = listening(builder);
            let task = runtime.spawn(async { panic!("fatal") });
            finished(&runtime, &task);
            let mut task = Some(task);
            let blocked = catch_unwind(AssertUnwindSafe(|| {
                runtime.block_on(poll_fn(|_| {
                    drop(task.take());
                    Poll::<()>::Pending
                }));
            }));
            let text = blocked.unwrap_err().downcast::<String>().unwrap();
            assert!(text.contains("fatal"));
        }
    });
}

/// Blocks whoever wakes it, until it is let go.
struct Blocks {
    blocked: Sender<()>,
    go_on: Mutex<Receiver<()>>,
}

impl Wake for Blocks {
    fn wake(self: Arc<Self>) {
        self.blocked.send(()).unwrap();
        self.go_on.lock().unwrap().recv().unwrap();
    }
}

/// The thread that shuts the runtime down is held up before it has done so; meanwhile another one
/// drops the runtime, which sends a driver of its own.
#[test]
fn a_slow_shutdown_by_a_panic_loses_no_task() {
    watchdog(LIMIT, || {
        let builder = Builder::new_current_thread();
        let (runtime, told) = listening(builder.unhandled_panic(UnhandledPanic::ShutdownRuntime));
        let endless = runtime.spawn(pending::<()>());
        let panics = runtime.spawn(async { panic!("nobody reads this") });
        finished(&runtime, &panics);

        let (blocked, is_blocked) = channel();
        let (let_go, go_on) = channel();
        let waker = Waker::from(Arc::new(Blocks { blocked, go_on: Mutex::new(go_on) }));
        let mut requested = Box::pin(runtime.handle().shutdown_requested());
        assert!(requested.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let slow = thread::spawn(|| drop(panics));
        is_blocked.recv().unwrap();

        let options = ShutdownOptions::new().drain(Duration::from_millis(200));
        let report = runtime.shutdown(options);
        assert!(report.is_complete(), "{report}");
        assert!(endless.is_finished());
        let_go.send(()).unwrap();
        slow.join().unwrap();
        told.recv().unwrap();
    });
}

#[test]
fn a_payload_that_panics_when_dropped_costs_nothing() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the payload panics, too");
        }
    }
    on_both(|runtime, told| {
        drop(runtime.spawn(async { panic_any(Bomb) }));
        ended(&runtime);
        assert!(told.recv().unwrap().ends_with("panicked"));
        assert_eq!(runtime.block_on(async { sheave::spawn(async { 3 }).await }).unwrap(), 3);
    });
}

/// Plays a scene in a process of its own.
fn play(scene: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "scene", "--nocapture"])
        .env(SCENE, scene)
        .output()
        .unwrap()
}

/// What the child processes do; nothing in a run of all tests.
#[test]
fn scene() {
    let Ok(scene) = std::env::var(SCENE) else { return };
    let policy = match scene.as_str() {
        "abort" => UnhandledPanic::Abort,
        _ => UnhandledPanic::Report,
    };
    let builder = Builder::new_multi_thread().worker_threads(1).unhandled_panic(policy);
    let runtime = builder.build().unwrap();
    drop(runtime.spawn(async { panic!("out of paper") }));
    ended(&runtime);
    drop(runtime);
}

#[test]
fn by_default_one_line_names_the_task() {
    watchdog(LIMIT, || {
        let output = play("report");
        assert!(output.status.success(), "{output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        let ours = stderr.lines().filter(|line| line.starts_with("sheave: "));
        // The panic prints a backtrace, and that may take so long that its poll is stuck.
        let ours: Vec<_> = ours.filter(|line| line.contains("panicked")).collect();
        let [line] = ours[..] else { panic!("one line, not {ours:?}") };
        assert!(line.contains("task 1, spawned at ") && line.contains(file!()), "{line}");
        assert_eq!(stderr.matches("out of paper").count(), 1, "not said twice: {stderr}");
    });
}

#[test]
fn abort_aborts() {
    watchdog(LIMIT, || {
        let output = play("abort");
        assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("UnhandledPanic::Abort"), "{stderr}");
    });
}
