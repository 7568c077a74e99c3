//! `timeout`, `timeout_at`, `wait_for`, `shield`, `sleep_with` and a sleep of zero: items 43 to 46.

use crate::support::{after, endless, in_virtual_time, on_both, seconds_since};
use futures_lite::future::{pending, poll_once, yield_now};
use sheave::asyncio::{
    RescheduleError, Shield, Timeout, WaitForError, gather, shield, sleep_with, timeout,
    timeout_at, wait_for,
};
use sheave::runtime::Builder;
use sheave::task::JoinHandle;
use sheave::time::{Duration, Instant, sleep};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

const SECOND: Duration = Duration::from_secs(1);

/// B48: it limits the time of what is inside, and drops it before it returns.
#[test]
fn a_timeout_drops_its_body_when_the_time_is_over() {
    in_virtual_time(async {
        let (start, held) = (Instant::now(), Arc::new(()));
        let body = endless::<()>(held.clone());
        assert!(timeout(SECOND, |_| body).await.is_err());
        assert_eq!((seconds_since(start), Arc::strong_count(&held)), (1, 1));
        assert_eq!(timeout(SECOND, |_| async { 7 }).await, Ok(7));
    });
}

#[test]
fn no_limit_and_a_passed_one() {
    in_virtual_time(async {
        let unlimited = timeout(None, |limit| async move {
            assert_eq!(limit.when(), None);
            after(1_000_000, 7).await
        });
        assert_eq!(unlimited.await, Ok(7));
        let passed = Instant::now();
        // A body that never waits is never cut.
        assert_eq!(timeout_at(passed, |_| async { 7 }).await, Ok(7));
        assert_eq!(timeout(Duration::ZERO, |_| async { 7 }).await, Ok(7));
        assert!(timeout_at(passed, |_| pending::<()>()).await.is_err());
        assert!(timeout(Duration::ZERO, |_| pending::<()>()).await.is_err());
    });
}

#[test]
fn the_deadline_moves_later_earlier_and_away() {
    in_virtual_time(async {
        let start = Instant::now();
        let later = timeout(SECOND, |limit| async move {
            limit.reschedule(start + 3 * SECOND).expect("it runs");
            assert_eq!(limit.when(), Some(start + 3 * SECOND));
            after(2, 7).await
        });
        assert_eq!(later.await, Ok(7));
        let earlier = timeout(100 * SECOND, |limit| async move {
            limit.reschedule(start + 4 * SECOND).expect("it runs");
            pending::<()>().await
        });
        assert!(earlier.await.is_err());
        assert_eq!(seconds_since(start), 4);
        let away = timeout(SECOND, |limit| async move {
            limit.reschedule(None).expect("it runs");
            after(1_000, 7).await
        });
        assert_eq!(away.await, Ok(7));
    });
}

#[test]
fn another_task_moves_the_deadline() {
    in_virtual_time(async {
        let start = Instant::now();
        let limited = timeout(None, |limit: Timeout| async move {
            drop(sheave::spawn(async move {
                sleep(SECOND).await;
                limit.reschedule(start + 2 * SECOND).expect("it runs");
            }));
            pending::<()>().await
        });
        assert!(limited.await.is_err());
        assert_eq!(seconds_since(start), 2);
    });
}

/// Wants more time when there is none left.
struct Extends(Timeout);

impl Drop for Extends {
    fn drop(&mut self) {
        assert_eq!(self.0.reschedule(None), Err(RescheduleError::Expired));
    }
}

#[test]
fn a_timeout_that_is_over_says_so_and_does_not_move() {
    in_virtual_time(async {
        let mut kept = None;
        let expired = timeout(SECOND, |limit| {
            kept = Some(limit);
            pending::<()>()
        });
        assert!(expired.await.is_err());
        let limit = kept.take().expect("the body was made");
        assert!(limit.expired());
        assert_eq!(limit.reschedule(None), Err(RescheduleError::Expired));
        // Also for the body that is being dropped because of it.
        let dropped = timeout(SECOND, |limit| endless::<()>(Extends(limit)));
        assert!(dropped.await.is_err());

        let finished = timeout(SECOND, |limit| {
            kept = Some(limit);
            async {}
        });
        assert!(finished.await.is_ok());
        let limit = kept.take().expect("the body was made");
        assert!(!limit.expired());
        assert_eq!(limit.reschedule(None), Err(RescheduleError::Finished));
    });
}

#[test]
fn of_two_timeouts_the_inner_one_takes_only_its_own() {
    in_virtual_time(async {
        let outer_first = timeout(SECOND, |_| timeout(5 * SECOND, |_| pending::<()>())).await;
        assert!(outer_first.is_err());
        let inner_first = timeout(5 * SECOND, |_| timeout(SECOND, |_| pending::<()>())).await;
        assert!(matches!(inner_first, Ok(Err(_))));
    });
}

/// Of two that are due at one moment the inner one ends first. The outer one follows if there is still
/// something to wait for.
#[test]
fn two_timeouts_of_one_moment() {
    in_virtual_time(async {
        for goes_on in [false, true] {
            let (start, mut outer, mut inner) = (Instant::now(), None, None);
            let when = start + SECOND;
            let kept = &mut inner;
            let limited = timeout_at(when, |limit| {
                outer = Some(limit);
                async move {
                    let inside = timeout_at(when, |limit| {
                        *kept = Some(limit);
                        pending::<()>()
                    });
                    assert!(inside.await.is_err());
                    if goes_on { pending().await } else { 7 }
                }
            });
            assert_eq!(limited.await.ok(), (!goes_on).then_some(7));
            assert_eq!(seconds_since(start), 1);
            let has_expired = |limit: Option<Timeout>| limit.expect("it was made").expired();
            assert_eq!((has_expired(inner), has_expired(outer)), (true, goes_on));
        }
    });
}

/// C3: the task is gone when `wait_for` returns.
#[test]
fn wait_for_waits_until_the_task_has_ended() {
    in_virtual_time(async {
        let held = Arc::new(());
        assert_eq!(wait_for(after(1, 7), 2 * SECOND).await.expect("in time"), 7);
        let error = wait_for(endless::<()>(held.clone()), SECOND).await.unwrap_err();
        assert!(matches!(error, WaitForError::Elapsed));
        assert_eq!(Arc::strong_count(&held), 1);
        assert_eq!(wait_for(after(1_000, 7), None).await.expect("no limit"), 7);
    });
}

#[test]
fn wait_for_of_no_time_starts_nothing() {
    on_both(|| async {
        let started = Arc::new(AtomicBool::new(false));
        let starts = started.clone();
        let fresh = async move { starts.store(true, SeqCst) };
        let error = wait_for(fresh, Duration::ZERO).await.unwrap_err();
        assert!(matches!(error, WaitForError::Elapsed));
        yield_now().await;
        assert!(!started.load(SeqCst));

        let done = sheave::spawn(async { 7 });
        while !done.is_finished() {
            yield_now().await;
        }
        assert_eq!(wait_for::<u32, _>(done, Duration::ZERO).await.expect("it was done"), 7);
        let running = sheave::spawn(endless::<u32>(()));
        let error = wait_for::<u32, _>(running, Duration::ZERO).await.unwrap_err();
        assert!(matches!(error, WaitForError::Elapsed));
    });
}

/// C3: a task that has an output in spite of the abort keeps it, and `wait_for` returns it.
#[test]
fn wait_for_loses_no_output_to_the_deadline() {
    on_both(|| async {
        // A closure that runs cannot be aborted; this one ends long after the deadline.
        let (begin, begun) = sheave::sync::oneshot::channel();
        let job = sheave::task::spawn_blocking(move || {
            begin.send(()).expect("the test listens");
            std::thread::sleep(Duration::from_millis(50));
            7
        });
        begun.await.expect("it begins");
        let limited = wait_for::<u32, _>(job, Duration::from_millis(1));
        assert_eq!(limited.await.expect("it is waited for"), 7);
    });
}

/// Fails when it is dropped, which is when it is aborted.
struct FailsOnDrop;

impl Drop for FailsOnDrop {
    fn drop(&mut self) {
        panic!("cannot let go");
    }
}

#[test]
fn wait_for_reports_a_panic_and_a_foreign_abort() {
    on_both(|| async {
        let error = wait_for(async { panic!("out of paper") }, SECOND).await;
        assert!(matches!(error, Err(WaitForError::Join(error)) if error.is_panic()));
        // One that it panics with when its time is over, too.
        let error = wait_for(endless::<()>(FailsOnDrop), Duration::from_millis(1)).await;
        assert!(matches!(error, Err(WaitForError::Join(error)) if error.is_panic()));
        let task = sheave::spawn(endless::<()>(()));
        task.abort();
        let error = wait_for::<(), _>(task, None).await.unwrap_err();
        assert!(matches!(error, WaitForError::Join(error) if error.is_cancelled()));
    });
}

#[test]
fn a_dropped_wait_for_aborts_the_task() {
    on_both(|| async {
        let held = Arc::new(());
        let mut limited = wait_for(endless::<()>(held.clone()), None);
        assert!(poll_once(&mut limited).await.is_none());
        drop(limited);
        while Arc::strong_count(&held) > 1 {
            yield_now().await;
        }
    });
}

#[test]
fn a_shielded_task_outlives_its_waiter() {
    in_virtual_time(async {
        let (tell, told) = sheave::sync::oneshot::channel();
        let shielded = shield(async move {
            sleep(2 * SECOND).await;
            tell.send("saved").expect("the test listens");
        });
        assert!(sheave::time::timeout(SECOND, shielded).await.is_err());
        assert_eq!(told.await, Ok("saved"));

        let inner = sheave::spawn(endless::<()>(()));
        let (id, abort) = (inner.id(), inner.abort_handle());
        let shielded: Shield<()> = shield(inner);
        assert_eq!(format!("{shielded:?}"), format!("Shield(JoinHandle {{ id: {id:?} }})"));
        abort.abort();
        assert!(shielded.await.unwrap_err().is_cancelled());
    });
}

/// What aborts the tasks that it is given aborts the wait for one that is shielded.
#[test]
fn a_shielded_task_outlives_who_aborts_what_it_waits_for() {
    on_both(|| async {
        for limit in [Duration::ZERO, Duration::from_millis(1)] {
            let (task, release) = held();
            let error = wait_for(shield::<u32>(task), limit).await.unwrap_err();
            assert!(matches!(error, WaitForError::Elapsed));
            release().await;
        }
        let (task, release) = held();
        let mut gathered = gather([shield::<u32>(task)]);
        assert!(poll_once(&mut gathered).await.is_none());
        assert!(gathered.cancel().await.is_none());
        release().await;

        let (task, release) = held();
        let mut limited = wait_for(shield::<u32>(task), None);
        assert!(poll_once(&mut limited).await.is_none());
        drop(limited);
        release().await;
        // A shield is a future of the task's outcome.
        let panics = shield(async { panic!("out of paper") });
        assert!(wait_for(panics, None).await.expect("no limit").unwrap_err().is_panic());
        assert_eq!(wait_for(shield(async { 7 }), SECOND).await.expect("in time").unwrap(), 7);
    });
}

/// A task that ends when it is told to, and what tells it and demands that it does.
fn held() -> (JoinHandle<u32>, impl AsyncFnOnce()) {
    let (tell, told) = sheave::sync::oneshot::channel();
    let (end, ended) = sheave::sync::oneshot::channel();
    let task = sheave::spawn(async move {
        let seven = told.await.expect("the test tells");
        end.send(seven).expect("the test listens");
        seven
    });
    let release = async move || {
        tell.send(7).expect("the task listens");
        assert_eq!(ended.await, Ok(7), "the task was ended with its waiter");
    };
    (task, release)
}

/// B16: a sleep passes a value through.
#[test]
fn sleep_with_passes_a_value() {
    in_virtual_time(async {
        let start = Instant::now();
        assert_eq!(sleep_with(2 * SECOND, "value").await, "value");
        assert_eq!(seconds_since(start), 2);
    });
}

/// Counts the polls that a future asks for.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// B46: a sleep of zero lets the others run, exactly once, and files no timer.
#[test]
fn a_sleep_of_zero_yields_exactly_once() {
    let runtime = Builder::new_current_thread().build().expect("no thread");
    let _entered = runtime.enter();
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut nap = pin!(sleep(Duration::ZERO));
    let mut cx = Context::from_waker(&waker);
    assert!(nap.as_mut().poll(&mut cx).is_pending());
    assert_eq!(wakes.0.load(SeqCst), 1, "it woke its task and needs no timer for it");
    assert_eq!(nap.as_mut().poll(&mut cx), Poll::Ready(()));
    assert_eq!(wakes.0.load(SeqCst), 1);
}

/// B46.
#[test]
fn sleeps_of_zero_let_other_tasks_take_turns() {
    in_virtual_time(async {
        let log = Arc::new(std::sync::Mutex::new(Vec::new()));
        let writer = |name: &'static str| {
            let log = log.clone();
            async move {
                for _ in 0..3 {
                    log.lock().unwrap().push(name);
                    sleep_with(Duration::ZERO, ()).await;
                }
            }
        };
        sheave::gather!(writer("a"), writer("b")).await.expect("none fails");
        assert_eq!(*log.lock().unwrap(), ["a", "b", "a", "b", "a", "b"]);
    });
}
