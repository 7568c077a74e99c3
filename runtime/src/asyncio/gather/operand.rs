//! What may stand in a `gather!`: handles of tasks, and other futures. Public for the macro alone.

use super::super::IntoTask;
use crate::tasks::JoinHandle;
use std::future::Future;
use std::panic::Location;

/// Becomes a task when the gather is first polled.
pub trait Operand {
    /// The output of the task.
    type Value;

    /// The task.
    fn start(self, caller: &'static Location<'static>) -> JoinHandle<Self::Value>;
}

/// A future that is to be spawned.
#[derive(Debug)]
pub struct Fresh<F>(F);

/// The handle of a task.
#[derive(Debug)]
pub struct Started<T>(JoinHandle<T>);

impl<F> Operand for Fresh<F>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    type Value = F::Output;

    fn start(self, caller: &'static Location<'static>) -> JoinHandle<F::Output> {
        self.0.into_task_at(caller)
    }
}

impl<T> Operand for Started<T> {
    type Value = T;

    fn start(self, _caller: &'static Location<'static>) -> JoinHandle<T> {
        self.0
    }
}

/// Handles. The compiler looks for `(&handle).operand_kind()` here before it looks at [`FutureKind`],
/// which is one reference further away.
pub trait TaskKind {
    /// Makes operands of handles.
    fn operand_kind(&self) -> TaskTag {
        TaskTag
    }
}

impl<T> TaskKind for JoinHandle<T> {}

/// See [`TaskKind`].
#[derive(Debug)]
pub struct TaskTag;

impl TaskTag {
    /// The operand.
    pub fn operand<T>(self, task: JoinHandle<T>) -> Started<T> {
        Started(task)
    }
}

/// All other futures.
pub trait FutureKind {
    /// Makes operands of futures.
    fn operand_kind(&self) -> FutureTag {
        FutureTag
    }
}

impl<F: Future> FutureKind for &F {}

/// See [`FutureKind`].
#[derive(Debug)]
pub struct FutureTag;

impl FutureTag {
    /// The operand.
    pub fn operand<F: Future>(self, future: F) -> Fresh<F> {
        Fresh(future)
    }
}
