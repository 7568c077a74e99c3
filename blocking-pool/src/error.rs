//! Why a job was not accepted, and why an accepted job has no result.

use crate::job::Job;
use sheave_facade::sync::Mutex;
use std::any::Any;
use std::{error, fmt, io};

/// Why a pool did not accept a job.
#[derive(Debug)]
#[non_exhaustive]
pub enum RejectReason {
    /// Every thread is taken and as many jobs wait as the queue limit allows.
    QueueFull {
        /// The limit that was reached.
        limit: usize,
    },
    /// The pool is shutting down or has shut down.
    ShutDown,
    /// The pool has no thread and the system did not give it one.
    NoThread(io::Error),
    /// The executor cannot run anything any more: its threads fail to start, its process died.
    BrokenExecutor {
        /// What happened.
        reason: String,
    },
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QueueFull { limit } => write!(
                f,
                "the pool's queue limit of {limit} is reached; retry later, or raise the limit or the number of threads"
            ),
            Self::ShutDown => {
                f.write_str("the pool has been shut down; submit before `shutdown` is called")
            }
            Self::NoThread(error) => write!(
                f,
                "the pool has no thread and could not create one ({error}); retry later, or raise the process's thread or memory limit"
            ),
            Self::BrokenExecutor { reason } => {
                write!(f, "the executor is broken: {reason}; make another one")
            }
        }
    }
}

impl error::Error for RejectReason {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::NoThread(error) => Some(error),
            Self::QueueFull { .. } | Self::ShutDown | Self::BrokenExecutor { .. } => None,
        }
    }
}

/// A job that was not accepted, untouched, with the reason.
pub struct Rejected {
    /// The job; neither run nor cancelled.
    pub job: Box<dyn Job>,
    /// Why it was not accepted.
    pub reason: RejectReason,
}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

/// A closure that [`Pool::try_spawn`](crate::Pool::try_spawn) did not accept, with the reason.
pub struct TrySpawnError<F> {
    /// The closure; it has not been called.
    pub job: F,
    /// Why it was not accepted.
    pub reason: RejectReason,
}

impl<F> fmt::Debug for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrySpawnError").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<F> error::Error for TrySpawnError<F> {}

/// Why a job has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum JobError {
    /// The job was cancelled before it began.
    Cancelled,
    /// The job panicked; the payload is what it panicked with.
    Panicked(Payload),
    /// The job was never accepted.
    Rejected(RejectReason),
}

impl JobError {
    /// Whether the job was cancelled before it began.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether the job panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the job was cancelled before it began"),
            Self::Panicked(payload) => match payload.message() {
                Some(message) => write!(f, "the job panicked: {message}"),
                None => f.write_str("the job panicked"),
            },
            Self::Rejected(reason) => write!(f, "the job was not accepted: {reason}"),
        }
    }
}

impl error::Error for JobError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Rejected(reason) => Some(reason),
            Self::Cancelled | Self::Panicked(_) => None,
        }
    }
}

/// What a job panicked with; pass it to [`std::panic::resume_unwind`] to go on panicking.
pub struct Payload {
    /// Behind a lock only so that the error is `Sync` although the payload need not be.
    thrown: Mutex<Box<dyn Any + Send>>,
    message: Option<String>,
}

impl Payload {
    pub(crate) fn new(thrown: Box<dyn Any + Send>) -> Self {
        let message = match thrown.downcast_ref::<&'static str>() {
            Some(text) => Some((*text).to_owned()),
            None => thrown.downcast_ref::<String>().cloned(),
        };
        Self { thrown: Mutex::new(thrown), message }
    }

    /// The text of the panic, if it panicked with one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The value that was thrown.
    #[must_use]
    pub fn into_inner(self) -> Box<dyn Any + Send> {
        self.thrown.into_inner()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload").field("message", &self.message).finish_non_exhaustive()
    }
}
