//! What users call: futures and functions that know the current runtime.

pub(crate) mod abort_on_drop;
pub(crate) mod aside;
pub(crate) mod join_set;
pub(crate) mod local_set;
pub(crate) mod shutdown_requested;
pub(crate) mod spawn;
pub(crate) mod task_builder;
pub(crate) mod task_meta;
pub(crate) mod to_thread;
pub(crate) mod yield_now;
