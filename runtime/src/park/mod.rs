//! How a thread of the runtime sleeps, and how anyone ends its sleep.

mod parker;

pub(crate) use parker::Parker;
