//! What the body of a task group and its members hold.

use super::Shared;
use super::child::{BlockingChild, Child, Report, Ticket};
use super::error::{Failed, SpawnError, SpawnErrorKind, StartError};
use super::member::{GroupTask, Readiness, Starting};
use super::state::{Key, State};
use crate::front::spawn::with_current;
use crate::scheduler::LaneName;
use crate::sync::{OwnedSemaphorePermit, oneshot};
use crate::tasks::{JoinHandle, Spec};
use crate::time::Duration;
use sheave_facade::sync::Arc;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::pin;

/// A group of tasks; see [`task_group`](super::task_group). Clones mean the same group, and members may
/// have them.
pub struct TaskGroup<E>(Arc<Shared<E>>);

impl<E> Clone for TaskGroup<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E> TaskGroup<E> {
    pub(super) fn new(shared: Arc<Shared<E>>) -> Self {
        Self(shared)
    }

    /// How many members have not ended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.state.lock().len()
    }

    /// Whether all members have ended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends the group without a failure: the body is dropped at its next `.await`, all members are
    /// aborted, and nothing more can be spawned. May be called from anywhere, also more than once.
    ///
    /// The group yields the value of its body, if the body had one before; otherwise an error that
    /// [is cancelled](super::TaskGroupError::is_cancelled).
    ///
    /// # Differences from asyncio
    /// `TaskGroup.cancel` of Python 3.15, after which `async with` just ends.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::{TaskGroup, task_group};
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let group = task_group(|group: TaskGroup<()>| async move {
    ///     let _endless = group.spawn(std::future::pending::<Result<(), ()>>()).unwrap();
    ///     group.cancel();
    ///     Ok("the value")
    /// });
    /// assert_eq!(group.await.unwrap(), "the value");
    /// # }
    /// ```
    pub fn cancel(&self) {
        self.0.change(State::cut);
    }

    /// Asks the group to end, and [cancels](Self::cancel) it if it has not ended after `grace`; the first
    /// call counts. From now on nothing can be spawned, and [`cancelled`](Self::cancelled) is ready: members that wait for
    /// that can clean up and end by themselves.
    ///
    /// # Differences from asyncio
    /// what `except CancelledError` and `finally` are used for, with a limit.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::{TaskGroup, task_group};
    /// use sheave::time::Duration;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let group = task_group(|group: TaskGroup<()>| async move {
    ///     let member = group.clone();
    ///     let saves = group.spawn(async move {
    ///         member.cancelled().await;
    ///         Ok("saved")
    ///     });
    ///     group.cancel_with_grace(Duration::from_secs(1));
    ///     Ok(saves.unwrap().await.unwrap())
    /// });
    /// assert_eq!(group.await.unwrap(), "saved");
    /// # }
    /// ```
    pub fn cancel_with_grace(&self, grace: Duration) {
        self.0.change(|state| state.request(grace));
    }

    /// Waits until the group is asked to end, by [`cancel_with_grace`](Self::cancel_with_grace), or ends.
    ///
    /// # Cancel safety
    /// Strict: there is nothing to lose.
    pub async fn cancelled(&self) {
        let mut ending = pin!(self.0.ending.notified());
        ending.as_mut().enable();
        if !self.0.state.lock().is_ending() {
            ending.await;
        }
    }

    /// Waits until the group is over and its members have ended. That is not so when a group was dropped
    /// just now. For clones that live outside of the group: inside, it would wait for itself.
    ///
    /// # Cancel safety
    /// Strict: there is nothing to lose.
    pub async fn closed(&self) {
        let mut closed = pin!(self.0.closed.notified());
        closed.as_mut().enable();
        if !self.0.state.lock().is_closed() {
            closed.await;
        }
    }

    /// Aborts all members there are, also those that are being spawned. The group goes on, since members
    /// that were aborted have not failed.
    pub fn abort_all(&self) {
        let members = self.0.state.lock().abort_members();
        members.run();
    }
}

impl<E: Send + 'static> TaskGroup<E> {
    /// Spawns a member. If it fails, the group does.
    ///
    /// The handle is needed for the value only: dropping it changes nothing.
    ///
    /// # Errors
    /// [`SpawnError`], with the future, if the group ends or is over, or runs as many members as its
    /// limit allows.
    ///
    /// # Panics
    /// If the thread is in no runtime.
    #[track_caller]
    pub fn spawn<T, F>(&self, future: F) -> Result<GroupTask<T>, SpawnError<F>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.spawn_at(future, None, Location::caller())
    }

    /// [`spawn`](Self::spawn) with a name for the task.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    ///
    /// # Panics
    /// If the thread is in no runtime.
    #[track_caller]
    pub fn spawn_named<T, F>(&self, name: &str, future: F) -> Result<GroupTask<T>, SpawnError<F>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.spawn_at(future, Some(name), Location::caller())
    }

    /// [`spawn`](Self::spawn) by its name in asyncio.
    ///
    /// # Differences from asyncio
    /// [`spawn_named`](Self::spawn_named) gives a name. There is no `context`: the member runs in a copy of
    /// the context of the call, which may be made in [`Context::run`](crate::asyncio::Context::run).
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    ///
    /// # Panics
    /// If the thread is in no runtime.
    #[track_caller]
    pub fn create_task<T, F>(&self, future: F) -> Result<GroupTask<T>, SpawnError<F>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.spawn_at(future, None, Location::caller())
    }

    /// In a group with a [limit](super::GroupFuture::with_limit), waits until fewer members run, and
    /// spawns. Who waits longest is first.
    ///
    /// # Cancel safety
    /// Consumes: dropping it drops the future that was to be spawned.
    ///
    /// # Errors
    /// [`SpawnError`], with the future, if the group ends, is over, or comes to an end meanwhile.
    ///
    /// # Panics
    /// If the thread is in no runtime.
    #[track_caller]
    pub fn spawn_when_free<T, F>(
        &self,
        future: F,
    ) -> impl Future<Output = Result<GroupTask<T>, SpawnError<F>>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let caller = Location::caller();
        async move {
            let slot = match &self.0.slots {
                None => None,
                // Closed: entering tells why.
                Some(slots) => slots.clone().acquire_owned().await.ok(),
            };
            self.launch(future, slot, |child| {
                with_current(|shared| shared.spawn(child, Spec::at(caller)))
            })
        }
    }

    /// Runs a closure that may block on the blocking pool, as a member. It can be aborted only until it
    /// begins; the group waits for it. Once it runs, it hears of an abort, and of the end of the group, by
    /// [`check_cancelled`](crate::concurrent::check_cancelled).
    ///
    /// # Errors
    /// [`SpawnError`], with the closure, as [`spawn`](Self::spawn), and if the pool does not take it.
    ///
    /// # Panics
    /// If the thread is in no runtime.
    #[track_caller]
    pub fn spawn_blocking<T, F>(&self, f: F) -> Result<GroupTask<T>, SpawnError<F>>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, E> + Send + 'static,
    {
        let caller = Location::caller();
        let slot = match self.slot() {
            Ok(slot) => slot,
            Err(kind) => return Err(SpawnError { kind, refused: f }),
        };
        let (ticket, to, from) = match self.admit(slot) {
            Ok(admitted) => admitted,
            Err(kind) => return Err(SpawnError { kind, refused: f }),
        };
        let key = ticket.key;
        let child = BlockingChild::new(f, Report::new(ticket, to));
        let errand = child.errand();
        let job = move || child.run();
        let task =
            with_current(|shared| shared.spawn_blocking(LaneName::User, job, Spec::at(caller)));
        let refused = errand.lock().submitted();
        match refused {
            Some(refused) => Err(SpawnError { kind: SpawnErrorKind::NotStarted, refused }),
            None => Ok(self.settle(key, &task, from)),
        }
    }

    /// Spawns a member and waits until it says that it has started, by
    /// [`Readiness::started`]; returns what it says.
    ///
    /// # Differences from asyncio
    /// no such thing. trio and anyio: `start`, where a task that fails before it has started
    /// fails the call; here it fails the group, as at any other time.
    ///
    /// # Cancel safety
    /// Consumes: dropping it aborts the member, unless it has started.
    ///
    /// # Errors
    /// [`StartError`] if the group does not take the member, or if it ends before it has started.
    ///
    /// # Panics
    /// If the thread is in no runtime.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::{Readiness, TaskGroup, task_group};
    /// use sheave::net::TcpListener;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let group = task_group(|group: TaskGroup<std::io::Error>| async move {
    ///     let server = |ready: Readiness<u16>| async move {
    ///         let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///         ready.started(listener.local_addr()?.port());
    ///         Ok(())
    ///     };
    ///     let port = group.start(server).await.expect("it can bind");
    ///     assert_ne!(port, 0);
    ///     Ok(())
    /// });
    /// group.await.unwrap();
    /// # }
    /// ```
    #[track_caller]
    pub fn start<V, F, B>(&self, member: F) -> impl Future<Output = Result<V, StartError>>
    where
        F: FnOnce(Readiness<V>) -> B,
        B: Future<Output = Result<(), E>> + Send + 'static,
    {
        let caller = Location::caller();
        async move {
            let (ready, started) = oneshot::channel();
            let task = self
                .spawn_at(member(Readiness::new(ready)), None, caller)
                .map_err(|refused| StartError::Refused(refused.kind()))?;
            let starting = Starting::new(task.abort_handle(), started);
            starting.wait().await.ok_or(StartError::NotStarted)
        }
    }

    fn spawn_at<T, F>(
        &self,
        future: F,
        name: Option<&str>,
        caller: &'static Location<'static>,
    ) -> Result<GroupTask<T>, SpawnError<F>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        match self.slot() {
            Ok(slot) => self.launch(future, slot, |child| {
                let spec = Spec { name: name.map(Into::into), ..Spec::at(caller) };
                with_current(|shared| shared.spawn(child, spec))
            }),
            Err(kind) => Err(SpawnError { kind, refused: future }),
        }
    }
}

impl<E> TaskGroup<E> {
    /// Spawns a member by `spawn`.
    pub(super) fn launch<T, F>(
        &self,
        future: F,
        slot: Option<OwnedSemaphorePermit>,
        spawn: impl FnOnce(Child<F, T, E>) -> JoinHandle<()>,
    ) -> Result<GroupTask<T>, SpawnError<F>> {
        match self.admit(slot) {
            Ok((ticket, to, from)) => {
                let key = ticket.key;
                let task = spawn(Child::new(future, Report::new(ticket, to)));
                Ok(self.settle(key, &task, from))
            }
            Err(kind) => Err(SpawnError { kind, refused: future }),
        }
    }

    /// A slot, if there is a limit.
    fn slot(&self) -> Result<Option<OwnedSemaphorePermit>, SpawnErrorKind> {
        let Some(slots) = &self.0.slots else { return Ok(None) };
        let full = |_| self.0.state.lock().refusal().unwrap_or(SpawnErrorKind::Full);
        slots.clone().try_acquire_owned().map(Some).map_err(full)
    }

    /// Lets a member in.
    #[expect(clippy::type_complexity, reason = "what a member and its handle are made of")]
    pub(super) fn admit<T>(
        &self,
        slot: Option<OwnedSemaphorePermit>,
    ) -> Result<
        (Ticket<E>, oneshot::Sender<Result<T, Failed>>, oneshot::Receiver<Result<T, Failed>>),
        SpawnErrorKind,
    > {
        let key = self.0.state.lock().enter()?;
        let (to, from) = oneshot::channel();
        Ok((Ticket { group: self.0.clone(), key, _slot: slot }, to, from))
    }

    /// A member has become a task.
    fn settle<T>(
        &self,
        key: Key,
        task: &JoinHandle<()>,
        from: oneshot::Receiver<Result<T, Failed>>,
    ) -> GroupTask<T> {
        let abort = task.abort_handle();
        let todo = self.0.state.lock().settle(key, abort.clone());
        todo.run();
        GroupTask::new(abort, from)
    }
}

impl<E> fmt::Debug for TaskGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup").field("len", &self.len()).finish_non_exhaustive()
    }
}
