//! The blocking pool of a runtime.

use super::Builder;
use std::time::Duration;

impl Builder {
    /// At most so many threads in the blocking pool. Default: 512. Threads that go on with a worker
    /// during [`block_in_place`](crate::task::block_in_place) do not count: they are never short.
    ///
    /// # Panics
    /// If `threads` is 0.
    #[track_caller]
    #[must_use]
    pub fn max_blocking_threads(mut self, threads: usize) -> Self {
        assert!(threads > 0, "max_blocking_threads must be at least 1: nobody would run the jobs");
        self.config.max_blocking_threads = threads;
        self
    }

    /// How long an idle thread of the blocking pool stays. Default: 10 s.
    #[must_use]
    pub fn thread_keep_alive(mut self, duration: Duration) -> Self {
        self.config.keep_alive = duration;
        self
    }

    /// How many closures may wait for a thread of the blocking pool while all of them are taken; further
    /// ones are refused. With 0 a closure is taken only if a thread is free or can be made for it. Name
    /// resolution has a queue of its own, without a limit. Default: no limit.
    ///
    /// | what is refused | and says so |
    /// |---|---|
    /// | [`try_to_thread`](crate::task::try_to_thread), [`run_in_executor`](crate::concurrent::run_in_executor) | by a [`FutureError`](crate::concurrent::FutureError) that [is about the queue](crate::concurrent::FutureError::is_queue_full) |
    /// | [`spawn_blocking`](crate::task::spawn_blocking()) | by the [`JoinError`](crate::task::JoinError) of its handle, as a task that was cancelled |
    /// | [`TaskGroup::spawn_blocking`](crate::asyncio::TaskGroup::spawn_blocking) | by a [`SpawnError`](crate::asyncio::SpawnError), at once |
    /// | [`to_thread`](crate::to_thread()) | by a panic |
    ///
    /// To bound one kind of work, and to wait rather than to be refused, there is
    /// [`CapacityLimiter`](crate::sync::CapacityLimiter).
    ///
    /// ```
    /// use sheave::runtime::Builder;
    /// use sheave::task::{spawn_blocking, try_to_thread};
    ///
    /// let builder = Builder::new_current_thread().max_blocking_threads(1).blocking_queue_limit(0);
    /// builder.build()?.block_on(async {
    ///     let (release, wait) = std::sync::mpsc::channel::<()>();
    ///     let busy = spawn_blocking(move || wait.recv());
    ///     assert!(try_to_thread(|| 1).await.unwrap_err().is_queue_full());
    ///     release.send(()).unwrap();
    ///     busy.await.unwrap().unwrap();
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn blocking_queue_limit(mut self, closures: usize) -> Self {
        self.config.blocking_queue_limit = Some(closures);
        self
    }
}
