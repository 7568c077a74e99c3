//! A set of tasks that are joined in the order of their completion.

use super::local_set::{self, LocalSet};
use super::spawn;
use crate::coop;
use crate::tasks::{AbortHandle, Id, JoinError, JoinHandle};
use crate::util::ReadyKeys;
use crate::util::waits::{self, SyncKind, Wait};
use slab::Slab;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// A set of tasks with outputs of one type, joined in the order in which they complete.
///
/// Dropping the set aborts all tasks in it. To join one costs the same however many there are.
///
/// # Examples
/// ```
/// use sheave::task::JoinSet;
///
/// # #[sheave::main]
/// # async fn main() -> Result<(), sheave::task::JoinError> {
/// let mut set = JoinSet::new();
/// for n in 1..=10 {
///     set.spawn(async move { n * n });
/// }
/// let mut sum = 0;
/// while let Some(square) = set.join_next().await {
///     sum += square?;
/// }
/// assert_eq!(sum, 385);
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping a `JoinSet` aborts its tasks"]
pub struct JoinSet<T> {
    members: Slab<Member<T>>,
    /// Keys of members whose tasks have completed.
    completed: ReadyKeys,
}

struct Member<T> {
    task: JoinHandle<T>,
    /// Hands in this member's key.
    waker: Waker,
}

impl<T> JoinSet<T> {
    /// An empty set.
    pub fn new() -> Self {
        Self { members: Slab::new(), completed: ReadyKeys::new() }
    }

    /// How many tasks have not been joined, those that have completed included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether all tasks have been joined.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task on the current runtime and adds it to the set. The handle can abort it.
    ///
    /// # Panics
    /// If the thread is in no runtime.
    #[track_caller]
    pub fn spawn<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(spawn::spawn(task))
    }

    /// Runs a closure on the blocking pool of the current runtime and adds it to the set. It can be
    /// aborted only until it begins.
    ///
    /// # Panics
    /// If the thread is in no runtime.
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(spawn::spawn_blocking(f))
    }

    /// Spawns a task that stays on this thread and adds it to the set; see
    /// [`spawn_local`](crate::task::spawn_local()).
    ///
    /// # Panics
    /// Outside a [`LocalSet`].
    #[track_caller]
    pub fn spawn_local<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(local_set::spawn_local(task))
    }

    /// Spawns a task on `local` and adds it to the set.
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, task: F, local: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(local.spawn_local(task))
    }

    /// Adds a task.
    pub(crate) fn insert(&mut self, task: JoinHandle<T>) -> AbortHandle {
        let abort = task.abort_handle();
        let entry = self.members.vacant_entry();
        let waker = self.completed.waker(entry.key());
        // A first poll would register the waker, and for a task that has completed it would return
        // the output; handing the key in makes the next join do either.
        waker.wake_by_ref();
        entry.insert(Member { task, waker });
        abort
    }

    /// Waits until one of the tasks completes, removes it and returns its output. `None` if the set
    /// is empty.
    ///
    /// # Cancel safety
    /// Strict: a task is removed only when its output is returned.
    ///
    /// # Errors
    /// A [`JoinError`] if the task was cancelled or panicked.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// As [`join_next`](Self::join_next), and says which task it was; a [`JoinError`] says so too.
    ///
    /// # Cancel safety
    /// Strict: a task is removed only when its output is returned.
    ///
    /// # Errors
    /// A [`JoinError`] if the task was cancelled or panicked.
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// Removes one of the tasks that have completed and returns its output. `None` if none has.
    ///
    /// # Errors
    /// A [`JoinError`] if the task was cancelled or panicked.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_join_next_with_id().map(without_id)
    }

    /// As [`try_join_next`](Self::try_join_next), and says which task it was.
    ///
    /// # Errors
    /// A [`JoinError`] if the task was cancelled or panicked.
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        while let Some(key) = self.completed.pop() {
            if let Poll::Ready(output) = self.poll_member(key) {
                return Some(output);
            }
        }
        None
    }

    /// Polls for the next task that completes. `Ready(None)` if the set is empty. Only the waker of
    /// the latest call is woken.
    ///
    /// # Errors
    /// A [`JoinError`] if the task was cancelled or panicked.
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_join_next_with_id(cx).map(|next| next.map(without_id))
    }

    /// As [`poll_join_next`](Self::poll_join_next), and says which task it was.
    ///
    /// # Errors
    /// A [`JoinError`] if the task was cancelled or panicked.
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        if self.members.is_empty() {
            return Poll::Ready(None);
        }
        let progress = ready!(coop::poll_proceed(cx));
        loop {
            let Poll::Ready(key) = self.completed.poll_pop(cx) else {
                let address = (&raw const *self).addr();
                waits::note(Wait::Sync { kind: SyncKind::JoinSet, address });
                return Poll::Pending;
            };
            if let Poll::Ready(output) = self.poll_member(key) {
                progress.made_progress();
                return Poll::Ready(Some(output));
            }
        }
    }

    /// Takes the output of the member with this key. `Pending` if there is no such member, or if it
    /// runs on; then completion hands its key in again.
    fn poll_member(&mut self, key: usize) -> Poll<Result<(Id, T), JoinError>> {
        let Some(Member { task, waker }) = self.members.get_mut(key) else {
            // A late wake, of a member that has been joined.
            return Poll::Pending;
        };
        let id = task.id();
        // The join as a whole is charged, not each look at a member.
        let mut cx = Context::from_waker(waker);
        let polled = waits::unnoted(|| coop::without_budget(|| Pin::new(task).poll(&mut cx)));
        let output = ready!(polled);
        self.members.remove(key);
        Poll::Ready(output.map(|output| (id, output)))
    }

    /// Aborts all tasks and waits until they have ended, whatever their outcome.
    ///
    /// # Cancel safety
    /// Strict: all are aborted at the first poll, and those that have not ended stay in the set.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Waits for all tasks and returns their outputs in the order of completion.
    ///
    /// # Cancel safety
    /// Consumes: dropping the future aborts what still runs and drops the outputs.
    ///
    /// # Panics
    /// If a task panicked, with its panic, or if one was cancelled. The others are then aborted.
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(outcome) = self.join_next().await {
            match outcome.map_err(JoinError::try_into_panic) {
                Ok(output) => outputs.push(output),
                Err(Ok(payload)) => resume_unwind(payload),
                Err(Err(cancelled)) => {
                    panic!("`JoinSet::join_all`: {cancelled}; `join_next` reports that instead")
                }
            }
        }
        outputs
    }

    /// Asks all tasks to end. They stay in the set until they are joined.
    pub fn abort_all(&mut self) {
        self.members.iter().for_each(|(_, member)| member.task.abort());
    }

    /// Removes all tasks without aborting them: they run on, and their outputs are dropped.
    pub fn detach_all(&mut self) {
        self.members.clear();
    }
}

fn without_id<T>(joined: Result<(Id, T), JoinError>) -> Result<T, JoinError> {
    joined.map(|(_, output)| output)
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.members.iter().for_each(|(_, member)| member.task.abort());
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Spawns each future on the current runtime.
///
/// # Panics
/// If the thread is in no runtime.
impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}

/// Spawns each future on the current runtime.
///
/// # Panics
/// If the thread is in no runtime.
impl<T, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    #[track_caller]
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.spawn(future);
        }
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish_non_exhaustive()
    }
}
