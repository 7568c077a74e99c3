//! What the tests share.

use sheave::runtime::Builder;
use sheave::time::{Duration, Instant, sleep};
use sheave_tests::{Drops, Witness, watchdog};
use std::future::{Future, pending};

pub(crate) use sheave_tests::runtimes;

/// Runs the body on a runtime of each flavour.
pub(crate) fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    for runtime in runtimes() {
        runtime.block_on(body());
    }
}

/// Runs the body on one thread, whose clock jumps to the next timer when all wait.
pub(crate) fn in_virtual_time<F: Future>(body: F) -> F::Output {
    let runtime = Builder::new_current_thread().start_paused(true).build();
    runtime.expect("no thread").block_on(body)
}

/// Yields `value` after so many seconds.
pub(crate) async fn after<T>(seconds: u64, value: T) -> T {
    sleep(Duration::from_secs(seconds)).await;
    value
}

/// Never ends, and keeps `held` until it is dropped.
pub(crate) async fn endless<T>(held: impl Send) -> T {
    let _held = held;
    pending().await
}

/// Whole seconds since `start`. Only in virtual time are there no fractions.
pub(crate) fn seconds_since(start: Instant) -> u64 {
    let elapsed = start.elapsed();
    assert!(elapsed.subsec_millis() < 5, "{elapsed:?}");
    elapsed.as_secs()
}

/// Takes a while to let go, and is counted as dropped after that. Whoever does not wait for it is ahead.
pub(crate) struct Reluctant {
    _counted: Witness,
}

impl Reluctant {
    pub(crate) fn new(drops: &Drops) -> Self {
        Self { _counted: drops.witness() }
    }
}

impl Drop for Reluctant {
    fn drop(&mut self) {
        // What a destructor with work to do does, not a wait for anybody.
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A child that never ends, and takes a while to be dropped.
pub(crate) fn reluctant<T: 'static>(
    drops: &Drops,
) -> impl Future<Output = T> + Send + 'static + use<T> {
    endless(Reluctant::new(drops))
}

/// For promises that all children have ended when something is ready: runs the body again and again,
/// with its children on two workers beside it, and demands that by its end all have been dropped.
pub(crate) fn on_two_workers<F: Future<Output = ()>>(body: impl Fn(Drops) -> F) {
    let runtime = Builder::new_multi_thread().worker_threads(2).max_blocking_threads(1).build();
    let runtime = runtime.expect("there are threads");
    watchdog(Duration::from_secs(60), || {
        for _ in 0..10 {
            let drops = Drops::new();
            runtime.block_on(body(drops.clone()));
            drops.assert_all();
        }
    });
}
