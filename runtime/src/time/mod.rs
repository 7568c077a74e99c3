//! Time: sleeping, time-outs, intervals, and a clock that tests can stop.
//!
//! | to | use |
//! |---|---|
//! | wait for a while, or until a moment | [`sleep`], [`sleep_until`] |
//! | give up on a future after a while | [`timeout`], [`timeout_at`] |
//! | do something again and again | [`interval`], [`interval_at`] |
//! | test all this without waiting | [`pause`], [`advance`], [`resume`] |
//!
//! **Never early.** What waits for a moment is not ready before the clock has reached it. Deadlines
//! are rounded up to a tick of 2<sup>13</sup> ns, about 8.2 µs; on top of that comes what the system
//! takes to wake a thread, and up to 200 µs while timers fire in quick succession: they then wait
//! for each other, since a wake costs as much as firing dozens of them.
//!
//! **Cheap to give up.** A timer is filed when it is first polled and not ready, so that a time-out
//! round a future that is ready at once costs next to nothing. Dropping it takes it out at once, in
//! constant time. Moving it to a later moment writes one word.
//!
//! **Durations do not overflow.** A time-out of [`Duration::MAX`] is one that does not come in the
//! life of the process: what reaches further than an [`Instant`] can, means 30 years from now.
//!
//! Timers belong to the runtime in whose context they were made, wherever they are polled; its
//! workers fire them. A current-thread runtime does so while a `block_on` lasts. Once a runtime has
//! shut down nobody would, so that polling a timer that waits for it panics instead of hanging.

mod error_elapsed;
mod instant;
mod interval;
mod sleep;
mod stop;
mod timeout;

pub use instant::Instant;
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use std::time::Duration;
pub use stop::{advance, pause, resume};
pub(crate) use timeout::poll_limited;
pub use timeout::{Timeout, timeout, timeout_at};

/// What can go wrong with time.
pub mod error {
    pub use super::error_elapsed::Elapsed;
}
