#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod config;
mod contain;
mod error;
mod handle;
mod idle;
mod job;
mod lane;
mod metrics;
mod pool;
mod queues;
mod reentry;
mod roster;
mod shared;
mod shutdown;
mod spawner;
mod state;
mod submitted;
mod worker;

pub use config::Builder;
pub use error::{JobError, Payload, RejectReason, Rejected, TrySpawnError};
pub use handle::JobHandle;
pub use job::{Executor, Job, JobOrigin};
pub use lane::{Lane, LaneConfig, LaneMetrics};
pub use metrics::Metrics;
pub use pool::Pool;
pub use queues::Ticket;
pub use reentry::compensate;
pub use shutdown::{Backlog, LeftJob, ShutdownReport};
pub use spawner::ThreadStart;
pub use submitted::Submitted;
