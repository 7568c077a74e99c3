//! The name that a machine gives a runtime.

use std::fmt;

/// Tells a runtime from all others that are there at the same time; a later one may have the same.
/// See [`Handle::id`](super::Handle::id).
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Id(usize);

impl Id {
    /// The place of what all handles of the runtime share, and keep there.
    pub(super) fn of<T>(shared: &T) -> Self {
        Self(std::ptr::from_ref(shared).addr())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
