//! `asyncio::run` and `Runner` (item 13 of the asyncio reference). `B35` and its like name obligations
//! of its table of behaviours.

use sheave::asyncio::{self, ContextVar, RunError, Runner, all_tasks, create_task};
use sheave::runtime::{Builder, Handle, ShutdownOptions};
use sheave::task::{self, JoinHandle, yield_now};
use sheave::time::{sleep, timeout};
use sheave_tests::{Drops, Flag, watchdog};
use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitStatus};
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

fn builders() -> [Builder; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread().worker_threads(2)]
}

fn on_both(test: impl Fn(Builder)) {
    watchdog(LIMIT, || builders().into_iter().for_each(test));
}

/// What happened, in its order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    fn entries(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

/// Does something when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// B4, B43, E2: the call of an async function does nothing; `run` runs it.
#[test]
fn hello_world_is_printed_by_the_run_and_not_by_the_call() {
    watchdog(LIMIT, || {
        let log = Log::default();
        let hello_world = {
            let log = log.clone();
            async move { log.note("Hello World!") }
        };
        assert!(log.entries().is_empty());
        asyncio::run(hello_world);
        assert_eq!(log.entries(), ["Hello World!"]);
    });
}

/// B63, E32: one run after the other, each with a runtime of its own (B35), which is closed after it.
#[test]
fn two_runs_in_a_row_share_nothing() {
    watchdog(LIMIT, || {
        let say = |name: &'static str| async move { (name, Handle::current()) };
        let (cc, first) = asyncio::run(say("cc"));
        let (dd, second) = asyncio::run(say("dd"));
        assert_eq!([cc, dd], ["cc", "dd"]);
        for handle in [first, second] {
            assert!(handle.is_shutting_down());
            let refused = asyncio::run(handle.spawn(async {})).unwrap_err();
            assert!(refused.to_string().contains("was not started"), "{refused}");
        }
    });
}

/// The future is polled where it was given, and may borrow.
#[test]
fn the_main_future_stays_on_its_thread_and_may_borrow() {
    on_both(|builder| {
        let (here, count) = (thread::current().id(), Rc::new(Cell::new(0)));
        let borrowed = &count;
        asyncio::run_with(builder, async {
            assert_eq!(thread::current().id(), here);
            yield_now().await;
            borrowed.set(1);
        });
        assert_eq!(count.get(), 1);
    });
}

/// B65: anything that can be awaited can be run: asyncio takes coroutines only.
#[test]
fn any_future_can_be_run() {
    watchdog(LIMIT, || {
        assert_eq!(asyncio::run(std::future::ready(1)), 1);
        assert_eq!(asyncio::run(Box::pin(async { 2 })), 2);
        let other = sheave::runtime::Runtime::new().unwrap();
        assert_eq!(asyncio::run(other.spawn(async { 3 })).unwrap(), 3);
    });
}

/// B8, E12: what is left is cancelled before the loop closes, after the value is there.
#[test]
fn the_end_cancels_what_is_left_and_waits_for_its_drops() {
    on_both(|builder| {
        let drops = Drops::new();
        let tasks: Vec<JoinHandle<()>> = asyncio::run_with(builder, async {
            let tasks = (0..10).map(|_| {
                let witness = drops.witness();
                create_task(async move {
                    let _witness = witness;
                    pending().await
                })
            });
            let tasks: Vec<_> = tasks.collect();
            yield_now().await;
            assert_eq!(drops.dropped(), 0);
            tasks
        });
        drops.assert_all();
        for task in tasks {
            assert!(asyncio::run(task).unwrap_err().is_cancelled());
        }
    });
}

/// E13: `cancel` is true for each task that has not ended.
#[test]
fn every_unfinished_task_can_be_cancelled_by_hand() {
    on_both(|builder| {
        let cancelled = asyncio::run_with(builder, async {
            let tasks = [(); 3].map(|()| create_task(sleep(Duration::from_secs(3600))));
            let answers: Vec<bool> = all_tasks().iter().map(|task| task.cancel()).collect();
            for task in tasks {
                assert!(task.await.unwrap_err().is_cancelled());
            }
            answers
        });
        assert_eq!(cancelled, [true; 3]);
    });
}

/// The order of item 13: the gate, the drops, the pool; and then the value.
#[test]
fn the_gate_closes_before_the_drops_and_the_pool_is_joined_after_them() {
    on_both(|builder| {
        let log = Log::default();
        let (spawned, spawn) = channel();
        let value = asyncio::run_with(builder, async {
            let (in_drop, in_job) = (log.clone(), log.clone());
            let (release, released) = channel::<()>();
            let (begin, begun) = channel();
            let handle = Handle::current();
            let late = OnDrop(move || {
                in_drop.note("dropped");
                let refused = handle.spawn(async { unreachable!("the gate is closed") });
                spawned.send(refused).unwrap();
                release.send(()).unwrap();
            });
            drop(create_task(async move {
                let _late = late;
                pending::<()>().await;
            }));
            // Returns when the task was dropped: to join the pool first would hang.
            drop(task::spawn_blocking(move || {
                begin.send(()).unwrap();
                released.recv().unwrap();
                in_job.note("job ended");
            }));
            asyncio::to_thread(move || begun.recv().unwrap()).await;
            log.note("main ended");
            "value"
        });
        assert_eq!(value, "value");
        assert_eq!(log.entries(), ["main ended", "dropped", "job ended"]);
        let refused = asyncio::run(spawn.recv().unwrap()).unwrap_err();
        assert!(refused.is_cancelled() && refused.to_string().contains("was not started"));
    });
}

/// A panic of a task that is cancelled goes to the hook and does not change the result.
#[test]
fn a_panic_in_the_shutdown_is_reported_and_changes_nothing() {
    on_both(|builder| {
        let (tell, told) = channel();
        let builder =
            builder.on_unhandled_panic(move |panic| tell.send(panic.to_string()).unwrap());
        let value = asyncio::run_with(builder, async {
            drop(create_task(async {
                let _bomb = OnDrop(|| panic!("while it is dropped"));
                pending::<()>().await;
            }));
            yield_now().await;
            sleep(Duration::from_millis(5)).await;
            7
        });
        assert_eq!(value, 7);
        assert!(told.recv().unwrap().contains("while it is dropped"));
    });
}

#[test]
fn a_panic_in_main_goes_on_after_the_shutdown() {
    on_both(|builder| {
        let drops = Drops::new();
        let witness = drops.witness();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            asyncio::run_with(builder, async {
                drop(create_task(async move {
                    let _witness = witness;
                    pending::<()>().await;
                }));
                yield_now().await;
                panic!("main is broken");
            })
        }));
        assert_eq!(*panicked.unwrap_err().downcast::<&str>().unwrap(), "main is broken");
        drops.assert_all();
    });
}

#[test]
fn a_nested_run_is_refused() {
    on_both(|builder| {
        asyncio::run_with(builder, async {
            assert!(matches!(asyncio::try_run(async {}), Err(RunError::Nested)));
            let task = create_task(async { asyncio::run(async {}) });
            let text = task.await.unwrap_err().to_string();
            assert!(text.contains("cannot run a runtime inside async code"), "{text}");
            // A thread of the pool drives nothing, so it may (C28).
            assert_eq!(asyncio::to_thread(|| asyncio::run(async { 1 })).await, 1);
        });
    });
}

#[test]
fn a_runtime_that_cannot_be_made_is_an_error() {
    let unfit = Builder::new_multi_thread().worker_threads(1).thread_name("no\0name");
    let error = Runner::with_builder(unfit).try_run(async {}).unwrap_err();
    assert!(matches!(error, RunError::Build(_)));
    assert!(error.to_string().contains("NUL"), "{error}");
}

/// What cannot be ended is left behind after the bound, and named with its place.
#[test]
fn what_does_not_end_is_reported_with_its_place() {
    on_both(|builder| {
        let bound = Duration::from_millis(50);
        let mut runner =
            Runner::with_builder(builder).shutdown_options(ShutdownOptions::new().blocking(bound));
        let (release, released) = channel::<()>();
        let line = runner.run(async {
            let (begin, begun) = channel();
            drop(task::spawn_blocking(move || {
                begin.send(()).unwrap();
                let _ = released.recv();
            }));
            let line = line!() - 4;
            asyncio::to_thread(move || begun.recv().unwrap()).await;
            line
        });
        let start = Instant::now();
        let report = runner.close();
        assert!(start.elapsed() >= bound);
        assert!(!report.is_complete());
        let place = report.jobs()[0].spawned_at().unwrap();
        assert_eq!((place.file(), place.line()), (file!(), line));
        drop(release);
    });
}

/// Item 13b: one runtime and one context for all runs.
#[test]
fn a_runner_keeps_its_runtime_and_its_context() {
    static STEP: ContextVar<u32> = ContextVar::with_default("step", 0);
    on_both(|builder| {
        asyncio::copy_context().run(|| {
            STEP.set(1);
            let mut runner = Runner::with_builder(builder);
            assert_eq!(runner.run(async { STEP.get() }), 1, "a copy of the caller's");
            runner.run(async { STEP.set(2) });
            STEP.set(10);
            assert_eq!(runner.run(async { STEP.get() }), 2);
            assert_eq!(runner.run(async { create_task(async { STEP.get() }).await.unwrap() }), 2);
            assert_eq!(STEP.get(), 10, "the caller's is another one");
            let task = runner.handle().unwrap().spawn(async { 5 });
            assert_eq!(runner.run(task).unwrap(), 5);
            assert!(runner.close().is_complete());
        });
    });
}

#[test]
fn a_runner_is_usable_after_a_panic() {
    on_both(|builder| {
        let mut runner = Runner::with_builder(builder);
        let panicked = catch_unwind(AssertUnwindSafe(|| runner.run(async { panic!("once") })));
        assert!(panicked.is_err());
        assert_eq!(runner.run(async { 1 }), 1);
    });
}

#[test]
fn a_runner_that_ran_nothing_closes_at_once() {
    let report = Runner::new().close();
    assert!(report.is_complete() && report.threads() == 0);
}

#[test]
fn dropping_a_runner_closes_it() {
    on_both(|builder| {
        let drops = Drops::new();
        let witness = drops.witness();
        let mut runner = Runner::with_builder(builder);
        let handle = runner.handle().unwrap();
        drop(handle.spawn(async move {
            let _witness = witness;
            pending::<()>().await;
        }));
        drop(runner);
        drops.assert_all();
        assert!(handle.is_shutting_down());
    });
}

/// Each task is cancelled once, and not polled after that.
#[test]
fn a_cancelled_task_is_not_polled_again() {
    on_both(|builder| {
        let (flag, is_over) = (Flag::new(), Arc::new(Mutex::new(false)));
        asyncio::run_with(builder, async {
            let (set, over) = (flag.clone(), is_over.clone());
            let over_in_drop = is_over.clone();
            drop(create_task(async move {
                let _end = OnDrop(move || *over_in_drop.lock().unwrap() = true);
                poll_fn(|_| {
                    assert!(!*over.lock().unwrap());
                    set.set();
                    Poll::<()>::Pending
                })
                .await;
            }));
            timeout(LIMIT, flag.wait()).await.unwrap();
        });
        assert!(*is_over.lock().unwrap());
    });
}

/// Names the scene that a child process of these tests plays.
const SCENE: &str = "SHEAVE_RUNNER_SCENE";
const SIGINT: i32 = 2;

/// Plays a scene in a process of its own. Returns how it ended, and what it said of ours.
fn play(scene: &str) -> (ExitStatus, Vec<String>) {
    play_with(scene, None)
}

/// As [`play`], with this value of the variable that asks for debug mode.
fn play_with(scene: &str, debug: Option<&str>) -> (ExitStatus, Vec<String>) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--exact", "scene", "--nocapture"]).env(SCENE, scene);
    child.env_remove("SHEAVE_DEBUG").envs(debug.map(|value| ("SHEAVE_DEBUG", value)));
    let output = child.output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    let lines = said.iter().flat_map(|said| said.lines());
    let ours = lines.filter(|line| line.starts_with("- ") || line.starts_with("sheave: "));
    (output.status, ours.map(str::to_owned).collect())
}

/// Says that it is dropped.
fn says(what: &'static str) -> OnDrop<impl FnMut()> {
    OnDrop(move || println!("- {what} dropped"))
}

fn press_ctrl_c() {
    signal_hook::low_level::raise(SIGINT).unwrap();
}

/// A main that presses Ctrl-C, beside a task.
async fn pressing() {
    let _main = says("main");
    drop(create_task(async {
        let _task = says("task");
        pending::<()>().await;
    }));
    yield_now().await;
    press_ctrl_c();
    pending::<()>().await;
}

/// What the child processes do; nothing in a run of all tests.
#[test]
fn scene() {
    let Ok(scene) = std::env::var(SCENE) else { return };
    let mut runner = Runner::with_builder(Builder::new_current_thread()).on_ctrl_c();
    match scene.as_str() {
        "once" => {
            assert!(matches!(runner.try_run(pressing()), Err(RunError::Interrupted)));
            println!("- {}", runner.run(async { "another run" }));
            drop(runner);
            println!("- the end");
        }
        "in run" => runner.run(pressing()),
        "twice" => {
            let pressing_twice = async {
                let _again = OnDrop(press_ctrl_c);
                pressing().await;
            };
            let _ = runner.try_run(pressing_twice);
            println!("- the second one was ignored");
        }
        "busy" => {
            let busy = async {
                press_ctrl_c();
                loop {
                    task::coop::consume_budget().await;
                }
            };
            let ended: Result<(), _> = runner.try_run(busy);
            assert!(matches!(ended, Err(RunError::Interrupted)));
            println!("- interrupted");
        }
        "between runs" => {
            runner.run(async {});
            press_ctrl_c();
            println!("- it was ignored");
        }
        "slow polls" => {
            let builder = Builder::new_multi_thread().worker_threads(1).debug(true);
            asyncio::run_with(builder.slow_poll_threshold(Duration::from_millis(20)), async {
                for name in ["one", "two", "three"] {
                    let slow = async { thread::sleep(Duration::from_millis(400)) };
                    task::Builder::new().name(name).spawn(slow).await.unwrap();
                }
            });
        }
        "debug by variable" => {
            let start = Instant::now();
            asyncio::run_with(Builder::new_multi_thread().worker_threads(1), async {
                for name in ["one", "two", "three"] {
                    let slow = async { thread::sleep(Duration::from_millis(500)) };
                    task::Builder::new().name(name).spawn(slow).await.unwrap();
                }
            });
            println!("- {} s", start.elapsed().as_secs());
        }
        "measures" => {
            let builder = || Builder::new_current_thread();
            for builder in [builder(), builder().debug(false), builder().debug(true)] {
                let runtime = builder.build().unwrap();
                println!("- {}", runtime.metrics().poll_time_histogram_enabled());
            }
        }
        "left behind" => {
            let options = ShutdownOptions::new().blocking(Duration::from_millis(50));
            let mut runner = Runner::new().shutdown_options(options);
            let (begin, begun) = channel();
            runner.run(async move {
                drop(task::spawn_blocking(move || {
                    begin.send(()).unwrap();
                    thread::sleep(LIMIT);
                }));
                asyncio::to_thread(move || begun.recv().unwrap()).await;
            });
        }
        other => panic!("no scene {other:?}"),
    }
}

/// C27: the first Ctrl-C ends the run in order, and the runner goes on.
#[test]
fn ctrl_c_ends_a_run_and_the_runner_can_run_another() {
    watchdog(LIMIT, || {
        let (status, said) = play("once");
        assert!(status.success(), "{status}: {said:?}");
        assert_eq!(said, ["- main dropped", "- another run", "- task dropped", "- the end"]);
    });
}

/// A main that uses up its budget in every poll is interrupted like any other.
#[test]
fn ctrl_c_ends_a_busy_run() {
    watchdog(LIMIT, || {
        let (status, said) = play("busy");
        assert!(status.success(), "{status}: {said:?}");
        assert_eq!(said, ["- interrupted"]);
    });
}

#[test]
fn ctrl_c_in_run_closes_the_runner_and_ends_the_process() {
    watchdog(LIMIT, || {
        let (status, said) = play("in run");
        assert_eq!(status.signal(), Some(SIGINT), "{said:?}");
        assert_eq!(said, ["- main dropped", "- task dropped"]);
    });
}

#[test]
fn a_second_ctrl_c_ends_the_process_at_once() {
    watchdog(LIMIT, || {
        let (status, said) = play("twice");
        assert_eq!(status.signal(), Some(SIGINT), "{said:?}");
        assert_eq!(said, ["- main dropped"]);
    });
}

#[test]
fn ctrl_c_between_two_runs_ends_the_process() {
    watchdog(LIMIT, || {
        let (status, said) = play("between runs");
        assert_eq!((status.signal(), said), (Some(SIGINT), vec![]));
    });
}

/// Item 27: every slow poll is reported, with its task; without debug mode, one a second would be.
#[test]
fn debug_mode_reports_every_slow_poll() {
    watchdog(LIMIT, || {
        let (status, said) = play("slow polls");
        assert!(status.success(), "{status}: {said:?}");
        for name in ["\"one\"", "\"two\"", "\"three\""] {
            let about = said.iter().filter(|line| line.contains(name));
            let about: Vec<_> = about.collect();
            let [line] = about[..] else { panic!("one line about {name} in {said:?}") };
            assert!(line.contains("has held worker") && line.contains(file!()), "{line}");
        }
    });
}

/// Item 27: the environment asks for debug mode where the program says nothing. What is slow is what asyncio
/// takes for slow, with the variable and without it; without it, one report in a second has to do.
#[test]
fn a_variable_asks_for_debug_mode() {
    let milliseconds = |line: &String| {
        let (_, lasted) = line.split_once("in one poll for ").expect("a report of a slow poll");
        lasted.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    let reports = |debug| {
        let (status, mut said) = play_with("debug by variable", debug);
        assert!(status.success(), "{status}: {said:?}");
        let at = said.iter().position(|line| line.starts_with("- ")).unwrap();
        let seconds =
            said.remove(at).strip_prefix("- ").unwrap().strip_suffix(" s").unwrap().parse();
        assert!(said.iter().all(|line| milliseconds(line) >= 100), "{said:?}");
        (said, seconds.unwrap())
    };
    watchdog(LIMIT, || {
        let (said, _): (_, usize) = reports(Some("1"));
        for name in ["\"one\"", "\"two\"", "\"three\""] {
            let about = said.iter().filter(|line| line.contains(name)).count();
            assert_eq!(about, 1, "{name} in {said:?}");
        }
        // The run takes a second and a half. If it takes longer, more is to be said.
        let (said, seconds) = reports(None);
        assert!(said.len() <= 1 + seconds, "{seconds} s: {said:?}");
    });
}

/// What the program says counts for more than the variable does.
#[test]
fn the_program_overrules_the_variable_of_debug_mode() {
    watchdog(LIMIT, || {
        for on in ["1", "yes"] {
            assert_eq!(play_with("measures", Some(on)).1, ["- true", "- false", "- true"]);
        }
        for off in [None, Some(""), Some("0")] {
            assert_eq!(play_with("measures", off).1, ["- false", "- false", "- true"]);
        }
    });
}

/// A run whose end leaves something behind says so.
#[test]
fn what_a_run_leaves_behind_is_a_warning() {
    watchdog(LIMIT, || {
        let (status, said) = play("left behind");
        assert!(status.success(), "{status}: {said:?}");
        let line = said.iter().find(|line| line.contains("has left something behind"));
        assert!(line.is_some_and(|line| line.contains("1 blocking jobs")), "{said:?}");
    });
}
