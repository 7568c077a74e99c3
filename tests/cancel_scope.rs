//! Cancel scopes: levels, nesting, shields, deadlines and reasons. Time is virtual.

#[path = "cancel_scope/nesting.rs"]
mod nesting;

use futures_lite::future::{block_on, poll_once};
use sheave::cancel::{
    CancelScope, CancellationToken, current_scope, fail_after, fail_at, move_on_after, move_on_at,
};
use sheave::task::yield_now;
use sheave::time::{Duration, Instant, sleep, sleep_until};
use sheave_tests::watchdog;
use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

const SECOND: Duration = Duration::from_secs(1);

/// Says when it is dropped.
struct OnDrop<'a>(&'a Cell<bool>);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

#[test]
fn a_cancelled_scope_drops_its_future_at_the_await() {
    let scope = CancelScope::new();
    let (is_dropped, has_gone_on) = (Cell::new(false), Cell::new(false));
    let run = scope.run(async {
        let _value = OnDrop(&is_dropped);
        current_scope().unwrap().cancel_with_reason("enough");
        has_gone_on.set(true);
        pending::<()>().await;
    });
    let cancelled = block_on(run).unwrap_err();
    assert!(has_gone_on.get(), "nothing happens before an await");
    assert!(is_dropped.get());
    assert_eq!(cancelled.reason(), Some("enough"));
    assert!(cancelled.location().unwrap().file().ends_with("cancel_scope.rs"));
    assert!(scope.cancel_called() && scope.cancelled_caught());
    assert_eq!(scope.cause().unwrap().to_string(), "cancelled: enough");
}

#[test]
fn an_output_that_is_there_wins() {
    let scope = CancelScope::new();
    let run = scope.run(async {
        scope.cancel();
        "done"
    });
    assert_eq!(block_on(run).unwrap(), "done");
    assert!(scope.cancel_called() && !scope.cancelled_caught());
}

#[test]
fn one_that_waits_for_a_cancellation_from_within_is_polled_before_the_drop() {
    let scope = CancelScope::new();
    let has_looked = Cell::new(false);
    let run = scope.run(async {
        let looks = async {
            scope.cancelled().await;
            has_looked.set(true);
        };
        let cancels = async {
            yield_now().await;
            scope.cancel();
            pending::<()>().await;
        };
        sheave::join!(looks, cancels);
    });
    assert!(block_on(run).is_err());
    assert!(has_looked.get());
}

#[test]
fn the_first_of_several_reasons_counts() {
    let scope = CancelScope::new();
    scope.cancel_with_reason("first");
    scope.cancel_with_reason("second");
    let cancelled = block_on(scope.run(pending::<()>())).unwrap_err();
    assert_eq!(cancelled.reason(), Some("first"));
}

#[sheave::test(start_paused = true)]
async fn every_await_after_a_cancellation_sees_it() {
    let awaits = AtomicUsize::new(0);
    let scope = CancelScope::new();
    let run = scope.run(async {
        scope.cancel();
        // One that swallows what an inner scope reports comes no further than its next await.
        for _ in 0..3 {
            assert_eq!(move_on_after(SECOND, pending::<()>()).await, None);
            awaits.fetch_add(1, SeqCst);
        }
    });
    assert!(run.await.is_err());
    assert_eq!(awaits.load(SeqCst), 0);
}

#[sheave::test(start_paused = true)]
async fn an_outer_scope_ends_the_inner_ones() {
    let (outer, inner) = (CancelScope::new(), Cell::new(None));
    let run = outer.run(async {
        let scope = CancelScope::new();
        inner.set(Some(scope.clone()));
        let told = scope.child_token();
        let ran = scope.run(async {
            outer.cancel_with_reason("from outside");
            assert!(current_scope().unwrap().is_cancelled() && told.is_cancelled());
            assert!(!current_scope().unwrap().cancel_called());
            yield_now().await;
        });
        drop(ran.await);
        unreachable!("the outer one drops this");
    });
    assert_eq!(run.await.unwrap_err().reason(), Some("from outside"));
    let inner = inner.take().unwrap();
    assert!(!inner.cancelled_caught() && outer.cancelled_caught());
    assert_eq!(inner.cause().unwrap().reason(), Some("from outside"));
}

#[sheave::test(start_paused = true)]
async fn an_inner_scope_does_not_end_the_outer_one() {
    let start = Instant::now();
    let outer = move_on_after(10 * SECOND, async {
        let inner = move_on_after(2 * SECOND, pending::<()>()).await;
        sleep(3 * SECOND).await;
        (inner, "went on")
    });
    assert_eq!(outer.await, Some((None, "went on")));
    assert_eq!(start.elapsed(), 5 * SECOND);
}

#[sheave::test(start_paused = true)]
async fn one_who_waits_for_the_cancellation_says_goodbye_under_a_shield() {
    let start = Instant::now();
    let (scope, said) = (CancelScope::new(), Cell::new(false));
    let button = scope.clone();
    let _button = sheave::spawn(async move {
        sleep(SECOND).await;
        button.cancel();
    });
    let run = scope.run(async {
        sheave::select! {
            () = scope.cancelled() => {}
            () = sleep(100 * SECOND) => unreachable!(),
        }
        CancelScope::shielded(async {
            assert!(current_scope().is_none(), "a shield hides the scopes around");
            sleep(5 * SECOND).await;
            said.set(true);
        })
        .await;
        sleep(100 * SECOND).await;
    });
    assert!(run.await.is_err());
    assert!(said.get());
    assert_eq!(start.elapsed(), 6 * SECOND);
}

/// Item 43: a deadline wakes observers as a call does, before the drop.
#[sheave::test(start_paused = true)]
async fn a_deadline_lets_observers_look_before_the_drop() {
    let said = Cell::new(false);
    let moved_on = move_on_after(SECOND, async {
        let scope = current_scope().unwrap();
        scope.cancelled().await;
        assert!(scope.cause().unwrap().is_deadline());
        said.set(true);
        pending::<()>().await;
    });
    assert_eq!(moved_on.await, None);
    assert!(said.get());
}

#[sheave::test(start_paused = true)]
async fn a_shield_within_scopes_within_scopes_protects_from_all() {
    let start = Instant::now();
    let saved = Cell::new(0);
    let outer = move_on_after(SECOND, async {
        let inner = move_on_after(2 * SECOND, async {
            CancelScope::shielded(sleep(7 * SECOND)).await;
            saved.set(saved.get() + 1);
            yield_now().await;
            unreachable!("both are over");
        });
        inner.await;
        unreachable!("the outer one is over");
    });
    assert_eq!(outer.await, None);
    assert_eq!((saved.get(), start.elapsed()), (1, 7 * SECOND));
}

#[sheave::test(start_paused = true)]
async fn a_shielded_scope_has_a_deadline_of_its_own() {
    let start = Instant::now();
    let flushed = Cell::new(None);
    let outer = CancelScope::new();
    let run = outer.run(async {
        outer.cancel();
        let grace = CancelScope::with_deadline(start + 4 * SECOND).shield();
        let inside = grace.run(async {
            assert!(!current_scope().unwrap().is_cancelled(), "it does not hear of the outer one");
            pending::<()>().await;
        });
        flushed.set(Some(inside.await.is_ok()));
        yield_now().await;
        unreachable!("cancelled");
    });
    assert!(run.await.is_err());
    assert_eq!((flushed.get(), start.elapsed()), (Some(false), 4 * SECOND));
}

#[sheave::test(start_paused = true)]
async fn a_section_that_begins_late_is_not_begun_by_making_it() {
    let scope = CancelScope::new();
    let run = scope.run(async {
        let _never_polled = CancelScope::shielded(pending::<()>());
        scope.cancel();
        yield_now().await;
        unreachable!("an unpolled section shields nothing");
    });
    assert!(run.await.is_err());
}

#[sheave::test(start_paused = true)]
async fn dropping_a_section_ends_it() {
    let scope = CancelScope::new();
    let run = scope.run(async {
        scope.cancel();
        {
            let mut section = pin!(CancelScope::shielded(pending::<()>()));
            assert!(poll_once(section.as_mut()).await.is_none());
        }
        yield_now().await;
        unreachable!("the section has ended");
    });
    assert!(run.await.is_err());
}

#[sheave::test(start_paused = true)]
async fn deadlines_move_while_the_scope_runs() {
    let start = Instant::now();
    let scope = CancelScope::with_deadline(start + 2 * SECOND);
    let remote = scope.clone();
    let _mover = sheave::spawn(async move {
        sleep(SECOND).await;
        remote.set_deadline(Some(start + 5 * SECOND));
        sleep(3 * SECOND).await;
        remote.set_deadline(None);
        sleep(3 * SECOND).await;
        remote.set_deadline(Some(start + 8 * SECOND));
    });
    let cancelled = scope.run(pending::<()>()).await.unwrap_err();
    assert!(cancelled.is_deadline() && cancelled.location().is_none());
    assert_eq!(cancelled.to_string(), "cancelled: deadline has elapsed");
    assert_eq!(start.elapsed(), 8 * SECOND);
}

#[sheave::test(start_paused = true)]
async fn a_deadline_counts_for_code_that_computes_past_it() {
    let moved_on = move_on_after(SECOND, async {
        let scope = current_scope().unwrap();
        assert!(!scope.is_cancelled());
        sheave::time::advance(2 * SECOND).await;
        assert!(scope.is_cancelled());
        "output"
    });
    // `advance` waits, so the scope may drop this there; computing without an await it may not.
    assert!(matches!(moved_on.await, None | Some("output")));
    let scope = CancelScope::with_deadline(Instant::now());
    let ran = scope.run(async { (scope.is_cancelled(), scope.cause().unwrap().is_deadline()) });
    assert_eq!(ran.await.unwrap(), (true, true));
}

/// Item 67: `move_on_after` goes on without an output, `fail_after` fails; both at their moment.
#[sheave::test(start_paused = true)]
async fn move_on_and_fail_differ_in_what_they_give() {
    let start = Instant::now();
    assert_eq!(move_on_after(SECOND, async { 1 }).await, Some(1));
    assert_eq!(move_on_after(SECOND, pending::<()>()).await, None);
    assert_eq!(move_on_at(start + 2 * SECOND, sleep_until(start + 3 * SECOND)).await, None);
    assert_eq!(fail_after(SECOND, async { 2 }).await, Ok(2));
    assert!(fail_after(SECOND, pending::<()>()).await.is_err());
    assert!(fail_at(start + 4 * SECOND, pending::<()>()).await.is_err());
    assert_eq!(start.elapsed(), 4 * SECOND);
    assert_eq!(move_on_after(Duration::ZERO, async { 3 }).await, Some(3), "polled at least once");
    assert_eq!(move_on_after(Duration::MAX, async { 4 }).await, Some(4));
}

/// C6: a level is not kept up by polling again and again.
#[sheave::test(start_paused = true)]
async fn a_cancelled_scope_whose_task_does_not_obey_is_not_polled_again_and_again() {
    let polls = Arc::new(AtomicUsize::new(0));
    let (counted, scope) = (polls.clone(), CancelScope::new());
    let stubborn = scope.clone();
    let task = sheave::spawn(async move {
        let mut body = pin!(CancelScope::shielded(sleep(3600 * SECOND)));
        let counting = poll_fn(|cx| {
            counted.fetch_add(1, SeqCst);
            body.as_mut().poll(cx)
        });
        stubborn.run(counting).await.is_ok()
    });
    yield_now().await;
    let before = polls.load(SeqCst);
    scope.cancel();
    sleep(3000 * SECOND).await;
    let after = polls.load(SeqCst);
    assert!(after - before <= 2, "polled {} times while cancelled", after - before);
    assert!(task.await.unwrap(), "it has an output in the end");
}

/// C6, in processor time: an hour of a cancelled, shielded scope costs what an idle runtime costs.
#[test]
fn a_cancelled_scope_uses_no_processor_time() {
    let used = || {
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: the pointer is that of a `rusage`, which the call fills.
        assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) }, 0);
        // SAFETY: it was zeroed, and filled.
        let usage = unsafe { usage.assume_init() };
        let micros = |time: libc::timeval| time.tv_sec * 1_000_000 + time.tv_usec;
        micros(usage.ru_utime) + micros(usage.ru_stime)
    };
    let rt = sheave::runtime::Builder::new_current_thread().build().unwrap();
    let spent = rt.block_on(async {
        let scope = CancelScope::new();
        scope.cancel();
        let before = used();
        let stubborn = scope.run(CancelScope::shielded(sleep(Duration::from_millis(300))));
        drop(stubborn.await);
        used() - before
    });
    assert!(spent < 30_000, "{spent} µs of 300,000 were spent");
}

/// C5: what asyncio loses by swallowing an exception is still there for whoever looks next.
#[test]
fn a_cancellation_that_one_observer_ignores_is_seen_by_the_next() {
    let scope = CancelScope::new();
    let run = scope.run(async {
        scope.cancel();
        scope.cancelled().await; // Ignored.
        scope.cancelled().await;
        assert!(scope.is_cancelled());
        CancelScope::shielded(async { yield_now().await }).await;
        pending::<()>().await;
    });
    assert!(block_on(run).is_err());
}

/// D7: a scope is not around what its future spawns; a token carries the cancellation there.
#[sheave::test(start_paused = true)]
async fn a_spawned_task_is_in_no_scope_and_is_told_by_a_token() {
    let moved_on = move_on_after(SECOND, async {
        let token = current_scope().unwrap().child_token();
        let task = sheave::spawn(async move {
            assert!(current_scope().is_none());
            token.cancelled().await;
            sleep(SECOND).await;
            "told"
        });
        let detached = CancelScope::shielded(task).await;
        assert_eq!(detached.unwrap(), "told");
        yield_now().await;
    });
    assert_eq!(moved_on.await, None);
}

/// A task that is polled within the poll of another one, as a local one is, is in no scope of that one.
#[sheave::test(start_paused = true)]
async fn a_local_task_that_is_polled_within_a_scope_is_not_in_it() {
    let set = sheave::task::LocalSet::new();
    let local = set.spawn_local(async { current_scope().is_none() });
    let moved_on = move_on_after(SECOND, set.run_until(async move { local.await.unwrap() })).await;
    assert_eq!(moved_on, Some(true));
}

#[test]
fn a_child_token_does_not_cancel_the_scope() {
    let scope = CancelScope::new();
    let token: CancellationToken = scope.child_token();
    token.cancel();
    assert!(!scope.is_cancelled());
}

#[test]
fn a_scope_cancelled_from_another_thread_wakes_its_task_once() {
    #[derive(Default)]
    struct Wakes(AtomicUsize);
    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    let scope = CancelScope::new();
    let mut run = pin!(scope.run(pending::<()>()));
    assert!(run.as_mut().poll(&mut cx).is_pending());
    let remote = scope.clone();
    std::thread::spawn(move || (0..3).for_each(|_| remote.cancel())).join().unwrap();
    assert_eq!(wakes.0.load(SeqCst), 1);
    assert!(matches!(run.as_mut().poll(&mut cx), Poll::Ready(Err(_))));
}

#[test]
fn a_scope_runs_one_future() {
    let scope = CancelScope::new();
    block_on(scope.run(async {})).unwrap();
    let again = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(block_on(scope.run(async {})));
    }));
    let text = *again.unwrap_err().downcast::<&str>().unwrap();
    assert!(text.contains("make another scope"), "{text}");
}

#[test]
fn a_future_that_panics_leaves_its_scope() {
    let scope = CancelScope::new();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(block_on(scope.run(async { panic!("on purpose") })));
    }));
    assert!(panicked.is_err());
    assert!(current_scope().is_none());
}

#[test]
fn a_body_that_uses_up_its_budget_meets_its_deadline() {
    let rt = sheave::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    watchdog(Duration::from_secs(20), move || {
        rt.block_on(async {
            let greedy = sheave::spawn(move_on_after(Duration::from_millis(5), async {
                loop {
                    sheave::task::coop::consume_budget().await;
                }
            }));
            assert_eq!(greedy.await.unwrap(), None::<()>);
        });
    });
}

/// C7: a task that is cancelled before its first poll drops what it captured, in a scope too.
#[test]
fn a_run_that_is_never_polled_drops_what_it_captured() {
    let is_dropped = Cell::new(false);
    let value = OnDrop(&is_dropped);
    let scope = CancelScope::new();
    scope.cancel();
    drop(scope.run(async move {
        let _value = value;
    }));
    assert!(is_dropped.get());
}
