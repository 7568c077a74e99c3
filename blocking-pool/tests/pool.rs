//! Behaviour of the pool as its users see it.
//!
//! Longer than 400 lines: independent tests, read one at a time, which share one binary to link.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod common;

use common::{Door, PATIENCE, eventually};
use futures_lite::future::{self, block_on};
use sheave_blocking_pool::{
    Backlog, Builder, Executor, Job, JobError, LaneConfig, Pool, RejectReason,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

struct Counting {
    run: Arc<AtomicUsize>,
    cancelled: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

impl Job for Counting {
    fn run(self: Box<Self>) {
        self.run.fetch_add(1, SeqCst);
    }
    fn cancel(self: Box<Self>) {
        self.cancelled.fetch_add(1, SeqCst);
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_result_is_awaited_and_waited_for() {
    let pool = Pool::new();
    assert_eq!(block_on(pool.spawn(|| 7)).unwrap(), 7);
    assert_eq!(pool.spawn(|| "seven".to_owned()).wait().unwrap(), "seven");
    let finished = pool.spawn(|| ());
    eventually("the job finishes", || finished.is_finished());
    assert!(!finished.cancel(), "what is over cannot be cancelled");
    finished.wait().unwrap();
}

#[test]
#[should_panic(expected = "polled after it returned its result")]
fn polling_again_panics() {
    let pool = Pool::new();
    let mut handle = pool.spawn(|| ());
    block_on(&mut handle).unwrap();
    let _ = block_on(handle);
}

#[test]
fn a_hundred_jobs_run_at_once_and_no_more_than_the_cap() {
    let pool = Builder::new().max_threads(100).build();
    let door = Door::default();
    let handles: Vec<_> = (0..130)
        .map(|_| {
            let door = door.clone();
            pool.spawn(move || door.pass())
        })
        .collect();
    door.await_crowd(100);
    let metrics = pool.metrics();
    assert_eq!((metrics.threads, metrics.running, metrics.queued), (100, 100, 30));
    assert_eq!(door.crowd(), 100);
    door.open();
    handles.into_iter().for_each(|handle| handle.wait().unwrap());
    assert_eq!(pool.metrics().peak_threads, 100);
    assert!(pool.shutdown(Backlog::Drain, Some(PATIENCE)).is_complete());
    assert_eq!(pool.metrics().completed, 130);
}

#[test]
fn idle_threads_end_after_their_keep_alive_but_for_min_idle() {
    let pool =
        Builder::new().max_threads(8).keep_alive(Duration::from_millis(5)).min_idle(2).build();
    let door = Door::default();
    let handles: Vec<_> = (0..8)
        .map(|_| {
            let door = door.clone();
            pool.spawn(move || door.pass())
        })
        .collect();
    door.await_crowd(8);
    door.open();
    handles.into_iter().for_each(|handle| handle.wait().unwrap());
    eventually("the pool shrinks", || pool.metrics().threads == 2 && pool.metrics().idle == 2);
    assert_eq!(pool.metrics().peak_threads, 8);
    assert_eq!(pool.spawn(|| 1).wait().unwrap(), 1);
    assert!(pool.shutdown(Backlog::Drain, Some(PATIENCE)).is_complete());
}

#[test]
fn a_keep_alive_of_zero_and_of_ever_both_work() {
    for keep_alive in [Duration::ZERO, Duration::MAX, Duration::from_nanos(1)] {
        let pool = Builder::new().max_threads(2).keep_alive(keep_alive).build();
        for i in 0..500 {
            assert_eq!(pool.spawn(move || i).wait().unwrap(), i);
        }
        assert!(pool.shutdown(Backlog::Drain, Some(PATIENCE)).is_complete());
    }
}

#[test]
fn panics_reach_the_awaiter_and_the_thread_survives() {
    let pool = Builder::new().max_threads(1).build();
    let error =
        pool.spawn(|| -> u8 { panic!("code {}", std::hint::black_box(5)) }).wait().unwrap_err();
    assert_eq!(error.to_string(), "the job panicked: code 5");
    let JobError::Panicked(payload) = error else { unreachable!() };
    assert_eq!(*payload.into_inner().downcast::<String>().unwrap(), "code 5");

    struct PanicsWhenDropped;
    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    // A payload that panics when dropped, a result that does, and a raw job that does. The thread is
    // busy until the handles are gone, so that the drops happen there and not here.
    let door = Door::default();
    let at_door = door.clone();
    let busy = pool.spawn(move || at_door.pass());
    door.await_crowd(1);
    drop(pool.spawn(|| std::panic::panic_any(PanicsWhenDropped)));
    drop(pool.spawn(|| PanicsWhenDropped));
    struct Raw;
    impl Job for Raw {
        fn run(self: Box<Self>) {
            panic!("raw");
        }
        fn cancel(self: Box<Self>) {}
    }
    pool.submit(Box::new(Raw)).unwrap();
    door.open();
    busy.wait().unwrap();
    assert_eq!(pool.spawn(|| 1).wait().unwrap(), 1);
    assert!(pool.shutdown(Backlog::Drain, Some(PATIENCE)).is_complete());
    let metrics = pool.metrics();
    assert_eq!((metrics.peak_threads, metrics.completed), (1, 6));
    assert_eq!(metrics.panicked, 4, "{metrics:?}");
}

#[test]
fn panicking_hooks_and_names_neither_kill_nor_hang() {
    let stopped = Arc::new(AtomicUsize::new(0));
    let counter = stopped.clone();
    let pool = Builder::new()
        .max_threads(3)
        .thread_name_fn(|| panic!("no name"))
        .on_thread_start(|| panic!("start"))
        .on_thread_stop(move || {
            counter.fetch_add(1, SeqCst);
            panic!("stop");
        })
        .build();
    let name = pool.spawn(|| std::thread::current().name().map(str::to_owned)).wait().unwrap();
    assert_eq!(name.as_deref(), Some("sheave-blocking-0"));
    assert!(pool.shutdown(Backlog::Drain, Some(PATIENCE)).is_complete());
    assert_eq!(stopped.load(SeqCst), 1);
}

#[test]
fn threads_bear_the_names_they_are_given() {
    let pool = Builder::new().thread_name("disk").thread_stack_size(256 * 1024).build();
    let name = || std::thread::current().name().map(str::to_owned);
    assert_eq!(pool.spawn(name).wait().unwrap().as_deref(), Some("disk-0"));
    let pool = Builder::new().thread_name_fn(|| "a\0b".into()).build();
    assert_eq!(pool.spawn(name).wait().unwrap().as_deref(), Some("a?b"));
}

#[test]
fn bad_settings_panic_with_the_fix() {
    let said = |code: fn()| {
        let payload = std::panic::catch_unwind(code).unwrap_err();
        payload
            .downcast_ref::<String>()
            .cloned()
            .unwrap_or_else(|| (*payload.downcast_ref::<&str>().expect("a text")).to_owned())
    };
    assert!(said(|| drop(Builder::new().max_threads(0))).contains("at least 1"));
    assert!(said(|| drop(Builder::new().thread_name("a\0"))).contains("NUL"));
    assert!(said(|| drop(Pool::new().lane("x", LaneConfig::new(0)))).contains("at least 1"));
}

#[test]
fn the_queue_limit_counts_only_jobs_without_a_thread() {
    let pool = Builder::new().max_threads(2).queue_limit(1).build();
    let door = Door::default();
    let accepted: Vec<_> = (0..3)
        .map(|_| {
            let door = door.clone();
            pool.try_spawn(move || door.pass()).expect("two threads and one place")
        })
        .collect();
    let refused = pool.try_spawn(|| 9).unwrap_err();
    assert!(matches!(refused.reason, RejectReason::QueueFull { limit: 1 }));
    assert_eq!((refused.job)(), 9);
    assert!(matches!(
        pool.spawn(|| ()).wait(),
        Err(JobError::Rejected(RejectReason::QueueFull { limit: 1 }))
    ));
    door.open();
    accepted.into_iter().for_each(|handle| handle.wait().unwrap());
    eventually("there is room again", || pool.try_spawn(|| ()).is_ok());
    assert!(pool.metrics().rejected >= 2);
}

#[test]
fn a_queued_job_is_cancelled_and_a_running_one_is_not() {
    let pool = Builder::new().max_threads(1).build();
    let door = Door::default();
    let at_door = door.clone();
    let running = pool.spawn(move || at_door.pass());
    door.await_crowd(1);
    let queued = pool.spawn(|| ());
    assert!(!running.cancel());
    assert!(queued.cancel());
    assert!(!queued.cancel(), "only once");
    assert_eq!(pool.metrics().queued, 0);
    assert!(block_on(queued).unwrap_err().is_cancelled());
    door.open();
    running.wait().unwrap();
    assert_eq!(pool.metrics().cancelled, 1);
}

#[test]
fn a_job_may_wait_for_jobs_of_its_own_pool_at_a_cap_of_one() {
    fn tree(pool: &Pool, depth: u32) -> u64 {
        if depth == 0 {
            return 1;
        }
        let children: Vec<_> = (0..2)
            .map(|_| {
                let pool = pool.clone();
                pool.clone().spawn(move || tree(&pool, depth - 1))
            })
            .collect();
        children.into_iter().map(|child| child.wait().unwrap()).sum()
    }
    for cap in [1, 2, 3] {
        let pool = Builder::new().max_threads(cap).build();
        assert_eq!(tree(&pool, 8), 256);
        assert!(pool.shutdown(Backlog::Drain, Some(PATIENCE)).is_complete());
    }
}

#[test]
fn a_wait_for_a_running_job_lets_the_pool_grow_and_shrink_again() {
    let pool = Builder::new().max_threads(2).build();
    let (inner, door) = (pool.clone(), Door::default());
    let at_door = door.clone();
    let running = pool.spawn(move || at_door.pass());
    door.await_crowd(1);
    let (tell, told) = mpsc::channel();
    let waiting = pool.spawn(move || {
        // Queued behind both threads; only a third one can open the door.
        tell.send(()).unwrap();
        running.wait().unwrap();
        assert!(inner.is_current());
    });
    told.recv().unwrap();
    eventually("the wait is known", || pool.metrics().blocked == 1);
    let opener = pool.spawn(move || door.open());
    opener.wait().unwrap();
    waiting.wait().unwrap();
    assert_eq!(pool.metrics().peak_threads, 3);
    assert!(!pool.is_current());
    // The surplus thread goes as soon as it has something to look for.
    eventually("the pool shrinks", || {
        pool.spawn(|| ()).wait().unwrap();
        pool.metrics().threads <= 2
    });
}

#[test]
fn surplus_threads_never_swallow_a_claim() {
    let pool = Builder::new().max_threads(1).build();
    for round in 0..300 {
        let inner = pool.clone();
        let outer = pool.spawn(move || {
            let (sender, receiver) = mpsc::channel();
            let handle = inner.spawn(move || sender.send(round).unwrap());
            let received = inner.compensate(|| receiver.recv().unwrap());
            handle.wait().unwrap();
            received
        });
        assert_eq!(outer.wait().unwrap(), round);
        let more: Vec<_> = (0..3).map(|i| pool.spawn(move || i)).collect();
        for (i, handle) in more.into_iter().enumerate() {
            assert_eq!(handle.wait().unwrap(), i);
        }
    }
}

/// The greatest limit leaves no number for the thread that stands in.
#[test]
fn an_unlimited_pool_compensates_too() {
    let pool = Builder::new().max_threads(usize::MAX).build();
    let inner = pool.clone();
    let outer = pool.spawn(move || {
        inner.compensate(|| {
            let (sender, receiver) = mpsc::channel();
            drop(inner.spawn(move || sender.send(7)));
            receiver.recv_timeout(PATIENCE)
        })
    });
    assert_eq!(outer.wait().unwrap(), Ok(7));
}

#[test]
fn a_lane_keeps_to_its_threads_and_cannot_starve_the_pool() {
    let pool = Builder::new().max_threads(4).build();
    let dns = pool.lane("dns", LaneConfig { queue_limit: Some(50), ..LaneConfig::new(2) });
    let door = Door::default();
    let slow: Vec<_> = (0..52)
        .map(|_| {
            let door = door.clone();
            dns.try_spawn(move || door.pass()).expect("two threads and fifty places")
        })
        .collect();
    door.await_crowd(2);
    assert!(dns.try_spawn(|| ()).is_err());
    for i in 0..100 {
        assert_eq!(pool.spawn(move || i).wait().unwrap(), i);
    }
    assert_eq!((door.crowd(), dns.metrics().running, dns.metrics().queued), (2, 2, 50));
    assert_eq!(pool.lane("dns", LaneConfig::new(9)).metrics(), dns.metrics(), "the same lane");
    door.open();
    slow.into_iter().for_each(|handle| handle.wait().unwrap());
}

#[test]
fn all_lanes_together_leave_one_thread_to_the_pool() {
    let pool = Builder::new().max_threads(3).build();
    let (first, second) = (pool.lane("a", LaneConfig::new(3)), pool.lane("b", LaneConfig::new(3)));
    let door = Door::default();
    let slow: Vec<_> = (0..6)
        .map(|i| {
            let door = door.clone();
            if i % 2 == 0 { &first } else { &second }.spawn(move || door.pass())
        })
        .collect();
    door.await_crowd(2);
    assert_eq!(pool.spawn(|| 1).wait().unwrap(), 1);
    assert_eq!(door.crowd(), 2);
    door.open();
    slow.into_iter().for_each(|handle| handle.wait().unwrap());
}

#[test]
fn with_one_thread_lane_and_pool_take_turns() {
    let pool = Builder::new().max_threads(1).build();
    let lane = pool.lane("lane", LaneConfig::new(1));
    let door = Door::default();
    let at_door = door.clone();
    pool.submit(Box::new(Order(Box::new(move || at_door.pass())))).unwrap();
    door.await_crowd(1);
    let (sender, receiver) = mpsc::channel();
    for (executor, name) in [(&lane as &dyn Executor, "lane"), (&pool, "pool")] {
        for _ in 0..3 {
            let sender = sender.clone();
            executor
                .execute(Box::new(Order(Box::new(move || sender.send(name).unwrap()))))
                .unwrap();
        }
    }
    door.open();
    drop(sender);
    let order: Vec<_> = receiver.iter().collect();
    assert_eq!(order, ["lane", "pool", "lane", "pool", "lane", "pool"]);
}

struct Order(Box<dyn FnOnce() + Send>);

impl Job for Order {
    fn run(self: Box<Self>) {
        (self.0)();
    }
    fn cancel(self: Box<Self>) {}
}

#[test]
fn tickets_cancel_and_run_queued_jobs() {
    let pool = Builder::new().max_threads(1).build();
    let door = Door::default();
    let at_door = door.clone();
    let running = pool.submit_ticketed(Box::new(Order(Box::new(move || at_door.pass())))).unwrap();
    door.await_crowd(1);
    let counts: [Arc<AtomicUsize>; 3] = Default::default();
    let [run, cancelled, dropped] = counts.clone();
    let job = || {
        Box::new(Counting {
            run: run.clone(),
            cancelled: cancelled.clone(),
            dropped: dropped.clone(),
        })
    };
    let (first, second) =
        (pool.submit_ticketed(job()).unwrap(), pool.submit_ticketed(job()).unwrap());
    assert!(!pool.cancel(running) && !pool.run_queued(running));
    assert!(pool.cancel(second) && !pool.cancel(second) && !pool.run_queued(second));
    assert!(pool.run_queued(first) && !pool.run_queued(first));
    assert_eq!(counts.map(|count| count.load(SeqCst)), [1, 1, 2]);
    door.open();
}

#[test]
fn shutdown_drains_or_cancels() {
    for backlog in [Backlog::Drain, Backlog::Cancel] {
        let pool = Builder::new().max_threads(1).build();
        let door = Door::default();
        let at_door = door.clone();
        let running = pool.spawn(move || at_door.pass());
        door.await_crowd(1);
        let queued: Vec<_> = (0..10).map(|i| pool.spawn(move || i)).collect();
        let closing = pool.clone();
        let shutdown = std::thread::spawn(move || closing.shutdown(backlog, None));
        let mut probes = 0;
        eventually("the gate closes", || {
            let closed =
                pool.try_spawn(|| ()).is_err_and(|e| matches!(e.reason, RejectReason::ShutDown));
            probes += usize::from(!closed);
            closed
        });
        door.open();
        let report = shutdown.join().unwrap();
        assert!(report.is_complete());
        running.wait().unwrap();
        let results = queued.into_iter().map(|handle| handle.wait());
        match backlog {
            Backlog::Drain => {
                assert_eq!(report.cancelled, 0);
                assert_eq!(results.map(Result::unwrap).sum::<i32>(), 45);
            }
            Backlog::Cancel => {
                assert_eq!(report.cancelled, 10 + probes);
                assert!(results.map(Result::unwrap_err).all(|error| error.is_cancelled()));
            }
        }
    }
}

#[test]
fn a_shutdown_lists_what_runs_and_what_it_has_cancelled() {
    let pool = Builder::new().max_threads(1).build();
    let (begin, begun) = mpsc::channel();
    let (release, wait) = mpsc::channel::<()>();
    let running = pool.spawn(move || {
        begin.send(()).unwrap();
        let _ = wait.recv();
    });
    begun.recv().unwrap();
    let (queued, line) = (pool.spawn(|| unreachable!("cancelled")), line!());
    let report = pool.shutdown(Backlog::Cancel, Some(Duration::from_millis(20)));
    let [cancelled, left] = &report.left[..] else { panic!("two jobs, not {report:?}") };
    assert_eq!((cancelled.is_running, left.is_running), (false, true));
    let place = cancelled.origin.submitted_at.unwrap();
    assert_eq!((place.file(), place.line()), (file!(), line));
    assert!(left.age >= Duration::from_millis(20), "{report:?}");
    assert!(queued.wait().unwrap_err().is_cancelled());
    release.send(()).unwrap();
    running.wait().unwrap();
    let report = pool.shutdown(Backlog::Drain, Some(PATIENCE));
    assert!(report.is_complete() && report.left.is_empty(), "{report:?}");
}

#[test]
fn a_job_that_never_ends_does_not_hold_up_a_bounded_shutdown() {
    let pool = Builder::new().max_threads(1).build();
    let door = Door::default();
    let at_door = door.clone();
    let endless = pool.spawn(move || at_door.pass());
    door.await_crowd(1);
    let queued = pool.spawn(|| ());
    let report = pool.shutdown(Backlog::Drain, Some(Duration::from_millis(20)));
    assert_eq!((report.left_running, report.threads_left, report.cancelled), (1, 1, 1));
    assert!(!report.is_complete());
    assert!(queued.wait().unwrap_err().is_cancelled());
    let report = pool.shutdown(Backlog::Drain, Some(Duration::ZERO));
    assert_eq!((report.left_running, report.cancelled), (1, 0));
    door.open();
    endless.wait().unwrap();
    assert!(pool.shutdown(Backlog::Drain, Some(Duration::MAX)).is_complete());
}

#[test]
fn a_job_may_shut_its_own_pool_down() {
    let pool = Builder::new().max_threads(2).build();
    let (tell, told) = mpsc::channel();
    let both: Vec<_> = (0..2)
        .map(|_| {
            let (inner, tell) = (pool.clone(), tell.clone());
            pool.spawn(move || {
                let _ = tell.send(());
                inner.shutdown(Backlog::Drain, None)
            })
        })
        .collect();
    // Whatever the order, nobody waits for ever.
    for handle in both {
        match handle.wait() {
            Ok(report) => assert!(report.threads_left >= 1),
            Err(JobError::Rejected(RejectReason::ShutDown)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    told.recv().unwrap();
    assert!(pool.shutdown(Backlog::Drain, Some(PATIENCE)).is_complete());
}

#[test]
fn the_last_handle_drains_in_the_background() {
    let pool = Builder::new().max_threads(1).build();
    let door = Door::default();
    let at_door = door.clone();
    let first = pool.spawn(move || at_door.pass());
    let second = pool.spawn(|| 2);
    let lane = pool.lane("keeps the pool open", LaneConfig::new(1));
    drop(pool);
    assert!(lane.try_spawn(|| ()).is_ok());
    drop(lane);
    door.open();
    first.wait().unwrap();
    assert_eq!(second.wait().unwrap(), 2);

    // Also when the last handle is dropped by a job.
    let pool = Pool::new();
    let owner = pool.clone();
    let job = pool.spawn(move || drop(owner));
    drop(pool);
    job.wait().unwrap();
}

#[test]
fn many_submitters_and_short_keep_alives_lose_nothing() {
    let pool = Builder::new().max_threads(4).keep_alive(Duration::from_micros(50)).build();
    let counts: [Arc<AtomicUsize>; 3] = Default::default();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (pool, counts) = (&pool, &counts);
            scope.spawn(move || {
                for i in 0..3_000 {
                    let [run, cancelled, dropped] = counts.clone();
                    let ticket = pool
                        .submit_ticketed(Box::new(Counting { run, cancelled, dropped }))
                        .expect("open and unlimited");
                    if i % 7 == 0 {
                        pool.cancel(ticket);
                    }
                }
            });
        }
    });
    assert!(pool.shutdown(Backlog::Drain, Some(PATIENCE)).is_complete());
    let [run, cancelled, dropped] = counts.map(|count| count.load(SeqCst));
    assert_eq!((run + cancelled, dropped), (12_000, 12_000));
    let metrics = pool.metrics();
    assert_eq!((metrics.completed, metrics.cancelled), (run as u64, cancelled as u64));
    assert!(metrics.peak_threads <= 4);
}

#[test]
fn a_handle_moves_between_tasks() {
    let pool = Pool::new();
    let door = Door::default();
    let at_door = door.clone();
    let mut handle = pool.spawn(move || at_door.pass());
    // Polled under one waker, then under another: the last one is woken.
    assert!(block_on(future::poll_once(&mut handle)).is_none());
    door.open();
    block_on(handle).unwrap();
}

#[test]
fn a_running_job_keeps_no_waker_of_a_handle_that_is_gone() {
    struct Nobody;
    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }
    let (pool, nobody, door) = (Pool::new(), Arc::new(Nobody), Door::default());
    let waker = Waker::from(nobody.clone());
    let at_door = door.clone();
    let mut handle = pool.spawn(move || at_door.pass());
    assert!(Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(Arc::strong_count(&nobody), 3);
    drop(handle);
    assert_eq!(Arc::strong_count(&nobody), 2, "the test has one, and its waker");
    door.open();
}
