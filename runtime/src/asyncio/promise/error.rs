//! What goes wrong with a future that is completed by hand.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// Why a [`Promise`](super::Promise) has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromiseError<E> {
    /// Its completer has set this exception.
    Exception(E),
    /// It was cancelled, with this message.
    Cancelled(Option<Cow<'static, str>>),
    /// Every [`Completer`](super::Completer) was dropped.
    Abandoned,
}

impl<E> PromiseError<E> {
    /// Whether it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }

    /// The exception, if that is what it is.
    #[must_use]
    pub fn into_exception(self) -> Option<E> {
        match self {
            Self::Exception(exception) => Some(exception),
            Self::Cancelled(_) | Self::Abandoned => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for PromiseError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exception(exception) => exception.fmt(f),
            Self::Cancelled(None) => f.write_str("the future was cancelled"),
            Self::Cancelled(Some(message)) => write!(f, "the future was cancelled: {message}"),
            Self::Abandoned => f.write_str("every `Completer` of the future was dropped"),
        }
    }
}

impl<E: Error> Error for PromiseError<E> {}

/// A future cannot do that in the state it is in: it is done already, or not yet. Gives back what was
/// to be set.
pub struct InvalidStateError<V = ()> {
    pub(super) value: V,
    pub(super) is_done: bool,
}

impl<V> InvalidStateError<V> {
    /// What was to be set.
    #[must_use]
    pub fn into_inner(self) -> V {
        self.value
    }
}

impl<V> fmt::Display for InvalidStateError<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_done {
            "the future is done: a result, an exception or a cancellation is set once"
        } else {
            "the result is not set yet: await the future"
        })
    }
}

impl<V> fmt::Debug for InvalidStateError<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvalidStateError").field("is_done", &self.is_done).finish_non_exhaustive()
    }
}

impl<V> Error for InvalidStateError<V> {}
