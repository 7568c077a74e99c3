//! One task, awaited by many.

use crate::coop;
use crate::sync::wait_list::{Key, WaitList, wake};
use crate::tasks::{JoinError, JoinHandle};
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, Mutex};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker, ready};

/// The output of a task for everybody who has a clone of this: made by [`JoinHandle::shared`].
///
/// **asyncio**: a `Task` may be awaited several times, and every await returns the same value.
///
/// # Cancel safety
/// Strict: poll it through `&mut shared`. Dropping all clones detaches the task.
///
/// # Errors
/// A [`JoinError`] if the task was cancelled or panicked, the same one for all.
///
/// # Panics
/// Never; unlike a [`JoinHandle`], it returns the output again if it is polled again.
///
/// # Examples
/// ```
/// # #[sheave::main]
/// # async fn main() {
/// let answer = sheave::spawn(async { 6 * 7 }).shared();
/// let tasks: sheave::task::JoinSet<_> = (0..3).map(|_| answer.clone()).collect();
/// for output in tasks.join_all().await {
///     assert_eq!(output.unwrap(), 42);
/// }
/// assert_eq!(answer.await.unwrap(), 42);
/// # }
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct Shared<T> {
    group: Arc<Group<T>>,
    key: Option<Key>,
}

/// All clones.
struct Group<T>(Mutex<State<T>>);

struct State<T> {
    source: Source<T>,
    waiters: WaitList<(), ()>,
}

enum Source<T> {
    Task(JoinHandle<T>),
    /// Behind an `Arc`, so that it is copied without the lock.
    Output(Arc<Result<T, Arc<JoinError>>>),
}

impl<T: Send + 'static> JoinHandle<T> {
    /// Makes a future of the task's output that can be cloned, and awaited by several.
    pub fn shared(self) -> Shared<T>
    where
        T: Clone + Sync,
    {
        let state = State { source: Source::Task(self), waiters: WaitList::new() };
        Shared { group: Arc::new(Group(Mutex::new(state))), key: None }
    }
}

/// The task has ended: everybody looks.
impl<T: Send + Sync + 'static> Wake for Group<T> {
    fn wake(self: Arc<Self>) {
        if seeded::on("shared_wakes_nobody") {
            return;
        }
        let waiters = self.0.lock().waiters.answer_all(());
        wake(waiters);
    }
}

impl<T> State<T> {
    /// The output, if it is there. `waker` wakes the group when it is. Runs no code of a user: the
    /// waker is the group's, and the output is moved.
    fn look(&mut self, waker: &Waker) -> Option<Arc<Result<T, Arc<JoinError>>>> {
        if let Source::Task(task) = &mut self.source {
            let joined =
                coop::without_budget(|| Pin::new(task).poll(&mut Context::from_waker(waker)));
            let Poll::Ready(output) = joined else { return None };
            self.source = Source::Output(Arc::new(output.map_err(Arc::new)));
        }
        match &self.source {
            Source::Output(output) => Some(output.clone()),
            Source::Task(_) => unreachable!("replaced above"),
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Future for Shared<T> {
    type Output = Result<T, Arc<JoinError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = ready!(coop::poll_proceed(cx));
        let this = &mut *self;
        let own = cx.waker().clone();
        let group = if seeded::on("shared_task_wakes_one_task") {
            own.clone()
        } else {
            Waker::from(this.group.clone())
        };
        let mut state = this.group.0.lock();
        let output = state.look(&group);
        let left = this.key.take().map(|key| state.waiters.leave(key));
        let others = if output.is_some() && !seeded::on("shared_keeps_the_news") {
            // Whoever finds the output while it renews the task's waker keeps that from being woken.
            state.waiters.answer_all(())
        } else {
            Vec::new()
        };
        if output.is_none() {
            this.key = Some(state.waiters.join((), own));
        }
        drop(state);
        drop(left);
        wake(others);
        let Some(output) = output else { return Poll::Pending };
        progress.made_progress();
        Poll::Ready(Result::clone(&output))
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { group: self.group.clone(), key: None }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let left = self.group.0.lock().waiters.leave(key);
            drop(left);
        }
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom;
