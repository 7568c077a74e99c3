//! What a runtime counts, against work of which the counts are known.

use sheave::net::UdpSocket;
use sheave::runtime::{Builder, Runtime};
use sheave::task::yield_now;
use sheave::time::sleep;
use sheave_tests::{eventually, watchdog};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

fn current() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn multi() -> Builder {
    Builder::new_multi_thread().worker_threads(2)
}

fn spin(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        std::hint::spin_loop();
    }
}

#[test]
fn the_histogram_counts_every_poll_in_the_bucket_of_its_length() {
    watchdog(LIMIT, || {
        let builder = Builder::new_current_thread().enable_metrics_poll_time_histogram();
        let runtime = builder.build().unwrap();
        // Three polls of at least 5 ms, a hundred of no particular length.
        let long = Duration::from_millis(5);
        let task = runtime.spawn(async move {
            for _ in 0..3 {
                spin(long);
                yield_now().await;
            }
            for _ in 0..99 {
                yield_now().await;
            }
        });
        runtime.block_on(task).unwrap();
        let metrics = runtime.metrics();
        assert!(metrics.poll_time_histogram_enabled());
        let buckets = 0..metrics.poll_time_histogram_num_buckets();
        let count = |bucket| metrics.poll_time_histogram_bucket_count(0, bucket);
        assert_eq!(buckets.clone().map(count).sum::<u64>(), 103);
        assert_eq!(metrics.worker_poll_count(0), 103);
        let may_be_long =
            |bucket: &usize| metrics.poll_time_histogram_bucket_range(*bucket).end > long;
        assert!(buckets.filter(may_be_long).map(count).sum::<u64>() >= 3);
    });
}

#[test]
fn without_the_histogram_no_poll_is_measured() {
    let runtime = current();
    runtime.block_on(runtime.spawn(async {})).unwrap();
    let metrics = runtime.metrics();
    assert!(!metrics.poll_time_histogram_enabled());
    let buckets = 0..metrics.poll_time_histogram_num_buckets();
    assert!(buckets.clone().all(|bucket| metrics.poll_time_histogram_bucket_count(0, bucket) == 0));
    assert_eq!(metrics.poll_time_histogram_bucket_range(0).start, Duration::ZERO);
}

#[test]
fn polls_spawns_and_queued_tasks_are_counted_exactly() {
    watchdog(LIMIT, || {
        let runtime = current();
        let outside = runtime.spawn(async {});
        runtime.block_on(async {
            let yields = || async {
                yield_now().await;
                yield_now().await;
            };
            let tasks: Vec<_> = (0..10).map(|_| sheave::spawn(yields())).collect();
            // None of them runs before the root waits.
            let metrics = runtime.metrics();
            assert_eq!((metrics.num_alive_tasks(), metrics.worker_local_queue_depth(0)), (11, 10));
            assert_eq!((metrics.global_queue_depth(), metrics.worker_poll_count(0)), (1, 0));
            assert!(!metrics.worker_slot_is_taken(0), "this flavour has no slot");
            for task in tasks {
                task.await.unwrap();
            }
            outside.await.unwrap();
        });
        let metrics = runtime.metrics();
        assert_eq!((metrics.num_workers(), metrics.num_alive_tasks()), (1, 0));
        assert_eq!(metrics.worker_poll_count(0), 10 * 3 + 1);
        assert_eq!((metrics.worker_spawn_count(0), metrics.spawned_tasks_count()), (10, 11));
        assert_eq!(metrics.worker_local_schedule_count(0), 10 * 3, "spawned, and two yields");
        assert_eq!((metrics.worker_steal_operations(0), metrics.global_queue_depth()), (0, 0));
    });
}

#[test]
fn a_snapshot_does_not_change() {
    let runtime = current();
    let before = runtime.metrics();
    runtime.block_on(runtime.spawn(async {})).unwrap();
    assert_eq!((before.spawned_tasks_count(), before.worker_poll_count(0)), (0, 0));
    assert_eq!(runtime.metrics().spawned_tasks_count(), 1);
    drop(runtime);
    assert_eq!(before.num_workers(), 1, "it needs no runtime");
}

#[test]
fn busy_time_is_what_was_not_slept() {
    watchdog(LIMIT, || {
        let runtime = current();
        let (work, rest) = (Duration::from_millis(30), Duration::from_millis(200));
        let begin = Instant::now();
        runtime.block_on(async {
            let task = sheave::spawn(async move {
                spin(work);
                sleep(rest).await;
                spin(work);
            });
            task.await.unwrap();
        });
        // Nobody drives it.
        std::thread::sleep(rest);
        let (busy, passed) = (runtime.metrics().worker_total_busy_duration(0), begin.elapsed());
        assert!(busy >= 2 * work, "{busy:?} of {passed:?}");
        // The clock's tick rounds what is slept; 20 ms is more than that.
        let slept = 2 * rest - Duration::from_millis(20);
        assert!(busy <= passed - slept, "{busy:?} of {passed:?}");
    });
}

#[test]
fn a_worker_of_an_idle_runtime_has_parked_once_more_than_unparked() {
    watchdog(LIMIT, || {
        let runtime = multi().build().unwrap();
        runtime.block_on(runtime.spawn(async { sleep(Duration::from_millis(1)).await })).unwrap();
        let sleeps = |worker| runtime.metrics().worker_park_unpark_count(worker) % 2 == 1;
        eventually("both sleep", || sleeps(0) && sleeps(1));
        let metrics = runtime.metrics();
        for worker in 0..2 {
            let parks = metrics.worker_park_count(worker);
            assert_eq!(metrics.worker_park_unpark_count(worker), 2 * parks - 1);
        }
        assert_eq!((0..2).map(|worker| metrics.worker_timer_wake_count(worker)).sum::<u64>(), 1);
    });
}

#[test]
fn sources_turns_and_wakes_of_reactors_are_counted() {
    watchdog(LIMIT, || {
        let runtime = multi().reactors(1).build().unwrap();
        let bind = || runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
        let (near, far) = (bind(), bind());
        let address = near.local_addr().unwrap();
        let received = runtime.spawn(async move {
            let received = near.recv(&mut [0]).await;
            (near, received)
        });
        eventually("it waits", || runtime.metrics().reactor_source_count(0) >= 1);
        runtime.block_on(far.send_to(&[1], address)).unwrap();
        let (near, received) = runtime.block_on(received).unwrap();
        assert_eq!(received.unwrap(), 1);
        let metrics = runtime.metrics();
        assert_eq!(metrics.num_reactors(), 1);
        let sum = |count: fn(&sheave::runtime::RuntimeMetrics, usize) -> u64| {
            (0..2).map(|worker| count(&metrics, worker)).sum::<u64>()
        };
        assert!(sum(|metrics, worker| metrics.worker_reactor_turn_count(worker)) >= 1);
        assert!(sum(|metrics, worker| metrics.worker_io_wake_count(worker)) >= 1);
        assert_eq!(metrics.worker_source_count(0), metrics.reactor_source_count(0));
        drop((near, far));
        assert_eq!(runtime.metrics().reactor_source_count(0), 0);
    });
}

#[test]
fn the_longest_poll_and_the_stuck_ones_are_known_without_the_histogram() {
    watchdog(LIMIT, || {
        let runtime = multi().build().unwrap();
        let metrics = runtime.metrics();
        assert_eq!((metrics.longest_poll(), metrics.stuck_poll_count()), (Duration::ZERO, 0));
        let begin = Instant::now();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let stuck = runtime.spawn(async move { released.recv().is_err() });
        // Known while it goes on.
        let longest = || runtime.metrics().longest_poll();
        eventually("it has lasted", || longest() >= Duration::from_millis(50));
        drop(release);
        assert!(runtime.block_on(stuck).unwrap());
        assert!(longest() <= begin.elapsed());
        let metrics = || runtime.metrics();
        let counted = || {
            let buckets = 0..metrics().poll_time_histogram_num_buckets();
            buckets.map(|bucket| metrics().stuck_poll_histogram_bucket_count(bucket)).sum::<u64>()
        };
        eventually("each of them is in a bucket", || {
            counted() >= 1 && counted() == metrics().stuck_poll_count()
        });
    });
}

#[test]
fn jobs_of_the_pool_are_counted() {
    watchdog(LIMIT, || {
        let runtime = multi().build().unwrap();
        for _ in 0..3 {
            runtime.block_on(runtime.spawn_blocking(|| {})).unwrap();
        }
        eventually("they have ended", || runtime.metrics().completed_blocking_jobs_count() == 3);
        let metrics = runtime.metrics();
        assert_eq!((metrics.num_running_blocking_jobs(), metrics.blocking_queue_depth()), (0, 0));
        assert!(metrics.num_blocking_threads() >= 1);
    });
}
