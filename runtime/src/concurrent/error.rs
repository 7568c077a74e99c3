//! Why a future of this module has no value.

use crate::util::contain::Payload;
use sheave_blocking_pool::RejectReason;
use sheave_facade::sync::{Arc, Mutex};
use std::any::Any;
use std::{fmt, io};

/// Why a [`Future`](super::Future) has no value.
///
/// Clones share the payload of a panic: whoever asks first gets it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FutureError {
    /// It was cancelled before its work began. Python's `CancelledError`.
    Cancelled,
    /// Its work panicked. Where Python carries any exception, a function that can fail returns a
    /// `Result` here, and that is the future's value.
    Panicked(Panic),
    /// An executor did not take the work, or could not do it: shut down, full, broken.
    Rejected(Arc<RejectReason>),
    /// The [`Promise`](super::Promise) was dropped without a value. Python waits for ever.
    Abandoned,
    /// The limiter of a [`try_to_thread`](crate::task::try_to_thread) has no token now.
    LimitReached {
        /// How many tokens there are.
        limit: usize,
    },
    /// Time was up. The future goes on. Python's `TimeoutError`.
    TimedOut,
}

impl FutureError {
    pub(super) fn panic(payload: Payload) -> Self {
        let literal = payload.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
        let message = literal.or_else(|| payload.downcast_ref::<String>().cloned());
        Self::Panicked(Panic { carried: Arc::new((Mutex::new(Some(payload)), message)) })
    }

    /// Whether the future was cancelled before its work began.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether the work panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }

    /// Whether time was up, and nothing else is wrong.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut)
    }

    /// Whether every thread of the executor was taken, and as many closures waited as may. See
    /// [`Builder::blocking_queue_limit`](crate::runtime::Builder::blocking_queue_limit).
    #[must_use]
    pub fn is_queue_full(&self) -> bool {
        matches!(self, Self::Rejected(reason) if matches!(**reason, RejectReason::QueueFull { .. }))
    }

    /// Whether the executor is broken. Python's `BrokenExecutor`.
    #[must_use]
    pub fn is_broken_executor(&self) -> bool {
        matches!(self, Self::Rejected(reason) if matches!(**reason, RejectReason::BrokenExecutor { .. }))
    }

    /// Whether the executor had been shut down. Python's `RuntimeError: cannot schedule new futures
    /// after shutdown`.
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        matches!(self, Self::Rejected(reason) if matches!(**reason, RejectReason::ShutDown))
    }

    /// What the work panicked with, for [`std::panic::resume_unwind`].
    ///
    /// # Errors
    /// The error itself, if the work did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, Self> {
        match self {
            Self::Panicked(panic) => Ok(panic.into_payload()),
            other => Err(other),
        }
    }
}

impl From<RejectReason> for FutureError {
    fn from(reason: RejectReason) -> Self {
        Self::Rejected(Arc::new(reason))
    }
}

impl fmt::Display for FutureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the future was cancelled before its work began"),
            Self::Panicked(panic) => match panic.message() {
                Some(message) => write!(f, "the work panicked: {message}"),
                None => f.write_str("the work panicked"),
            },
            Self::Rejected(reason) => write!(f, "the executor did not do the work: {reason}"),
            Self::Abandoned => f.write_str("the promise was dropped without a value"),
            Self::LimitReached { limit } => {
                write!(
                    f,
                    "all {limit} tokens of the limiter are taken; retry later, or wait for one"
                )
            }
            Self::TimedOut => f.write_str("the future was not done in time"),
        }
    }
}

impl std::error::Error for FutureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Rejected(reason) => Some(&**reason),
            _ => None,
        }
    }
}

impl From<FutureError> for io::Error {
    fn from(error: FutureError) -> Self {
        let kind = match error {
            FutureError::TimedOut => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// What the work of a future panicked with.
#[derive(Clone)]
pub struct Panic {
    carried: Arc<(Mutex<Option<Payload>>, Option<String>)>,
}

impl Panic {
    /// The text of the panic, if it panicked with one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.carried.1.as_deref()
    }

    /// The value that was thrown; its message, as a `String`, if a clone of this was asked before.
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send + 'static> {
        let payload = self.carried.0.lock().take();
        payload.unwrap_or_else(|| Box::new(self.message().unwrap_or("...").to_owned()))
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panic").field(&self.message().unwrap_or("...")).finish()
    }
}
