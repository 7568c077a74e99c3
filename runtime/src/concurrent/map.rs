//! The results of a function on many items, in order.

use super::{Future, FutureError, ThreadPool};
use sheave_facade::sync::Arc;
use sheave_facade::time::{Instant, now};
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// The results of [`ThreadPool::map`] and [`map_buffered`](ThreadPool::map_buffered); `next` blocks until
/// the next one is there.
///
/// As in Python, the first error is the last item: what has not begun is then cancelled, as it is when
/// this is dropped. To run a function for its effects only, go through all results: Python runs
/// everything also if the iterator is thrown away before its first item.
///
/// # Panics
/// `next` panics if it must wait and this thread drives a runtime.
#[must_use = "dropping it cancels what has not begun"]
pub struct Map<I, F, R> {
    pool: ThreadPool,
    items: I,
    function: Arc<F>,
    pending: VecDeque<Future<R>>,
    made: Instant,
    deadline: Option<Instant>,
}

impl<I, F, R> Map<I, F, R>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
    R: Send + 'static,
{
    pub(super) fn new(pool: ThreadPool, buffersize: usize, function: F, items: I) -> Self {
        let function = Arc::new(function);
        let (pending, made) = (VecDeque::new(), now());
        let mut map = Self { pool, items, function, pending, made, deadline: None };
        while map.pending.len() < buffersize && map.submit_next() {}
        map
    }

    /// Ends the iteration with [`FutureError::TimedOut`] if a result is not there so long after the call
    /// of `map`.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = sheave::concurrent::ThreadPool::new();
    /// let mut slow = pool.map(std::thread::sleep, [Duration::from_millis(300)]).timeout(Duration::ZERO);
    /// assert!(slow.next().unwrap().unwrap_err().is_timeout());
    /// assert!(slow.next().is_none());
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.deadline = self.made.checked_add(timeout);
        self
    }

    fn submit_next(&mut self) -> bool {
        let Some(item) = self.items.next() else { return false };
        let function = self.function.clone();
        self.pending.push_back(self.pool.submit(move || function(item)));
        true
    }
}

impl<I, F, R> Iterator for Map<I, F, R>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
    R: Send + 'static,
{
    type Item = Result<R, FutureError>;

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        // It stays in the queue meanwhile: a wait that panics loses nothing.
        let result = self.pending.front_mut()?.wait_until(self.deadline);
        if result.is_ok() {
            self.pending.pop_front();
            self.submit_next();
        } else {
            self.cancel_pending();
        }
        Some(result)
    }
}

impl<I, F, R> Map<I, F, R> {
    fn cancel_pending(&mut self) {
        for future in self.pending.drain(..) {
            future.cancel();
        }
    }
}

impl<I, F, R> Drop for Map<I, F, R> {
    fn drop(&mut self) {
        self.cancel_pending();
    }
}

impl<I, F, R> fmt::Debug for Map<I, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("pending", &self.pending).finish_non_exhaustive()
    }
}
