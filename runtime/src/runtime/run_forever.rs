//! Running a runtime until somebody stops it, as an asyncio loop.

use super::{Handle, Runtime};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

impl Handle {
    /// Ends [`Runtime::run_forever`] and [`Runtime::run_until_complete`]; nothing else hears of it, and
    /// no task is cancelled. asyncio's `loop.stop()`.
    ///
    /// On the current-thread flavour, what is queued by now runs before, and what that queues does not. If
    /// several threads run the runtime, all of them return. If none does, the next run ends after one
    /// turn. To stop what is being stopped does nothing.
    ///
    /// # Differences from asyncio
    /// May be called on any thread. On the multi-thread flavour there are no turns: runs end at once.
    ///
    /// # Examples
    /// ```
    /// use sheave::runtime::Builder;
    ///
    /// let runtime = Builder::new_current_thread().build()?;
    /// let handle = runtime.handle().clone();
    /// drop(runtime.spawn(async move { handle.stop() }));
    /// runtime.run_forever();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn stop(&self) {
        self.shared.stop();
    }
}

impl Runtime {
    /// Runs the runtime on this thread until [`Handle::stop`], or until it is shut down. asyncio's
    /// `loop.run_forever()`.
    ///
    /// On the current-thread flavour this thread runs the tasks; on the multi-thread flavour the workers
    /// do so anyway, and this thread waits. A stop that was asked for before lets one turn run. Tasks that
    /// have not ended stay, and go on with the next run.
    ///
    /// # Differences from asyncio
    /// May be called on several threads at once: one of them runs the tasks.
    ///
    /// # Panics
    /// If this thread drives futures already, or after an unhandled panic with
    /// [`UnhandledPanic::ShutdownRuntime`](super::UnhandledPanic::ShutdownRuntime).
    ///
    /// # Examples
    /// A loop in a thread of its own, to which any thread submits work:
    /// ```
    /// use sheave::asyncio::run_coroutine_threadsafe;
    /// use sheave::runtime::Builder;
    ///
    /// let runtime = Builder::new_current_thread().build()?;
    /// let handle = runtime.handle().clone();
    /// let thread = std::thread::spawn(move || runtime.run_forever());
    ///
    /// let answer = run_coroutine_threadsafe(async { 6 * 7 }, &handle);
    /// assert_eq!(answer.wait().unwrap(), 42);
    ///
    /// handle.stop();
    /// thread.join().unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn run_forever(&self) {
        self.handle().shared.run_forever();
    }

    /// Runs a future to completion on this thread, as [`block_on`](Self::block_on) does, unless
    /// [`Handle::stop`] comes first: then it gives the future back, to be run on later. asyncio's
    /// `loop.run_until_complete()`.
    ///
    /// A future that is ready in the turn in which the runtime is stopped is complete.
    ///
    /// # Errors
    /// [`Stopped`], with the unfinished future. asyncio raises `RuntimeError('Event loop stopped before
    /// Future completed.')`.
    ///
    /// # Differences from asyncio
    /// The future is no task: it makes no progress between two runs. Tasks do on the multi-thread flavour.
    ///
    /// # Panics
    /// If the future panics, or if this thread drives futures already.
    ///
    /// # Examples
    /// ```
    /// use sheave::runtime::Builder;
    ///
    /// let runtime = Builder::new_current_thread().build()?;
    /// runtime.handle().stop();
    /// let stopped = runtime.run_until_complete(async {
    ///     sheave::time::sleep(std::time::Duration::from_millis(1)).await;
    ///     42
    /// });
    /// let future = stopped.unwrap_err().into_future();
    /// assert_eq!(runtime.run_until_complete(future).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn run_until_complete<F: Future>(&self, future: F) -> Result<F::Output, Stopped<F>> {
        let mut future = Box::pin(future);
        match self.handle().shared.run_until(future.as_mut()) {
            Some(output) => Ok(output),
            None => Err(Stopped { future }),
        }
    }
}

/// [`Handle::stop`] was called before a future was complete.
///
/// It carries the future: `.await` it, or run [`into_future`](IntoFuture::into_future) on. To drop it
/// drops the future.
#[must_use = "it carries the unfinished future"]
pub struct Stopped<F> {
    future: Pin<Box<F>>,
}

impl<F: Future> IntoFuture for Stopped<F> {
    type Output = F::Output;
    type IntoFuture = Pin<Box<F>>;

    fn into_future(self) -> Pin<Box<F>> {
        self.future
    }
}

impl<F> fmt::Debug for Stopped<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopped").finish_non_exhaustive()
    }
}

impl<F> fmt::Display for Stopped<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the runtime was stopped before the future was complete: run `into_future()` on, or drop it",
        )
    }
}

impl<F> std::error::Error for Stopped<F> {}
