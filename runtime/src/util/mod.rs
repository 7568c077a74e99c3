//! Small pieces without any knowledge of tasks or workers.

mod wake_batch;

pub(crate) use wake_batch::WakeBatch;
