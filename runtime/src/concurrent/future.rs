//! A future of plain threads: `concurrent.futures.Future`.

use super::block::{block_on, deadline};
use super::state::{Callback, End, Look, Outcome, State};
use super::{FutureError, Promise};
use crate::coop;
use sheave_blocking_pool::Submitted;
use sheave_facade::sync::Arc;
use sheave_facade::time::Instant;
use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A value that some other thread or task will set: Python's `concurrent.futures.Future`.
///
/// Threads wait for it ([`wait`](Self::wait), [`wait_timeout`](Self::wait_timeout)), tasks `.await` it
/// (see [`wrap_future`]). Dropping it detaches the work, which runs all the same; only
/// [`cancel`](Self::cancel) stops it, and only before it begins.
///
/// # Differences from Python
/// - The value moves to whoever takes it, once, instead of being shared; a callback sees it first, by
///   reference.
/// - Waiting on a thread that drives a runtime panics instead of blocking its tasks.
/// - A job that waits for another one on a thread of a pool never deadlocks: the other is run in its
///   place, or the pool gets one more thread for that time.
/// - If the setter is dropped, waiters get [`FutureError::Abandoned`] instead of waiting for ever.
///
/// # Examples
/// ```
/// use sheave::concurrent::ThreadPool;
///
/// let pool = ThreadPool::new();
/// let future = pool.submit(|| 6 * 7);
/// assert_eq!(future.wait().unwrap(), 42);
/// ```
#[must_use = "dropping the future detaches its work; the value and a panic are lost"]
pub struct Future<T> {
    pub(super) state: Arc<State<T>>,
    /// Where the work waits, if it is in a pool.
    submitted: Option<Submitted>,
}

impl<T> Future<T> {
    /// A future, and the promise to set it.
    pub(super) fn pair() -> (Promise<T>, Self) {
        let state = Arc::new(State::new());
        (Promise::new(state.clone()), Self { state, submitted: None })
    }

    pub(super) fn set_submitted(&mut self, submitted: Option<Submitted>) {
        self.submitted = submitted;
    }

    /// Blocks this thread until the future is done, and returns its value. Python's `result()`.
    ///
    /// # Errors
    /// Why there is no value.
    ///
    /// # Panics
    /// If it is not done and this thread drives a runtime, whose tasks would stop. Await it there, or
    /// wait in [`to_thread`](crate::to_thread()) or
    /// [`block_in_place`](crate::task::block_in_place()).
    #[track_caller]
    pub fn wait(mut self) -> Result<T, FutureError> {
        self.wait_until(None)
    }

    /// [`wait`](Self::wait), at most for `timeout`. Python's `result(timeout)`.
    ///
    /// # Errors
    /// [`FutureError::TimedOut`] if time was up, and then the value can still be had later; or why
    /// there is none.
    ///
    /// # Panics
    /// As [`wait`](Self::wait), and if the result was taken before.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let (promise, mut future) = sheave::concurrent::promise();
    /// assert!(future.wait_timeout(Duration::from_millis(1)).unwrap_err().is_timeout());
    /// promise.set_result(1).unwrap();
    /// assert_eq!(future.wait_timeout(Duration::MAX).unwrap(), 1);
    /// ```
    #[track_caller]
    pub fn wait_timeout(&mut self, timeout: Duration) -> Result<T, FutureError> {
        self.wait_until(deadline(Some(timeout)))
    }

    #[track_caller]
    pub(super) fn wait_until(&mut self, deadline: Option<Instant>) -> Result<T, FutureError> {
        self.wait_done(deadline)?;
        self.state.take()
    }

    /// Blocks this thread until the future is done, and returns its error, `None` if it has a value.
    /// The result stays in place.
    ///
    /// Python's `exception()`, which raises `CancelledError` where this returns
    /// [`FutureError::Cancelled`].
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    ///
    /// # Examples
    /// ```
    /// let pool = sheave::concurrent::ThreadPool::new();
    /// let mut future = pool.submit(|| 1);
    /// assert!(future.exception().is_none());
    /// assert_eq!(future.wait().unwrap(), 1);
    /// ```
    #[track_caller]
    pub fn exception(&mut self) -> Option<FutureError> {
        self.exception_until(None)
    }

    /// [`exception`](Self::exception), at most for `timeout`: [`FutureError::TimedOut`] if time was up.
    /// Python's `exception(timeout)`.
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let (promise, mut future) = sheave::concurrent::promise();
    /// assert!(future.exception_timeout(Duration::ZERO).unwrap().is_timeout());
    /// promise.set_result(1).unwrap();
    /// assert!(future.exception_timeout(Duration::ZERO).is_none());
    /// ```
    #[track_caller]
    pub fn exception_timeout(&mut self, timeout: Duration) -> Option<FutureError> {
        self.exception_until(deadline(Some(timeout)))
    }

    #[track_caller]
    fn exception_until(&mut self, deadline: Option<Instant>) -> Option<FutureError> {
        match self.wait_done(deadline) {
            Ok(()) => self.state.error(),
            Err(error) => Some(error),
        }
    }

    #[track_caller]
    fn wait_done(&mut self, deadline: Option<Instant>) -> Result<(), FutureError> {
        // The thread that could run it may be this one.
        if let Some(submitted) = self.submitted.as_ref().filter(|_| deadline.is_none()) {
            submitted.run_if_member();
        }
        block_on(deadline, |cx| self.poll_done(cx)).ok_or(FutureError::TimedOut)
    }

    /// Cancels the future unless its work has begun, and says whether it is cancelled now.
    ///
    /// Work that runs goes on, but can ask [`check_cancelled`](super::check_cancelled) whether
    /// somebody has tried this; Python only returns `False`. What the work has captured is dropped
    /// here, unless it waits in an executor that cannot give it back.
    ///
    /// # Examples
    /// ```
    /// let (promise, future) = sheave::concurrent::promise::<u32>();
    /// assert!(future.cancel());
    /// assert!(future.cancelled() && future.done());
    /// assert_eq!(promise.set_result(1), Err(1));
    /// assert!(future.wait().unwrap_err().is_cancelled());
    /// ```
    pub fn cancel(&self) -> bool {
        let is_cancelled = self.state.cancel();
        if let Some(submitted) = self.submitted.as_ref().filter(|_| is_cancelled) {
            submitted.cancel();
        }
        is_cancelled
    }

    /// Whether it was cancelled.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.state.look() == Look::Ended(End::Cancelled)
    }

    /// Whether its work has begun and not ended.
    #[must_use]
    pub fn running(&self) -> bool {
        self.state.look() == Look::Running
    }

    /// Whether it has ended: with a value, an error, or cancelled.
    #[must_use]
    pub fn done(&self) -> bool {
        matches!(self.state.look(), Look::Ended(_))
    }

    /// Whether it has ended with an error other than a cancellation.
    pub(super) fn failed(&self) -> bool {
        self.state.look() == Look::Ended(End::Failed)
    }

    /// Calls `callback` with the result: on the thread that sets it, or here and now if it is set.
    /// Callbacks run in the order of their adding; one that panics does not keep the others away.
    ///
    /// Waiters get the result when all callbacks have returned; Python wakes them before. A callback
    /// must therefore not wait for a thread that waits for this future.
    ///
    /// # Panics
    /// If the result was taken before.
    ///
    /// # Examples
    /// ```
    /// let (promise, future) = sheave::concurrent::promise();
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// future.add_done_callback(move |result| sender.send(result.clone().unwrap()).unwrap());
    /// promise.set_result("done").unwrap();
    /// assert_eq!(receiver.recv().unwrap(), "done");
    /// ```
    #[track_caller]
    pub fn add_done_callback<F>(&self, callback: F)
    where
        F: FnOnce(&Result<T, FutureError>) + Send + 'static,
    {
        let callback: Callback<T> = Box::new(callback);
        self.state.add_callback(callback);
    }

    pub(super) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.state.poll_done(cx)
    }

    #[track_caller]
    pub(super) fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Outcome<T>> {
        ready!(self.poll_done(cx));
        Poll::Ready(self.state.take())
    }
}

impl<T> Drop for Future<T> {
    fn drop(&mut self) {
        self.state.stop_waiting();
    }
}

/// As Python prints it: `<Future at 0x7f state=pending>`, and `running`, `cancelled`, `finished returned`,
/// `finished raised`.
impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state.look() {
            Look::Pending => "pending",
            Look::Running => "running",
            Look::Ended(End::Cancelled) => "cancelled",
            Look::Ended(End::Value) => "finished returned",
            Look::Ended(End::Failed) => "finished raised",
        };
        write!(f, "<Future at {:p} state={state}>", Arc::as_ptr(&self.state))
    }
}

impl<T> IntoFuture for Future<T> {
    type Output = Result<T, FutureError>;
    type IntoFuture = WrappedFuture<T>;

    fn into_future(self) -> WrappedFuture<T> {
        wrap_future(self)
    }
}

/// Makes a future of threads one of tasks: Python's `asyncio.wrap_future`. `.await` on a
/// [`concurrent::Future`](Future) does it by itself.
///
/// Dropped before it is done, it cancels the work unless that has begun, as a cancelled task does in
/// Python; see [`cancel_on_drop`](WrappedFuture::cancel_on_drop).
///
/// # Examples
/// ```
/// use sheave::concurrent::{ThreadPool, wrap_future};
///
/// # #[sheave::main]
/// # async fn main() {
/// let pool = ThreadPool::new();
/// assert_eq!(wrap_future(pool.submit(|| 1)).await.unwrap(), 1);
/// assert_eq!(pool.submit(|| 2).await.unwrap(), 2);
/// # }
/// ```
pub fn wrap_future<T>(future: Future<T>) -> WrappedFuture<T> {
    WrappedFuture { future, cancel_on_drop: true }
}

/// A [`concurrent::Future`](Future) for tasks: see [`wrap_future`] and
/// [`run_in_executor`](super::run_in_executor).
///
/// # Cancel safety
/// Strict if polled by reference. Dropped, it consumes: work that has not begun is cancelled, unless
/// [`cancel_on_drop`](Self::cancel_on_drop) says otherwise, and the result of work that has begun is
/// lost.
///
/// # Panics
/// If polled again after it returned the result.
#[derive(Debug)]
#[must_use = "dropping the future may cancel its work; the value and a panic are lost"]
pub struct WrappedFuture<T> {
    future: Future<T>,
    cancel_on_drop: bool,
}

impl<T> WrappedFuture<T> {
    /// Whether dropping this cancels the work, or asks it to end if it has begun.
    pub fn cancel_on_drop(mut self, cancel: bool) -> Self {
        self.cancel_on_drop = cancel;
        self
    }

    /// See [`Future::cancel`].
    pub fn cancel(&self) -> bool {
        self.future.cancel()
    }

    /// See [`Future::cancelled`].
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.future.cancelled()
    }

    /// See [`Future::running`].
    #[must_use]
    pub fn running(&self) -> bool {
        self.future.running()
    }

    /// See [`Future::done`].
    #[must_use]
    pub fn done(&self) -> bool {
        self.future.done()
    }
}

impl<T> std::future::Future for WrappedFuture<T> {
    type Output = Result<T, FutureError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = ready!(coop::poll_proceed(cx));
        let result = ready!(self.future.poll_result(cx));
        progress.made_progress();
        Poll::Ready(result)
    }
}

impl<T> Drop for WrappedFuture<T> {
    fn drop(&mut self) {
        if self.cancel_on_drop {
            self.future.cancel();
        }
    }
}
