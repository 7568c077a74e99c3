//! On the system's clock: never early, and not late by much.

use sheave::runtime::Builder;
use sheave::time::{self, Duration};
use std::time::Instant;

/// A small generator of random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Twenty thousand sleeps by default, a hundred thousand with `SHEAVE_FULL=1`.
#[test]
fn random_sleeps_are_never_early() {
    const EACH: usize = 10;
    let tasks = if std::env::var_os("SHEAVE_FULL").is_some() { 10_000 } else { 2_000 };
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let durations = [(); EACH].map(|()| Duration::from_nanos(random.below(40_000_000)));
            runtime.spawn(async move {
                let mut late = [Duration::ZERO; EACH];
                for (late, duration) in late.iter_mut().zip(durations) {
                    let start = Instant::now();
                    time::sleep(duration).await;
                    // Panics if early.
                    *late = start.elapsed().checked_sub(duration).expect("never early");
                }
                late
            })
        })
        .collect();
    let mut late: Vec<Duration> = Vec::new();
    let count = tasks.len() * EACH;
    for task in tasks {
        late.extend(runtime.block_on(task).unwrap());
    }
    assert_eq!(late.len(), count);
    late.sort();
    let (p50, p99, max) = (late[count / 2], late[count / 100 * 99], late[count - 1]);
    println!("{count} sleeps, none early; lateness p50 {p50:?}, p99 {p99:?}, max {max:?}");
}

#[test]
fn deadlines_are_kept_outside_the_workers() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let deadline = time::Instant::now() + Duration::from_millis(3);
    // As the root of a `block_on`, and in a foreign executor.
    runtime.block_on(async move { time::sleep_until(deadline).await });
    assert!(Instant::now() >= deadline.into_std());
    let _entered = runtime.enter();
    for millis in [0, 1, 2] {
        let (start, duration) = (Instant::now(), Duration::from_millis(millis));
        futures_lite::future::block_on(time::sleep(duration));
        assert!(start.elapsed() >= duration);
        let never = time::timeout(duration, std::future::pending::<()>());
        assert!(futures_lite::future::block_on(never).is_err());
        assert!(start.elapsed() >= 2 * duration);
    }
}

#[test]
fn the_moment_is_that_of_the_system() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        let before = Instant::now();
        let now = time::Instant::now();
        assert!(before <= now.into_std() && now.into_std() <= Instant::now());
        assert_eq!(time::Instant::from(before).into_std(), before);
    });
}
