//! Cancellation tokens: who hears of it, how often, and what a tree of them costs.

use futures_lite::future::{block_on, poll_once};
use sheave::cancel::CancellationToken;
use sheave_tests::watchdog;
use std::collections::HashSet;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

/// Counts how often it was woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn cancellation_goes_down_the_tree_and_not_up() {
    let root = CancellationToken::new();
    let (left, right) = (root.child_token(), root.child_token());
    let leaf = left.child_token();
    left.cancel();
    assert!(left.is_cancelled() && leaf.is_cancelled());
    assert!(!root.is_cancelled() && !right.is_cancelled());
    root.cancel();
    assert!(right.is_cancelled());
    assert!(root.child_token().is_cancelled(), "it is a level: a late child is told too");
}

#[test]
#[expect(clippy::mutable_key_type, reason = "a token is hashed by which one it is")]
fn clones_are_equal_and_tokens_are_not() {
    let token = CancellationToken::new();
    let child = token.child_token();
    assert!(token == token.clone() && token != child && token != CancellationToken::new());
    let tokens = HashSet::from([token.clone(), token.clone(), child.clone(), child.clone()]);
    assert_eq!(tokens.len(), 2);
    token.cancel();
    assert!(tokens.contains(&token) && tokens.contains(&child), "it stays the same token");
}

#[test]
fn a_grandchild_is_told_although_its_parent_is_gone() {
    let root = CancellationToken::new();
    let leaf = root.child_token().child_token().child_token();
    root.cancel();
    assert!(leaf.is_cancelled());
}

#[test]
fn a_child_outlives_a_root_that_nobody_cancelled() {
    let leaf = CancellationToken::new().child_token();
    assert!(!leaf.is_cancelled());
    leaf.cancel();
    assert!(leaf.is_cancelled());
}

#[test]
fn each_waiter_is_woken_once_by_the_first_of_many_calls() {
    let token = CancellationToken::new();
    let wakes: [Arc<Wakes>; 3] = Default::default();
    let mut waiting: Vec<_> = wakes.iter().map(|_| Box::pin(token.cancelled())).collect();
    for (future, wakes) in waiting.iter_mut().zip(&wakes) {
        let waker = Waker::from(wakes.clone());
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    waiting.pop();
    (0..3).for_each(|_| token.cancel());
    assert_eq!(wakes.map(|wakes| wakes.0.load(SeqCst)), [1, 1, 0], "who left is left alone");
    for mut future in waiting {
        assert_eq!(block_on(poll_once(&mut future)), Some(()));
        assert_eq!(block_on(poll_once(&mut future)), Some(()), "it stays ready");
    }
}

#[test]
fn a_waker_may_use_the_token_that_wakes_it() {
    struct Curious(CancellationToken, CancellationToken, AtomicUsize);
    impl Wake for Curious {
        fn wake(self: Arc<Self>) {
            assert!(self.0.is_cancelled() && self.1.is_cancelled());
            assert!(self.0.child_token().is_cancelled());
            self.1.cancel();
            self.2.fetch_add(1, SeqCst);
        }
    }
    let token = CancellationToken::new();
    let curious = Arc::new(Curious(token.clone(), token.child_token(), AtomicUsize::new(0)));
    let waker = Waker::from(curious.clone());
    let mut waiting = pin!(curious.1.cancelled());
    assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    token.cancel();
    assert_eq!(curious.2.load(SeqCst), 1);
}

#[test]
fn a_future_runs_until_its_token_is_cancelled() {
    let token = CancellationToken::new();
    assert_eq!(block_on(token.run_until_cancelled(async { 7 })), Some(7));
    let other = token.clone();
    let mut running = pin!(other.run_until_cancelled(pending::<()>()));
    assert_eq!(block_on(poll_once(&mut running)), None);
    token.cancel();
    assert_eq!(block_on(running), None);
    let untouched = async { panic!("a cancelled token polls nothing") };
    assert_eq!(block_on(token.run_until_cancelled(untouched)), None::<()>);
    assert_eq!(block_on(token.run_until_cancelled_owned(pending::<()>())), None);
}

#[test]
fn an_output_that_is_there_wins() {
    let token = CancellationToken::new();
    let mut polls = 0;
    let last_words = std::future::poll_fn(|_| {
        polls += 1;
        if polls == 2 { Poll::Ready("saved") } else { Poll::Pending }
    });
    let mut running = pin!(token.run_until_cancelled(last_words));
    assert_eq!(block_on(poll_once(&mut running)), None);
    token.cancel();
    assert_eq!(block_on(running), Some("saved"));
}

#[test]
fn a_task_that_uses_up_its_budget_is_told_all_the_same() {
    let rt = sheave::runtime::Builder::new_current_thread().build().unwrap();
    watchdog(Duration::from_secs(20), move || {
        rt.block_on(async {
            let token = CancellationToken::new();
            let told = token.clone();
            let greedy = sheave::spawn(async move {
                told.run_until_cancelled(async {
                    loop {
                        sheave::task::coop::consume_budget().await;
                    }
                })
                .await
            });
            sheave::task::yield_now().await;
            token.cancel();
            assert_eq!(greedy.await.unwrap(), None::<()>);
        });
    });
}

#[test]
fn guards_cancel_unless_they_are_disarmed() {
    let token = CancellationToken::new();
    assert!(!token.clone().drop_guard().disarm().is_cancelled());
    assert!(!token.drop_guard_ref().disarm().is_cancelled());
    let child = token.child_token();
    assert!(!child.drop_guard_ref().token().is_cancelled());
    assert!(child.is_cancelled() && !token.is_cancelled());
    let guard = token.clone().drop_guard();
    let unwound = std::panic::catch_unwind(move || {
        let _guard = guard;
        panic!("it cancels on unwinding");
    });
    assert!(unwound.is_err() && token.is_cancelled());
}

/// A recursive walk, or a recursive drop, would overflow the 2 MiB stack of a test thread.
#[test]
fn a_deep_tree_is_cancelled_and_dropped_without_recursion() {
    let root = CancellationToken::new();
    let mut chain = vec![root.clone()];
    for _ in 0..200_000 {
        chain.push(chain.last().unwrap().child_token());
    }
    root.cancel();
    assert!(chain.last().unwrap().is_cancelled());
    let uncancelled = CancellationToken::new();
    let mut chain = vec![uncancelled];
    for _ in 0..200_000 {
        chain.push(chain.last().unwrap().child_token());
    }
    drop(chain);
}

/// A hundred times the children may take a hundred times the time, and some for the caches; a scan of
/// the siblings would make it ten thousand.
#[test]
fn children_leave_a_wide_tree_in_constant_time() {
    let time = |count: usize| {
        let root = CancellationToken::new();
        let mut children: Vec<_> = (0..count).map(|_| root.child_token()).collect();
        let start = Instant::now();
        for stride in [7, 5, 3, 2, 1] {
            let mut nth = 0;
            children.retain(|_| {
                nth += 1;
                nth % stride != 0
            });
        }
        assert!(children.is_empty());
        start.elapsed()
    };
    let least = |count| (0..5).map(|_| time(count)).min().unwrap();
    let (few, many) = (least(1_000), least(100_000));
    println!("1,000 children {few:?}, 100,000 children {many:?}");
    assert!(many < few * 2_000, "1,000 took {few:?}, 100,000 took {many:?}");
}

#[test]
fn a_hundred_thousand_waiters_in_a_tree_are_all_woken_once() {
    let root = CancellationToken::new();
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut waiting: Vec<_> =
        (0..100_000).map(|_| Box::pin(root.child_token().cancelled_owned())).collect();
    for future in &mut waiting {
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    root.cancel();
    assert_eq!(wakes.0.load(SeqCst), 100_000);
}

#[test]
fn tokens_are_made_cancelled_awaited_and_dropped_on_many_threads() {
    for _ in 0..200 {
        let root = CancellationToken::new();
        std::thread::scope(|scope| {
            for n in 0..4 {
                let root = &root;
                scope.spawn(move || {
                    let middle = root.child_token();
                    let leaves: Vec<_> = (0..20).map(|_| middle.child_token()).collect();
                    if n % 2 == 0 {
                        drop(middle);
                    } else {
                        middle.cancel();
                    }
                    leaves.into_iter().for_each(|leaf| block_on(leaf.cancelled()));
                });
            }
            root.cancel();
        });
        assert!(root.is_cancelled());
    }
}
