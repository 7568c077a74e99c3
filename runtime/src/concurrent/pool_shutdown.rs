//! The end of a thread pool, for threads and for tasks.

use super::{WrappedFuture, promise, wrap_future};
use crate::scheduler::Driving;
use sheave_blocking_pool::{Backlog, Pool, compensate};
use sheave_facade::thread;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A shutdown that has begun: see [`ThreadPool::shutdown`](super::ThreadPool::shutdown).
///
/// Await it in a task: it is ready when the pool's threads have ended. Python's `shutdown(wait=True)`
/// blocks the loop there. A helper thread waits meanwhile; only if the system has no thread for it does
/// the poll wait itself.
///
/// # Cancel safety
/// Strict: dropping it does not stop the shutdown.
pub struct Shutdown {
    pool: Pool,
    waiting: Option<WrappedFuture<()>>,
}

impl Shutdown {
    pub(super) fn begin(pool: Pool) -> Self {
        pool.shutdown_background(Backlog::Drain);
        Self { pool, waiting: None }
    }

    /// Cancels the jobs that have not begun. Python's `cancel_futures=True`.
    ///
    /// # Examples
    /// ```
    /// let pool = sheave::concurrent::ThreadPool::builder().max_workers(1).build();
    /// let (release, wait) = std::sync::mpsc::channel::<()>();
    /// let running = pool.submit(move || wait.recv());
    /// let waiting = pool.submit(|| ());
    /// while !running.running() {
    ///     std::thread::yield_now();
    /// }
    /// let shutdown = pool.shutdown().cancel_futures();
    /// assert!(waiting.cancelled() && !running.done());
    /// release.send(()).unwrap();
    /// shutdown.wait();
    /// ```
    pub fn cancel_futures(self) -> Self {
        self.pool.shutdown_background(Backlog::Cancel);
        self
    }

    /// Blocks this thread until the pool's threads have ended. Called from a job of the pool, it does not
    /// wait for that one.
    ///
    /// # Panics
    /// If this thread drives a runtime: await it there.
    #[track_caller]
    pub fn wait(self) {
        assert!(
            !Driving::is_on(),
            "a thread that drives a runtime would block until a `ThreadPool` has ended: use \
             `pool.shutdown().await`"
        );
        join(&self.pool);
    }
}

fn join(pool: &Pool) {
    let _ = compensate(|| pool.shutdown(Backlog::Drain, None));
}

/// Waits for the pool on a thread of its own, or here if there is none to be had.
fn join_elsewhere(pool: Pool) -> WrappedFuture<()> {
    let (promise, future) = promise();
    let waiting = pool.clone();
    let helper = thread::Builder::new().name("sheave-shutdown".into()).spawn(move || {
        join(&waiting);
        let _ = promise.set_result(());
    });
    if helper.is_err() {
        // The closure is gone and has abandoned its promise, which is as good as an answer.
        join(&pool);
    }
    wrap_future(future)
}

impl Future for Shutdown {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { pool, waiting } = &mut *self;
        let waiting = waiting.get_or_insert_with(|| join_elsewhere(pool.clone()));
        Pin::new(waiting).poll(cx).map(|_| ())
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown").field("pool", &self.pool).finish_non_exhaustive()
    }
}
