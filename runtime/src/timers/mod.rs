//! Clocks and the timers of one worker.

mod clock;
mod wheel;

pub(crate) use clock::Clock;
pub(crate) use wheel::{FiledBy, Renewal, Timers};
