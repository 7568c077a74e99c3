//! Building a runtime, entering it, and reading its counters.

mod blocking;
mod builder;
mod calls;
mod debug;
mod default_executor;
mod dump;
mod dump_on_signal;
mod handle;
mod id;
mod join_set_on;
mod local_set_on;
mod metrics;
mod owned;
mod run_forever;
mod shutdown;
#[cfg(all(test, not(loom)))]
mod tests;
mod threadsafe;
mod timeline;

pub use builder::Builder;
pub use dump::{Dump, RootDump, SyncKind, TaskDump, TaskState, WaitsFor};
pub use handle::{EnterGuard, Handle, RuntimeFlavor, TryCurrentError};
pub use id::Id;
pub use metrics::RuntimeMetrics;
pub use owned::Runtime;
pub use run_forever::Stopped;
pub use shutdown::ShutdownOptions;
pub use timeline::{AlreadyRecordingError, Timeline};

pub use crate::front::shutdown_requested::ShutdownRequested;
pub use crate::scheduler::{LeftJob, LeftTask, ShutdownReport, StuckPoll, UnhandledPanic};
pub use crate::tasks::UnhandledPanicInfo;
