//! What the expansions of the macros call. Public for them alone: nothing here is stable.

pub use std::future::{Future, IntoFuture, poll_fn};
pub use std::pin::pin;
pub use std::task::Poll;

#[cfg(feature = "macros")]
pub use sheave_macros::{join_expand, select_expand, try_join_expand};

pub use super::task_local::TaskLocalCell;
pub use crate::coop::poll_budget_available;
pub use maybe_done::MaybeDone;
pub use rng::thread_rng_n;

mod maybe_done;

/// `n` modulo `count`, for polling around the end of the branches. A function, because the lints of
/// the user's crate would see the operator and complain where there is only one branch.
pub const fn around(n: u32, count: u32) -> u32 {
    n % count
}

#[cfg(not(loom))]
mod rng;
#[cfg(loom)]
#[path = "support/rng_loom.rs"]
mod rng;
