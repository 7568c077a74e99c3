//! Small pieces without any knowledge of tasks or workers.

pub(crate) mod contain;
mod counter;
pub(crate) mod histogram;
mod ready_keys;
pub(crate) mod report;
mod rng;
pub(crate) mod waits;
mod wake_batch;

pub(crate) use counter::Counter;
pub(crate) use ready_keys::ReadyKeys;
pub(crate) use rng::Rng;
pub(crate) use wake_batch::WakeBatch;
