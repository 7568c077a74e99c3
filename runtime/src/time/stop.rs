//! Stopping the clock of a runtime, for tests.

use crate::scheduler::context::{NO_RUNTIME, current_timers};
use crate::scheduler::with_runtime;
use crate::task::yield_now;
use crate::timers::Clock;
use sheave_facade::sync::Arc;
use std::time::Duration;

/// Stops the clock of this runtime: [`Instant::now`](super::Instant::now) answers the same until the clock is moved.
///
/// Tests need not wait for time to pass: when every task waits, no blocking job is queued or
/// running and no event is there, the clock jumps to the next timer by itself. Timers then fire in
/// the order of their deadlines, those with equal deadlines in the order in which they were first
/// polled. [`advance`] moves the clock by hand.
///
/// Time may also be stopped from the start, by
/// [`Builder::start_paused`](crate::runtime::Builder::start_paused); only then jumps are exact to
/// the nanosecond. Stopped later, the clock jumps to the next tick, which is up to 8.2 µs later.
///
/// `std::time::Instant` is not stopped, nor is the system.
///
/// # Panics
/// If the clock is stopped already, or if this thread is not in a current-thread runtime.
///
/// # Examples
/// ```
/// use sheave::time::{self, Duration, Instant};
///
/// #[sheave::main(flavor = "current_thread", start_paused = true)]
/// async fn main() {
///     let start = Instant::now();
///     time::sleep(Duration::from_secs(3600)).await; // returns at once
///     assert_eq!(start.elapsed(), Duration::from_secs(3600));
/// }
/// ```
#[track_caller]
pub fn pause() {
    let clock = clock_to_stop("pause");
    assert!(
        clock.pause(),
        "`time::pause`: the clock is stopped already. Call it once, or `resume` first"
    );
}

/// Lets the clock of this runtime run on, from where it stands.
///
/// # Panics
/// If the clock is not stopped, or if this thread is not in a current-thread runtime.
///
/// # Examples
/// ```
/// use sheave::time::{self, Duration, Instant};
///
/// #[sheave::main(flavor = "current_thread")]
/// async fn main() {
///     time::pause();
///     time::advance(Duration::from_secs(3600)).await;
///     time::resume();
///     time::sleep(Duration::from_millis(1)).await; // takes its time
/// }
/// ```
#[track_caller]
pub fn resume() {
    let clock = clock_to_stop("resume");
    assert!(clock.resume(), "`time::resume`: the clock is not stopped. Call `pause` first");
}

/// Moves the stopped clock of this runtime forward by `duration`, in one step.
///
/// Timers that are due then fire in the order of their deadlines, all at the new time. The tasks
/// that they wake are queued ahead of the calling one: called from a task, this returns when they
/// have run; called from the root of `block_on`, when the root has its next turn among them.
///
/// # Cancel safety
/// Consumes: the clock has moved at the first poll.
///
/// # Panics
/// If the clock is not stopped, if this thread is not in a current-thread runtime, or if the new
/// time cannot be expressed.
///
/// # Examples
/// ```
/// use sheave::time::{self, Duration, Instant};
///
/// #[sheave::main(flavor = "current_thread", start_paused = true)]
/// async fn main() {
///     let start = Instant::now();
///     time::advance(Duration::from_millis(250)).await;
///     assert_eq!(start.elapsed(), Duration::from_millis(250));
/// }
/// ```
pub async fn advance(duration: Duration) {
    let clock = clock_to_stop("advance");
    assert!(clock.is_paused(), "`time::advance`: the clock is not stopped. Call `pause` first");
    assert!(
        clock.advance(duration),
        "`time::advance`: the clock cannot be moved by {duration:?}. Move it by less"
    );
    if let Some(timers) = current_timers() {
        timers.fire_due(clock.now());
    }
    // What was woken stands in the queue before this task.
    yield_now().await;
}

/// The clock of this thread's runtime, which must be one that can be stopped.
#[track_caller]
fn clock_to_stop(call: &str) -> Arc<Clock> {
    // The panics are outside the closure, where the caller's line is known.
    let found = with_runtime(|shared| {
        shared.map(|shared| (shared.is_current_thread(), shared.clock.clone()))
    });
    let Some((is_current_thread, clock)) = found else { panic!("`time::{call}`: {NO_RUNTIME}") };
    assert!(
        is_current_thread,
        "`time::{call}` needs the current-thread flavour: with several workers nobody can tell \
         when time may jump. Use `Builder::new_current_thread`, or \
         `#[sheave::test(flavor = \"current_thread\", start_paused = true)]`"
    );
    clock
}
