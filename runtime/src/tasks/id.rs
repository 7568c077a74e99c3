//! The name that a machine gives a task.

use std::fmt;
use std::num::NonZeroU64;

/// Identifies a task among all tasks of its runtime, those that have ended included.
///
/// Ids are handed out in ranges to workers, so their order is not the order of spawning. Tasks of
/// different runtimes may have the same id, and so may local tasks of different sets that were spawned
/// outside a runtime.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Id(NonZeroU64);

impl Id {
    /// The id with this number; zero, which no generator hands out, becomes the largest one.
    pub(crate) const fn from_u64(number: u64) -> Self {
        match NonZeroU64::new(number) {
            Some(number) => Self(number),
            None => Self(NonZeroU64::MAX),
        }
    }

    /// The number.
    pub(crate) const fn as_u64(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
