//! `asyncio.gather`: several tasks, one result.
//!
//! | state   | event                                 | state   | and                                        |
//! |---------|---------------------------------------|---------|--------------------------------------------|
//! | Going   | a task ends well                      | Going   | its value is kept in its place             |
//! | Going   | the last one has ended                | Done    | ready with all values, or the first error  |
//! | Going   | a task fails                          | Done    | ready with the error, the others run on    |
//! | Going   | a task fails, with `abort_on_error`   | Failing | the others are aborted                     |
//! | Failing | the last one has ended                | Done    | ready with the first error                 |
//! | Going, Failing | dropped                        | –       | all are aborted                            |
//! | Done    | dropped                               | –       | nothing                                    |

mod mode;
#[doc(hidden)]
pub mod operand;
mod tuple;

pub use mode::{GatherError, Mode, Outcomes, TryOutcomes, TryValues, Values};
pub use tuple::GatherTuple;

use super::IntoTask;
use super::crew::Crew;
use crate::tasks::JoinError;
use sheave_facade::seeded;
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Runs futures as tasks of their own, all at the same time, and waits for their values, which come in
/// the order of the input. Handles of tasks are taken as they are; see [`IntoTask`].
///
/// Tasks run in parallel. Futures that need only be concurrent, or that borrow, are cheaper in
/// [`join!`](crate::join!). For values of different types there is [`gather!`](crate::gather!), for
/// futures that yield a `Result` [`try_gather`].
///
/// - Nothing starts before the first poll. The input is read there: all of it, or with
///   [`limit`](Gather::limit) as much as may run at once.
/// - The first task that panics or is cancelled ends the wait at once with its error; the others
///   **run on**. [`abort_on_error`](Gather::abort_on_error) aborts them,
///   [`return_exceptions`](Gather::return_exceptions) waits for all.
/// - Dropped before it is ready, it aborts all its tasks, also those that it was given as handles,
///   unless they are [shielded](super::shield()). [`cancel`](Gather::cancel) does so and waits for them.
/// - Nothing in the input gives an empty `Vec`.
///
/// # Differences from asyncio
/// `asyncio.gather`, which starts its tasks when it is called: do so with
/// [`spawn`](crate::spawn) and gather the handles. A panic takes the place of the exception; for errors as
/// values there is [`try_gather`]. The same future cannot be given twice, since it moves. A panic after the
/// first failure is not hushed up: it is reported like any that nobody reads.
///
/// # Cancel safety
/// Consumes: dropping it aborts the tasks and drops the values that were there.
///
/// # Errors
/// A [`JoinError`](crate::task::JoinError), the first, if a task panicked or was cancelled.
///
/// # Panics
/// When polled: if a future is to be spawned and the thread is in no runtime, or after it was ready.
///
/// # Examples
/// ```
/// use sheave::asyncio::gather;
///
/// # #[sheave::main]
/// # async fn main() -> Result<(), sheave::task::JoinError> {
/// let squares = gather((1..=3).map(|n| async move { n * n })).await?;
/// assert_eq!(squares, [1, 4, 9]);
///
/// let tasks = [sheave::spawn(async { "a" }), sheave::spawn(async { "b" })];
/// let letters: Vec<&str> = gather(tasks).await?;
/// assert_eq!(letters, ["a", "b"]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn gather<T, I>(awaitables: I) -> Gather<I::IntoIter, T>
where
    I: IntoIterator,
    I::Item: IntoTask<T>,
{
    Gather::new(awaitables.into_iter())
}

/// [`gather`] for futures that yield a `Result`: the first `Err` ends the wait as well.
///
/// # Differences from asyncio
/// `asyncio.gather` of coroutines that raise.
///
/// # Cancel safety
/// Consumes, as [`gather`].
///
/// # Errors
/// A [`GatherError`], the first, if a task yielded an error, panicked or was cancelled.
///
/// # Panics
/// As [`gather`].
///
/// # Examples
/// ```
/// use sheave::asyncio::{GatherError, try_gather};
///
/// # #[sheave::main]
/// # async fn main() {
/// let parsed = try_gather(["1", "2"].map(|text| async move { text.parse::<u32>() })).await;
/// assert_eq!(parsed.unwrap(), [1, 2]);
///
/// let parsed = try_gather(["1", "two"].map(|text| async move { text.parse::<u32>() })).await;
/// assert!(matches!(parsed, Err(GatherError::Err(_))));
/// # }
/// ```
#[track_caller]
pub fn try_gather<T, E, I>(awaitables: I) -> Gather<I::IntoIter, Result<T, E>, TryValues>
where
    I: IntoIterator,
    I::Item: IntoTask<Result<T, E>>,
{
    Gather::new(awaitables.into_iter())
}

/// The future of [`gather`] and [`try_gather`]. The [`Mode`] says what it yields.
#[must_use = "nothing starts until it is awaited"]
pub struct Gather<I, T, M: Mode<T> = Values> {
    crew: Crew<I, T>,
    /// By place in the input.
    values: Vec<Option<M::Value>>,
    /// The first one, while the others end.
    error: Option<M::Error>,
    aborts_on_error: bool,
    is_done: bool,
    mode: PhantomData<M>,
}

// Nothing in it is ever pinned.
impl<I, T, M: Mode<T>> Unpin for Gather<I, T, M> {}

impl<I, T, M: Mode<T>> Gather<I, T, M> {
    #[track_caller]
    fn new(input: I) -> Self {
        Self {
            crew: Crew::new(input),
            values: Vec::new(),
            error: None,
            aborts_on_error: false,
            is_done: false,
            mode: PhantomData,
        }
    }

    /// Lets at most `limit` tasks run at once. The input is read when there is room, so futures that
    /// wait for their turn have not even been made, if the input makes them one by one.
    ///
    /// # Differences from asyncio
    /// no such thing; there one acquires a semaphore in each coroutine.
    ///
    /// # Panics
    /// If `limit` is 0.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::gather;
    /// use sheave::time::{Duration, sleep};
    ///
    /// # #[sheave::main]
    /// # async fn main() -> Result<(), sheave::task::JoinError> {
    /// let polite = gather((0..100).map(|n| async move {
    ///     sleep(Duration::from_micros(10)).await;
    ///     n
    /// }));
    /// assert_eq!(polite.limit(8).await?.len(), 100);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn limit(mut self, limit: usize) -> Self {
        self.crew.limit_to(limit);
        self
    }

    /// Keeps the outcome of the task at `index`. Returns the error that ends the wait at once.
    fn settle(&mut self, index: usize, outcome: Result<T, JoinError>) -> Option<M::Error> {
        match M::sort(outcome) {
            Ok(value) => {
                if self.values.len() <= index {
                    self.values.resize_with(index + 1, || None);
                }
                self.values[index] = Some(value);
                None
            }
            Err(error) if self.aborts_on_error => {
                // Once: aborting all for each of them would take quadratic time.
                if self.error.is_none() {
                    self.error = Some(error);
                    self.crew.abort_all();
                }
                None
            }
            Err(error) => {
                self.crew.disband();
                Some(error)
            }
        }
    }

    #[track_caller]
    fn into_mode<N: Mode<T>>(self) -> Gather<I, T, N> {
        assert!(self.crew.is_fresh(), "`return_exceptions` must be called before the first poll");
        Gather {
            crew: self.crew,
            values: Vec::new(),
            error: None,
            aborts_on_error: false,
            is_done: false,
            mode: PhantomData,
        }
    }

    /// What it yields when all have ended.
    fn finish(&mut self) -> M::Output {
        let values = std::mem::take(&mut self.values);
        M::finish(match self.error.take() {
            Some(error) => Err(error),
            None => Ok(values.into_iter().map(|value| value.expect("all ended well")).collect()),
        })
    }
}

impl<I, T, M> Gather<I, T, M>
where
    M: Mode<T, Output = Result<Vec<<M as Mode<T>>::Value>, <M as Mode<T>>::Error>>,
{
    /// Aborts the other tasks when one has failed, and waits until they have ended, before it yields
    /// the first error.
    ///
    /// # Differences from asyncio
    /// no such thing; there the others run on.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::try_gather;
    /// use std::future::pending;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let endless = sheave::spawn(pending());
    /// let watch = endless.abort_handle();
    /// let failing = sheave::spawn(async { Err("out of paper") });
    /// let gathered = try_gather::<(), &str, _>([endless, failing]).abort_on_error();
    /// assert!(gathered.await.is_err());
    /// assert!(watch.is_finished());
    /// # }
    /// ```
    pub fn abort_on_error(mut self) -> Self {
        self.aborts_on_error = true;
        self
    }
}

impl<I, T> Gather<I, T> {
    /// Waits for all tasks, and yields a `Result` for each instead of the first error.
    ///
    /// # Differences from asyncio
    /// `return_exceptions=True`.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::gather;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let outcomes = gather([1, 0].map(|n| async move { 12 / n })).return_exceptions().await;
    /// assert_eq!(outcomes[0].as_ref().unwrap(), &12);
    /// assert!(outcomes[1].as_ref().unwrap_err().is_panic());
    /// # }
    /// ```
    #[track_caller]
    pub fn return_exceptions(self) -> Gather<I, T, Outcomes> {
        self.into_mode()
    }
}

impl<I, T, E> Gather<I, Result<T, E>, TryValues> {
    /// Waits for all tasks, and yields a `Result` for each instead of the first error.
    ///
    /// # Differences from asyncio
    /// `return_exceptions=True`.
    #[track_caller]
    pub fn return_exceptions(self) -> Gather<I, Result<T, E>, TryOutcomes> {
        self.into_mode()
    }
}

impl<I, T, M> Gather<I, T, M>
where
    I: Iterator,
    I::Item: IntoTask<T>,
    M: Mode<T>,
{
    /// Aborts all tasks and waits until they have ended.
    ///
    /// `None` if one of them was cancelled by this, or was never started. If all have completed in
    /// spite of it, what the gather would have yielded. After a gather was ready, this does nothing.
    ///
    /// # Differences from asyncio
    /// `cancel()` on the future that `gather` returns, and waiting for that future.
    ///
    /// # Cancel safety
    /// Consumes: all are aborted at the call, dropping the future gives up the wait for them.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::gather;
    /// use sheave::time::{Duration, timeout};
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let mut endless = gather([std::future::pending::<()>()]);
    /// assert!(timeout(Duration::from_millis(1), &mut endless).await.is_err());
    /// assert!(endless.cancel().await.is_none()); // By now the tasks are gone.
    /// # }
    /// ```
    pub fn cancel(mut self) -> impl Future<Output = Option<M::Output>> {
        let mut was_cut = self.is_done || !self.crew.has_taken_all();
        // An error must not end the wait for the others.
        self.aborts_on_error = !seeded::on("gather_cancel_stops_at_first");
        self.crew.abort_all();
        async move {
            while let Some((index, outcome)) = poll_fn(|cx| self.crew.poll_next(cx)).await {
                was_cut |= outcome.as_ref().is_err_and(JoinError::is_cancelled);
                self.settle(index, outcome);
            }
            if was_cut { None } else { Some(self.finish()) }
        }
    }
}

impl<I, T, M> Future for Gather<I, T, M>
where
    I: Iterator,
    I::Item: IntoTask<T>,
    M: Mode<T>,
{
    type Output = M::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<M::Output> {
        assert!(!self.is_done, "a `Gather` was polled after it had returned its output");
        while let Some((index, outcome)) = ready!(self.crew.poll_next(cx)) {
            if let Some(error) = self.settle(index, outcome) {
                self.is_done = true;
                return Poll::Ready(M::finish(Err(error)));
            }
        }
        self.is_done = true;
        Poll::Ready(self.finish())
    }
}

impl<I, T, M: Mode<T>> fmt::Debug for Gather<I, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").field("tasks", &self.crew).finish_non_exhaustive()
    }
}
