//! Waiting that ends: a test that hangs says so instead of holding up everybody.

use std::panic::PanicHookInfo;
use std::process::abort;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long [`eventually`] waits: far beyond what a loaded machine needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs `test` on this thread. If it takes longer than `limit`, says so and aborts the process: a
/// thread that hangs cannot be ended in any other way.
///
/// # Panics
/// If `test` does, or if there is no thread for the watchdog.
pub fn watchdog<R>(limit: Duration, test: impl FnOnce() -> R) -> R {
    let (done, wait) = channel::<()>();
    let name = thread::current().name().unwrap_or("a test").to_owned();
    let dog = thread::spawn(move || {
        if wait.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{name} hangs: not done after {limit:?}");
            abort();
        }
    });
    let output = test();
    drop(done);
    let _ = dog.join();
    output
}

/// Waits until `is_so` answers true.
///
/// # Panics
/// If that takes more than 20 s.
#[track_caller]
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        // Somebody else must do something first; this is no synchronisation.
        thread::sleep(Duration::from_micros(200));
    }
}

/// What a panic says, if it is text.
#[must_use]
pub fn panic_text<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    let literal = info.payload().downcast_ref::<&'static str>().copied();
    literal.or_else(|| info.payload().downcast_ref::<String>().map(String::as_str)).unwrap_or("")
}
