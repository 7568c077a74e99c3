//! A look at the value.

use sheave_facade::sync::RwLockReadGuard;
use std::fmt;
use std::ops::Deref;

/// A look at the value of a channel, which holds off senders: drop it soon, and never keep it across an
/// `await`. A second look by the same thread may wait for a sender that waits for the first one.
pub struct Ref<'a, T> {
    pub(super) value: RwLockReadGuard<'a, T>,
    pub(super) has_changed: bool,
}

impl<T> Ref<'_, T> {
    /// Whether this value is one that the receiver had not seen before. `false` for senders.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
