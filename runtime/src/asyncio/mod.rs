//! asyncio's vocabulary: what Python programmers look for, by the names they know, with the meaning
//! they know.
//!
//! What tokio has carries tokio's name and lives elsewhere in this crate: [`spawn`](crate::spawn),
//! [`time::sleep`](crate::time::sleep), [`sync`](crate::sync). What only asyncio has is here. Where
//! Rust must differ, the documentation says so at the item, under "Differences from asyncio".

mod async_with;
mod context_var;
mod create_task;
mod done_callback;
mod promise;
mod shared;

pub use async_with::{AsyncContextManager, AsyncWithError, ExitReason, async_with};
pub use context_var::{ContextVar, ResetError, Token, copy_context};
pub use create_task::{all_tasks, create_task};
pub use done_callback::DoneCallback;
pub use promise::{Completer, InvalidStateError, Promise, PromiseError, create_future};
pub use shared::Shared;

pub use crate::concurrent::{run_in_executor, wrap_future};
pub use crate::front::task_meta::current as current_task;
pub use crate::front::to_thread::{to_thread, try_to_thread};
pub use crate::tasks::Context;
