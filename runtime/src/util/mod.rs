//! Small pieces without any knowledge of tasks or workers.

mod counter;
mod rng;
mod wake_batch;

pub(crate) use counter::Counter;
pub(crate) use rng::Rng;
pub(crate) use wake_batch::WakeBatch;
