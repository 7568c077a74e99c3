//! `as_completed`: item 40.

use crate::support::{after, endless, in_virtual_time, on_both, seconds_since};
use futures_lite::StreamExt;
use futures_lite::future::{poll_once, yield_now};
use sheave::asyncio::as_completed;
use sheave::time::{Duration, Instant, sleep};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// B50: the earliest result comes first, and each when it is there.
#[test]
fn outcomes_come_in_the_order_of_completion() {
    in_virtual_time(async {
        let start = Instant::now();
        let mut completed = as_completed([3, 1, 2].map(|n| after(n, n)));
        for n in 1..=3 {
            let next = completed.next().await.expect("three are there");
            assert_eq!((next.expect("none fails"), seconds_since(start)), (n, n));
        }
        assert!(completed.next().await.is_none());
        assert!(completed.next().await.is_none());
    });
}

/// B50: the time-out is there once, if it comes before all are done, and cancels nothing.
#[test]
fn a_timeout_comes_once_and_the_rest_run_on() {
    in_virtual_time(async {
        let (start, ended) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
        let naps = [1, 2, 9].map(|n| {
            let ended = ended.clone();
            async move {
                sleep(Duration::from_secs(n)).await;
                ended.fetch_add(1, SeqCst);
                n
            }
        });
        let mut completed = as_completed(naps).timeout(Duration::from_secs(5));
        assert_eq!(completed.next().await.unwrap().unwrap().unwrap(), 1);
        assert_eq!(completed.next().await.unwrap().unwrap().unwrap(), 2);
        assert!(completed.next().await.unwrap().is_err());
        assert_eq!(seconds_since(start), 5);
        assert!(completed.next().await.is_none());
        drop(completed);
        sleep(Duration::from_secs(5)).await;
        assert_eq!(ended.load(SeqCst), 3, "the last one ran on");
    });
}

/// The time runs from the first poll, also if that one finds a task that has ended.
#[test]
fn the_time_runs_while_outcomes_are_used() {
    in_virtual_time(async {
        let start = Instant::now();
        let done = sheave::spawn(async { 1 });
        yield_now().await;
        let tasks = [done, sheave::spawn(after(100, 2))];
        let mut completed = as_completed::<u64, _>(tasks).timeout(Duration::from_secs(5));
        assert_eq!(completed.next().await.unwrap().unwrap().unwrap(), 1);
        sleep(Duration::from_secs(4)).await;
        assert!(completed.next().await.unwrap().is_err());
        assert_eq!(seconds_since(start), 5);
    });
}

#[test]
fn a_timeout_that_comes_too_late_is_not_there() {
    in_virtual_time(async {
        let mut completed =
            as_completed([after(1, 1)]).with_index().timeout(Duration::from_secs(5));
        let (index, one) = completed.next().await.unwrap().unwrap();
        assert_eq!((index, one.unwrap()), (0, 1));
        assert!(completed.next().await.is_none());
    });
}

#[test]
fn a_failure_belongs_to_its_task_alone() {
    in_virtual_time(async {
        let mut tasks: Vec<_> = [1, 3].map(|n| sheave::spawn(after(n, n))).into();
        tasks.push(sheave::spawn(async {
            sleep(Duration::from_secs(2)).await;
            panic!("out of paper")
        }));
        let outcomes: Vec<(usize, Result<u64, _>)> =
            StreamExt::collect(as_completed(tasks).with_index()).await;
        let order: Vec<usize> = outcomes.iter().map(|(index, _)| *index).collect();
        assert_eq!(order, [0, 2, 1]);
        assert!(outcomes[1].1.as_ref().unwrap_err().is_panic());
        assert_eq!(*outcomes[2].1.as_ref().unwrap(), 3);
    });
}

#[test]
fn an_interrupted_iteration_goes_on() {
    in_virtual_time(async {
        let mut completed = as_completed([1, 2].map(|n| after(n, n)));
        assert!(poll_once(completed.next()).await.is_none());
        assert_eq!(completed.next().await.unwrap().unwrap(), 1);
        assert_eq!(completed.next().await.unwrap().unwrap(), 2);
    });
}

#[test]
fn dropping_it_detaches_the_tasks() {
    on_both(|| async {
        let (open, gate) = sheave::sync::oneshot::channel::<()>();
        let (tell, told) = sheave::sync::oneshot::channel();
        let waiting = async move {
            gate.await.expect("it is opened");
            tell.send("ran on").expect("the test listens");
        };
        let mut completed = as_completed([waiting]);
        assert!(poll_once(completed.next()).await.is_none());
        drop(completed);
        open.send(()).expect("the task waits");
        assert_eq!(told.await, Ok("ran on"));
    });
}

/// C19.
#[test]
fn a_limit_bounds_what_runs() {
    on_both(|| async {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let futures = (0..50).map(|n| {
            let (running, most) = (running.clone(), most.clone());
            async move {
                most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                yield_now().await;
                running.fetch_sub(1, SeqCst);
                n
            }
        });
        let mut sum = 0;
        let mut completed = as_completed(futures).limit(4);
        while let Some(n) = completed.next().await {
            sum += n.expect("none fails");
        }
        assert_eq!(sum, 49 * 50 / 2);
        assert!(most.load(SeqCst) <= 4);
    });
}

#[test]
fn with_nothing_it_is_over() {
    on_both(|| async {
        let nothing: [std::future::Ready<u8>; 0] = [];
        assert!(as_completed(nothing).next().await.is_none());
        let nothing: [std::future::Ready<u8>; 0] = [];
        assert!(as_completed(nothing).timeout(Duration::ZERO).next().await.is_none());
        let limited = as_completed([endless::<u8>(())]).timeout(Duration::ZERO).next().await;
        assert!(limited.expect("the time is over").is_err());
    });
}
