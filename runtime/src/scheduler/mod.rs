//! The one module that knows there is more than one worker.
//!
//! | file | answers |
//! |---|---|
//! | `shared.rs` | what do all workers see |
//! | `core.rs` | what does one worker own alone |
//! | `worker.rs` | the loop |
//! | `next.rs` | which task is next |
//! | `outlook.rs` | when does a busy worker look at its reactor and timers |
//! | `schedule.rs` | where does a woken task go, and who hears of it |
//! | `slot.rs` | the newest task of a worker (state machine) |
//! | `halt.rs` | who stops the runs of a runtime (state machine) |
//! | `idle.rs` | who sleeps, who searches (state machine) |
//! | `lifecycle.rs` | how does it end (state machine) |
//! | `phases.rs` | in which order does it end |
//! | `leftovers.rs` | what is said about what has not ended |
//! | `announcement.rs` | how do tasks hear of the end (state machine) |
//! | `skip_time.rs` | when may a stopped clock jump |
//! | `spawn.rs` | how does a future become a task |
//! | `block_on.rs` | how does a thread drive a root future |
//! | `root.rs` | when is that future due, and what does it do (state machine) |
//! | `block_in_place.rs` | how does a worker go on without its thread |
//! | `blocking.rs` | how does a closure become a task of the blocking pool |
//! | `default_executor.rs` | who takes what `run_in_executor(None, …)` hands over (state machine) |
//! | `local.rs` | where do tasks wait that never leave their thread, and how do they end |
//! | `vacancy.rs` | where does a worker lie that no thread runs (state machine) |
//! | `context.rs` | which runtime and worker is this thread's |
//! | `roll_call.rs` | which tasks are there |
//! | `metrics.rs` | what does a worker count |
//! | `observe.rs` | who watches the workers at work, and what is told to him |
//! | `monitor.rs` | who sees that a worker is stuck, and serves what it owns |
//! | `stand_in.rs` | who runs the tasks while every worker is stuck (state machine) |
//! | `unhandled.rs` | what happens after a panic that nobody reads |
//! | `watch.rs` | when does the monitor rest (state machine) |
//! | `dump.rs` | what does every task do at the moment |
//! | `stuck_poll.rs` | what is said about a poll that does not end |
//! | `stuck_report.rs` | who says it (state machine) |

mod announcement;
mod block_in_place;
mod block_on;
mod blocking;
mod config;
pub(crate) mod context;
mod core;
mod default_executor;
mod dump;
mod halt;
mod idle;
mod leftovers;
mod lifecycle;
pub(crate) mod local;
mod metrics;
mod monitor;
mod next;
mod observe;
mod outlook;
mod phases;
mod roll_call;
mod root;
mod schedule;
mod shared;
mod skip_time;
mod slot;
mod snapshot;
mod spawn;
mod stand_in;
mod stop;
mod stuck_poll;
mod stuck_report;
mod unhandled;
mod vacancy;
mod watch;
mod worker;

#[cfg(all(test, loom))]
mod loom;

pub(crate) use announcement::Listener;
pub(crate) use block_in_place::block_in_place;
pub(crate) use blocking::LaneName;
pub(crate) use config::{Config, Flavor, Hooks, NameFn, StuckHook};
pub(crate) use context::{Driving, Entered, with_runtime};
pub(crate) use dump::{Activity, Doing, Row};
pub use leftovers::{LeftJob, LeftTask, ShutdownReport};
#[allow(unused_imports, reason = "for whoever records a timeline")]
pub(crate) use observe::{Event, Lane, Observer};
pub(crate) use phases::Patience;
pub(crate) use root::RootRow;
pub(crate) use shared::Shared;
pub(crate) use snapshot::{Snapshot, WorkerSnapshot};
pub(crate) use stop::Threads;
pub use stuck_poll::StuckPoll;
pub(crate) use unhandled::PanicHook;
pub use unhandled::UnhandledPanic;
