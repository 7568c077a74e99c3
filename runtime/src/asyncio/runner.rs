//! `asyncio.run` and `asyncio.Runner`.

mod ctrl_c;

use super::{Context, copy_context};
use crate::runtime::{Builder, Handle, Runtime, ShutdownOptions, ShutdownReport};
use crate::scheduler::Driving;
use crate::util::report::warn;
use ctrl_c::CtrlC;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

/// How long the end of a run waits for tasks and for blocking work, each: as long as asyncio waits for
/// its pool.
const PATIENCE: Duration = Duration::from_secs(300);

/// Makes a runtime, runs a future on it, and ends the runtime in order: asyncio's `run`.
///
/// The future runs on the calling thread and needs neither `Send` nor `'static`; what it spawns needs both.
/// Any future will do, a [`JoinHandle`](crate::task::JoinHandle) or one that gathers others as well. It
/// runs in a copy of the caller's [`Context`].
///
/// When it has ended, by a value or by a panic:
///
/// 1. No more tasks are taken: what is spawned from here on, by a destructor for example, is dropped
///    unpolled, and its handle gives an error that says so.
/// 2. All tasks that are left are cancelled, once.
/// 3. Their futures are dropped, and this waits for that. A panic of one that nobody reads is
///    [reported](Builder::on_unhandled_panic), and does not change the result of the run.
/// 4. The blocking pool ends: closures that wait are dropped, and those that run are waited for, as the
///    futures are for at most 300 s.
/// 5. What has not ended by then, and closures that were not called, are listed in a warning, with the
///    places where they were spawned.
///
/// Then the value is returned, or the panic goes on.
///
/// # Differences from asyncio
/// - It accepts any future; asyncio a coroutine only.
/// - Nothing can be spawned once the tasks are being cancelled. In asyncio such a task is left pending.
/// - A task cannot suppress its cancellation, and need not run for it.
/// - Closures that wait for a thread of the pool are dropped, where asyncio runs them.
///
/// # Panics
/// If the future panics; if this thread drives a runtime already, see [`try_run`]; if the system refuses a
/// thread or a descriptor.
///
/// # Examples
/// ```
/// use sheave::asyncio;
///
/// async fn double(n: u32) -> u32 {
///     n * 2
/// }
///
/// assert_eq!(asyncio::run(double(1)), 2);
/// assert_eq!(asyncio::run(double(2)), 4);
/// ```
#[track_caller]
pub fn run<F: Future>(future: F) -> F::Output {
    run_with(Builder::new_multi_thread(), future)
}

/// As [`run`], on a runtime of one's own making: asyncio's `loop_factory`, and its `debug`.
///
/// # Panics
/// As [`run`].
///
/// # Examples
/// ```
/// use sheave::asyncio;
/// use sheave::runtime::Builder;
///
/// let builder = Builder::new_current_thread().start_paused(true);
/// asyncio::run_with(builder, async {
///     sheave::time::sleep(std::time::Duration::from_secs(3600)).await; // Takes no time.
/// });
/// ```
#[track_caller]
pub fn run_with<F: Future>(builder: Builder, future: F) -> F::Output {
    Runner::with_builder(builder).run(future)
}

/// As [`run`], with an error where that cannot begin.
///
/// # Errors
/// Why the future was not run; it is dropped.
///
/// # Panics
/// If the future panics.
///
/// # Examples
/// ```
/// use sheave::asyncio::{self, RunError};
///
/// asyncio::run(async {
///     let nested = asyncio::try_run(async {});
///     assert!(matches!(nested, Err(RunError::Nested)));
/// });
/// ```
#[track_caller]
pub fn try_run<F: Future>(future: F) -> Result<F::Output, RunError> {
    Runner::new().try_run(future)
}

/// Why a future was not run.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// This thread drives a runtime already.
    Nested,
    /// The runtime could not be made, or cannot listen for Ctrl-C.
    Build(io::Error),
    /// Ctrl-C, on a runner [that heeds it](Runner::on_ctrl_c). The future was dropped.
    Interrupted,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nested => f.write_str(
                "cannot run a runtime inside async code: this thread already drives one, and its \
                 tasks would stop. Use `.await`, or move the call into `task::spawn_blocking`",
            ),
            Self::Build(error) => write!(f, "the runtime could not be made: {error}"),
            Self::Interrupted => f.write_str("the run was interrupted by Ctrl-C"),
        }
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Nested | Self::Interrupted => None,
            Self::Build(error) => Some(error),
        }
    }
}

/// Runs several futures, one after the other, on one runtime and in one context: asyncio's `Runner`.
///
/// The runtime is made by the first run. Tasks that one run leaves behind are there in the next one; on
/// the multi-thread flavour they run in between. What a run sets in its [`Context`] the next one sees.
/// [`close`](Self::close), or a drop, ends the runtime as [`run`] does.
///
/// # Differences from asyncio
/// `close` takes the runner, so that it cannot be used after that.
///
/// # Examples
/// ```
/// use sheave::asyncio::{ContextVar, Runner};
///
/// static USER: ContextVar<&str> = ContextVar::new("user");
///
/// let mut runner = Runner::new();
/// runner.run(async { USER.set("Ada") });
/// assert_eq!(runner.run(async { USER.get() }), "Ada");
/// assert!(runner.close().is_complete());
/// ```
#[derive(Debug)]
pub struct Runner {
    builder: Builder,
    options: ShutdownOptions,
    runtime: Option<Runtime>,
    context: Option<Context>,
    heeds_ctrl_c: bool,
    ctrl_c: Option<CtrlC>,
}

impl Runner {
    /// A runner on a multi-thread runtime with the default settings.
    #[must_use]
    pub fn new() -> Self {
        Self::with_builder(Builder::new_multi_thread())
    }

    /// A runner on such a runtime.
    ///
    /// ```
    /// use sheave::asyncio::Runner;
    /// use sheave::runtime::Builder;
    ///
    /// let mut runner = Runner::with_builder(Builder::new_current_thread());
    /// assert_eq!(runner.run(async { 1 }), 1);
    /// ```
    #[must_use]
    pub fn with_builder(builder: Builder) -> Self {
        let options = ShutdownOptions::new().cancel_grace(PATIENCE).blocking(PATIENCE);
        Self { builder, options, runtime: None, context: None, heeds_ctrl_c: false, ctrl_c: None }
    }

    /// How long the end waits, phase by phase. Default: 300 s for the futures to be dropped, as long for
    /// the blocking pool, and no time for tasks to end by themselves.
    ///
    /// ```
    /// use sheave::asyncio::Runner;
    /// use sheave::runtime::ShutdownOptions;
    /// use std::time::Duration;
    ///
    /// let options = ShutdownOptions::new().drain(Duration::from_secs(5));
    /// let mut runner = Runner::new().shutdown_options(options);
    /// drop(runner.run(async { sheave::spawn(async { /* finishes */ }) }));
    /// assert_eq!(runner.close().aborted(), 0);
    /// ```
    #[must_use]
    pub fn shutdown_options(mut self, options: ShutdownOptions) -> Self {
        self.options = options;
        self
    }

    /// Lets Ctrl-C (`SIGINT`) end a run in order, from the first run on.
    ///
    /// | Ctrl-C comes | then |
    /// |---|---|
    /// | during a run | the future is dropped at its next suspension: [`try_run`](Self::try_run) returns [`RunError::Interrupted`], and the runner can run another one; [`run`](Self::run) closes the runner, and then ends the process as Ctrl-C does |
    /// | once more, before the run has ended | the process ends at once |
    /// | between two runs, or during [`close`](Self::close) | the process ends at once |
    ///
    /// A future that is ready by then wins. So a second Ctrl-C always helps, also if a destructor or a poll
    /// hangs. Once the runner is gone, Ctrl-C is ignored unless somebody else
    /// [listens](crate::signal) for it.
    ///
    /// # Differences from asyncio
    /// The future is dropped, where asyncio throws into it, and cannot refuse. asyncio raises
    /// `KeyboardInterrupt`.
    ///
    /// ```no_run
    /// use sheave::asyncio::{RunError, Runner};
    ///
    /// let mut runner = Runner::new().on_ctrl_c();
    /// match runner.try_run(std::future::pending::<()>()) {
    ///     Err(RunError::Interrupted) => println!("bye"),
    ///     other => other.unwrap(),
    /// }
    /// ```
    #[must_use]
    pub fn on_ctrl_c(mut self) -> Self {
        self.heeds_ctrl_c = true;
        self
    }

    /// Runs a future to completion on this thread.
    ///
    /// # Panics
    /// If the future panics; if this thread drives a runtime already; if the system refuses a thread or a
    /// descriptor.
    #[track_caller]
    pub fn run<F: Future>(&mut self, future: F) -> F::Output {
        match self.try_run(future) {
            Ok(output) => output,
            Err(RunError::Interrupted) => {
                self.end_and_warn();
                CtrlC::end_process()
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`run`](Self::run), with an error where that cannot begin.
    ///
    /// # Errors
    /// Why the future was not run; it is dropped.
    ///
    /// # Panics
    /// If the future panics.
    #[track_caller]
    pub fn try_run<F: Future>(&mut self, future: F) -> Result<F::Output, RunError> {
        if Driving::is_on() {
            return Err(RunError::Nested);
        }
        let context = self.context.get_or_insert_with(copy_context).clone();
        let shared = self.runtime().map_err(RunError::Build)?.handle().shared.clone();
        if !self.heeds_ctrl_c {
            return Ok(shared.block_on_in(Some(context), future));
        }
        if self.ctrl_c.is_none() {
            self.ctrl_c = Some(CtrlC::listen().map_err(RunError::Build)?);
        }
        let ctrl_c = self.ctrl_c.as_ref().expect("made above");
        let ended = shared.block_on_in(Some(context), ctrl_c.run(future));
        ended.map_err(RunError::Build)?.ok_or(RunError::Interrupted)
    }

    /// A handle to the runtime, which is made if need be: asyncio's `get_loop()`.
    ///
    /// # Errors
    /// If the system refuses a thread or a descriptor.
    ///
    /// ```
    /// let mut runner = sheave::asyncio::Runner::new();
    /// let handle = runner.handle()?;
    /// let task = handle.spawn(async { 1 });
    /// assert_eq!(runner.run(task)?, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn handle(&mut self) -> io::Result<Handle> {
        self.runtime().map(|runtime| runtime.handle().clone())
    }

    /// Ends the runtime, if there is one, and says what is left of it; see [`run`](run()).
    pub fn close(mut self) -> ShutdownReport {
        self.end()
    }

    fn runtime(&mut self) -> io::Result<&Runtime> {
        if self.runtime.is_none() {
            self.runtime = Some(self.builder.clone().build()?);
        }
        Ok(self.runtime.as_ref().expect("made above"))
    }

    fn end(&mut self) -> ShutdownReport {
        self.runtime.take().map(|runtime| runtime.shutdown(self.options)).unwrap_or_default()
    }
}

impl Default for Runner {
    fn default() -> Self {
        Self::new()
    }
}

impl Runner {
    fn end_and_warn(&mut self) {
        let report = self.end();
        if !report.is_complete() || !report.jobs().is_empty() {
            warn(format_args!("the end of `asyncio::run` has left something behind: {report}"));
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.end_and_warn();
    }
}
