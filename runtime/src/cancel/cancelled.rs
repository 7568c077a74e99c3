//! Why something was cancelled.

use sheave_facade::sync::Arc;
use std::error::Error;
use std::fmt;
use std::panic::Location;

/// Why a [`CancelScope`](super::CancelScope) was cancelled, when, and from where: the error of
/// [`CancelScope::run`](super::CancelScope::run).
///
/// # Examples
/// ```
/// use sheave::cancel::CancelScope;
///
/// # futures_lite::future::block_on(async {
/// let scope = CancelScope::new();
/// scope.cancel_with_reason("the client hung up");
/// let cancelled = scope.run(std::future::pending::<()>()).await.unwrap_err();
/// assert_eq!(cancelled.reason(), Some("the client hung up"));
/// assert!(!cancelled.is_deadline());
/// assert_eq!(cancelled.to_string(), "cancelled: the client hung up");
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Cancelled {
    reason: Option<Arc<str>>,
    /// Who called; `None` is the deadline.
    by: Option<&'static Location<'static>>,
}

impl Cancelled {
    pub(super) fn by(location: &'static Location<'static>, reason: Option<Arc<str>>) -> Self {
        Self { reason, by: Some(location) }
    }

    pub(super) fn by_deadline() -> Self {
        Self { reason: None, by: None }
    }

    /// What the one who cancelled gave as the reason.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Whether a deadline has elapsed, rather than somebody having called `cancel`.
    #[must_use]
    pub fn is_deadline(&self) -> bool {
        self.by.is_none()
    }

    /// Where `cancel` was called; `None` for a deadline.
    #[must_use]
    pub fn location(&self) -> Option<&'static Location<'static>> {
        self.by
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.reason, self.by) {
            (Some(reason), _) => write!(f, "cancelled: {reason}"),
            (None, Some(location)) => write!(f, "cancelled at {location}"),
            (None, None) => f.write_str("cancelled: deadline has elapsed"),
        }
    }
}

impl Error for Cancelled {}
