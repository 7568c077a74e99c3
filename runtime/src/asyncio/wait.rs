//! `asyncio.wait`: which of these tasks have ended?
//!
//! | state    | event                                   | state    | and                                    |
//! |----------|-----------------------------------------|----------|----------------------------------------|
//! | Fresh    | poll                                    | Watching | registers with each task               |
//! | Watching | a task ends                             | Watching | its key comes; it is counted           |
//! | Watching | the last one, or the one waited for, has ended | – | ready; takes its registrations back |
//! | Watching | the time is over                        | –        | ready; takes its registrations back    |
//! | Watching | dropped                                 | –        | takes its registrations back           |
//!
//! Outputs stay with the tasks. What a completion costs does not depend on how many tasks there are;
//! registering with all and telling them apart in the end does, once.

use crate::coop;
use crate::tasks::JoinHandle;
use crate::time::{self, Duration, Sleep};
use crate::util::ReadyKeys;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// What [`wait`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnWhen {
    /// Until one of the tasks has ended, in whatever way.
    FirstCompleted,
    /// Until one has panicked, or all have ended. One that was cancelled does not count as a failure.
    FirstException,
    /// Until all have ended.
    AllCompleted,
}

/// Waits for tasks and says which have ended; their outputs stay where they are.
///
/// The answer holds indices into `tasks`, each in either list, in ascending order; tasks that ended
/// together with the one that was waited for are in `done` too. Awaiting a handle in `done` yields its
/// output at once.
///
/// It never cancels anything: neither when [`timeout`](Wait::timeout) is over, which is no error but a
/// shorter list, nor when it is dropped. To wait for the first of many again and again is costly, since
/// each wait looks at all of them: see [`as_completed`](super::as_completed()).
///
/// # Differences from asyncio
/// `asyncio.wait`, with indices in place of sets of tasks, which cannot hold duplicates. It
/// takes handles only, as there: spawn futures first. See [`wait_owned`] for handles in place of indices.
///
/// # Cancel safety
/// Strict: dropping it changes nothing. The tasks run on, and their handles have their outputs.
///
/// # Errors
/// [`WaitError::Empty`] if there are no tasks, for which it would wait for ever.
///
/// # Examples
/// ```
/// use sheave::asyncio::{ReturnWhen, wait};
///
/// # #[sheave::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut tasks = [sheave::spawn(std::future::pending()), sheave::spawn(async { 7 })];
/// let ended = wait(&mut tasks, ReturnWhen::FirstCompleted).await?;
/// assert_eq!((ended.done, ended.pending), (vec![1], vec![0]));
/// assert_eq!((&mut tasks[1]).await?, 7);
/// # Ok(())
/// # }
/// ```
pub fn wait<T>(tasks: &mut [JoinHandle<T>], return_when: ReturnWhen) -> Wait<'_, T> {
    Wait { tasks, watch: Watch::new(return_when, |_| false) }
}

/// [`wait`] for tasks that yield a `Result`: an `Err` counts as a failure, beside a panic, for
/// [`ReturnWhen::FirstException`].
///
/// # Differences from asyncio
/// `asyncio.wait` of tasks that raise.
///
/// # Cancel safety
/// Strict, as [`wait`].
///
/// # Errors
/// [`WaitError::Empty`] if there are no tasks.
///
/// # Examples
/// ```
/// use sheave::asyncio::{ReturnWhen, wait_results};
///
/// # #[sheave::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let failing = sheave::spawn(async { Err("out of paper") });
/// let mut tasks = [sheave::spawn(std::future::pending::<Result<(), &str>>()), failing];
/// let ended = wait_results(&mut tasks, ReturnWhen::FirstException).await?;
/// assert_eq!(ended.done, [1]);
/// # Ok(())
/// # }
/// ```
pub fn wait_results<T, E>(
    tasks: &mut [JoinHandle<Result<T, E>>],
    return_when: ReturnWhen,
) -> Wait<'_, Result<T, E>> {
    Wait { tasks, watch: Watch::new(return_when, Result::is_err) }
}

/// [`wait`] that takes the handles, and gives them back in two lists: those that have ended, and those
/// that have not.
///
/// # Differences from asyncio
/// `asyncio.wait`, with lists in the order of the input in place of sets.
///
/// # Cancel safety
/// Consumes: dropping it detaches all tasks, which run on.
///
/// # Errors
/// [`WaitError::Empty`] if there are no tasks.
///
/// # Examples
/// ```
/// use sheave::asyncio::{ReturnWhen, wait_owned};
///
/// # #[sheave::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tasks = (0..3).map(|n| sheave::spawn(async move { n })).collect();
/// let (done, pending) = wait_owned(tasks, ReturnWhen::AllCompleted).await?;
/// assert!(pending.is_empty());
/// let mut sum = 0;
/// for task in done {
///     sum += task.await?;
/// }
/// assert_eq!(sum, 3);
/// # Ok(())
/// # }
/// ```
pub fn wait_owned<T>(tasks: Vec<JoinHandle<T>>, return_when: ReturnWhen) -> WaitOwned<T> {
    WaitOwned { tasks, watch: Watch::new(return_when, |_| false) }
}

/// Which tasks have ended, by their indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitResult {
    /// Those that have ended: completed, panicked or cancelled.
    pub done: Vec<usize>,
    /// Those that have not.
    pub pending: Vec<usize>,
}

/// Why there is nothing to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// No tasks were given.
    Empty,
}

/// The future of [`wait`] and [`wait_results`].
#[must_use = "futures do nothing unless polled"]
pub struct Wait<'a, T> {
    tasks: &'a mut [JoinHandle<T>],
    watch: Watch<T>,
}

/// The future of [`wait_owned`].
#[must_use = "futures do nothing unless polled"]
pub struct WaitOwned<T> {
    tasks: Vec<JoinHandle<T>>,
    watch: Watch<T>,
}

impl<T> Wait<'_, T> {
    /// Waits no longer than `limit`, which runs from the first poll. What has not ended by then is in
    /// `pending`, and runs on.
    ///
    /// # Panics
    /// If it has been polled, and when polled, if the thread is in no runtime.
    #[track_caller]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.watch.limit_to(limit);
        self
    }
}

impl<T> WaitOwned<T> {
    /// As [`Wait::timeout`].
    ///
    /// # Panics
    /// If it has been polled, and when polled, if the thread is in no runtime.
    #[track_caller]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.watch.limit_to(limit);
        self
    }
}

/// Waits for tasks that it is shown at each poll.
struct Watch<T> {
    return_when: ReturnWhen,
    is_failure: fn(&T) -> bool,
    limit: Option<Duration>,
    sleep: Option<Sleep>,
    /// Which tasks have ended. `None` until the first poll.
    ended: Option<ReadyKeys>,
    running: usize,
    has_enough: bool,
}

impl<T> Watch<T> {
    fn new(return_when: ReturnWhen, is_failure: fn(&T) -> bool) -> Self {
        Self {
            return_when,
            is_failure,
            limit: None,
            sleep: None,
            ended: None,
            running: 0,
            has_enough: false,
        }
    }

    #[track_caller]
    fn limit_to(&mut self, limit: Duration) {
        assert!(self.ended.is_none(), "`timeout` must be called before the first poll");
        self.limit = Some(limit);
    }

    /// Ready when the caller may look which tasks have ended.
    fn poll(&mut self, tasks: &mut [JoinHandle<T>], cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        if self.ended.is_none() {
            self.register(tasks);
        }
        while let Some(Poll::Ready(key)) = self.ended.as_ref().map(|ended| ended.poll_pop(cx)) {
            self.look(key, &mut tasks[key]);
        }
        let is_due = match &mut self.sleep {
            Some(sleep) if !self.has_enough => Pin::new(sleep).poll(cx).is_ready(),
            _ => false,
        };
        if !self.has_enough && !is_due {
            return Poll::Pending;
        }
        progress.made_progress();
        self.withdraw(tasks);
        Poll::Ready(())
    }

    /// From Fresh.
    fn register(&mut self, tasks: &mut [JoinHandle<T>]) {
        self.ended = Some(ReadyKeys::new());
        self.sleep = self.limit.map(time::sleep);
        self.running = tasks.len();
        for (key, task) in tasks.iter_mut().enumerate() {
            self.look(key, task);
        }
    }

    /// Counts a task that has ended. One that runs, or whose outcome its callbacks have, hands its key in
    /// later, once: it gets the only waker that does.
    fn look(&mut self, key: usize, task: &mut JoinHandle<T>) {
        let Some(ended) = &self.ended else { return };
        if !task.has_output() && task.poll_ended(&ended.waker(key)).is_pending() {
            return;
        }
        self.running -= 1;
        self.has_enough |= self.running == 0
            || match self.return_when {
                ReturnWhen::FirstCompleted => true,
                ReturnWhen::FirstException => task.has_failed(self.is_failure),
                ReturnWhen::AllCompleted => false,
            };
    }

    /// Takes the registrations back.
    fn withdraw(&mut self, tasks: &mut [JoinHandle<T>]) {
        if self.ended.is_some() && self.running > 0 {
            tasks.iter_mut().for_each(JoinHandle::stop_waiting);
        }
    }
}

impl<T> Future for Wait<'_, T> {
    type Output = Result<WaitResult, WaitError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { tasks, watch } = self.get_mut();
        if tasks.is_empty() {
            return Poll::Ready(Err(WaitError::Empty));
        }
        ready!(watch.poll(tasks, cx));
        let (done, pending) = (0..tasks.len()).partition(|index| tasks[*index].has_output());
        Poll::Ready(Ok(WaitResult { done, pending }))
    }
}

impl<T> Future for WaitOwned<T> {
    type Output = Result<(Vec<JoinHandle<T>>, Vec<JoinHandle<T>>), WaitError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { tasks, watch } = self.get_mut();
        if tasks.is_empty() {
            let is_fresh = watch.ended.is_none();
            assert!(is_fresh, "a `WaitOwned` was polled after it had returned its output");
            return Poll::Ready(Err(WaitError::Empty));
        }
        ready!(watch.poll(tasks, cx));
        let tasks = std::mem::take(tasks);
        Poll::Ready(Ok(tasks.into_iter().partition(JoinHandle::has_output)))
    }
}

impl<T> Drop for Wait<'_, T> {
    fn drop(&mut self) {
        self.watch.withdraw(self.tasks);
    }
}

impl<T> fmt::Debug for Wait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("tasks", &self.tasks.len()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for WaitOwned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitOwned").field("tasks", &self.tasks.len()).finish_non_exhaustive()
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no tasks to wait for: it would last for ever"),
        }
    }
}

impl std::error::Error for WaitError {}

#[cfg(all(test, loom))]
mod loom;
