//! Scopes within scopes: who belongs to whom, and which of several ends.

use super::SECOND;
use futures_lite::future::block_on;
use sheave::cancel::{CancelScope, current_scope, fail_after, move_on_after};
use sheave::task::yield_now;
use sheave::time::{Duration, Instant, sleep};
use sheave_tests::watchdog;
use std::cell::{Cell, RefCell};
use std::future::pending;

/// A scope belongs to where it runs, wherever it was made: a scope in the argument of another one is in it.
#[sheave::test(start_paused = true)]
async fn a_scope_that_was_made_outside_hears_of_the_one_around_it() {
    let said = Cell::new(false);
    let inner = CancelScope::new();
    let early = inner.child_token();
    let outer = move_on_after(
        SECOND,
        inner.run(async {
            inner.cancelled().await;
            assert!(inner.is_cancelled() && early.is_cancelled() && !inner.cancel_called());
            assert!(inner.cause().unwrap().is_deadline());
            said.set(true);
            pending::<()>().await;
        }),
    );
    assert!(outer.await.is_none());
    assert!(said.get() && !inner.cancelled_caught());
}

/// The other way round: making a scope somewhere does not tie it to that place.
#[sheave::test(start_paused = true)]
async fn a_scope_that_runs_in_another_task_is_not_in_the_one_it_was_made_in() {
    let (outer, task) = (CancelScope::new(), Cell::new(None));
    let run = outer.run(async {
        let inner = CancelScope::new();
        task.set(Some(sheave::spawn(async move {
            let token = inner.child_token();
            let ran = inner.run(async {
                sleep(SECOND).await;
                "undisturbed"
            });
            (ran.await.ok(), inner.is_cancelled() || token.is_cancelled())
        })));
        outer.cancel();
        yield_now().await;
    });
    assert!(run.await.is_err());
    assert_eq!(task.take().unwrap().await.unwrap(), (Some("undisturbed"), false));
}

/// A token of a scope whose future has ended goes on hearing of the scopes around it, also if somebody asked
/// for one before the scope ran.
#[sheave::test(start_paused = true)]
async fn a_token_outlives_its_scope_in_the_scopes_around() {
    for is_asked_before in [false, true] {
        let outer = CancelScope::new();
        let run = outer.run(async {
            let inner = CancelScope::new();
            drop(is_asked_before.then(|| inner.child_token()));
            let token = inner.run(async { current_scope().unwrap().child_token() }).await.unwrap();
            drop(inner);
            assert!(!token.is_cancelled());
            outer.cancel();
            token.is_cancelled()
        });
        assert!(run.await.unwrap(), "asked before: {is_asked_before}");
    }
}

/// A scope that was cancelled before it was run, or asked for a token, hands that on.
#[test]
fn a_token_may_be_taken_before_and_after_the_cancellation() {
    let scope = CancelScope::new();
    let before = scope.child_token();
    assert!(!before.is_cancelled());
    scope.cancel_with_reason("enough");
    assert!(before.is_cancelled() && scope.child_token().is_cancelled());
    let late = CancelScope::new();
    late.cancel();
    assert!(late.child_token().is_cancelled());
    block_on(late.cancelled());
}

/// When scopes within scopes are cancelled, the outermost ends all: no code between them runs.
#[sheave::test(start_paused = true)]
async fn of_two_cancelled_scopes_the_outer_one_takes_it() {
    let (outer, inner) = (CancelScope::new(), CancelScope::new());
    let run = outer.run(async {
        outer.cancel_with_reason("outer");
        inner.cancel_with_reason("inner");
        drop(inner.run(pending::<()>()).await);
        unreachable!("the outer one drops this");
    });
    assert_eq!(run.await.unwrap_err().reason(), Some("outer"));
    assert!(outer.cancelled_caught() && inner.cancel_called() && !inner.cancelled_caught());
}

/// Also if they poll their futures once more, for those who wait for them.
#[test]
fn of_cancelled_scopes_that_are_watched_the_outermost_takes_it() {
    watchdog(Duration::from_secs(20), || {
        let scopes = [(); 3].map(|()| CancelScope::new());
        let [outer, middle, inner] = &scopes;
        let acted = Cell::new(0);
        let watch = async |scope: &CancelScope| {
            scope.cancelled().await;
            acted.set(acted.get() + 1);
            pending::<()>().await;
        };
        let ends = inner.run(async {
            scopes.iter().for_each(CancelScope::cancel);
            pending::<()>().await;
        });
        let between = async {
            drop(ends.await);
            unreachable!("the outer one drops this");
        };
        let within = async {
            drop(middle.run(async { sheave::join!(watch(middle), between) }).await);
            unreachable!("the outer one drops this, too");
        };
        let run = outer.run(async { sheave::join!(watch(outer), within) });
        assert!(block_on(run).is_err());
        assert_eq!(acted.get(), 2);
        assert!(
            outer.cancelled_caught() && !middle.cancelled_caught() && !inner.cancelled_caught()
        );
    });
}

/// Nor does a loop over scopes that end at once keep the one around it from ending.
#[test]
fn a_loop_over_cancelled_scopes_ends_with_the_scope_around_it() {
    watchdog(Duration::from_secs(20), || {
        let outer = CancelScope::new();
        let run = outer.run(async {
            outer.cancel();
            loop {
                let inner = CancelScope::new();
                inner.cancel();
                let _ = inner.run(pending::<()>()).await;
            }
        });
        assert!(block_on(run).is_err());
    });
}

/// One that is polled on its own, not by the scope around, does not wait for that one for ever.
#[test]
fn a_cancelled_scope_that_is_driven_by_hand_ends() {
    watchdog(Duration::from_secs(20), || {
        let outer = CancelScope::new();
        let run = outer.run(async {
            outer.cancel();
            let inner = CancelScope::new();
            inner.cancel();
            block_on(inner.run(pending::<()>())).is_err()
        });
        assert!(block_on(run).unwrap(), "no await of the outer one waited");
    });
}

/// Several scopes and shields, one in the other: each ends by itself, at its own moment.
#[sheave::test(start_paused = true)]
async fn scopes_and_shields_that_alternate_end_each_at_its_own_moment() {
    let start = Instant::now();
    let seconds = || start.elapsed().as_secs();
    let log = RefCell::new(Vec::new());
    let outer = move_on_after(SECOND, async {
        let shielded = CancelScope::with_deadline(start + 5 * SECOND).shield();
        let ran = shielded.run(async {
            // The outer one is over after one second, which is not heard here.
            let failed = fail_after(2 * SECOND, pending::<()>()).await.is_err();
            log.borrow_mut().push((seconds(), failed, current_scope().unwrap().is_cancelled()));
            CancelScope::shielded(sleep(4 * SECOND)).await;
            log.borrow_mut().push((seconds(), true, shielded.is_cancelled()));
            yield_now().await;
            unreachable!("the shielded scope is over");
        });
        let is_over = ran.await.is_err();
        log.borrow_mut().push((seconds(), is_over, current_scope().unwrap().is_cancelled()));
        yield_now().await;
        unreachable!("the outer one is over");
    });
    assert_eq!(outer.await, None::<()>);
    assert_eq!(*log.borrow(), [(2, true, false), (6, true, true), (6, true, true)]);
}

/// A deadline that is moved into the past ends the scope at once, also from a thread.
#[sheave::test]
async fn a_deadline_that_a_thread_moves_into_the_past_ends_the_scope() {
    let scope = CancelScope::with_deadline(Instant::now() + 3600 * SECOND);
    let remote = scope.clone();
    let ran = scope.run(async {
        let mover = std::thread::spawn(move || remote.set_deadline(Some(Instant::now())));
        pending::<()>().await;
        drop(mover);
    });
    assert!(ran.await.unwrap_err().is_deadline());
    assert!(scope.cancel_called() && scope.cancelled_caught());
}
