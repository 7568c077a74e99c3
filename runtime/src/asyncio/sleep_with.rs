//! `asyncio.sleep(delay, result)`.

use crate::time::{Duration, sleep};

/// Waits for `delay` and yields `result`.
///
/// A delay of zero gives way to the other tasks once, without a timer, as in
/// [`sleep`].
///
/// # Differences from asyncio
/// `asyncio.sleep(delay, result)`. A delay cannot be negative or no number.
///
/// # Cancel safety
/// Consumes: dropping the future takes the timer out and drops `result`.
///
/// # Panics
/// If it is polled outside of a runtime.
///
/// # Examples
/// ```
/// use sheave::asyncio::sleep_with;
/// use sheave::time::Duration;
///
/// # #[sheave::main]
/// # async fn main() {
/// assert_eq!(sleep_with(Duration::from_millis(1), "done").await, "done");
/// # }
/// ```
pub async fn sleep_with<T>(delay: Duration, result: T) -> T {
    sleep(delay).await;
    result
}
