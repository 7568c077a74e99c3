//! asyncio's vocabulary: what Python programmers look for, by the names they know, with the meaning
//! they know.
//!
//! What tokio has carries tokio's name and lives elsewhere in this crate: [`spawn`](crate::spawn),
//! [`time::sleep`](crate::time::sleep), [`sync`](crate::sync). What only asyncio has is here. Where
//! Rust must differ, the documentation says so at the item, under "Differences from asyncio". The book has a
//! page with [every name and the test that shows it][table].
//!
//! [table]: https://github.com/sheave-rs/sheave/blob/main/docs/src/asyncio.md
//!
//! | asyncio | here |
//! |---|---|
//! | `run`, `Runner` | [`run`], [`run_with`], [`try_run`], [`Runner`] |
//! | `get_running_loop`, `run_coroutine_threadsafe` | [`get_running_loop`], [`run_coroutine_threadsafe`] |
//! | `run_until_complete`, `run_forever` | methods of [`Runtime`](crate::runtime::Runtime) |
//! | `stop`, `call_soon`, `call_later`, `call_at` | methods of [`Handle`](crate::runtime::Handle) |
//! | `create_task`, `all_tasks`, `current_task` | [`create_task`], [`all_tasks`], [`current_task`] |
//! | `Future`, `create_future` | [`create_future`], [`Completer`], [`Promise`] |
//! | `add_done_callback` | [`Shared`] |
//! | `ContextVar`, `Context`, `copy_context` | [`ContextVar`], [`Context`], [`copy_context`] |
//! | `run_in_executor`, `wrap_future`, `to_thread` | [`run_in_executor`], [`wrap_future`], [`to_thread`] |
//! | `shutdown_default_executor` | a method of [`Handle`](crate::runtime::Handle::shutdown_default_executor) |
//! | `async with` | [`async_with`], [`AsyncContextManager`] |
//! | `ensure_future` | [`ensure_future`] |
//! | `gather` | [`gather`](gather()), [`gather!`](crate::gather!), [`try_gather`] |
//! | `wait` | [`wait`], [`wait_results`], [`wait_owned`] |
//! | `as_completed` | [`as_completed`] |
//! | `TaskGroup` | [`task_group`], [`TaskGroup`] |
//! | `timeout`, `timeout_at` | [`timeout`], [`timeout_at`] |
//! | `wait_for` | [`wait_for`] |
//! | `shield` | [`shield`] |
//! | `sleep(delay, result)` | [`sleep_with`] |
//! | `Lock`, `Event`, `Condition`, `BoundedSemaphore` | [`Lock`], [`Event`], [`Condition`], [`BoundedSemaphore`] |
//! | `Queue`, `LifoQueue`, `PriorityQueue` | [`Queue`], [`LifoQueue`], [`PriorityQueue`] |
//! | `Semaphore`, `Barrier` | [`sync::Semaphore`](crate::sync::Semaphore), [`sync::Barrier`](crate::sync::Barrier) |

mod as_completed;
mod async_with;
pub(crate) mod call;
mod context_var;
mod create_task;
mod crew;
mod done_callback;
mod gather;
mod into_task;
mod promise;
mod runner;
mod running_loop;
mod shared;
mod shield;
mod sleep_with;
mod task_group;
mod timeout;
mod wait;
mod wait_for;

pub use crate::concurrent::{run_in_executor, wrap_future};
pub use crate::front::task_meta::current as current_task;
pub use crate::front::to_thread::{to_thread, try_to_thread};
pub use crate::gather;
pub use crate::sync::queue::{GetNowaitError, PutNowaitError};
pub use crate::sync::{BoundedSemaphore, Condition, Event, Lock, OverRelease};
pub use crate::sync::{LifoQueue, PriorityQueue, Queue, QueueShutDown};
pub use crate::tasks::CallbackId;
pub use crate::tasks::Context;
pub use as_completed::{AsCompleted, WithIndex, Within, as_completed};
pub use async_with::{AsyncContextManager, AsyncWithError, ExitReason, async_with};
pub use call::{CallHandle, CancelOnDrop, TimerHandle};
pub use context_var::{ContextVar, ResetError, Token, copy_context};
pub use create_task::{all_tasks, create_task};
pub use done_callback::DoneCallback;
#[doc(hidden)]
pub use gather::operand;
pub use gather::{
    Gather, GatherError, GatherTuple, Mode, Outcomes, TryOutcomes, TryValues, Values, gather,
    try_gather,
};
pub use into_task::{IntoTask, ensure_future};
pub use promise::{Completer, InvalidStateError, Promise, PromiseError, create_future};
pub use runner::{RunError, Runner, run, run_with, try_run};
pub use running_loop::{get_running_loop, run_coroutine_threadsafe};
pub use shared::Shared;
pub use shield::{Shield, shield};
pub use sleep_with::sleep_with;
pub use task_group::{
    GroupFuture, GroupTask, GroupTaskError, Readiness, SpawnError, SpawnErrorKind, StartError,
    TaskFailure, TaskGroup, TaskGroupError, task_group,
};
pub use timeout::{RescheduleError, Timeout, timeout, timeout_at};
pub use wait::{
    ReturnWhen, Wait, WaitError, WaitOwned, WaitResult, wait, wait_owned, wait_results,
};
pub use wait_for::{WaitFor, WaitForError, wait_for};
