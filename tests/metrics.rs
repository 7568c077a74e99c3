//! What a runtime counts, against work of which the counts are known.

use sheave::runtime::Builder;
use sheave::task::yield_now;
use sheave_tests::watchdog;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

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
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(runtime.spawn(async {})).unwrap();
    let metrics = runtime.metrics();
    assert!(!metrics.poll_time_histogram_enabled());
    let buckets = 0..metrics.poll_time_histogram_num_buckets();
    assert!(buckets.clone().all(|bucket| metrics.poll_time_histogram_bucket_count(0, bucket) == 0));
    assert_eq!(metrics.poll_time_histogram_bucket_range(0).start, Duration::ZERO);
}
