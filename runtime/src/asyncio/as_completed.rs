//! `asyncio.as_completed`: outcomes in the order in which they come.

use super::IntoTask;
use super::crew::Crew;
use crate::front::aside::Aside;
use crate::tasks::JoinError;
use crate::time::error::Elapsed;
use crate::time::{self, Duration, Sleep};
use futures_core::Stream;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Runs futures as tasks of their own, all at the same time, and yields their outcomes as they complete.
/// Handles of tasks are taken as they are; see [`IntoTask`].
///
/// Nothing starts before the first poll. The input is read there: all of it, or with
/// [`limit`](AsCompleted::limit) as much as may run at once. Dropping the stream **detaches** the tasks,
/// which run on; a [`JoinSet`](crate::task::JoinSet) aborts its own. A completion costs the same however many
/// tasks there are.
///
/// # Differences from asyncio
/// `asyncio.as_completed`, which starts its tasks when it is called. It yields outcomes
/// rather than objects to be awaited; to know which task it was, use
/// [`with_index`](AsCompleted::with_index).
///
/// # Panics
/// When polled: if a future is to be spawned and the thread is in no runtime.
///
/// # Examples
/// ```
/// use sheave::asyncio::as_completed;
/// use sheave::time::{Duration, sleep};
///
/// # #[sheave::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), sheave::task::JoinError> {
/// let naps = [3, 1, 2].map(|n| async move {
///     sleep(Duration::from_secs(n)).await;
///     n
/// });
/// let mut order = Vec::new();
/// let mut completed = as_completed(naps);
/// while let Some(n) = completed.next().await {
///     order.push(n?);
/// }
/// assert_eq!(order, [1, 2, 3]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn as_completed<T, I>(awaitables: I) -> AsCompleted<I::IntoIter, T>
where
    I: IntoIterator,
    I::Item: IntoTask<T>,
{
    AsCompleted { crew: Crew::new(awaitables.into_iter()) }
}

/// The stream of [`as_completed`].
#[must_use = "nothing starts until it is polled"]
#[derive(Debug)]
pub struct AsCompleted<I, T> {
    crew: Crew<I, T>,
}

// Nothing in it is ever pinned.
impl<I, T> Unpin for AsCompleted<I, T> {}

impl<I, T> AsCompleted<I, T> {
    /// Lets at most `limit` tasks run at once; see [`Gather::limit`](super::Gather::limit).
    ///
    /// # Panics
    /// If `limit` is 0.
    #[track_caller]
    pub fn limit(mut self, limit: usize) -> Self {
        self.crew.limit_to(limit);
        self
    }

    /// Yields with each outcome its place in the input.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::as_completed;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let mut halves = as_completed([8, 0].map(|n| async move { 4 / n })).with_index();
    /// while let Some((index, half)) = halves.next().await {
    ///     assert_eq!(half.is_err(), index == 1);
    /// }
    /// # }
    /// ```
    pub fn with_index(self) -> WithIndex<I, T> {
        WithIndex { inner: self }
    }

    /// Yields outcomes for no longer than `limit`, which runs from the first poll; then, if tasks are
    /// left, [`Elapsed`], and no more. The tasks that are left run on.
    ///
    /// # Panics
    /// When polled, if the thread is in no runtime.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::as_completed;
    /// use sheave::time::Duration;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let endless = [std::future::pending::<()>()];
    /// let mut completed = as_completed(endless).timeout(Duration::from_millis(1));
    /// assert!(completed.next().await.unwrap().is_err());
    /// assert!(completed.next().await.is_none());
    /// # }
    /// ```
    pub fn timeout(self, limit: Duration) -> Within<Self> {
        Within::new(self, limit)
    }
}

impl<I, T> AsCompleted<I, T>
where
    I: Iterator,
    I::Item: IntoTask<T>,
{
    /// The next outcome. `None` when all were returned.
    ///
    /// # Cancel safety
    /// Strict: an outcome stays until it is returned.
    ///
    /// # Errors
    /// A [`JoinError`](crate::task::JoinError) if that task panicked or was cancelled. The others are
    /// still to come.
    pub async fn next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<I, T> Stream for AsCompleted<I, T>
where
    I: Iterator,
    I::Item: IntoTask<T>,
{
    type Item = Result<T, JoinError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.crew.poll_next(cx).map(|next| next.map(|(_, outcome)| outcome))
    }
}

impl<I, T> Drop for AsCompleted<I, T> {
    fn drop(&mut self) {
        self.crew.disband();
    }
}

/// The stream of [`AsCompleted::with_index`].
#[must_use = "nothing starts until it is polled"]
#[derive(Debug)]
pub struct WithIndex<I, T> {
    inner: AsCompleted<I, T>,
}

impl<I, T> WithIndex<I, T> {
    /// As [`AsCompleted::timeout`].
    ///
    /// # Panics
    /// When polled, if the thread is in no runtime.
    pub fn timeout(self, limit: Duration) -> Within<Self> {
        Within::new(self, limit)
    }
}

impl<I, T> WithIndex<I, T>
where
    I: Iterator,
    I::Item: IntoTask<T>,
{
    /// As [`AsCompleted::next`].
    ///
    /// # Cancel safety
    /// Strict: an outcome stays until it is returned.
    pub async fn next(&mut self) -> Option<(usize, Result<T, JoinError>)> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<I, T> Stream for WithIndex<I, T>
where
    I: Iterator,
    I::Item: IntoTask<T>,
{
    type Item = (usize, Result<T, JoinError>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner.crew.poll_next(cx)
    }
}

/// The stream of [`AsCompleted::timeout`] and [`WithIndex::timeout`].
#[must_use = "nothing starts until it is polled"]
pub struct Within<S> {
    /// `None` when the time is over.
    stream: Option<S>,
    limit: Duration,
    sleep: Option<Sleep>,
}

impl<S> Within<S> {
    fn new(stream: S, limit: Duration) -> Self {
        Self { stream: Some(stream), limit, sleep: None }
    }
}

impl<S: Stream + Unpin> Within<S> {
    /// The next outcome, or `Elapsed` if the time is over. `None` after that, or when all were returned.
    ///
    /// # Cancel safety
    /// Strict: an outcome stays until it is returned.
    ///
    /// # Errors
    /// [`Elapsed`], once, if the time is over and there are tasks left.
    pub async fn next(&mut self) -> Option<Result<S::Item, Elapsed>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<S: Stream + Unpin> Stream for Within<S> {
    type Item = Result<S::Item, Elapsed>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { stream: Some(stream), limit, sleep } = &mut *self else {
            return Poll::Ready(None);
        };
        let sleep = sleep.get_or_insert_with(|| time::sleep(*limit));
        let aside = Aside::begin();
        if let Poll::Ready(next) = Pin::new(stream).poll_next(cx) {
            return Poll::Ready(next.map(Ok));
        }
        ready!(aside.poll(|| Pin::new(sleep).poll(cx)));
        self.stream = None;
        Poll::Ready(Some(Err(Elapsed::new())))
    }
}

impl<S> fmt::Debug for Within<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within").field("limit", &self.limit).finish_non_exhaustive()
    }
}
