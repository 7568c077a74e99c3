//! What bad input gets: an error or a panic at the caller's line, and the fix in its text.

use futures_lite::FutureExt;
use futures_lite::future::poll_once;
use sheave::asyncio::{ReturnWhen, as_completed, gather, wait, wait_owned};
use sheave::runtime::{Builder, Handle, Runtime};
use sheave::stream::{ConcurrentExt, StreamExt, iter};
use sheave::sync::oneshot;
use sheave::task::{self, JoinHandle};
use sheave_tests::{Census, eventually, panic_text, watchdog};
use std::future::pending;
use std::io::ErrorKind;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

/// What a panic said, and at which line of which file.
struct Panicked {
    text: String,
    file: String,
    line: u32,
}

static LAST: Mutex<Vec<(ThreadId, Panicked)>> = Mutex::new(Vec::new());

/// Runs `code`, which must panic.
fn panicked<R>(code: impl FnOnce() -> R) -> Panicked {
    static HOOK: OnceLock<()> = OnceLock::new();
    HOOK.get_or_init(|| {
        panic::set_hook(Box::new(|info| {
            let text = panic_text(info).to_owned();
            let place = info.location().expect("always there");
            let (file, line) = (place.file().to_owned(), place.line());
            let thread = std::thread::current().id();
            eprintln!("panicked: {text} at {file}:{line}");
            LAST.lock().unwrap().push((thread, Panicked { text, file, line }));
        }));
    });
    assert!(catch_unwind(AssertUnwindSafe(code)).is_err(), "must panic");
    let me = std::thread::current().id();
    let mut last = LAST.lock().unwrap();
    let at = last.iter().rposition(|(thread, _)| *thread == me).expect("a panic of this thread");
    last.remove(at).1
}

/// Checks that `code` panics here, saying each of `words`.
macro_rules! assert_says {
    ($words:expr, $code:expr) => {{
        let here = line!();
        let said = panicked(|| $code);
        let lines = here..here + 8;
        assert!(said.file.ends_with("bad_input.rs"), "panicked in {}:{}", said.file, said.line);
        assert!(lines.contains(&said.line), "panicked at line {}, not near {here}", said.line);
        for word in $words {
            assert!(said.text.contains(word), "{word:?} is not in {:?}", said.text);
        }
    }};
}

fn multi() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).build().unwrap()
}

fn current() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

#[test]
fn a_limit_of_zero_is_refused_where_it_is_written() {
    let squares = || iter([1, 2]).map(|n| async move { n * n });
    assert_says!(["a limit of zero", "allow one"], squares().buffer_unordered(0));
    let nothing = |_: i32| async {};
    assert_says!(["a limit of zero", "allow one"], iter([1, 2]).for_each_concurrent(0, nothing));
    assert_says!(["a limit of 0", "at least 1"], gather([async {}]).limit(0));
    assert_says!(["a limit of 0", "at least 1"], as_completed([async {}]).limit(0));
}

#[test]
fn what_a_wait_is_told_too_late_is_refused() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let fix = ["`timeout`", "before the first poll"];
        let mut tasks = [sheave::spawn(pending::<()>())];
        let mut waits = wait(&mut tasks, ReturnWhen::FirstCompleted);
        assert!(poll_once(&mut waits).await.is_none());
        assert_says!(fix, waits.timeout(Duration::ZERO));
        let mut waits = wait_owned(tasks.into(), ReturnWhen::FirstCompleted);
        assert!(poll_once(&mut waits).await.is_none());
        assert_says!(fix, waits.timeout(Duration::ZERO));
    });
}

#[test]
fn a_builder_refuses_zero() {
    let builder = Builder::new_multi_thread;
    assert_says!(["worker_threads", "at least 1"], builder().worker_threads(0));
    assert_says!(["reactors", "at least 1"], builder().reactors(0));
    assert_says!(["max_blocking_threads", "at least 1"], builder().max_blocking_threads(0));
    assert_says!(["event_interval", "at least 1"], builder().event_interval(0));
    assert_says!(["start_paused", "current-thread"], builder().start_paused(true).build());
}

#[test]
fn outside_of_a_runtime_the_callers_line_is_named() {
    let fix = ["no sheave runtime", "Runtime::enter"];
    assert_says!(fix, drop(sheave::spawn(async {})));
    assert_says!(fix, drop(task::spawn_blocking(|| ())));
    assert_says!(fix, drop(task::Builder::new().spawn(async {})));
    assert_says!(fix, drop(task::Builder::new().spawn_blocking(|| ())));
    assert_says!(fix, Handle::current());
    assert_says!(["no task runs"], task::id());
    assert!(Handle::try_current().unwrap_err().to_string().contains("no sheave runtime"));
    assert!(task::try_id().is_none());
}

#[test]
fn blocking_a_thread_that_drives_is_refused_at_the_callers_line() {
    watchdog(LIMIT, || {
        let fix = ["inside async code", "spawn_blocking"];
        for outer in [current(), multi()] {
            let inner = multi();
            outer.block_on(async {
                assert_says!(fix, inner.block_on(async {}));
                assert_says!(fix, inner.handle().block_on(async {}));
                assert_says!(fix, Handle::current().block_on(async {}));
            });
            let task = outer.spawn(async move {
                assert_says!(fix, inner.block_on(async {}));
                drop(inner);
            });
            outer.block_on(task).unwrap();
            // And the runtime is none the worse for it.
            assert_eq!(outer.block_on(outer.spawn(async { 1 })).unwrap(), 1);
        }
    });
}

/// It would wait for ever.
#[test]
fn a_task_that_awaits_itself_is_refused() {
    watchdog(LIMIT, || {
        for runtime in [current(), multi()] {
            let (give, given) = oneshot::channel::<JoinHandle<()>>();
            let (tell, told) = oneshot::channel();
            let task = runtime.spawn(async move {
                let myself = given.await.unwrap();
                let refused = AssertUnwindSafe(myself).catch_unwind().await.map(|_| "ready");
                let text = refused.expect_err("it panics").downcast::<&str>().unwrap();
                // To await another task is as good as before.
                sheave::spawn(task::yield_now()).await.unwrap();
                assert!(tell.send(*text).is_ok(), "the test listens");
            });
            give.send(task).unwrap();
            let text = runtime.block_on(told).unwrap();
            assert!(text.contains("its own end") && text.contains("another task"), "{text}");
        }
    });
}

#[test]
fn who_asks_for_a_runtime_that_is_not_there_is_told_why() {
    let error = Handle::try_current().unwrap_err();
    assert!(error.is_missing_context() && !error.is_thread_local_destroyed());
    let (one, other) = (current(), multi());
    let _entered = one.enter();
    assert_eq!(Handle::current().id(), one.handle().id());
    assert_ne!(Handle::current().id(), other.handle().id());
}

#[test]
fn block_in_place_needs_a_second_thread() {
    watchdog(LIMIT, || {
        let runtime = current();
        let fix = ["multi-thread", "spawn_blocking"];
        runtime.block_on(async { assert_says!(fix, task::block_in_place(|| ())) });
        let task = runtime.spawn(async move { assert_says!(fix, task::block_in_place(|| ())) });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn the_panic_of_a_task_that_was_cancelled_is_refused_at_the_callers_line() {
    let runtime = current();
    let task = runtime.spawn(std::future::pending::<()>());
    task.abort();
    let error = runtime.block_on(task).unwrap_err();
    assert_says!(["`into_panic`", "ask `is_panic` first"], error.into_panic());
}

#[test]
fn metrics_of_a_worker_that_is_none_are_refused() {
    let runtime = multi();
    let metrics = runtime.metrics();
    assert_says!(["no worker 1", "has 1"], metrics.worker_poll_count(1));
    assert_says!(["no worker 9"], metrics.worker_local_queue_depth(9));
    assert_says!(["no reactor 1", "has 1"], metrics.reactor_source_count(1));
    let buckets = metrics.poll_time_histogram_num_buckets();
    assert_says!(["no bucket", "has"], metrics.poll_time_histogram_bucket_range(buckets));
    assert_says!(["no bucket", "has"], metrics.poll_time_histogram_bucket_count(0, buckets));
    assert_says!(["no bucket", "has"], metrics.stuck_poll_histogram_bucket_count(buckets));
}

#[test]
fn a_runtime_has_a_name_only_if_one_can_see_it() {
    let (one, other) = (Builder::new_current_thread().name("one").build().unwrap(), multi());
    assert_eq!(one.block_on(async { Handle::current().name().map(str::to_owned) }).unwrap(), "one");
    assert_eq!(other.handle().name(), None);
    assert_says!(["visible character"], Builder::new_multi_thread().name(" "));
    assert_says!(["visible character"], Builder::new_current_thread().name(""));
}

#[test]
fn names_that_the_system_refuses_are_an_error() {
    watchdog(LIMIT, || {
        let error = Builder::new_multi_thread().thread_name("a\0b").build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("NUL"), "{error}");
    });
}

#[test]
fn a_naming_function_that_panics_leaves_no_thread() {
    watchdog(LIMIT, || {
        let before = Census::take().descriptors;
        let names = std::sync::atomic::AtomicUsize::new(0);
        let builder = Builder::new_multi_thread().worker_threads(3).thread_name_fn(move || {
            let n = names.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            assert!(n < 2, "out of names");
            format!("leftover-{n}")
        });
        let said = panicked(|| builder.build());
        assert!(said.text.contains("out of names"), "{}", said.text);
        let leftovers = || {
            let tasks = std::fs::read_dir("/proc/self/task").unwrap();
            let names =
                tasks.filter_map(|t| std::fs::read_to_string(t.ok()?.path().join("comm")).ok());
            names.filter(|name| name.starts_with("leftover")).count()
        };
        eventually("no worker is left", || leftovers() == 0);
        eventually("no descriptor is left", || Census::take().descriptors <= before);
    });
}

#[test]
fn a_bad_name_later_costs_the_pool_no_thread_and_nobody_a_worker() {
    watchdog(LIMIT, || {
        for bad in ["panic", "a\0b"] {
            let names = std::sync::atomic::AtomicUsize::new(0);
            let builder = Builder::new_multi_thread().worker_threads(1).thread_name_fn(move || {
                let n = names.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                assert!(n == 0 || bad != "panic", "out of names");
                if n == 0 { "good".to_owned() } else { bad.to_owned() }
            });
            let runtime = builder.build().unwrap();
            assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 1)).unwrap(), 1);
            let task = runtime.spawn(async { task::block_in_place(|| 2) });
            assert_eq!(runtime.block_on(task).unwrap(), 2);
            assert_eq!(runtime.block_on(runtime.spawn(async { 3 })).unwrap(), 3);
            let start = std::time::Instant::now();
            drop(runtime);
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        }
    });
}

/// Set for the children that the test below starts.
const CHILD: &str = "SHEAVE_BAD_INPUT_CHILD";

/// Prints what a runtime makes of the environment; does nothing unless it is a child's.
#[test]
fn child_reports_its_workers() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    match Runtime::new() {
        Ok(runtime) => println!("<{} workers>", runtime.metrics().num_workers()),
        Err(error) => println!("<{:?}: {error}>", error.kind()),
    }
}

#[test]
fn the_variable_for_the_workers_is_checked() {
    let child = |value: &str| {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_reports_its_workers", "--nocapture"])
            .env(CHILD, "1")
            .env("SHEAVE_WORKER_THREADS", value)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(child("3").contains("<3 workers>"), "{}", child("3"));
    for garbage in ["", "0", "-1", "many", "1.5", " 2", "99999999999999999999999"] {
        let said = child(garbage);
        assert!(said.contains("<InvalidInput") && said.contains("positive number"), "{said}");
        assert!(said.contains(&format!("{garbage:?}")), "{said}");
    }
}

#[test]
fn more_threads_than_the_system_has_are_an_error() {
    watchdog(LIMIT, || {
        // A stack as large as the address space is refused to the first thread.
        let builder = Builder::new_multi_thread().worker_threads(2).thread_stack_size(1 << 60);
        let error = builder.build().map(|_| ()).unwrap_err();
        assert!(!error.to_string().is_empty());
        // The same for the pool: the job is given back as cancelled, not lost.
        let runtime = Builder::new_current_thread().thread_stack_size(1 << 60).build().unwrap();
        let job = runtime.spawn_blocking(|| 1);
        assert!(runtime.block_on(job).unwrap_err().is_cancelled());
    });
}

#[test]
fn a_handle_of_a_runtime_that_is_gone_hangs_nobody() {
    watchdog(LIMIT, || {
        for runtime in [current(), multi()] {
            let handle = runtime.handle().clone();
            drop(runtime);
            assert_eq!(handle.block_on(async { 1 }), 1);
            let task = handle.block_on(async { sheave::spawn(pending::<()>()).await });
            assert!(task.unwrap_err().is_cancelled());
            let moment = Duration::from_millis(1);
            let said = panicked(|| handle.block_on(async { sheave::time::sleep(moment).await }));
            assert!(said.text.contains("shut"), "{}", said.text);
        }
    });
}

#[test]
fn a_guard_that_a_task_leaks_does_not_hold_up_the_end() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let leaking = runtime.spawn(async { std::mem::forget(Handle::current().enter()) });
        runtime.block_on(leaking).unwrap();
        let began = Instant::now();
        drop(runtime);
        let took = began.elapsed();
        assert!(took < Duration::from_secs(5), "the worker did not leave: {took:?}");
    });
}
