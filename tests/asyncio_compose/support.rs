//! What the tests share.

use sheave::runtime::Builder;
use sheave::time::{Duration, Instant, sleep};
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
