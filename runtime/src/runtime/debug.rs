//! Debug mode, and what counts as slow.

use super::{Builder, Handle, UnhandledPanicInfo};
use std::time::Duration;

/// Switches debug mode on where the program says nothing about it.
const DEBUG_VARIABLE: &str = "SHEAVE_DEBUG";

/// As long as asyncio takes for slow. Shorter polls are common on a machine that is short of cores.
pub(super) const SLOW_POLL_THRESHOLD: Duration = Duration::from_millis(100);

/// Whether the environment asks for debug mode.
pub(super) fn is_asked_for() -> bool {
    std::env::var_os(DEBUG_VARIABLE).is_some_and(|value| !value.is_empty() && value != "0")
}

impl Builder {
    /// Debug mode, as asyncio's `run(debug=True)`: *every* poll that lasts longer than
    /// [`slow_poll_threshold`](Self::slow_poll_threshold) is worth a warning, and all polls are
    /// [measured](Self::enable_metrics_poll_time_histogram). Default: the variable `SHEAVE_DEBUG`, which is
    /// on unless it is empty or 0; else off.
    ///
    /// Without it there is a warning as well, but at most one a second. A hook that is set by
    /// [`on_stuck_poll`](Self::on_stuck_poll) is told in the place of a warning, and in debug mode of each.
    ///
    /// # Differences from asyncio
    /// - The warning comes while the poll still lasts, not when it is over; it names the task, where it was
    ///   spawned, and the worker.
    /// - Places where tasks are spawned are known without debug mode. That a future is never awaited says
    ///   the compiler, and calls from a wrong thread cannot be made.
    ///
    /// ```
    /// use sheave::runtime::Builder;
    ///
    /// let runtime = Builder::new_multi_thread().worker_threads(1).debug(true).build()?;
    /// assert!(runtime.metrics().poll_time_histogram_enabled());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn debug(mut self, debug: bool) -> Self {
        self.config.debug = debug;
        self
    }

    /// A poll that lasts longer is worth a warning: asyncio's `loop.slow_callback_duration`. Default:
    /// 100 ms, as there. Not less than [`stuck_threshold`](Self::stuck_threshold), from which on a poll is
    /// noticed at all, counted, and told to [`on_stuck_poll`](Self::on_stuck_poll).
    ///
    /// ```
    /// use sheave::runtime::Builder;
    /// use std::time::Duration;
    ///
    /// let builder = Builder::new_multi_thread().slow_poll_threshold(Duration::from_millis(20));
    /// # builder.worker_threads(1).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn slow_poll_threshold(mut self, threshold: Duration) -> Self {
        self.config.slow_poll_threshold = threshold;
        self
    }
}

impl Handle {
    /// asyncio's name for [`on_unhandled_panic`](Self::on_unhandled_panic): sets what is told of panics
    /// that nobody reads, of tasks and of callbacks.
    ///
    /// A handler that panics is named on stderr with what it was told, as without a handler.
    ///
    /// # Differences from asyncio
    /// It hears of panics only: a future that returns an error has returned a value. As in asyncio it
    /// runs in the context of the task or callback that panicked.
    /// [`default_exception_handler`](Self::default_exception_handler) is asyncio's
    /// `set_exception_handler(None)`.
    ///
    /// # Examples
    /// ```
    /// let runtime = sheave::runtime::Builder::new_current_thread().build()?;
    /// let handle = runtime.handle();
    /// let (tell, told) = std::sync::mpsc::channel();
    /// handle.set_exception_handler(move |panic| tell.send(panic.to_string()).unwrap());
    /// handle.call_soon(|| panic!("out of paper"));
    /// handle.stop();
    /// runtime.run_forever();
    /// assert!(told.recv().unwrap().contains("out of paper"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_exception_handler(
        &self,
        handler: impl Fn(&UnhandledPanicInfo<'_>) + Send + Sync + 'static,
    ) {
        self.on_unhandled_panic(handler);
    }

    /// Takes the handler away: panics that nobody reads are lines on stderr again.
    pub fn default_exception_handler(&self) {
        drop(self.shared.unhandled.set_hook(None));
    }
}
