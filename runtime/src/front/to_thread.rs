//! `asyncio.to_thread`: a closure on a thread, as a future of its result.

use super::spawn::with_current;
use crate::cancel::{CancelScope, Shielded, WaitForCancellationFutureOwned, current_scope};
use crate::concurrent::{Executor, FutureError, WrappedFuture, run_on, wrap_future};
use crate::sync::{AcquireToken, CapacityLimiter, CapacityToken};
use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Runs a closure that may block on a thread of the default executor and yields its result. That is the
/// blocking pool, unless [`set_default_executor`](crate::runtime::Handle::set_default_executor) says
/// otherwise.
///
/// As in asyncio, nothing is submitted before the future is first polled. Unlike
/// [`spawn_blocking`](crate::task::spawn_blocking()) there is no handle and no second `Result`: a panic of
/// the closure continues in the caller. The closure is inside the runtime, may call
/// [`Handle::block_on`](crate::runtime::Handle::block_on), and runs in a copy of the
/// [`Context`](crate::asyncio::Context) of the first poll.
///
/// # Cancel safety
/// Consumes: a job that waits in the queue is cancelled with the future; one that runs goes on to
/// its end, and its result is dropped. It can learn of that by
/// [`check_cancelled`](crate::concurrent::check_cancelled). A [`CancelScope`] that is cancelled tells it so
/// and waits for its end, as in anyio; see [`abandon_on_cancel`](ToThread::abandon_on_cancel). In a scope that
/// is cancelled already, no closure begins.
///
/// # Differences from Python
/// The scope is not around what the closure awaits by [`Handle::block_on`](crate::runtime::Handle::block_on):
/// that goes on, where anyio's `from_thread.run` raises. Give the closure a
/// [`child_token`](CancelScope::child_token), and await
/// [`token.run_until_cancelled(..)`](crate::cancel::CancellationToken::run_until_cancelled).
///
/// The executor can be [chosen](ToThread::on), and a [limiter](ToThread::limiter) can bound one kind of work.
///
/// # Panics
/// If the closure panics, if the thread is in no runtime, or if the executor does not take the closure:
/// because its queue is full, it is broken, or the runtime shuts down. [`try_to_thread`] says so instead.
///
/// # Examples
/// ```
/// # #[sheave::main]
/// # async fn main() {
/// let sum = sheave::to_thread(|| (1..=1000u64).sum::<u64>()).await;
/// assert_eq!(sum, 500500);
/// # }
/// ```
#[track_caller]
pub fn to_thread<F, R>(f: F) -> ToThread<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    ToThread { call: Call::new(f) }
}

/// [`to_thread`] for those who would rather hear of a problem than wait or panic: the future's output says
/// that the closure panicked, that the executor did not take it, or that the limiter has no token now.
///
/// An executor whose queue is full does not take it. That of the blocking pool has no end unless
/// [`Builder::blocking_queue_limit`](crate::runtime::Builder::blocking_queue_limit) sets one; that of a
/// [`ThreadPool`](crate::concurrent::ThreadPool) has none either, unless it was built with one.
///
/// # Cancel safety
/// As [`to_thread`].
///
/// # Panics
/// If the thread is in no runtime.
///
/// # Examples
/// ```
/// use sheave::concurrent::ThreadPool;
/// use sheave::task::try_to_thread;
///
/// # #[sheave::main]
/// # async fn main() {
/// assert_eq!(try_to_thread(|| 1).await.unwrap(), 1);
///
/// let small = ThreadPool::builder().max_workers(1).queue_limit(0).build();
/// let (release, wait) = std::sync::mpsc::channel::<()>();
/// let busy = small.submit(move || wait.recv());
/// let refused = try_to_thread(|| 2).on(&small).await;
/// assert!(refused.unwrap_err().is_queue_full());
/// # release.send(()).unwrap();
/// # busy.await.unwrap().unwrap();
/// # }
/// ```
#[track_caller]
pub fn try_to_thread<F, R>(f: F) -> TryToThread<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    TryToThread { call: Call::new(f) }
}

/// The future of [`to_thread`].
#[must_use = "the closure does not run until the future is polled"]
pub struct ToThread<F, R> {
    call: Call<F, R>,
}

/// The future of [`try_to_thread`].
#[must_use = "the closure does not run until the future is polled"]
pub struct TryToThread<F, R> {
    call: Call<F, R>,
}

impl<F, R> ToThread<F, R> {
    /// Runs the closure on this executor.
    ///
    /// # Examples
    /// ```
    /// # #[sheave::main]
    /// # async fn main() {
    /// let disk = sheave::concurrent::ThreadPool::builder().thread_name_prefix("disk").build();
    /// let name = sheave::to_thread(|| std::thread::current().name().map(str::to_owned)).on(&disk).await;
    /// assert_eq!(name.as_deref(), Some("disk-0"));
    /// # }
    /// ```
    pub fn on(mut self, executor: &(impl Executor + Clone + 'static)) -> Self {
        self.call.executor = Some(Box::new(executor.clone()));
        self
    }

    /// Waits for a token of this limiter before the closure is submitted. The token comes back when the
    /// closure has ended, also if nobody waits for it any more.
    pub fn limiter(mut self, limiter: &CapacityLimiter) -> Self {
        self.call.limit = Some(Limit::Waits(limiter.acquire()));
        self
    }

    /// Whether a [`CancelScope`] around this leaves a closure that runs to itself. By default it tells the
    /// closure to end ([`check_cancelled`](crate::concurrent::check_cancelled)) and waits until it has, as in
    /// anyio; one that has not begun is cancelled in either case. Who drops this future outside of scopes
    /// always leaves the closure to itself.
    ///
    /// # Examples
    /// ```
    /// use sheave::cancel::CancelScope;
    /// use sheave::concurrent::check_cancelled;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let scope = CancelScope::new();
    /// let button = scope.clone();
    /// let obedient = sheave::to_thread(move || {
    ///     button.cancel();
    ///     while check_cancelled().is_ok() {}
    ///     "told to end"
    /// });
    /// assert_eq!(scope.run(obedient).await.unwrap(), "told to end");
    ///
    /// let scope = CancelScope::new();
    /// let button = scope.clone();
    /// let stubborn = sheave::to_thread(move || {
    ///     button.cancel();
    ///     std::thread::sleep(std::time::Duration::from_millis(100));
    /// });
    /// assert!(scope.run(stubborn.abandon_on_cancel(true)).await.is_err());
    /// # }
    /// ```
    pub fn abandon_on_cancel(mut self, abandon: bool) -> Self {
        self.call.abandon = abandon;
        self
    }
}

impl<F, R> TryToThread<F, R> {
    /// Runs the closure on this executor.
    pub fn on(mut self, executor: &(impl Executor + Clone + 'static)) -> Self {
        self.call.executor = Some(Box::new(executor.clone()));
        self
    }

    /// Takes a token of this limiter for as long as the closure runs. If there is none, the output is
    /// [`FutureError::LimitReached`].
    ///
    /// # Examples
    /// ```
    /// use sheave::sync::CapacityLimiter;
    /// use sheave::task::try_to_thread;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let limiter = CapacityLimiter::new(1);
    /// let token = limiter.acquire().await;
    /// assert!(try_to_thread(|| 1).limiter(&limiter).await.is_err());
    /// drop(token);
    /// assert_eq!(try_to_thread(|| 1).limiter(&limiter).await.unwrap(), 1);
    /// # }
    /// ```
    pub fn limiter(mut self, limiter: &CapacityLimiter) -> Self {
        self.call.limit = Some(Limit::Refuses(limiter.clone()));
        self
    }

    /// See [`ToThread::abandon_on_cancel`]. If the scope cancels a closure that has not begun, the output is
    /// [`FutureError::Cancelled`].
    pub fn abandon_on_cancel(mut self, abandon: bool) -> Self {
        self.call.abandon = abandon;
        self
    }
}

/// A closure on its way.
struct Call<F, R> {
    stage: Stage<F, R>,
    executor: Option<Box<dyn Executor>>,
    limit: Option<Limit>,
    abandon: bool,
    /// Where the future was made.
    location: &'static Location<'static>,
}

enum Stage<F, R> {
    New(F),
    Submitted(WrappedFuture<R>),
    /// The scope around waits for it.
    Kept(Shielded<ToldToEnd<R>>),
    Over,
}

/// Work that hears of the end of a scope.
struct ToldToEnd<R> {
    work: WrappedFuture<R>,
    told: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl<R> ToldToEnd<R> {
    fn new(work: WrappedFuture<R>, scope: &CancelScope) -> Self {
        // A scope that was cancelled and has left does not end what it had only borrowed.
        let is_past = scope.is_cancelled() && !scope.is_ending();
        let told = (!is_past).then(|| Box::pin(scope.child_token().cancelled_owned()));
        Self { work, told }
    }
}

impl<R> Future for ToldToEnd<R> {
    type Output = Result<R, FutureError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.told.as_mut().is_some_and(|told| told.as_mut().poll(cx).is_ready()) {
            self.told = None;
            self.work.cancel();
        }
        Pin::new(&mut self.work).poll(cx)
    }
}

/// Whether this code is about to be dropped by its scope.
fn is_scope_ending() -> bool {
    current_scope().is_some_and(|scope| scope.is_ending())
}

/// What a closure needs before it is submitted.
enum Limit {
    Waits(AcquireToken),
    Refuses(CapacityLimiter),
}

impl Limit {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<CapacityToken, FutureError>> {
        match self {
            Self::Waits(acquire) => Pin::new(acquire).poll(cx).map(Ok),
            Self::Refuses(limiter) => {
                let limit = limiter.total_tokens();
                Poll::Ready(limiter.try_acquire().ok_or(FutureError::LimitReached { limit }))
            }
        }
    }
}

// The closure is moved, never pinned.
impl<F, R> Unpin for Call<F, R> {}

impl<F, R> Call<F, R> {
    #[track_caller]
    fn new(f: F) -> Self {
        let location = Location::caller();
        Self { stage: Stage::New(f), executor: None, limit: None, abandon: false, location }
    }
}

impl<F, R> Call<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    #[track_caller]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<R, FutureError>> {
        if let Stage::New(_) = self.stage {
            if is_scope_ending() {
                return Poll::Ready(Err(FutureError::Cancelled));
            }
            let token = match &mut self.limit {
                Some(limit) => ready!(limit.poll(cx)).map(Some),
                None => Ok(None),
            };
            match (token, mem::replace(&mut self.stage, Stage::Over)) {
                (Ok(token), Stage::New(f)) => self.submit(f, token),
                (Err(error), _) => return Poll::Ready(Err(error)),
                (Ok(_), _) => unreachable!("looked above"),
            }
        }
        let result = match &mut self.stage {
            Stage::Submitted(work) => ready!(Pin::new(work).poll(cx)),
            Stage::Kept(work) => ready!(Pin::new(work).poll(cx)),
            Stage::New(_) | Stage::Over => {
                assert!(
                    is_scope_ending(),
                    "`to_thread` was polled after it had returned, or after a scope had cancelled it"
                );
                return Poll::Pending;
            }
        };
        self.stage = Stage::Over;
        Poll::Ready(result)
    }

    fn submit(&mut self, f: F, token: Option<CapacityToken>) {
        let executor = self.executor.as_deref();
        let future = with_current(|shared| run_on(shared, executor, f, token, self.location));
        // Dropped with this future, it cancels the job, or tells it that nobody waits.
        let work = wrap_future(future);
        self.stage = match current_scope().filter(|_| !self.abandon) {
            Some(scope) => Stage::Kept(CancelScope::shielded(ToldToEnd::new(work, &scope))),
            None => Stage::Submitted(work),
        };
    }
}

impl<F, R> Future for ToThread<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        let result = ready!(self.call.poll(cx));
        if matches!(result, Err(FutureError::Cancelled)) && is_scope_ending() {
            // It has not begun, and the scope drops this future next.
            return Poll::Pending;
        }
        Poll::Ready(result.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(payload) => resume_unwind(payload),
            Err(error) => panic!(
                "`to_thread` could not run its closure: {error}. `try_to_thread` returns this as an \
                 error, and a `CapacityLimiter` keeps queues short"
            ),
        }))
    }
}

impl<F, R> Future for TryToThread<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    type Output = Result<R, FutureError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.call.poll(cx)
    }
}

impl<F, R> Call<F, R> {
    fn describe(&self) -> &'static str {
        match self.stage {
            Stage::New(_) => "new",
            Stage::Submitted(_) | Stage::Kept(_) => "submitted",
            Stage::Over => "over",
        }
    }
}

impl<F, R> fmt::Debug for ToThread<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToThread").field("stage", &self.call.describe()).finish_non_exhaustive()
    }
}

impl<F, R> fmt::Debug for TryToThread<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryToThread").field("stage", &self.call.describe()).finish_non_exhaustive()
    }
}
