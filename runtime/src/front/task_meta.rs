//! What is known of a task from outside, and who knows it.

use crate::scheduler::with_runtime;
use crate::tasks::{
    AbortHandle, Ending, Id, JoinHandle, Progress, TaskRef, current_task, is_current,
};
use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

/// How far a task is.
///
/// **asyncio** knows pending, finished and cancelled, and says "cancelling" in between; "running" is
/// what its `current_task` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskStatus {
    /// It waits: for its turn, or for something to happen.
    Pending,
    /// It is polled. On other threads that is known of the workers of the caller's runtime only, and
    /// it may be over by the time the caller looks at the answer.
    Running,
    /// It was asked to end, and its future has not been dropped yet.
    Cancelling,
    /// It has returned an output.
    Finished,
    /// It was cancelled, or its runtime had shut down before it could begin.
    Cancelled,
    /// It has panicked.
    Panicked,
}

impl TaskStatus {
    /// Whether the task has ended, in whichever way.
    #[must_use]
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Finished | Self::Cancelled | Self::Panicked)
    }

    fn of(task: &TaskRef) -> Self {
        match task.progress() {
            Progress::Ended(Ending::Output) => Self::Finished,
            Progress::Ended(Ending::Stopped) => Self::Cancelled,
            Progress::Ended(Ending::Panic) => Self::Panicked,
            Progress::Cancelling => Self::Cancelling,
            Progress::Going if is_current(task) => Self::Running,
            Progress::Going => {
                let elsewhere = with_runtime(|shared| {
                    shared.is_some_and(|it| it.is_polled_elsewhere(task.id()))
                });
                if elsewhere { Self::Running } else { Self::Pending }
            }
        }
    }
}

impl<T> JoinHandle<T> {
    /// How far the task is, at this moment.
    ///
    /// ```
    /// use sheave::task::TaskStatus;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let mut task = sheave::spawn(async { 1 });
    /// assert_eq!((&mut task).await.unwrap(), 1);
    /// assert_eq!(task.status(), TaskStatus::Finished);
    /// # }
    /// ```
    #[must_use]
    pub fn status(&self) -> TaskStatus {
        TaskStatus::of(&self.task_ref())
    }

    /// What is known of the task.
    #[must_use]
    pub fn meta(&self) -> TaskMeta {
        TaskMeta::new(self.task_ref())
    }
}

/// What is known of a task, for who has no [`JoinHandle`]: what `asyncio.current_task()` and
/// `asyncio.all_tasks()` return.
///
/// Clones name the same task. It keeps the memory of the task, but neither its future nor its output,
/// alive.
///
/// # Examples
/// ```
/// use sheave::asyncio::current_task;
/// use sheave::task::{Builder, TaskStatus};
///
/// # #[sheave::main]
/// # async fn main() -> Result<(), sheave::task::JoinError> {
/// let task = Builder::new().name("mailer").spawn(async { current_task().unwrap() });
/// let meta = task.await?;
/// assert_eq!(meta.name(), Some("mailer"));
/// assert_eq!(meta.status(), TaskStatus::Finished);
/// assert!(!meta.cancel(), "it is too late for that");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct TaskMeta(TaskRef);

impl Eq for TaskMeta {}

impl TaskMeta {
    pub(crate) fn new(task: TaskRef) -> Self {
        Self(task)
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.0.id()
    }

    /// The task's name, if it was given one.
    ///
    /// **asyncio** names the others `Task-1`, `Task-2` and so on; here [`id`](Self::id) tells them
    /// apart.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name()
    }

    /// How far the task is, at this moment.
    #[must_use]
    pub fn status(&self) -> TaskStatus {
        TaskStatus::of(&self.0)
    }

    /// Where the task was spawned.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.0.location()
    }

    /// The task that spawned it; `None` if no task did.
    #[must_use]
    pub fn parent(&self) -> Option<Id> {
        self.0.parent()
    }

    /// Whether the task has ended: completed, panicked or cancelled.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// A handle that can abort the task.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle::new(self.0.clone())
    }

    /// Asks the task to end; see [`JoinHandle::cancel`].
    pub fn cancel(&self) -> bool {
        self.abort_handle().cancel()
    }

    /// Asks the task to end, and says why; see [`JoinHandle::cancel_with_message`].
    pub fn cancel_with_message(&self, message: impl Into<Cow<'static, str>>) -> bool {
        self.abort_handle().cancel_with_message(message)
    }
}

impl fmt::Debug for TaskMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskMeta")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("status", &self.status())
            .field("spawned_at", &format_args!("{}", self.spawned_at()))
            .finish()
    }
}

/// The task that calls this: `asyncio.current_task()`.
///
/// `None` outside of tasks, also in the root of a `block_on` and in a closure of
/// [`to_thread`](crate::to_thread), which are no tasks. A closure of
/// [`spawn_blocking`](crate::task::spawn_blocking()) is one.
///
/// # Examples
/// ```
/// use sheave::asyncio::current_task;
///
/// # #[sheave::main]
/// # async fn main() {
/// assert_eq!(current_task(), None);
/// let task = sheave::spawn(async { current_task().map(|task| task.id()) });
/// let id = task.id();
/// assert_eq!(task.await.unwrap(), Some(id));
/// # }
/// ```
#[must_use]
pub fn current() -> Option<TaskMeta> {
    current_task().map(TaskMeta::new)
}
