//! Waiting for several futures on a plain thread.

use super::Future;
use super::block::{block_on, deadline};
use crate::util::ReadyKeys;
use sheave_facade::time::Instant;
use std::task::{Context, Waker};
use std::time::Duration;
use std::{error, fmt};

/// When [`wait`] returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReturnWhen {
    /// When one future is done or cancelled.
    FirstCompleted,
    /// When one has an error other than a cancellation, or all are done.
    FirstException,
    /// When all are done or cancelled.
    #[default]
    AllCompleted,
}

/// What [`wait`] returns: both in the order in which the futures were given.
#[derive(Debug)]
#[must_use = "futures that are dropped are detached"]
pub struct Waited<T> {
    /// Those that are done or cancelled.
    pub done: Vec<Future<T>>,
    /// The others.
    pub not_done: Vec<Future<T>>,
}

/// Blocks this thread until the futures are done as `return_when` says, or `timeout` has passed.
///
/// Python's `concurrent.futures.wait`, with lists in place of sets. Time running out is no error,
/// nothing is cancelled, and without futures it returns at once. The cost is linear in their number.
///
/// # Panics
/// If it must wait and this thread drives a runtime.
///
/// # Examples
/// ```
/// use sheave::concurrent::{ReturnWhen, ThreadPool, wait};
///
/// let pool = ThreadPool::new();
/// let futures = (0..3).map(|n| pool.submit(move || n * n));
/// let waited = wait(futures, None, ReturnWhen::AllCompleted);
/// let squares: Vec<_> = waited.done.into_iter().map(|f| f.wait().unwrap()).collect();
/// assert_eq!(squares, [0, 1, 4]);
/// ```
#[track_caller]
pub fn wait<T>(
    futures: impl IntoIterator<Item = Future<T>>,
    timeout: Option<Duration>,
    return_when: ReturnWhen,
) -> Waited<T> {
    let deadline = deadline(timeout);
    let mut futures: Vec<_> = futures.into_iter().collect();
    let keys = ReadyKeys::new();
    let mut left = futures.len();
    let mut is_enough = futures.is_empty();
    for (key, future) in futures.iter_mut().enumerate() {
        if is_done(future, &keys.waker(key)) {
            left -= 1;
            is_enough |= suffices(future, return_when);
        }
    }
    is_enough |= left == 0;
    while !is_enough {
        let Some(key) = block_on(deadline, |cx| keys.poll_pop(cx)) else { break };
        left -= 1;
        is_enough = left == 0 || suffices(&futures[key], return_when);
    }
    let (done, not_done) = futures.into_iter().partition(Future::done);
    Waited { done, not_done }
}

/// Whether the future is done; if not, the waker is woken then, once.
fn is_done<T>(future: &mut Future<T>, waker: &Waker) -> bool {
    future.poll_done(&mut Context::from_waker(waker)).is_ready()
}

fn suffices<T>(future: &Future<T>, return_when: ReturnWhen) -> bool {
    match return_when {
        ReturnWhen::FirstCompleted => true,
        ReturnWhen::FirstException => future.failed(),
        ReturnWhen::AllCompleted => false,
    }
}

/// An iterator over futures as they get done, for plain threads; it blocks in `next`.
///
/// Python's `concurrent.futures.as_completed`: first those that are done already, and after `timeout`,
/// counted from this call, an error. Dropping it cancels nothing; it detaches what is left. The cost
/// is linear in the number of futures.
///
/// # Panics
/// `next` panics if it must wait and this thread drives a runtime.
///
/// # Examples
/// ```
/// use sheave::concurrent::{ThreadPool, as_completed};
///
/// let pool = ThreadPool::new();
/// let futures = (1..=3).map(|n| pool.submit(move || n));
/// let sum: i32 = as_completed(futures, None).map(|f| f.unwrap().wait().unwrap()).sum();
/// assert_eq!(sum, 6);
/// ```
pub fn as_completed<T>(
    futures: impl IntoIterator<Item = Future<T>>,
    timeout: Option<Duration>,
) -> AsCompleted<T> {
    let deadline = deadline(timeout);
    let keys = ReadyKeys::new();
    let mut futures: Vec<_> = futures.into_iter().map(Some).collect();
    for (key, future) in futures.iter_mut().flatten().enumerate() {
        let waker = keys.waker(key);
        if is_done(future, &waker) {
            waker.wake();
        }
    }
    let total = futures.len();
    AsCompleted { futures, keys, total, left: total, deadline }
}

/// See [`as_completed`].
#[derive(Debug)]
#[must_use = "nothing is waited for before `next` is called"]
pub struct AsCompleted<T> {
    futures: Vec<Option<Future<T>>>,
    keys: ReadyKeys,
    total: usize,
    left: usize,
    deadline: Option<Instant>,
}

impl<T> AsCompleted<T> {
    /// The futures that were not returned yet, in the order in which they were given.
    pub fn into_unfinished(self) -> Vec<Future<T>> {
        self.futures.into_iter().flatten().collect()
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Result<Future<T>, Unfinished>;

    /// The next future that is done; once the time is up, one [`Unfinished`] and then nothing.
    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let Some(key) = block_on(self.deadline, |cx| self.keys.poll_pop(cx)) else {
            let unfinished = std::mem::take(&mut self.left);
            return Some(Err(Unfinished { unfinished, total: self.total }));
        };
        self.left -= 1;
        Some(Ok(self.futures[key].take().expect("a future gets done once")))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, None)
    }
}

/// The time of [`as_completed`] was up before all futures were done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfinished {
    /// How many are not done.
    pub unfinished: usize,
    /// How many there were in all.
    pub total: usize,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (of {}) futures unfinished", self.unfinished, self.total)
    }
}

impl error::Error for Unfinished {}
