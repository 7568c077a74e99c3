//! What can go wrong with a queue.

use std::{error, fmt};

/// The queue was shut down: it takes and gives nothing any more. An item that was to be put comes
/// back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct QueueShutDown<T = ()>(pub T);

/// Why there was no item at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetNowaitError {
    /// There is none, or others wait for it.
    QueueEmpty,
    /// The queue was shut down, and nothing is left in it.
    QueueShutDown,
}

/// Why an item was not put at once: it comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PutNowaitError<T> {
    /// There is no room, or others wait for it.
    QueueFull(T),
    /// The queue was shut down.
    QueueShutDown(T),
}

impl<T> PutNowaitError<T> {
    /// The item.
    pub fn into_inner(self) -> T {
        match self {
            Self::QueueFull(item) | Self::QueueShutDown(item) => item,
        }
    }
}

impl<T> From<QueueShutDown<T>> for PutNowaitError<T> {
    fn from(QueueShutDown(item): QueueShutDown<T>) -> Self {
        Self::QueueShutDown(item)
    }
}

impl From<QueueShutDown> for GetNowaitError {
    fn from(_: QueueShutDown) -> Self {
        Self::QueueShutDown
    }
}

impl<T> fmt::Debug for QueueShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueShutDown").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for PutNowaitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueFull(_) => "QueueFull(..)",
            Self::QueueShutDown(_) => "QueueShutDown(..)",
        })
    }
}

impl<T> fmt::Display for QueueShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue was shut down")
    }
}

impl fmt::Display for GetNowaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueEmpty => "the queue is empty",
            Self::QueueShutDown => "the queue is empty and was shut down",
        })
    }
}

impl<T> fmt::Display for PutNowaitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueFull(_) => "the queue is full",
            Self::QueueShutDown(_) => "the queue was shut down",
        })
    }
}

impl<T> error::Error for QueueShutDown<T> {}
impl error::Error for GetNowaitError {}
impl<T> error::Error for PutNowaitError<T> {}
