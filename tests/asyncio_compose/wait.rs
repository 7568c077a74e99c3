//! `wait`, `wait_results` and `wait_owned`: item 39.

use crate::support::{after, endless, in_virtual_time, on_both, seconds_since};
use futures_lite::future::{poll_once, yield_now};
use sheave::asyncio::{ReturnWhen, WaitError, WaitResult, wait, wait_owned, wait_results};
use sheave::task::JoinHandle;
use sheave::time::{Duration, Instant, sleep};
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

fn tasks(seconds: &[u64]) -> Vec<JoinHandle<u64>> {
    seconds.iter().map(|n| sheave::spawn(after(*n, *n))).collect()
}

/// B59, B6: it takes handles, has no limit unless it is given one, and returns both lists.
#[test]
fn all_completed_waits_for_the_last() {
    in_virtual_time(async {
        let (start, mut tasks) = (Instant::now(), tasks(&[2, 3, 1]));
        let ended = wait(&mut tasks, ReturnWhen::AllCompleted).await.expect("there are some");
        assert_eq!(ended, WaitResult { done: vec![0, 1, 2], pending: vec![] });
        assert_eq!(seconds_since(start), 3);
        for (task, n) in tasks.into_iter().zip([2, 3, 1]) {
            assert_eq!(task.await.expect("the output is still there"), n);
        }
    });
}

#[test]
fn first_completed_returns_with_the_first_and_its_companions() {
    in_virtual_time(async {
        let (start, mut tasks) = (Instant::now(), tasks(&[2, 1, 1, 3]));
        let ended = wait(&mut tasks, ReturnWhen::FirstCompleted).await.expect("there are some");
        assert_eq!(ended.done, [1, 2], "two end at the same moment");
        assert_eq!(ended.pending, [0, 3]);
        assert_eq!(seconds_since(start), 1);
    });
}

#[test]
fn first_completed_counts_a_cancelled_task_and_first_exception_does_not() {
    in_virtual_time(async {
        let start = Instant::now();
        let mut tasks = vec![sheave::spawn(endless(())), sheave::spawn(after(1, 1))];
        tasks[0].abort();
        let ended = wait(&mut tasks, ReturnWhen::FirstCompleted).await.expect("there are some");
        assert_eq!((ended.done, seconds_since(start)), (vec![0], 0));
        let ended = wait(&mut tasks, ReturnWhen::FirstException).await.expect("there are some");
        assert_eq!((ended.done, seconds_since(start)), (vec![0, 1], 1));
    });
}

#[test]
fn first_exception_returns_at_a_panic() {
    in_virtual_time(async {
        let start = Instant::now();
        let mut tasks = tasks(&[1, 5]);
        tasks.push(sheave::spawn(async {
            sleep(Duration::from_secs(2)).await;
            panic!("out of paper")
        }));
        let ended = wait(&mut tasks, ReturnWhen::FirstException).await.expect("there are some");
        assert_eq!(ended, WaitResult { done: vec![0, 2], pending: vec![1] });
        assert_eq!(seconds_since(start), 2);
    });
}

#[test]
fn wait_results_takes_an_err_for_an_exception() {
    in_virtual_time(async {
        let start = Instant::now();
        let mut tasks = [sheave::spawn(after(5, Ok(()))), sheave::spawn(after(1, Err("paper")))];
        let ended = wait(&mut tasks, ReturnWhen::FirstException).timeout(Duration::from_secs(2));
        assert_eq!(ended.await.expect("there are some").done, [1]);
        assert_eq!(seconds_since(start), 2, "to `wait` an `Err` is an output like another");
        let ended = wait_results(&mut tasks, ReturnWhen::FirstException).await;
        assert_eq!(ended.expect("there are some").done, [1]);
        assert_eq!(seconds_since(start), 2);
        assert_eq!((&mut tasks[1]).await.expect("no panic"), Err("paper"));
    });
}

/// B49: nothing to wait for is an error.
#[test]
fn an_empty_wait_is_an_error() {
    on_both(|| async {
        let mut none: [JoinHandle<()>; 0] = [];
        assert_eq!(wait(&mut none, ReturnWhen::AllCompleted).await, Err(WaitError::Empty));
        let error = wait_owned::<()>(Vec::new(), ReturnWhen::AllCompleted).await.unwrap_err();
        assert_eq!(error, WaitError::Empty);
    });
}

/// B21, B49, E12: when the time is over, nothing is done, both are pending, and none was cancelled.
#[test]
fn a_timeout_returns_what_there_is_and_cancels_nothing() {
    in_virtual_time(async {
        let (start, mut tasks) = (Instant::now(), tasks(&[2, 2]));
        let limited = wait(&mut tasks, ReturnWhen::AllCompleted).timeout(Duration::from_secs(1));
        let ended = limited.await.expect("there are some");
        assert_eq!(ended, WaitResult { done: vec![], pending: vec![0, 1] });
        assert_eq!(seconds_since(start), 1);
        let limited = wait(&mut tasks, ReturnWhen::AllCompleted).timeout(Duration::from_secs(10));
        assert_eq!(limited.await.expect("there are some").done, [0, 1]);
        assert_eq!(seconds_since(start), 2);
    });
}

#[test]
fn tasks_that_have_ended_are_done_at_once() {
    on_both(|| async {
        let mut tasks = [sheave::spawn(async { 5 })];
        while !tasks[0].is_finished() {
            yield_now().await;
        }
        let ended = poll_once(wait(&mut tasks, ReturnWhen::AllCompleted)).await;
        assert_eq!(ended.expect("at once").expect("there is one").done, [0]);
    });
}

#[test]
fn a_dropped_wait_leaves_tasks_and_no_registration() {
    struct Token;
    impl Wake for Token {
        fn wake(self: Arc<Self>) {}
    }
    on_both(|| async {
        let mut tasks = [sheave::spawn(endless::<()>(()))];
        let token = Arc::new(Token);
        let waker = Waker::from(token.clone());
        for _ in 0..100 {
            let mut waiting = wait(&mut tasks, ReturnWhen::AllCompleted);
            let polled = std::pin::Pin::new(&mut waiting).poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
        }
        drop(waker);
        assert_eq!(Arc::strong_count(&token), 1, "no waker is left behind");
        assert!(!tasks[0].is_finished());
        tasks[0].abort();
        assert!(tasks[0..1].iter_mut().next().unwrap().await.unwrap_err().is_cancelled());
    });
}

#[test]
fn owned_handles_come_back_in_two_lists() {
    in_virtual_time(async {
        let ended = wait_owned(tasks(&[1, 9, 2]), ReturnWhen::AllCompleted);
        let (done, pending) = ended.timeout(Duration::from_secs(5)).await.expect("there are some");
        let mut outputs = Vec::new();
        for task in done {
            outputs.push(task.await.expect("it completes"));
        }
        assert_eq!(outputs, [1, 2]);
        assert_eq!(pending.len(), 1);
        for task in pending {
            assert_eq!(task.await.expect("it runs on"), 9);
        }
    });
}

#[test]
#[should_panic(expected = "polled after it had returned its output")]
fn a_wait_that_gave_its_handles_back_has_none() {
    in_virtual_time(async {
        let mut waits = wait_owned(tasks(&[1]), ReturnWhen::AllCompleted);
        assert_eq!((&mut waits).await.expect("there is one").0.len(), 1);
        let _ = waits.await;
    });
}
