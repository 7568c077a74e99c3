//! Telling tasks to end.
//!
//! There are two ways to end a task. [`JoinHandle::abort`](crate::task::JoinHandle::abort) drops its
//! future at its next `.await`; only destructors run. With what is in this module the task is *told*:
//!
//! - a [`CancellationToken`] is handed to those who shall listen, and they decide;
//! - a [`CancelScope`] is put around a block, which is dropped at its next `.await` unless it is
//!   shielded. [`move_on_after`] and [`fail_after`] are scopes with a deadline.
//!
//! A cancellation is a level, not an edge: once there, it stays, and nobody can look too late. No
//! exception is thrown into a task, as asyncio does, so none is swallowed by accident.

mod cancelled;
mod deadline;
mod guard;
mod scope;
mod token;
mod told;
mod tree;
mod wait;

pub use cancelled::Cancelled;
pub use deadline::{FailAfter, MoveOnAfter, fail_after, fail_at, move_on_after, move_on_at};
pub use guard::{DropGuard, DropGuardRef};
pub use scope::{CancelScope, Run, Shielded, current_scope};
pub use token::CancellationToken;
pub use wait::{WaitForCancellationFuture, WaitForCancellationFutureOwned};
