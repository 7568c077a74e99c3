//! Models of the scheduler.
