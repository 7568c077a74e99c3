//! A multi-threaded, work-stealing async runtime.

#[doc(hidden)]
pub mod macros;
#[cfg(feature = "macros")]
pub use sheave_macros::{main, test};

mod coop;
mod front;
#[cfg(feature = "hyper")]
pub mod hyper;
pub mod io;
pub mod net;
mod park;
mod reactor;
pub mod runtime;
mod scheduler;
pub mod signal;
mod tasks;
pub mod time;
mod timers;
mod util;

pub use front::spawn::spawn;
pub use front::to_thread::to_thread;

/// Tasks: spawning, joining, yielding and blocking work.
pub mod task {
    pub use crate::front::join_set::JoinSet;
    pub use crate::front::spawn::{block_in_place, id, spawn, spawn_blocking, try_id};
    pub use crate::front::task_builder::Builder;
    pub use crate::front::to_thread::{ToThread, to_thread};
    pub use crate::front::yield_now::yield_now;
    pub use crate::macros::task_local::{AccessError, LocalKey};
    pub use crate::tasks::{AbortHandle, Id, JoinError, JoinHandle};

    /// Futures that the functions of this module return.
    pub mod futures {
        pub use crate::macros::task_local::TaskLocalFuture;
    }

    /// Cooperative yielding: a budget of operations for each poll of a task.
    pub mod coop {
        pub use crate::coop::{
            Coop, RestoreOnPending, Unconstrained, consume_budget, cooperative,
            has_budget_remaining, poll_proceed, unconstrained,
        };
    }
}
