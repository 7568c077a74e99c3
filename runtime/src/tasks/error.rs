//! Why a task has no output.

use super::extras::Reason;
use super::unread::panic_message;
use super::{Context, Id, PanicSink, try_with_context};
use crate::util::contain::{Payload, contain};
use sheave_facade::sync::Arc;
use std::any::Any;
use std::{fmt, io};

/// Why a task ended without an output: it was cancelled, or it panicked.
///
/// # Examples
/// ```
/// # #[sheave::main]
/// # async fn main() {
/// let task = sheave::spawn(async { panic!("out of paper") });
/// let error: sheave::task::JoinError = task.await.unwrap_err();
/// assert!(error.to_string().ends_with("panicked with message \"out of paper\""));
/// assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "out of paper");
/// # }
/// ```
pub struct JoinError {
    id: Id,
    failure: Failure,
    reason: Option<Box<Reason>>,
}

/// A `JoinError` without the id, which the task's header has.
pub(super) enum Failure {
    Stopped(Stopped),
    /// A thin pointer: a task's output has room for a failure.
    Panic(Box<Caught>),
}

/// Why a task was stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stopped {
    /// It was aborted, or its runtime shut down.
    Cancelled,
    /// It came too late: its runtime, or its `LocalSet`, takes no more.
    TooLate,
    /// No thread of the blocking pool was to be had for it.
    NoThread,
    /// Too many wait for the blocking pool.
    QueueFull,
}

/// What a task panicked with. May be looked at from several threads.
pub(super) struct Caught {
    pub(super) payload: Payload,
    /// Who hears of it if nobody reads it.
    pub(super) sink: Option<Arc<dyn PanicSink>>,
    /// In which context it hears of it: that of the task. Gone once somebody reads the panic.
    pub(super) context: Option<Context>,
}

// SAFETY: a shared `Caught` gives access to its payload only through `message`, which reveals
// nothing but `&'static str` and `String`, and both are `Sync`. Sink and context are `Sync` themselves.
unsafe impl Sync for Caught {}

impl Caught {
    /// The text of a `panic!`.
    fn message(&self) -> Option<&str> {
        panic_message(&*self.payload)
    }
}

impl Failure {
    /// The panic of the task that is current, or of one that tells nobody.
    pub(super) fn panic(payload: Payload, sink: Option<Arc<dyn PanicSink>>) -> Self {
        let context = sink.as_ref().and_then(|_| try_with_context(|context| context.cloned()));
        Self::Panic(Box::new(Caught { payload, sink, context }))
    }

    /// Somebody reads it: lets go of what only a panic that nobody reads needs.
    pub(super) fn read(mut self) -> Self {
        if let Self::Panic(caught) = &mut self {
            let context = caught.context.take();
            // The last one to hold it drops values of users.
            contain(|| drop(context));
        }
        self
    }
}

impl JoinError {
    pub(super) fn new(id: Id, failure: Failure, reason: Option<Box<Reason>>) -> Self {
        Self { id, failure, reason }
    }

    /// Takes apart what `new` has put together.
    pub(super) fn into_parts(self) -> (Failure, Option<Box<Reason>>) {
        (self.failure, self.reason)
    }

    /// What [`cancel_with_message`](super::JoinHandle::cancel_with_message) said, if that is how the
    /// task was cancelled. If it was said several times, the last time before the task ended.
    ///
    /// **asyncio**: the message of the `CancelledError`.
    ///
    /// ```
    /// # #[sheave::main]
    /// # async fn main() {
    /// let task = sheave::spawn(std::future::pending::<()>());
    /// task.cancel_with_message("the user left");
    /// let error = task.await.unwrap_err();
    /// assert_eq!(error.cancel_message(), Some("the user left"));
    /// # }
    /// ```
    #[must_use]
    pub fn cancel_message(&self) -> Option<&str> {
        Some(&*self.cancelled_for()?.message)
    }

    /// The task that called [`cancel_with_message`](super::JoinHandle::cancel_with_message); `None` if
    /// that was called outside of a task, or not at all.
    #[must_use]
    pub fn cancelled_by(&self) -> Option<Id> {
        self.cancelled_for()?.by
    }

    fn cancelled_for(&self) -> Option<&Reason> {
        self.reason.as_deref().filter(|_| self.is_cancelled())
    }

    /// The error of a task that panicked.
    pub(crate) fn panicked(id: Id, payload: Payload) -> Self {
        Self::new(id, Failure::panic(payload, None), None)
    }

    /// Whether the task was cancelled: by an abort, because its runtime shut down, or because it was never
    /// started: it was spawned after that, or the blocking pool did not take it.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.failure, Failure::Stopped(_))
    }

    /// Whether the task panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.failure, Failure::Panic(_))
    }

    /// What the task panicked with, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    /// If the task did not panic. Ask [`is_panic`](Self::is_panic) first, or use
    /// [`try_into_panic`](Self::try_into_panic).
    #[must_use]
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        // No closure: the panic is to name the caller's line.
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => {
                panic!("`into_panic` on an error that is no panic ({error}); ask `is_panic` first")
            }
        }
    }

    /// What the task panicked with.
    ///
    /// # Errors
    /// The error itself, if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, Self> {
        match self.failure {
            Failure::Panic(caught) => Ok(caught.payload),
            failure @ Failure::Stopped(_) => Err(Self { failure, ..self }),
        }
    }

    /// The task that failed.
    #[must_use]
    pub fn id(&self) -> Id {
        self.id
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Failure::Stopped(Stopped::Cancelled) => match self.cancel_message() {
                Some(message) => write!(f, "task {} was cancelled: {message}", self.id),
                None => write!(f, "task {} was cancelled", self.id),
            },
            Failure::Stopped(Stopped::TooLate) => write!(
                f,
                "task {} was not started: its runtime, or its `LocalSet`, shuts down or has done so; \
                 spawn before that, \
                 and stop to do so at `shutdown_requested`",
                self.id
            ),
            Failure::Stopped(Stopped::NoThread) => write!(
                f,
                "task {} was not started: the blocking pool has no thread and the system gave it \
                 none; retry later, or raise the process's thread or memory limit",
                self.id
            ),
            Failure::Stopped(Stopped::QueueFull) => write!(
                f,
                "task {} was not started: every thread of the blocking pool is taken, and as many \
                 closures wait as `blocking_queue_limit` allows; retry later, or raise that or \
                 `max_blocking_threads`",
                self.id
            ),
            Failure::Panic(caught) => match caught.message() {
                Some(message) => write!(f, "task {} panicked with message {message:?}", self.id),
                None => write!(f, "task {} panicked", self.id),
            },
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Failure::Stopped(_) => write!(f, "JoinError::Cancelled({})", self.id),
            Failure::Panic(caught) => {
                let message = caught.message().unwrap_or("...");
                write!(f, "JoinError::Panic({}, {message:?}, ...)", self.id)
            }
        }
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        Self::other(error)
    }
}

/// Why [`JoinHandle::try_result`](super::JoinHandle::try_result) has no output to return.
#[derive(Debug)]
pub enum TryResultError {
    /// The task has not ended: asyncio's `InvalidStateError`.
    Pending,
    /// The task was cancelled, or it panicked.
    Join(JoinError),
}

impl fmt::Display for TryResultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending => f.write_str("the task has not ended: await its handle"),
            Self::Join(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TryResultError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Pending => None,
            Self::Join(error) => std::error::Error::source(error),
        }
    }
}
