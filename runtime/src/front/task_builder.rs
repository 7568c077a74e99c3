//! Spawning with a name or a context.

use super::local_set::{LocalSet, with_current_set};
use super::spawn::with_current;
use crate::scheduler::LaneName;
use crate::tasks::{Context, JoinHandle, Spec};
use std::future::Future;
use std::panic::Location;

/// Sets the name of a task, or the context that it runs in, before it is spawned. Names show in dumps
/// and reports.
///
/// ```
/// # #[sheave::main]
/// # async fn main() -> Result<(), sheave::task::JoinError> {
/// let task = sheave::task::Builder::new().name("mailer").spawn(async { 1 });
/// assert_eq!(task.await?, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until it spawns"]
pub struct Builder<'a> {
    name: Option<&'a str>,
    context: Option<Context>,
}

impl<'a> Builder<'a> {
    /// A builder without a name, for a task in a copy of the current context.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the task.
    pub fn name(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// Runs the task in `context` itself, which is not copied: what the task sets, everybody sees who
    /// has this context, and the other way round. Without this, a task runs in a copy of the context
    /// of its spawner.
    ///
    /// ```
    /// use sheave::asyncio::{Context, ContextVar};
    ///
    /// static STEP: ContextVar<u32> = ContextVar::new("step");
    ///
    /// # #[sheave::main]
    /// # async fn main() -> Result<(), sheave::task::JoinError> {
    /// let shared = Context::new();
    /// let builder = sheave::task::Builder::new().context(&shared);
    /// builder.spawn(async { STEP.set(1) }).await?;
    /// assert_eq!(shared.get(&STEP), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn context(mut self, context: &Context) -> Self {
        self.context = Some(context.clone());
        self
    }

    /// What is spawned at `location`.
    fn spec(self, location: &'static Location<'static>) -> Spec {
        let mut spec = Spec::at(location);
        spec.name = self.name.map(Into::into);
        spec.context = self.context.or(spec.context);
        spec
    }

    /// Spawns the task; see [`spawn`](crate::task::spawn()).
    ///
    /// # Panics
    /// If the thread is in no runtime.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let location = Location::caller();
        with_current(|shared| shared.spawn(future, self.spec(location)))
    }

    /// Spawns a task that stays on this thread; see [`spawn_local`](crate::task::spawn_local()).
    ///
    /// # Panics
    /// Outside a [`LocalSet`].
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let location = Location::caller();
        with_current_set(|tasks| tasks.spawn(future, self.spec(location)))
    }

    /// Spawns a task on `set`; see [`LocalSet::spawn_local`].
    #[track_caller]
    pub fn spawn_local_on<F>(self, future: F, set: &LocalSet) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        set.tasks().spawn(future, self.spec(Location::caller()))
    }

    /// Runs a closure on the blocking pool; see [`spawn_blocking`](crate::task::spawn_blocking()).
    ///
    /// # Panics
    /// If the thread is in no runtime.
    #[track_caller]
    pub fn spawn_blocking<F, R>(self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let location = Location::caller();
        with_current(|shared| shared.spawn_blocking(LaneName::User, f, self.spec(location)))
    }
}
