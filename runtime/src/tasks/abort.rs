//! The right to end a task, without the right to its output.

use super::{Id, TaskRef};
use std::borrow::Cow;
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

    /// Asks the task to end, as [`abort`](Self::abort) does, and returns `false` if it has ended
    /// already.
    ///
    /// **asyncio**: `Task.cancel()`. As there, `true` says that the end was asked for, not that the
    /// task will end cancelled: it may complete first.
    ///
    /// # Differences from asyncio
    /// Nothing is thrown into the task: its future is dropped at its next turn, so it can neither
    /// catch nor delay that, and there is no `uncancel`. A future that is never polled runs no line of
    /// its body, and drops what it has captured.
    ///
    /// ```
    /// # #[sheave::main]
    /// # async fn main() {
    /// let task = sheave::spawn(std::future::pending::<()>());
    /// let handle = task.abort_handle();
    /// assert!(handle.cancel());
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// assert!(!handle.cancel(), "it has ended");
    /// # }
    /// ```
    pub fn cancel(&self) -> bool {
        self.0.raw().cancel(None)
    }

    /// As [`cancel`](Self::cancel), and says why: whoever joins the task finds the message in
    /// [`JoinError::cancel_message`](super::JoinError::cancel_message). If the task is cancelled several times before it ends, the last
    /// message counts.
    pub fn cancel_with_message(&self, message: impl Into<Cow<'static, str>>) -> bool {
        self.0.raw().cancel(Some(message.into()))
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

// As for `JoinHandle`.
impl std::panic::UnwindSafe for AbortHandle {}
impl std::panic::RefUnwindSafe for AbortHandle {}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("id", &self.id()).finish()
    }
}
