//! Clocks and the timers of one worker.

mod clock;
mod timers;

pub(crate) use clock::Clock;
pub(crate) use timers::{FiledBy, Renewal, Timers};
