//! Why a task has no output.

use super::Id;
use crate::util::contain::Payload;
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
}

/// A `JoinError` without the id, which the task's header has.
pub(super) enum Failure {
    Cancelled,
    Panic(PanicPayload),
}

/// A panic's payload that may be looked at from several threads.
pub(super) struct PanicPayload(Payload);

// SAFETY: a shared `PanicPayload` gives access to its payload only through `message`, which reveals
// nothing but `&'static str` and `String`, and both are `Sync`.
unsafe impl Sync for PanicPayload {}

impl PanicPayload {
    /// The text of a `panic!`.
    fn message(&self) -> Option<&str> {
        let literal = self.0.downcast_ref::<&'static str>().copied();
        literal.or_else(|| self.0.downcast_ref::<String>().map(String::as_str))
    }
}

impl Failure {
    pub(super) fn panic(payload: Payload) -> Self {
        Self::Panic(PanicPayload(payload))
    }
}

impl JoinError {
    pub(super) fn new(id: Id, failure: Failure) -> Self {
        Self { id, failure }
    }

    /// Whether the task was cancelled: by an abort, or because its runtime shut down.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.failure, Failure::Cancelled)
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
        self.try_into_panic().unwrap_or_else(|error| {
            panic!("`into_panic` on an error that is no panic ({error}); ask `is_panic` first")
        })
    }

    /// What the task panicked with.
    ///
    /// # Errors
    /// The error itself, if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, Self> {
        match self.failure {
            Failure::Panic(PanicPayload(payload)) => Ok(payload),
            failure @ Failure::Cancelled => Err(Self { id: self.id, failure }),
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
            Failure::Cancelled => write!(f, "task {} was cancelled", self.id),
            Failure::Panic(payload) => match payload.message() {
                Some(message) => write!(f, "task {} panicked with message {message:?}", self.id),
                None => write!(f, "task {} panicked", self.id),
            },
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Failure::Cancelled => write!(f, "JoinError::Cancelled({})", self.id),
            Failure::Panic(payload) => {
                let message = payload.message().unwrap_or("...");
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
