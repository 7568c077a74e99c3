//! Tests that are the same for both flavours of a runtime.

use crate::watchdog;
use sheave::runtime::{Builder, Runtime};
use std::future::Future;
use std::time::Duration;

/// Longer than any of these tests takes.
const LIMIT: Duration = Duration::from_secs(60);

/// A runtime of each flavour.
///
/// # Panics
/// If the system refuses a thread or a descriptor.
#[must_use]
pub fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().build().expect("a runtime"),
        Builder::new_multi_thread().worker_threads(2).build().expect("a runtime"),
    ]
}

/// Runs `body` as a task of each flavour.
///
/// # Panics
/// If `body` does.
pub fn in_a_task<F>(body: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            runtime.block_on(runtime.spawn(body())).expect("the body returns");
        }
    });
}
