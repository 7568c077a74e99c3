//! Callbacks of the event loop: asyncio's `call_soon` and its like.

use super::Handle;
use crate::asyncio::call::{self, CallHandle, TimerHandle};
use crate::time::Instant;
use std::panic::Location;
use std::time::Duration;

/// # asyncio's callbacks
impl Handle {
    /// Lets the runtime call `f`, once: asyncio's `call_soon`, and as thread-safe as
    /// `call_soon_threadsafe`.
    ///
    /// It is called on a thread of the runtime, never by this function, in a copy of the context of whoever
    /// calls this. A panic in it is [reported](super::Builder::on_unhandled_panic), and costs nothing else.
    /// On the current-thread flavour, what one thread registers is called in the order of registration,
    /// and that thread is the one that runs the runtime.
    ///
    /// # Differences from asyncio
    /// - On the multi-thread flavour there is no order, and callbacks may run side by side.
    /// - The callback is a task of the runtime: [`all_tasks`](Self::all_tasks) lists it until it was
    ///   called, and a shutdown drops it.
    /// - After a shutdown there is no error: the closure is dropped, and the handle
    ///   [is cancelled](CallHandle::is_cancelled).
    ///
    /// # Examples
    /// ```
    /// use sheave::runtime::Builder;
    ///
    /// let runtime = Builder::new_current_thread().build()?;
    /// let handle = runtime.handle().clone();
    /// let stop = handle.clone();
    /// handle.call_soon(|| println!("hello"));
    /// handle.call_soon(move || stop.stop());
    /// runtime.run_forever();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn call_soon<F>(&self, f: F) -> CallHandle
    where
        F: FnOnce() + Send + 'static,
    {
        call::call_soon(&self.shared, f, Location::caller())
    }

    /// asyncio's name for [`call_soon`](Self::call_soon) on another thread, which is the same here.
    ///
    /// # Examples
    /// ```
    /// use sheave::runtime::Builder;
    ///
    /// let runtime = Builder::new_current_thread().build()?;
    /// let handle = runtime.handle().clone();
    /// let stop = handle.clone();
    /// std::thread::spawn(move || handle.call_soon_threadsafe(move || stop.stop()));
    /// runtime.run_forever();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn call_soon_threadsafe<F>(&self, f: F) -> CallHandle
    where
        F: FnOnce() + Send + 'static,
    {
        self.call_soon(f)
    }

    /// Lets the runtime call `f` after `delay`; as [`call_soon`](Self::call_soon) otherwise. Never too
    /// early; one that is too long to add to the present counts as 30 years.
    ///
    /// A delay of zero comes behind what is queued already.
    ///
    /// # Examples
    /// ```
    /// use sheave::runtime::Builder;
    /// use std::time::Duration;
    ///
    /// let runtime = Builder::new_current_thread().build()?;
    /// let handle = runtime.handle().clone();
    /// let start = handle.time();
    /// let stop = handle.clone();
    /// let timer = handle.call_later(Duration::from_millis(2), move || stop.stop());
    /// runtime.run_forever();
    /// assert!(handle.time() >= timer.deadline());
    /// assert!(timer.deadline() - start >= Duration::from_millis(2));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn call_later<F>(&self, delay: Duration, f: F) -> TimerHandle
    where
        F: FnOnce() + Send + 'static,
    {
        self.call_at(self.time().later(delay), f)
    }

    /// Lets the runtime call `f` at `deadline`; as [`call_later`](Self::call_later) otherwise.
    ///
    /// # Differences from asyncio
    /// Deadlines that are over when they are registered are served in the order of registration.
    ///
    /// # Examples
    /// ```
    /// use sheave::runtime::Builder;
    /// use std::time::Duration;
    ///
    /// let runtime = Builder::new_current_thread().build()?;
    /// let handle = runtime.handle().clone();
    /// let timer = handle.call_at(handle.time() + Duration::from_secs(60), || unreachable!());
    /// assert!(timer.cancel());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn call_at<F>(&self, deadline: Instant, f: F) -> TimerHandle
    where
        F: FnOnce() + Send + 'static,
    {
        call::call_at(&self.shared, deadline, f, Location::caller())
    }

    /// The present moment on the clock of this runtime: asyncio's `loop.time()`.
    ///
    /// # Examples
    /// ```
    /// let runtime = sheave::runtime::Builder::new_current_thread().start_paused(true).build()?;
    /// let now = runtime.handle().time();
    /// assert_eq!(runtime.handle().time(), now, "the clock is stopped");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn time(&self) -> Instant {
        Instant::from_std(self.shared.clock.now())
    }
}
