//! Spawning with a name, with a context, or at once.

use super::local_set::{LocalSet, with_current_set};
use super::spawn::with_current;
use crate::scheduler::LaneName;
use crate::scheduler::local::LocalTasks;
use crate::tasks::{Context, JoinHandle, Spec};
use sheave_facade::sync::Arc;
use std::future::Future;
use std::panic::Location;

/// Sets the name of a task, the context that it runs in, or that it begins at once, before it is
/// spawned. Names show in dumps and reports.
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
    is_eager: bool,
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

    /// Polls the task once inside the call that spawns it: asyncio's `eager_start`. If it is ready by
    /// then, it was in no queue, nobody was woken for it, and its handle is ready at once.
    ///
    /// In that poll it is a task as in any other: it has its own waker, id and context,
    /// [`current_task`](crate::asyncio::current_task) is the new task, and a panic ends up in its
    /// handle, not in its spawner. What it does until its first wait, though, holds up the spawner, on
    /// whose stack it runs.
    ///
    /// Where nobody drives futures the task begins like any other: on a thread that only holds the guard
    /// of [`Runtime::enter`](crate::runtime::Runtime::enter), in a closure of
    /// [`spawn_blocking`](Self::spawn_blocking) or [`block_in_place`](crate::task::block_in_place()),
    /// and on a [`LocalSet`] that is not driven just then. A closure on the blocking pool is never eager.
    ///
    /// # Examples
    /// ```
    /// use sheave::task::Builder;
    ///
    /// # #[sheave::main]
    /// # async fn main() -> Result<(), sheave::task::JoinError> {
    /// let hit = Builder::new().eager(true).spawn(async { "found in the cache" });
    /// assert!(hit.is_finished());
    /// assert_eq!(hit.await?, "found in the cache");
    /// # Ok(())
    /// # }
    /// ```
    pub fn eager(mut self, is_eager: bool) -> Self {
        self.is_eager = is_eager;
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
        let (location, is_eager) = (Location::caller(), self.is_eager);
        with_current(|shared| match is_eager {
            true => shared.spawn_eager(future, self.spec(location)),
            false => shared.spawn(future, self.spec(location)),
        })
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
        with_current_set(|tasks| self.spawn_in(future, tasks, location))
    }

    /// Spawns a task on `set`; see [`LocalSet::spawn_local`].
    #[track_caller]
    pub fn spawn_local_on<F>(self, future: F, set: &LocalSet) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.spawn_in(future, set.tasks(), Location::caller())
    }

    fn spawn_in<F>(
        self,
        future: F,
        tasks: &Arc<LocalTasks>,
        location: &'static Location<'static>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        match self.is_eager {
            true => tasks.spawn_eager(future, self.spec(location)),
            false => tasks.spawn(future, self.spec(location)),
        }
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
