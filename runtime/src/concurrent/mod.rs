//! Futures and pools of plain threads: Python's `concurrent.futures`.
//!
//! A [`ThreadPool`] runs closures and hands out a [`Future`] for each. A thread waits for it, a task
//! awaits it. Nothing in here needs a runtime but [`run_in_executor`] and what is awaited.
//!
//! | Python | here |
//! |---|---|
//! | `concurrent.futures.Future` | [`Future`], and [`Promise`] for those who set it |
//! | `concurrent.futures.wait`, `as_completed` | [`wait`], [`as_completed`] |
//! | `ThreadPoolExecutor` | [`ThreadPool`] |
//! | `Executor` | [`Executor`], object-safe |
//! | `CancelledError`, `TimeoutError`, `BrokenExecutor` | [`FutureError`] |
//! | `loop.run_in_executor` | [`run_in_executor`] |
//! | `asyncio.wrap_future` | `.await`, or [`wrap_future`] |
//!
//! # Examples
//! ```
//! use sheave::concurrent::{ThreadPool, run_in_executor};
//!
//! # #[sheave::main]
//! # async fn main() {
//! let pool = ThreadPool::builder().max_workers(2).thread_name_prefix("disk").build();
//! let length = run_in_executor(Some(&pool), || std::fs::read("/etc/hostname").map(|text| text.len()));
//! let _ = length.await.unwrap();
//! # }
//! ```

mod block;
mod error;
mod future;
mod job;
mod map;
mod pool_builder;
mod pool_shutdown;
mod promise;
mod run_in;
mod state;
mod thread_pool;
mod wait;

pub use error::{FutureError, Panic};
pub use future::{Future, WrappedFuture, wrap_future};
pub use job::check_cancelled;
pub use map::Map;
pub use pool_builder::ThreadPoolBuilder;
pub use pool_shutdown::Shutdown;
pub use promise::{Promise, promise};
pub use run_in::run_in_executor;
pub(crate) use run_in::run_on;
pub use sheave_blocking_pool::{Executor, Job, RejectReason, Rejected, Submitted};
pub use thread_pool::ThreadPool;
pub use wait::{AsCompleted, ReturnWhen, Unfinished, Waited, as_completed, wait};
