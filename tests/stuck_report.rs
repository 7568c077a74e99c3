//! What is said about a stuck poll when no hook is set, and to whom.

use sheave::runtime::{Builder, Runtime};
use sheave::task;
use sheave_tests::{Flag, eventually, watchdog};
use std::fmt::{self, Write};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tracing::field::{Field, Visit};
use tracing::span;

const LIMIT: Duration = Duration::from_secs(60);
/// Longer than a poll lasts until it is worth a warning.
const STUCK: Duration = Duration::from_millis(150);

/// What was said to the subscriber, and when.
static HEARD: Mutex<Vec<(Instant, String)>> = Mutex::new(Vec::new());

/// Listens to the target `sheave`.
struct Listener;

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            write!(self.0, "{value:?}").unwrap();
        }
    }
}

impl tracing::Subscriber for Listener {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "sheave" && *metadata.level() == tracing::Level::WARN
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        HEARD.lock().unwrap().push((Instant::now(), message.0));
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Listens from here on.
fn listen() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| tracing::subscriber::set_global_default(Listener).unwrap());
}

/// What was said about tasks of this name.
fn heard_of(name: &str) -> Vec<(Instant, String)> {
    let heard = HEARD.lock().unwrap();
    heard.iter().filter(|(_, said)| said.contains(&format!("{name:?}"))).cloned().collect()
}

fn multi() -> Builder {
    Builder::new_multi_thread().worker_threads(2)
}

/// Spawns a task that computes until something was said about it, and returns the line of that.
fn spin_until_heard(runtime: &Runtime, name: &'static str) -> u32 {
    let _entered = runtime.enter();
    let spin = async move { while heard_of(name).is_empty() {} };
    let (line, stuck) = (line!(), task::Builder::new().name(name).spawn(spin));
    runtime.block_on(stuck).unwrap();
    line
}

fn is_warned_of_while_it_is_stuck(builder: Builder, name: &'static str) {
    watchdog(LIMIT, move || {
        listen();
        let runtime = builder.build().unwrap();
        // It ends when it is heard of: without a warning in the poll this hangs.
        let line = spin_until_heard(&runtime, name);
        let heard = heard_of(name);
        let (_, said) = &heard[0];
        assert_eq!(heard.len(), 1, "once for each poll: {heard:?}");
        let place = format!("spawned at {}:{line}:", file!());
        for part in ["task ", name, &place, "worker ", " ms", "spawn_blocking"] {
            assert!(said.contains(part), "no `{part}` in: {said}");
        }
        assert!(runtime.metrics().stuck_poll_count() >= 1);
    });
}

#[test]
fn a_subscriber_is_warned() {
    is_warned_of_while_it_is_stuck(multi(), "on two workers");
}

#[test]
fn a_current_thread_runtime_warns_as_well() {
    is_warned_of_while_it_is_stuck(Builder::new_current_thread(), "on this thread");
}

#[test]
fn the_hook_is_called_on_a_current_thread_runtime() {
    watchdog(LIMIT, || {
        let told = Flag::new();
        let tell = told.clone();
        let builder = Builder::new_current_thread().stuck_threshold(Duration::from_millis(20));
        let runtime = builder
            .on_stuck_poll(move |stuck| {
                assert!(stuck.worker() == 0 && stuck.duration() >= Duration::from_millis(20));
                tell.set();
            })
            .build()
            .unwrap();
        let stuck = runtime.spawn(async move { while !told.is_set() {} });
        runtime.block_on(stuck).unwrap();
        assert_eq!(runtime.metrics().takeover_count(), 0, "nobody else can run its tasks");
    });
}

/// A root is no task, and what was polled before it is not stuck.
#[test]
fn a_task_is_not_accused_of_what_the_root_does() {
    watchdog(LIMIT, || {
        let builder = Builder::new_current_thread();
        let builder = builder.on_stuck_poll(|stuck| panic!("{stuck}"));
        let runtime = builder.stuck_threshold(Duration::from_millis(10)).build().unwrap();
        runtime.block_on(async {
            sheave::spawn(async {}).await.unwrap();
            std::thread::sleep(STUCK);
        });
        // Nor is it while nobody drives the runtime.
        std::thread::sleep(STUCK);
        assert_eq!(runtime.metrics().stuck_poll_count(), 0);
    });
}

#[test]
fn warnings_are_at_least_a_second_apart() {
    watchdog(LIMIT, || {
        listen();
        let runtime = multi().build().unwrap();
        let name = "again and again";
        let mut polls = 0;
        while heard_of(name).len() < 2 {
            let _entered = runtime.enter();
            let block = async { std::thread::sleep(STUCK) };
            runtime.block_on(task::Builder::new().name(name).spawn(block)).unwrap();
            polls += 1;
        }
        let heard = heard_of(name);
        assert!(heard[1].0 - heard[0].0 >= Duration::from_secs(1), "{heard:?}");
        assert!(polls > heard.len(), "each of {polls} polls was warned of");
    });
}

#[test]
fn a_hook_replaces_the_warning() {
    watchdog(LIMIT, || {
        listen();
        let told = Arc::new(Flag::new());
        let tell = told.clone();
        let runtime = multi().on_stuck_poll(move |_| tell.set()).build().unwrap();
        let _entered = runtime.enter();
        let name = "told to the hook";
        let block = async { std::thread::sleep(2 * STUCK) };
        runtime.block_on(task::Builder::new().name(name).spawn(block)).unwrap();
        eventually("the hook is called", || told.is_set());
        assert!(heard_of(name).is_empty());
    });
}

/// Set for the child that the test below starts.
const CHILD: &str = "SHEAVE_STUCK_REPORT_CHILD";

/// Gets stuck, in a process without a subscriber; does nothing unless it is a child.
#[test]
fn child_gets_stuck() {
    if std::env::var_os(CHILD).is_some() {
        let runtime = multi().build().unwrap();
        runtime.block_on(runtime.spawn(async { std::thread::sleep(4 * STUCK) })).unwrap();
    }
}

#[test]
fn without_a_subscriber_the_warning_is_a_line_on_stderr() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_gets_stuck", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let warnings: Vec<_> = said.lines().filter(|line| line.starts_with("sheave: task ")).collect();
    assert_eq!(warnings.len(), 1, "{said}");
    assert!(warnings[0].contains(file!()) && warnings[0].contains("worker"), "{said}");
}
