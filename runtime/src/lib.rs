//! A multi-threaded, work-stealing async runtime, with an event loop and a timer wheel per core.
//!
//! What tokio has carries tokio's name and shape here, so that most programs port by search and
//! replace; [a page of the book] says what that does not find. Streams implement the traits of
//! `futures-io`.
//!
//! [a page of the book]: https://github.com/sheave-rs/sheave/blob/main/docs/src/from-tokio.md
//!
//! # A tour
//!
//! **Tasks.** [`spawn`] starts a future that runs beside its caller, on whichever worker has time. It
//! runs whether or not its [`JoinHandle`](task::JoinHandle) is awaited. A
//! [`JoinSet`](task::JoinSet) collects the outputs of many, and aborts those that are left when it is
//! dropped.
//!
//! ```
//! #[sheave::main]
//! async fn main() -> Result<(), sheave::task::JoinError> {
//!     let answer = sheave::spawn(async { 6 * 7 });
//!     assert_eq!(answer.await?, 42);
//!
//!     let mut squares: sheave::task::JoinSet<u32> = (1..=3).map(|n| async move { n * n }).collect();
//!     let mut sum = 0;
//!     while let Some(square) = squares.join_next().await {
//!         sum += square?;
//!     }
//!     assert_eq!(sum, 14);
//!     Ok(())
//! }
//! ```
//!
//! **Blocking work** (files, database drivers, long computations) goes to a pool of threads of its own:
//! by [`to_thread`], or by [`spawn_blocking`](task::spawn_blocking()) if a handle is wanted.
//!
//! ```
//! # #[sheave::main]
//! # async fn main() {
//! let sum = sheave::to_thread(|| (1..=1_000_000u64).sum::<u64>()).await;
//! assert_eq!(sum, 500_000_500_000);
//! # }
//! ```
//!
//! **Time.** [`time::sleep`], [`time::timeout`] and [`time::interval`] are never early.
//!
//! ```
//! use sheave::time::{Duration, sleep, timeout};
//!
//! # #[sheave::main]
//! # async fn main() {
//! let slow = sleep(Duration::from_secs(3600));
//! assert!(timeout(Duration::from_millis(5), slow).await.is_err());
//! # }
//! ```
//!
//! **Sockets**: TCP, UDP and Unix ones in [`net`]; [`io`] waits for any other descriptor, [`signal`]
//! for signals.
//!
//! ```
//! use sheave::io::{AsyncReadExt, AsyncWriteExt};
//! use sheave::net::{TcpListener, TcpStream};
//!
//! # #[sheave::main]
//! # async fn main() -> std::io::Result<()> {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let mut client = TcpStream::connect(listener.local_addr()?).await?;
//! let (mut server, _peer) = listener.accept().await?;
//! client.write_all(b"ping").await?;
//! let mut received = [0; 4];
//! server.read_exact(&mut received).await?;
//! assert_eq!(&received, b"ping");
//! # Ok(())
//! # }
//! ```
//!
//! **Several futures in one task.** [`join!`] and [`try_join!`] wait for all, [`select!`] for the first.
//!
//! ```
//! use sheave::time::{Duration, sleep};
//!
//! # #[sheave::main]
//! # async fn main() {
//! let (one, two) = sheave::join!(async { 1 }, async { 2 });
//! assert_eq!(one + two, 3);
//! let first = sheave::select! {
//!     () = sleep(Duration::from_secs(60)) => "the clock",
//!     n = async { 3 } => if n == 3 { "the number" } else { "another number" },
//! };
//! assert_eq!(first, "the number");
//! # }
//! ```
//!
//! **Ending early.** A [`cancel::CancellationToken`] tells a tree of tasks to end. A
//! [`cancel::CancelScope`] drops a block at its next `.await`, after what is shielded in it.
//!
//! ```
//! use sheave::cancel::{CancelScope, move_on_after};
//! use sheave::time::{Duration, sleep};
//!
//! # #[sheave::main]
//! # async fn main() {
//! let saved = std::cell::Cell::new(false);
//! let moved_on = move_on_after(Duration::from_millis(1), async {
//!     CancelScope::shielded(async {
//!         sleep(Duration::from_millis(5)).await;
//!         saved.set(true);
//!     })
//!     .await;
//!     sleep(Duration::from_secs(3600)).await;
//! });
//! assert_eq!(moved_on.await, None);
//! assert!(saved.get());
//! # }
//! ```
//!
//! **Streams** are written as [async generators](stream::generator()), and read by [`for_await!`].
//!
//! ```
//! # #[sheave::main]
//! # async fn main() {
//! let squares = sheave::stream::generator(|mut co| async move {
//!     for n in 1..=3 {
//!         co.yield_(n * n).await;
//!     }
//! });
//! let mut sum = 0;
//! sheave::for_await!(square in squares {
//!     sum += square;
//! });
//! assert_eq!(sum, 14);
//! # }
//! ```
//!
//! **Tests** may stop the clock: on a current-thread runtime that starts paused, time jumps to the next
//! timer whenever every task waits. For tests, write `#[sheave::test(start_paused = true)]`.
//!
//! ```
//! use sheave::time::{Duration, Instant, sleep};
//!
//! #[sheave::main(flavor = "current_thread", start_paused = true)]
//! async fn main() {
//!     let start = Instant::now();
//!     sleep(Duration::from_secs(86_400)).await; // Takes no time.
//!     assert!(start.elapsed() >= Duration::from_secs(86_400));
//! }
//! ```
//!
//! **The end.** Dropping a [`Runtime`](runtime::Runtime) drops the futures of all tasks and joins the
//! threads. It waits at most 10 s for what cannot be dropped, a poll or a blocking closure that does not
//! return. [`Runtime::shutdown`](runtime::Runtime::shutdown) tells the tasks first, gives them time to
//! finish, and lists what is left in the end:
//!
//! ```
//! use sheave::runtime::{Builder, ShutdownOptions};
//! use std::time::Duration;
//!
//! let runtime = Builder::new_multi_thread().worker_threads(2).build()?;
//! drop(runtime.spawn(async {
//!     sheave::shutdown_requested().await;
//!     // Save what must be saved.
//! }));
//! let report = runtime.shutdown(ShutdownOptions::new().drain(Duration::from_secs(30)));
//! assert!(report.is_complete(), "{report}");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! With feature `hyper`, `sheave::hyper::serve` runs an HTTP server that answers what is in flight before
//! it ends.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `macros` | yes | `#[sheave::main]`, `#[sheave::test]`, and the macros [`select!`], [`join!`], [`try_join!`] |
//! | `hyper` | no | module `sheave::hyper`: hyper's I/O, executor and timer on this runtime, and `serve` |
//! | `tracing` | no | warnings of the runtime, such as that a task is stuck, go to the subscriber of `tracing` if there is one, else to stderr |
//! | `tokio-io` | no | tokio's `AsyncRead` and `AsyncWrite` for streams; the crate tokio, not its runtime |
//!
//! # Fairness
//!
//! **What is promised.** Let a runtime have at most *T* tasks at any time, let no poll of one take longer
//! than *P*, and let the system run each worker's thread for its share of the time. Then there is a bound
//! *D*, which depends on nothing but *T*, *P* and the number of workers, such that
//!
//! - a task that is woken is polled within *D*, wherever the wake comes from;
//! - a timer that is due, and a socket that is ready, wakes its task within *D*.
//!
//! So no task starves while others are always ready, neither beside tasks that only yield, nor beside
//! pairs that wake each other for ever, nor beside a socket that never runs dry.
//!
//! **What is not promised.** A poll that does not return (a blocking call, an endless loop) makes *P*
//! infinite. On the multi-thread flavour the others are then served all the same while one worker is
//! left to run them: other workers take the tasks from the queue, and a monitor thread serves the
//! sockets, the timers and the task woken last, once the poll has lasted for
//! [`stuck_threshold`](runtime::Builder::stuck_threshold). When all workers are stuck, tasks wait; so they
//! do on the current-thread flavour. A warning names the
//! task, or [`on_stuck_poll`](runtime::Builder::on_stuck_poll) does: keep polls short, and block in [`to_thread`] or
//! [`block_in_place`](task::block_in_place). Nor is there a promise on the order in which tasks run; the
//! current-thread flavour alone runs them first-in first-out.
//!
//! **What happens today**, and may change with any release. A *turn* is one task from a queue and what
//! runs on its heels:
//!
//! - A worker's queue is first-in first-out. The newest task that a poll wakes goes to the worker's slot
//!   instead and runs next: at most 3 of these in a row, then the slot is emptied to the queue's tail.
//!   `yield_now` goes to the tail.
//! - A turn has a budget of 128 operations ([`task::coop`]); beyond them, operations of this crate answer
//!   `Pending` and the task goes to the tail.
//! - Every 61st turn takes from the queue of what came from outside the workers, other turns do so when
//!   the local queue is empty. Idle workers steal half of another one's queue.
//! - A busy worker looks at its sockets and timers after at most 61 turns
//!   ([`event_interval`](runtime::Builder::event_interval)), and after fewer when turns are long: it
//!   aims at a look every 100 µs.
//!
//! # More
//!
//! The repository has an [example server] and the [book]: its invariants, why no wake-up is lost, how a
//! stuck worker is served, how a runtime ends, and what the loom models check.
//!
//! [example server]: https://github.com/sheave-rs/sheave/tree/main/runtime/examples/server
//! [book]: https://github.com/sheave-rs/sheave/tree/main/docs/src

/// The examples of the README, which are compiled as they stand.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[doc(hidden)]
pub mod macros;
#[cfg(feature = "macros")]
pub use sheave_macros::{main, test};

pub mod asyncio;
pub mod cancel;
pub mod concurrent;
mod coop;
mod front;
pub mod generator;
#[cfg(feature = "hyper")]
pub mod hyper;
pub mod io;
pub mod net;
mod park;
mod reactor;
pub mod runtime;
mod scheduler;
pub mod signal;
pub mod stream;
pub mod sync;
mod tasks;
pub mod time;
mod timers;
mod util;

pub use front::shutdown_requested::shutdown_requested;
pub use front::spawn::spawn;
pub use front::to_thread::to_thread;

/// Tasks: spawning, joining, yielding and blocking work.
pub mod task {
    pub use crate::front::abort_on_drop::AbortOnDropHandle;
    pub use crate::front::join_set::JoinSet;
    pub use crate::front::local_set::{LocalEnterGuard, LocalSet, spawn_local};
    pub use crate::front::spawn::{block_in_place, id, spawn, spawn_blocking, try_id};
    pub use crate::front::task_builder::Builder;
    pub use crate::front::task_meta::{TaskMeta, TaskStatus, current};
    pub use crate::front::to_thread::{ToThread, TryToThread, to_thread, try_to_thread};
    pub use crate::front::yield_now::yield_now;
    pub use crate::macros::task_local::{AccessError, LocalKey};
    pub use crate::tasks::{AbortHandle, Id, JoinError, JoinHandle, TryResultError};

    /// Futures that the functions of this module return.
    pub mod futures {
        pub use crate::macros::task_local::TaskLocalFuture;
    }

    // Where tokio had them before it had `coop`.
    #[doc(hidden)]
    pub use crate::coop::{consume_budget, unconstrained};

    /// Cooperative yielding: a budget of operations for each poll of a task.
    pub mod coop {
        pub use crate::coop::{
            Coop, RestoreOnPending, Unconstrained, consume_budget, cooperative,
            has_budget_remaining, poll_proceed, unconstrained,
        };
    }
}
