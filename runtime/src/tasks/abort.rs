//! The right to end a task, without the right to its output.

use super::{Id, TaskRef};
use std::fmt;

/// Ends a task from anywhere, without waiting for it. Made by [`JoinHandle::abort_handle`].
///
/// It keeps the memory of the task, but neither its future nor its output, alive.
///
/// # Examples
/// ```
/// # #[sheave::main]
/// # async fn main() {
/// let task = sheave::spawn(std::future::pending::<()>());
/// let abort = task.abort_handle();
/// std::thread::spawn(move || abort.abort());
/// assert!(task.await.unwrap_err().is_cancelled());
/// # }
/// ```
///
/// [`JoinHandle::abort_handle`]: super::JoinHandle::abort_handle
#[derive(Clone)]
pub struct AbortHandle(TaskRef);

impl AbortHandle {
    pub(crate) fn new(task: TaskRef) -> Self {
        Self(task)
    }

    /// Asks the task to end. Its future is dropped at its next turn; whoever joins it gets a
    /// [`JoinError`](super::JoinError) that [is cancelled](super::JoinError::is_cancelled).
    ///
    /// A task that completes first keeps its output, and aborting an ended task does nothing. A
    /// poll that is going on is not interrupted.
    pub fn abort(&self) {
        self.0.abort();
    }

    /// Whether the task has ended: completed, panicked or cancelled.
    ///
    /// After [`abort`](Self::abort) this becomes `true` only when the future has been dropped.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.0.id()
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("id", &self.id()).finish()
    }
}
