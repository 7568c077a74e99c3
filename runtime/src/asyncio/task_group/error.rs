//! What can go wrong in a task group.

use crate::tasks::JoinError;
use std::error::Error;
use std::fmt;

/// Why a member of a task group failed.
#[derive(Debug)]
pub enum TaskFailure<E> {
    /// It yielded this error.
    Err(E),
    /// It panicked.
    Panic(JoinError),
}

impl<E> TaskFailure<E> {
    /// The error, if it was no panic.
    #[must_use]
    pub fn into_err(self) -> Option<E> {
        match self {
            Self::Err(error) => Some(error),
            Self::Panic(_) => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for TaskFailure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Err(error) => error.fmt(f),
            Self::Panic(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for TaskFailure<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Err(error) => error.source(),
            Self::Panic(error) => error.source(),
        }
    }
}

/// All that failed in a task group, in the order in which it did; the body of the group comes last.
///
/// # Differences from asyncio
/// the `ExceptionGroup` that `async with TaskGroup()` raises; `except*` is
/// [`split`](Self::split).
///
/// # Examples
/// ```
/// use sheave::asyncio::{TaskFailure, TaskGroup, task_group};
///
/// # #[sheave::main]
/// # async fn main() {
/// let group = task_group(|group: TaskGroup<&str>| async move {
///     group.spawn(async { Err::<(), _>("out of paper") }).unwrap();
///     std::future::pending::<Result<(), _>>().await
/// });
/// let error = group.await.unwrap_err();
/// assert_eq!(error.to_string(), "unhandled errors in a task group (1): out of paper");
///
/// let (paper, other) = error.split(|failure| matches!(failure, TaskFailure::Err("out of paper")));
/// assert!(paper.is_some() && other.is_none());
/// # }
/// ```
#[derive(Debug)]
pub struct TaskGroupError<E> {
    errors: Vec<TaskFailure<E>>,
    /// Whether the last one is the body's.
    has_body: bool,
}

impl<E> TaskGroupError<E> {
    pub(super) fn new(mut errors: Vec<TaskFailure<E>>, body: Option<E>) -> Self {
        let has_body = body.is_some();
        errors.extend(body.map(TaskFailure::Err));
        Self { errors, has_body }
    }

    /// All failures. Empty if the group was [cancelled](Self::is_cancelled).
    #[must_use]
    pub fn errors(&self) -> &[TaskFailure<E>] {
        &self.errors
    }

    /// All failures.
    #[must_use]
    pub fn into_errors(self) -> Vec<TaskFailure<E>> {
        self.errors
    }

    /// Whether nothing failed: [`TaskGroup::cancel`](super::TaskGroup::cancel) ended the group before its
    /// body had a value.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.errors.is_empty()
    }

    /// The error of the body, if it yielded one.
    #[must_use]
    pub fn body(&self) -> Option<&E> {
        match self.errors.last() {
            Some(TaskFailure::Err(error)) if self.has_body => Some(error),
            _ => None,
        }
    }

    /// The failure that ended the group.
    #[must_use]
    pub fn first(&self) -> Option<&TaskFailure<E>> {
        self.errors.first()
    }

    /// The failure that ended the group, without the others: for who expects only one.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::{TaskFailure, TaskGroup, TaskGroupError, task_group};
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let group = task_group(|_: TaskGroup<String>| async { Err::<(), _>("why".to_owned()) });
    /// let error = group.await.map_err(TaskGroupError::into_first).unwrap_err();
    /// assert_eq!(error.and_then(TaskFailure::into_err).unwrap(), "why");
    /// # }
    /// ```
    #[must_use]
    pub fn into_first(self) -> Option<TaskFailure<E>> {
        self.errors.into_iter().next()
    }

    /// Those that `matches`, and the others, each in their order; `None` where there are none.
    #[must_use]
    pub fn split(
        self,
        mut matches: impl FnMut(&TaskFailure<E>) -> bool,
    ) -> (Option<Self>, Option<Self>) {
        let (mut matching, mut others) = (Vec::new(), Vec::new());
        let (mut body_matches, has_body) = (false, self.has_body);
        for failure in self.errors {
            body_matches = matches(&failure);
            if body_matches { matching.push(failure) } else { others.push(failure) }
        }
        let part =
            |errors: Vec<_>, has_body| (!errors.is_empty()).then_some(Self { errors, has_body });
        (part(matching, has_body && body_matches), part(others, has_body && !body_matches))
    }
}

impl<E> TaskGroupError<TaskGroupError<E>> {
    /// The failures of groups in a group, as those of one group.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::{TaskGroup, task_group};
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let outer = task_group(|_| async {
    ///     task_group(|_: TaskGroup<&str>| async { Err::<(), _>("why") }).await
    /// });
    /// let error = outer.await.unwrap_err().flatten();
    /// assert_eq!(error.body(), Some(&"why"));
    /// # }
    /// ```
    #[must_use]
    pub fn flatten(self) -> TaskGroupError<E> {
        let (mut errors, mut inner_body) = (Vec::new(), false);
        for failure in self.errors {
            inner_body = false;
            match failure {
                TaskFailure::Err(group) => {
                    inner_body = group.has_body;
                    errors.extend(group.errors);
                }
                TaskFailure::Panic(error) => errors.push(TaskFailure::Panic(error)),
            }
        }
        TaskGroupError { errors, has_body: self.has_body && inner_body }
    }
}

impl<E: fmt::Display> fmt::Display for TaskGroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_cancelled() {
            return f.write_str("the task group was cancelled");
        }
        write!(f, "unhandled errors in a task group ({})", self.errors.len())?;
        let mut separator = ": ";
        for error in &self.errors {
            write!(f, "{separator}{error}")?;
            separator = "; ";
        }
        Ok(())
    }
}

impl<E: Error + 'static> Error for TaskGroupError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.first().map(|first| first as _)
    }
}

/// Why a task group takes no member. It gives back what was to be spawned.
pub struct SpawnError<F> {
    pub(super) kind: SpawnErrorKind,
    pub(super) refused: F,
}

/// Why a task group takes no member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpawnErrorKind {
    /// The group is over.
    Finished,
    /// The group ends: a member failed, or it was cancelled.
    ShuttingDown,
    /// As many members run as the limit allows.
    Full,
    /// The blocking pool did not take the closure: [too many wait](crate::runtime::Builder::blocking_queue_limit),
    /// the system has no thread for it, or the runtime shuts down.
    NotStarted,
}

impl<F> SpawnError<F> {
    /// Why.
    #[must_use]
    pub fn kind(&self) -> SpawnErrorKind {
        self.kind
    }

    /// What was to be spawned.
    #[must_use]
    pub fn into_inner(self) -> F {
        self.refused
    }
}

impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnError").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl<F> Error for SpawnError<F> {}

impl fmt::Display for SpawnErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "the task group is over",
            Self::ShuttingDown => "the task group is shutting down",
            Self::Full => {
                "the task group runs as many tasks as its limit allows: `spawn_when_free` waits"
            }
            Self::NotStarted => {
                "the blocking pool did not take the member: its queue is full, there is no thread for \
                 it, or the runtime shuts down"
            }
        })
    }
}

impl Error for SpawnErrorKind {}

/// Why [`TaskGroup::start`](super::TaskGroup::start) has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The group did not take the task.
    Refused(SpawnErrorKind),
    /// The task ended without saying that it had started. If it failed, the group knows why.
    NotStarted,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(kind) => kind.fmt(f),
            Self::NotStarted => f.write_str("the task ended without having called `started`"),
        }
    }
}

impl Error for StartError {}

/// Why a [`GroupTask`](super::GroupTask) has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupTaskError {
    /// It failed. The error is in the [`TaskGroupError`] of its group.
    Failed,
    /// It was aborted.
    Cancelled,
    /// It still runs. Only from [`GroupTask::into_result`](super::GroupTask::into_result).
    Running,
}

impl fmt::Display for GroupTaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed => "the task has failed, see the error of its group",
            Self::Cancelled => "the task was cancelled",
            Self::Running => "the task still runs",
        })
    }
}

impl Error for GroupTaskError {}

/// Tells a handle that its task has failed.
#[derive(Debug)]
pub(super) struct Failed;
