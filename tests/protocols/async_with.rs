//! Async context managers: entered once, left once, whatever happens between.

use sheave::asyncio::{AsyncContextManager, AsyncWithError, ExitReason, async_with};
use sheave::cancel::{CancelScope, current_scope, fail_after, move_on_after};
use sheave::runtime::Builder;
use sheave::task::yield_now;
use sheave::time::{Duration, Instant, sleep, timeout};
use sheave_tests::{Drops, Witness};
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};

const SECOND: Duration = Duration::from_secs(1);

/// What has happened, and when.
#[derive(Clone)]
struct Log {
    start: Instant,
    lines: Arc<Mutex<Vec<(u64, &'static str)>>>,
}

impl Log {
    fn new() -> Self {
        Self { start: Instant::now(), lines: Arc::default() }
    }

    fn say(&self, text: &'static str) {
        self.lines.lock().unwrap().push((self.start.elapsed().as_secs(), text));
    }

    fn lines(&self) -> Vec<(u64, &'static str)> {
        self.lines.lock().unwrap().clone()
    }
}

/// The notes' manager: a second to enter, a second to leave. Fails where it is told to.
struct Manager {
    log: Log,
    fails_to_enter: bool,
    fails_to_exit: bool,
}

struct Connection {
    log: Log,
    fails_to_exit: bool,
}

impl Connection {
    async fn do_something(&mut self) -> u32 {
        6666
    }
}

impl Manager {
    fn new(log: &Log) -> Self {
        Self { log: log.clone(), fails_to_enter: false, fails_to_exit: false }
    }
}

impl AsyncContextManager for Manager {
    type Guard = Connection;
    type Error = io::Error;
    const CLEANUP_TIMEOUT: Duration = Duration::from_secs(10);

    async fn enter(self) -> io::Result<Connection> {
        sleep(SECOND).await;
        if self.fails_to_enter {
            return Err(io::Error::other("no such host"));
        }
        self.log.say("entered");
        Ok(Connection { log: self.log, fails_to_exit: self.fails_to_exit })
    }

    async fn exit(connection: Connection, reason: ExitReason<'_>) -> io::Result<()> {
        connection.log.say(match reason {
            ExitReason::Ok => "exit: ok",
            ExitReason::Err(error) if error.is::<io::Error>() => "exit: io error",
            ExitReason::Err(_) => "exit: error",
            ExitReason::Panic => "exit: panic",
            ExitReason::Cancelled => "exit: cancelled",
        });
        sleep(SECOND).await;
        connection.log.say("left");
        if connection.fails_to_exit { Err(io::Error::other("no goodbye")) } else { Ok(()) }
    }
}

/// B29 and example E27: enter takes a second, the value is there, exit takes a second.
#[sheave::test(start_paused = true)]
async fn b29_a_manager_is_entered_used_and_left() {
    let log = Log::new();
    let body =
        async |connection: &mut Connection| Ok::<_, Infallible>(connection.do_something().await);
    let value = async_with(Manager::new(&log), body).await.unwrap();
    assert_eq!(value, 6666);
    assert_eq!(log.lines(), [(1, "entered"), (1, "exit: ok"), (2, "left")]);
}

#[sheave::test(start_paused = true)]
async fn a_body_that_fails_is_left_with_its_error() {
    let log = Log::new();
    let body = async |_: &mut Connection| Err::<(), _>(io::Error::other("broken pipe"));
    let error = async_with(Manager::new(&log), body).await.unwrap_err();
    assert_eq!(error.to_string(), "broken pipe");
    assert!(matches!(error, AsyncWithError::Body { exit: None, .. }));
    assert_eq!(log.lines(), [(1, "entered"), (1, "exit: io error"), (2, "left")]);
}

#[sheave::test(start_paused = true)]
async fn the_error_of_the_body_comes_first_and_that_of_the_exit_with_it() {
    let log = Log::new();
    let manager = Manager { fails_to_exit: true, ..Manager::new(&log) };
    let body = async |_: &mut Connection| Err::<(), _>(io::Error::other("broken pipe"));
    let error = async_with(manager, body).await.unwrap_err();
    assert_eq!(error.to_string(), "broken pipe; nor could it leave: no goodbye");

    let manager = Manager { fails_to_exit: true, ..Manager::new(&log) };
    let body = async |_: &mut Connection| Ok::<_, Infallible>(());
    let error = async_with(manager, body).await.unwrap_err();
    assert!(matches!(error, AsyncWithError::Exit(_)), "{error}");

    let manager = Manager { fails_to_enter: true, ..Manager::new(&log) };
    let body = async |_: &mut Connection| -> Result<(), Infallible> { panic!("never runs") };
    let error = async_with(manager, body).await.unwrap_err();
    assert_eq!(error.to_string(), "could not enter: no such host");
}

#[sheave::test(start_paused = true)]
async fn a_panic_goes_on_after_the_exit() {
    let log = Log::new();
    let manager = Manager::new(&log);
    let task = sheave::spawn(async move {
        let body = async |_: &mut Connection| -> Result<(), Infallible> { panic!("on purpose") };
        async_with(manager, body).await
    });
    let payload = task.await.unwrap_err().into_panic();
    assert_eq!(*payload.downcast::<&str>().unwrap(), "on purpose");
    assert_eq!(log.lines(), [(1, "entered"), (1, "exit: panic"), (2, "left")]);
}

/// Q13: a body that is dropped is left by a task of its own.
#[sheave::test(start_paused = true)]
async fn a_body_that_is_dropped_is_left_in_the_background() {
    let log = Log::new();
    let body = async |_: &mut Connection| -> Result<(), Infallible> { pending().await };
    assert!(timeout(5 * SECOND, async_with(Manager::new(&log), body)).await.is_err());
    log.say("went on");
    sleep(2 * SECOND).await;
    let said = [(1, "entered"), (5, "went on"), (5, "exit: cancelled"), (6, "left")];
    assert_eq!(log.lines(), said);
}

#[sheave::test(start_paused = true)]
async fn an_aborted_task_leaves_what_it_has_entered() {
    let log = Log::new();
    let manager = Manager::new(&log);
    let task = sheave::spawn(async move {
        let body = async |_: &mut Connection| -> Result<(), Infallible> { pending().await };
        drop(async_with(manager, body).await);
    });
    sleep(3 * SECOND).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    sleep(2 * SECOND).await;
    assert_eq!(log.lines(), [(1, "entered"), (3, "exit: cancelled"), (4, "left")]);
}

/// Item 57: a scope waits for the exit, unlike a `timeout`.
#[sheave::test(start_paused = true)]
async fn a_cancelled_scope_waits_for_the_exit() {
    let log = Log::new();
    let body = async |_: &mut Connection| -> Result<(), Infallible> { pending().await };
    assert!(fail_after(5 * SECOND, async_with(Manager::new(&log), body)).await.is_err());
    log.say("went on");
    let said = [(1, "entered"), (5, "exit: cancelled"), (6, "left"), (6, "went on")];
    assert_eq!(log.lines(), said);
}

/// As above, where the exit runs on another thread than the scope that waits for it.
#[test]
fn a_cancelled_scope_leaves_no_exit_behind() {
    struct Slow(Drops);

    impl AsyncContextManager for Slow {
        type Guard = Witness;
        type Error = Infallible;

        async fn enter(self) -> Result<Witness, Infallible> {
            Ok(self.0.witness())
        }

        async fn exit(_guard: Witness, _: ExitReason<'_>) -> Result<(), Infallible> {
            sleep(Duration::from_millis(1)).await;
            Ok(())
        }
    }

    let runtime = Builder::new_multi_thread().worker_threads(2).build().expect("two threads");
    for _ in 0..10 {
        let (drops, scope) = (Drops::new(), CancelScope::new());
        let button = scope.clone();
        let body = async |_: &mut Witness| {
            button.cancel();
            pending::<Result<(), Infallible>>().await
        };
        assert!(runtime.block_on(scope.run(async_with(Slow(drops.clone()), body))).is_err());
        assert_eq!(drops.made(), 1);
        drops.assert_all();
    }
}

#[sheave::test(start_paused = true)]
async fn a_scope_cancelled_from_within_waits_for_all_exits_from_the_inside_out() {
    let log = Log::new();
    let scope = CancelScope::new();
    let outer = async |_: &mut Connection| {
        let inner = async |_: &mut Connection| -> Result<(), Infallible> {
            scope.cancel();
            yield_now().await;
            unreachable!("cancelled");
        };
        async_with(Manager::new(&log), inner).await.map_err(io::Error::other)
    };
    assert!(scope.run(async_with(Manager::new(&log), outer)).await.is_err());
    let lines = log.lines();
    let lefts = lines.iter().filter(|(_, text)| *text == "left").count();
    let exits = lines.iter().filter(|(_, text)| *text == "exit: cancelled").count();
    assert_eq!((exits, lefts), (2, 2), "{lines:?}");
}

/// What the body shields is finished before the body is dropped and left.
#[sheave::test(start_paused = true)]
async fn a_scope_lets_what_the_body_shields_end_before_the_exit() {
    let log = Log::new();
    let scope = CancelScope::new();
    let body = async |_: &mut Connection| -> Result<(), Infallible> {
        scope.cancel();
        CancelScope::shielded(sleep(3 * SECOND)).await;
        log.say("saved");
        yield_now().await;
        unreachable!("cancelled");
    };
    assert!(scope.run(async_with(Manager::new(&log), body)).await.is_err());
    let lines = [(1, "entered"), (4, "saved"), (4, "exit: cancelled"), (5, "left")];
    assert_eq!(log.lines(), lines);
}

/// A scope that had only borrowed a future, and has left, does not end a body that begins later.
#[sheave::test(start_paused = true)]
async fn a_scope_that_has_left_takes_nothing_from_a_body() {
    let log = Log::new();
    let body = async |_: &mut Connection| {
        sleep(SECOND).await;
        Ok::<_, Infallible>(7)
    };
    let mut slow = pin!(async {
        let later = async {
            sleep(2 * SECOND).await;
            async_with(Manager::new(&log), body).await
        };
        CancelScope::new().run(later).await
    });
    assert!(move_on_after(SECOND, slow.as_mut()).await.is_none());
    let ended = timeout(9 * SECOND, slow).await.expect("it is not stuck");
    assert_eq!(ended.unwrap().unwrap(), 7);
    assert_eq!(log.lines(), [(3, "entered"), (4, "exit: ok"), (5, "left")]);
}

/// One whose body a scope has dropped has no value to give: who awaits it again is told, and does not wait for
/// ever.
#[sheave::test(start_paused = true)]
#[should_panic(expected = "awaited again after a scope had cancelled its body")]
async fn a_body_that_was_cancelled_is_not_awaited_again() {
    let log = Log::new();
    let body = async |_: &mut Connection| pending::<Result<(), Infallible>>().await;
    let mut with = pin!(async_with(Manager::new(&log), body));
    assert!(move_on_after(2 * SECOND, with.as_mut()).await.is_none());
    assert_eq!(log.lines().last(), Some(&(3, "left")));
    drop(timeout(SECOND, with).await);
}

/// The scope that the body finds is the one around, not one of `async_with`.
#[sheave::test(start_paused = true)]
async fn a_body_is_in_the_scope_around() {
    let log = Log::new();
    let scope = CancelScope::new();
    let body = async |_: &mut Connection| -> Result<(), Infallible> {
        let around = current_scope().expect("it runs in one");
        around.cancel();
        assert!(scope.cancel_called() && around.is_cancelled());
        pending().await
    };
    assert!(scope.run(async_with(Manager::new(&log), body)).await.is_err());
    assert!(scope.cancelled_caught());
    assert_eq!(log.lines(), [(1, "entered"), (1, "exit: cancelled"), (2, "left")]);
}

/// A second cancellation does not interrupt an exit that has begun.
#[sheave::test(start_paused = true)]
async fn an_exit_that_is_dropped_is_finished_in_the_background() {
    let log = Log::new();
    let body = async |_: &mut Connection| Ok::<_, Infallible>(());
    let dropped = timeout(SECOND + SECOND / 2, async_with(Manager::new(&log), body)).await;
    assert!(dropped.is_err());
    assert_eq!(log.lines(), [(1, "entered"), (1, "exit: ok")]);
    sleep(SECOND).await;
    assert_eq!(log.lines().last(), Some(&(2, "left")));

    let log = Log::new();
    let body = async |_: &mut Connection| Err::<(), _>(io::Error::other("broken pipe"));
    let dropped = timeout(SECOND + SECOND / 2, async_with(Manager::new(&log), body)).await;
    assert!(dropped.is_err());
    sleep(SECOND).await;
    assert_eq!(log.lines(), [(1, "entered"), (1, "exit: io error"), (2, "left")]);
}

#[sheave::test(start_paused = true)]
async fn a_scope_cancelled_within_an_exit_waits_for_its_end() {
    let log = Log::new();
    let body = async |_: &mut Connection| Ok::<_, Infallible>(1);
    let moved_on = move_on_after(SECOND + SECOND / 2, async_with(Manager::new(&log), body)).await;
    assert_eq!(moved_on.unwrap().unwrap(), 1, "the exit was finished, and there is an output");
    assert_eq!(log.lines().last(), Some(&(2, "left")));
}

/// An exit for which nobody waits has a limit.
#[sheave::test(start_paused = true)]
async fn an_exit_that_hangs_is_dropped_after_its_time() {
    struct Hanging(Arc<()>);
    impl AsyncContextManager for Hanging {
        type Guard = Arc<()>;
        type Error = io::Error;
        const CLEANUP_TIMEOUT: Duration = Duration::from_secs(7);

        async fn enter(self) -> io::Result<Arc<()>> {
            Ok(self.0)
        }

        async fn exit(_guard: Arc<()>, _: ExitReason<'_>) -> io::Result<()> {
            pending().await
        }
    }
    let (start, alive) = (Instant::now(), Arc::new(()));
    let body = async |_: &mut Arc<()>| -> Result<(), Infallible> { pending().await };
    assert!(move_on_after(SECOND, async_with(Hanging(alive.clone()), body)).await.is_none());
    assert_eq!(start.elapsed(), 8 * SECOND);
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[sheave::test(start_paused = true)]
async fn dropped_while_entering_is_not_left() {
    let log = Log::new();
    let body = async |_: &mut Connection| Ok::<_, Infallible>(());
    assert!(timeout(SECOND / 2, async_with(Manager::new(&log), body)).await.is_err());
    sleep(5 * SECOND).await;
    assert_eq!(log.lines(), []);
}
