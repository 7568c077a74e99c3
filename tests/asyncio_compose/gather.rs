//! `gather` and `try_gather`: item 38.

use crate::support::{after, endless, in_virtual_time, on_both, runtimes, seconds_since};
use futures_lite::future::{poll_once, yield_now};
use sheave::asyncio::{GatherError, gather, try_gather};
use sheave::task::JoinHandle;
use sheave::time::{Duration, Instant, sleep, timeout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// B40, B57: all run concurrently, and the values come in the order of the arguments.
#[test]
fn values_come_in_argument_order_after_the_longest() {
    in_virtual_time(async {
        let start = Instant::now();
        let values = gather([3, 1, 2].map(|n| after(n, n))).await.expect("none fails");
        assert_eq!(values, [3, 1, 2]);
        assert_eq!(seconds_since(start), 3);
    });
}

/// B13: handles are taken as they are, not wrapped in tasks of their own.
#[test]
fn handles_are_used_as_they_are() {
    on_both(|| async {
        let tasks: Vec<JoinHandle<usize>> =
            (0..5).map(|n| sheave::spawn(async move { n })).collect();
        let values: Vec<usize> = gather(tasks).await.expect("none fails");
        assert_eq!(values, [0, 1, 2, 3, 4]);
    });
}

/// B64: `gather` outside of a runtime, which runs it later.
#[test]
fn a_gather_made_outside_of_a_runtime_can_be_run() {
    for runtime in runtimes() {
        let main_task = gather([1, 2].map(|n| async move { n }));
        assert_eq!(runtime.block_on(main_task).expect("none fails"), [1, 2]);
    }
}

#[test]
fn nothing_gives_an_empty_list() {
    on_both(|| async {
        let nothing: [std::future::Ready<u8>; 0] = [];
        assert_eq!(gather(nothing).await.expect("none fails"), []);
        let nothing: [std::future::Ready<u8>; 0] = [];
        assert!(gather(nothing).return_exceptions().await.is_empty());
    });
}

#[test]
fn nothing_starts_before_the_first_poll() {
    on_both(|| async {
        let held = Arc::new(());
        let gathered = gather([endless::<()>(held.clone())]);
        yield_now().await;
        drop(gathered);
        assert_eq!(Arc::strong_count(&held), 1, "it never became a task");
    });
}

/// B47: the first failure is there at once, and the others are not cancelled.
#[test]
fn the_first_failure_is_there_at_once_and_the_others_run_on() {
    in_virtual_time(async {
        let start = Instant::now();
        let ended = Arc::new(AtomicUsize::new(0));
        let sibling = ended.clone();
        let slow = sheave::spawn(async move {
            sleep(Duration::from_secs(5)).await;
            sibling.fetch_add(1, SeqCst);
        });
        let failing = sheave::spawn(async {
            sleep(Duration::from_secs(1)).await;
            panic!("out of paper");
        });
        let error = gather::<(), _>([slow, failing]).await.expect_err("one fails");
        assert!(error.to_string().contains("out of paper"));
        assert_eq!(seconds_since(start), 1);
        sleep(Duration::from_secs(5)).await;
        assert_eq!(ended.load(SeqCst), 1, "the sibling ran on");
    });
}

/// B47: `return_exceptions` waits for all, and the failures are in the list.
#[test]
fn return_exceptions_waits_for_all_and_keeps_failures() {
    in_virtual_time(async {
        let start = Instant::now();
        let fine = sheave::spawn(after(2, 7));
        let panicking = sheave::spawn(async { panic!("out of paper") });
        let aborted = sheave::spawn(endless(()));
        aborted.abort();
        let outcomes = gather::<u32, _>([fine, panicking, aborted]).return_exceptions().await;
        assert_eq!(*outcomes[0].as_ref().expect("it is fine"), 7);
        assert!(outcomes[1].as_ref().unwrap_err().is_panic());
        assert!(outcomes[2].as_ref().unwrap_err().is_cancelled());
        assert_eq!(seconds_since(start), 2);
    });
}

#[test]
fn a_cancelled_child_ends_the_gather_and_not_its_siblings() {
    on_both(|| async {
        let held = Arc::new(());
        let sibling = sheave::spawn(endless(held.clone()));
        let watch = sibling.abort_handle();
        let child = sheave::spawn(endless(()));
        child.abort();
        let error = gather::<(), _>([sibling, child]).await.expect_err("one is cancelled");
        assert!(error.is_cancelled());
        assert!(!watch.is_finished());
        watch.abort();
    });
}

/// B39: it can be cancelled, whatever the notes say.
#[test]
fn dropping_a_gather_aborts_all_children() {
    on_both(|| async {
        let held = Arc::new(());
        let mut gathered = gather((0..10).map(|_| endless::<()>(held.clone())));
        assert!(poll_once(&mut gathered).await.is_none());
        assert_eq!(Arc::strong_count(&held), 11);
        drop(gathered);
        while Arc::strong_count(&held) > 1 {
            yield_now().await;
        }
    });
}

/// The drop of the input is code of the user. If it panics, the children are aborted all the same.
#[test]
fn an_input_that_panics_when_dropped_saves_no_child() {
    struct Bomb<I>(I);
    impl<I: Iterator> Iterator for Bomb<I> {
        type Item = I::Item;
        fn next(&mut self) -> Option<I::Item> {
            self.0.next()
        }
    }
    impl<I> Drop for Bomb<I> {
        fn drop(&mut self) {
            panic!("in the drop of the input");
        }
    }
    on_both(|| async {
        let held = Arc::new(());
        let children: Vec<_> = (0..4).map(|_| endless::<()>(held.clone())).collect();
        let mut gathered = gather(Bomb(children.into_iter())).limit(3);
        assert!(poll_once(&mut gathered).await.is_none());
        assert_eq!(Arc::strong_count(&held), 5);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(gathered))).is_err());
        // Aborted, and not just let go of.
        timeout(Duration::from_secs(30), async {
            while Arc::strong_count(&held) > 1 {
                yield_now().await;
            }
        })
        .await
        .expect("all children end");
    });
}

/// B39: `cancel` waits until the children have ended.
#[test]
fn cancel_waits_for_the_end_of_all_children() {
    on_both(|| async {
        let held = Arc::new(());
        let mut gathered = gather((0..10).map(|_| endless::<()>(held.clone())));
        assert!(poll_once(&mut gathered).await.is_none());
        assert!(gathered.cancel().await.is_none());
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
fn cancel_is_none_also_with_return_exceptions() {
    on_both(|| async {
        let mut gathered = gather([endless::<()>(())]).return_exceptions();
        assert!(poll_once(&mut gathered).await.is_none());
        assert!(gathered.cancel().await.is_none());
    });
}

#[test]
fn cancel_comes_too_late_for_children_that_are_done() {
    on_both(|| async {
        let tasks = [1, 2].map(|n| sheave::spawn(async move { n }));
        let never = sheave::spawn(endless::<u32>(()));
        let never_ends = never.abort_handle();
        let mut gathered = gather::<u32, _>(tasks.into_iter().chain([never]));
        assert!(poll_once(&mut gathered).await.is_none());
        never_ends.abort();
        assert!(gathered.cancel().await.is_none());

        let mut tasks = [1, 2].map(|n| sheave::spawn(async move { n }));
        for task in &mut tasks {
            while !task.is_finished() {
                yield_now().await;
            }
        }
        let mut gathered = gather::<u32, _>(tasks).limit(1);
        let polled = poll_once(&mut gathered).await;
        assert_eq!(polled.expect("both were done").expect("none failed"), [1, 2]);
        assert!(gathered.cancel().await.is_none(), "it was ready before");
    });
}

#[test]
fn cancel_hands_over_what_was_done_before() {
    in_virtual_time(async {
        let done = sheave::spawn(async { 1 });
        let mut gathered = gather::<u32, _>([done, sheave::spawn(after(1, 2))]);
        assert!(poll_once(&mut gathered).await.is_none());
        // Both end while nobody polls the gather.
        sleep(Duration::from_secs(2)).await;
        assert_eq!(gathered.cancel().await.expect("all were done").expect("none failed"), [1, 2]);
    });
}

#[test]
fn after_an_early_failure_a_drop_leaves_the_rest_alone() {
    on_both(|| async {
        let sibling = sheave::spawn(endless::<()>(()));
        let watch = sibling.abort_handle();
        let failing = sheave::spawn(async { panic!("out of paper") });
        let mut gathered = gather::<(), _>([sibling, failing]);
        assert!((&mut gathered).await.is_err());
        assert!(gathered.cancel().await.is_none());
        yield_now().await;
        assert!(!watch.is_finished());
        watch.abort();
    });
}

/// C4: what people want of `gather`.
#[test]
fn abort_on_error_ends_the_siblings_before_it_is_ready() {
    on_both(|| async {
        let held = Arc::new(());
        let failing = sheave::spawn(async { Err("out of paper") });
        let siblings = (0..10).map(|_| sheave::spawn(endless::<Result<(), &str>>(held.clone())));
        let all: Vec<_> = siblings.chain([failing]).collect();
        let error = try_gather::<(), &str, _>(all).abort_on_error().await.expect_err("one fails");
        assert!(matches!(error, GatherError::Err("out of paper")));
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
fn try_gather_stops_at_the_first_error() {
    in_virtual_time(async {
        let start = Instant::now();
        let divide = |by: u32| async move {
            sleep(Duration::from_secs(u64::from(by))).await;
            12_u32.checked_div(by).ok_or("division by zero")
        };
        assert_eq!(try_gather([1, 3].map(divide)).await.expect("both are fine"), [12, 4]);
        assert_eq!(seconds_since(start), 3);
        let error = try_gather([5, 0].map(divide)).await.expect_err("one fails");
        assert_eq!(error.to_string(), "division by zero");
        assert_eq!(seconds_since(start), 3);
        let outcomes = try_gather([5, 0].map(divide)).return_exceptions().await;
        assert_eq!(*outcomes[0].as_ref().expect("it is fine"), 2);
        assert!(matches!(outcomes[1], Err(GatherError::Err("division by zero"))));
    });
}

/// C19: never more than the limit, and the input is read when there is room.
#[test]
fn a_limit_bounds_what_runs_and_what_was_made() {
    on_both(|| async {
        let (made, running, most) =
            (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let ended = Arc::new(AtomicUsize::new(0));
        let futures = (0..100).map(|n| {
            let in_flight = made.fetch_add(1, SeqCst) - ended.load(SeqCst);
            assert!(in_flight < 8 + 1, "{in_flight} were made and have not ended");
            let (running, most, ended) = (running.clone(), most.clone(), ended.clone());
            async move {
                most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                yield_now().await;
                running.fetch_sub(1, SeqCst);
                ended.fetch_add(1, SeqCst);
                n
            }
        });
        let values = gather(futures).limit(8).await.expect("none fails");
        assert_eq!(values, (0..100).collect::<Vec<_>>());
        assert!(most.load(SeqCst) <= 8);
    });
}

#[test]
#[should_panic(expected = "let at least 1 run")]
fn a_limit_of_zero_says_what_to_do() {
    drop(gather([async {}]).limit(0));
}

#[test]
fn a_timeout_around_a_gather_ends_its_tasks() {
    in_virtual_time(async {
        let held = Arc::new(());
        let gathered = gather([endless::<()>(held.clone())]);
        assert!(timeout(Duration::from_secs(1), gathered).await.is_err());
        yield_now().await;
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

/// B51, E14: a blocking call beside a sleep takes as long as the longer one.
#[test]
fn a_blocking_call_beside_a_sleep_costs_no_extra_time() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let start = Instant::now();
            let blocking = sheave::to_thread(|| std::thread::sleep(Duration::from_secs(1)));
            let napping = sleep(Duration::from_secs(1));
            sheave::gather!(blocking, napping).await.expect("none fails");
            let elapsed = start.elapsed();
            assert!(elapsed >= Duration::from_secs(1), "{elapsed:?}");
            assert!(elapsed < Duration::from_millis(1_900), "{elapsed:?}, one after the other");
        });
    }
}
