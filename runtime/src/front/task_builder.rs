//! Spawning with a name.

use super::local_set::{LocalSet, with_current_set};
use super::spawn::with_current;
use crate::scheduler::LaneName;
use crate::tasks::JoinHandle;
use std::future::Future;
use std::panic::Location;

/// Sets the name of a task before it is spawned. Names show in dumps and reports.
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
}

impl<'a> Builder<'a> {
    /// A builder without a name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the task.
    pub fn name(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
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
        with_current(|shared| shared.spawn(future, self.name.map(Into::into), location))
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
        with_current_set(|tasks| tasks.spawn(future, self.name.map(Into::into), location))
    }

    /// Spawns a task on `set`; see [`LocalSet::spawn_local`].
    #[track_caller]
    pub fn spawn_local_on<F>(self, future: F, set: &LocalSet) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        set.tasks().spawn(future, self.name.map(Into::into), Location::caller())
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
        let (location, name) = (Location::caller(), self.name.map(Into::into));
        with_current(|shared| shared.spawn_blocking(LaneName::User, f, name, location))
    }
}
