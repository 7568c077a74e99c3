//! Pools of threads: who waits for whom, `map`, the end, initializers, and how many threads there are.

use super::{LIMIT, SHORT, occupy, one};
use sheave::concurrent::{FutureError, RejectReason, ReturnWhen, ThreadPool, wait};
use sheave::runtime::Builder;
use sheave_tests::watchdog;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn a_job_may_wait_for_jobs_of_its_own_pool_of_one_thread() {
    watchdog(LIMIT, || {
        let pool = one();
        let inner = pool.clone();
        let nested = pool.submit(move || {
            let again = inner.clone();
            let one = inner.submit(move || again.submit(|| 1).wait().unwrap()).wait().unwrap();
            let rest = wait((0..4).map(|_| inner.submit(|| 1)), None, ReturnWhen::AllCompleted);
            one + rest.done.len()
        });
        assert_eq!(nested.wait().unwrap(), 5);
    });
}

/// Two pools whose jobs wait for each other: each is helped by its own.
#[test]
fn jobs_of_two_pools_may_wait_for_each_other() {
    watchdog(LIMIT, || {
        let (left, right) = (one(), one());
        let (l, r) = (left.clone(), right.clone());
        let outer = left.submit(move || {
            let back = l.clone();
            r.submit(move || back.submit(|| 7).wait().unwrap()).wait().unwrap()
        });
        assert_eq!(outer.wait().unwrap(), 7);
    });
}

#[test]
fn map_keeps_the_order_and_the_first_error_is_the_last_item() {
    watchdog(LIMIT, || {
        let pool = ThreadPool::builder().max_workers(4).build();
        let slow_first = |n: u64| {
            thread::sleep(Duration::from_millis(20 - 5 * n));
            n
        };
        let values: Result<Vec<_>, _> = pool.map(slow_first, 0..4).collect();
        assert_eq!(values.unwrap(), [0, 1, 2, 3]);

        let pool = one();
        let begun = Arc::new(AtomicUsize::new(0));
        let counter = begun.clone();
        let (release, busy) = occupy(&pool);
        let mut mapped = pool.map(
            move |n: u32| {
                counter.fetch_add(1, SeqCst);
                assert!(n > 0, "the first one fails");
            },
            0..1,
        );
        release.send(()).unwrap();
        busy.wait().unwrap();
        assert!(mapped.next().unwrap().unwrap_err().is_panic());
        assert!(mapped.next().is_none());
        assert_eq!(begun.load(SeqCst), 1);
    });
}

#[test]
fn map_submits_at_once_and_its_end_cancels_what_has_not_begun() {
    watchdog(LIMIT, || {
        let pool = one();
        let (release, busy) = occupy(&pool);
        let begun = Arc::new(AtomicUsize::new(0));
        let counter = begun.clone();
        let work = move |_: u32| {
            counter.fetch_add(1, SeqCst);
        };
        let mapped = pool.map(work.clone(), 0..5);
        assert_eq!(pool.metrics().queued, 5);
        drop(mapped);
        assert_eq!(pool.metrics().queued, 0);
        let mut late = pool.map(work, 0..5).timeout(Duration::ZERO);
        assert!(late.next().unwrap().unwrap_err().is_timeout());
        assert_eq!((pool.metrics().queued, late.next().is_none()), (0, true));
        release.send(()).unwrap();
        busy.wait().unwrap();
        pool.shutdown().wait();
        assert_eq!(begun.load(SeqCst), 0);
    });
}

#[test]
fn buffered_map_takes_items_as_results_are_taken() {
    watchdog(LIMIT, || {
        let pool = one();
        let taken = Arc::new(AtomicUsize::new(0));
        let counter = taken.clone();
        let items = (0..).inspect(move |_| {
            counter.fetch_add(1, SeqCst);
        });
        let mut mapped = pool.map_buffered(3, |n: u64| n, items);
        assert_eq!(taken.load(SeqCst), 3);
        for n in 0..10 {
            assert_eq!(mapped.next().unwrap().unwrap(), n);
            assert_eq!(taken.load(SeqCst), 4 + n as usize);
        }
    });
}

#[test]
fn shutdown_runs_what_waits_unless_told_to_cancel_it() {
    watchdog(LIMIT, || {
        let pool = one();
        let (release, busy) = occupy(&pool);
        let waiting = pool.submit(|| 1);
        let shutdown = pool.shutdown();
        assert!(pool.submit(|| 2).wait().unwrap_err().is_shutdown());
        release.send(()).unwrap();
        shutdown.wait();
        busy.wait().unwrap();
        assert_eq!(waiting.wait().unwrap(), 1);
        assert_eq!(pool.metrics().threads, 0);

        let pool = one();
        let (release, busy) = occupy(&pool);
        let waiting = pool.submit(|| 1);
        let shutdown = pool.shutdown().cancel_futures();
        assert!(waiting.cancelled() && busy.running());
        drop(release);
        shutdown.wait();
        assert!(busy.done());

        // What was cancelled just before is not waited for, and what runs cannot add to it.
        let pool = one();
        let (release, busy) = occupy(&pool);
        let (inner, (refused, is_refused)) = (pool.clone(), channel());
        let last = pool.submit(move || refused.send(inner.submit(|| 1).wait().unwrap_err()));
        assert!(pool.submit(|| 2).cancel());
        let shutdown = pool.shutdown();
        release.send(()).unwrap();
        shutdown.wait();
        assert!(busy.done() && last.done());
        assert!(is_refused.recv().unwrap().is_shutdown());
    });
}

/// C37: awaiting the end of a pool does not stop the tasks of the thread.
#[test]
fn an_awaited_shutdown_lets_tasks_go_on() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let pool = one();
            let (release, busy) = occupy(&pool);
            let releasing = sheave::spawn(async move { release.send(()).unwrap() });
            pool.shutdown().await;
            releasing.await.unwrap();
            assert!(busy.done());
            assert_eq!(pool.metrics().threads, 0);
        });
    });
}

/// C37: the last handle goes in async code; the jobs are run all the same.
#[test]
fn dropping_a_pool_waits_outside_of_a_runtime_only() {
    watchdog(LIMIT, || {
        let pool = one();
        let done = Arc::new(AtomicBool::new(false));
        let flag = done.clone();
        let (release, _busy) = occupy(&pool);
        drop(pool.submit(move || flag.store(true, SeqCst)));
        thread::spawn(move || {
            thread::sleep(SHORT);
            release.send(()).unwrap();
        });
        drop(pool);
        assert!(done.load(SeqCst), "the drop has waited");

        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let pool = one();
            let (release, busy) = occupy(&pool);
            let queued = pool.submit(|| 8);
            drop(pool); // Would never return if it waited.
            release.send(()).unwrap();
            assert_eq!(queued.await.unwrap(), 8);
            assert!(busy.done());
        });
    });
}

#[test]
fn the_last_handle_may_go_in_a_job_of_the_pool() {
    watchdog(LIMIT, || {
        let pool = one();
        let own = pool.clone();
        let (sender, receiver) = channel::<()>();
        let job = pool.submit(move || {
            receiver.recv().unwrap();
            drop(own);
            6
        });
        drop(pool);
        sender.send(()).unwrap();
        assert_eq!(job.wait().unwrap(), 6);
    });
}

#[test]
fn an_initializer_that_fails_breaks_the_pool_for_queued_and_later_jobs() {
    watchdog(LIMIT, || {
        let (release, wait) = channel::<()>();
        let wait = Mutex::new(wait);
        let pool = ThreadPool::builder()
            .max_workers(1)
            .initializer(move || {
                wait.lock().unwrap().recv().unwrap();
                panic!("no database");
            })
            .build();
        let queued: Vec<_> = (0..3).map(|_| pool.submit(|| ())).collect();
        release.send(()).unwrap();
        for future in queued {
            let error = future.wait().unwrap_err();
            assert!(error.is_broken_executor(), "{error}");
            assert!(error.to_string().contains("no database"), "{error}");
        }
        assert!(pool.submit(|| ()).wait().unwrap_err().is_broken_executor());
        let mut mapped = pool.map(|n: u32| n, 0..3);
        assert!(mapped.next().unwrap().unwrap_err().is_broken_executor());
        assert!(mapped.next().is_none());
        pool.shutdown().wait();
    });
}

/// What runs on another thread is not disturbed.
#[test]
fn an_initializer_that_fails_later_lets_what_runs_end() {
    watchdog(LIMIT, || {
        let threads = AtomicUsize::new(0);
        let pool = ThreadPool::builder()
            .max_workers(2)
            .initializer(move || assert_eq!(threads.fetch_add(1, SeqCst), 0, "one licence only"))
            .build();
        let (release, busy) = occupy(&pool);
        assert!(pool.submit(|| ()).wait().unwrap_err().is_broken_executor());
        assert!(pool.submit(|| ()).wait().unwrap_err().is_broken_executor());
        release.send(()).unwrap();
        busy.wait().unwrap();
    });
}

#[test]
fn the_initializer_runs_once_on_each_thread() {
    watchdog(LIMIT, || {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = count.clone();
        let pool = ThreadPool::builder()
            .max_workers(1)
            .thread_name_prefix("named")
            .initializer(move || {
                counter.fetch_add(1, SeqCst);
            })
            .build();
        let names = pool.map(|_| thread::current().name().map(str::to_owned), 0..5);
        assert!(names.map(Result::unwrap).all(|name| name.as_deref() == Some("named-0")));
        assert_eq!(count.load(SeqCst), 1);
    });
}

#[test]
fn a_full_queue_refuses_the_next_job() {
    watchdog(LIMIT, || {
        let pool = ThreadPool::builder().max_workers(1).queue_limit(1).build();
        let (release, _busy) = occupy(&pool);
        let queued = pool.submit(|| 1);
        let error = pool.submit(|| 2).wait().unwrap_err();
        let FutureError::Rejected(reason) = error else { panic!("{error}") };
        assert!(matches!(*reason, RejectReason::QueueFull { limit: 1 }), "{reason}");
        release.send(()).unwrap();
        assert_eq!(queued.wait().unwrap(), 1);
    });
}

/// C32: under a steady load below the cap, the same few threads are used again.
#[test]
fn idle_threads_are_used_again() {
    watchdog(LIMIT, || {
        let pool = ThreadPool::builder().max_workers(32).build();
        (0..200).for_each(|n| assert_eq!(pool.submit(move || n).wait().unwrap(), n));
        let peak = pool.metrics().peak_threads;
        // A thread may be late to say that it is idle.
        assert!(peak < 16, "{peak} threads for one job at a time");
    });
}

/// Work that takes a second of each of five threads takes two for ten jobs, and here a tenth of that.
#[test]
fn jobs_overlap_as_far_as_there_are_threads() {
    watchdog(LIMIT, || {
        let pool = ThreadPool::builder().max_workers(5).build();
        let start = Instant::now();
        let naps = pool.map(thread::sleep, [Duration::from_millis(100); 10]);
        assert_eq!(naps.filter(Result::is_ok).count(), 10);
        let took = start.elapsed();
        assert!((200..900).contains(&took.as_millis()), "{took:?}");
    });
}
