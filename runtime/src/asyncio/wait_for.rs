//! `asyncio.wait_for`: a task with a time limit, and the certainty that it has ended.
//!
//! | state   | event                     | state   | and                                         |
//! |---------|---------------------------|---------|---------------------------------------------|
//! | Fresh   | poll, time to wait        | Running | the future is spawned, the time runs        |
//! | Fresh   | poll, no time at all      | –       | a future is dropped: ready with `Elapsed`   |
//! | Fresh   | poll, no time at all      | Ending  | a task that has not ended is aborted        |
//! | Fresh   | poll, no time at all      | Running | a task that has ended is not                |
//! | Running | the task ends             | –       | ready with its outcome                      |
//! | Running | the time is over          | Ending  | the task is aborted                         |
//! | Ending  | the task has a value all the same | – | ready with the value                     |
//! | Ending  | the task is gone          | –       | ready with `Elapsed`                        |
//! | Running, Ending | dropped           | –       | the task is aborted                         |

use super::IntoTask;
use crate::front::aside::Aside;
use crate::tasks::{JoinError, JoinHandle};
use crate::time::{self, Duration, Sleep};
use sheave_facade::seeded;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Runs a future as a task, or takes a task, and waits for it, but not much longer than `limit`: when
/// the time is over the task is aborted, **and waited for**, so that it is gone when this returns.
///
/// `None` waits for ever. With a limit of zero a future is dropped without a poll, and the output of a
/// task that has ended already is returned. A task that has an output when it is to be aborted keeps
/// it, and then it is returned: no output is ever lost between the two.
///
/// [`time::timeout`](crate::time::timeout()) needs no task and no allocation; but around a
/// [`JoinHandle`](crate::task::JoinHandle) it only gives up the wait, and the task runs on. So does one
/// that is given as a [`shield`](super::shield()).
///
/// # Differences from asyncio
/// `asyncio.wait_for`. The task cannot refuse to end; a blocking closure that runs can, and
/// is then waited for. Dropping this future aborts the task and, since a drop cannot wait, does not wait for
/// its end. What the task sets in [context variables](crate::asyncio::ContextVar) is not seen by the caller,
/// as in Python up to 3.11; [`timeout`](crate::time::timeout()) runs in the caller's context.
///
/// # Cancel safety
/// Consumes: dropping it aborts the task and drops its output.
///
/// # Errors
/// [`WaitForError::Elapsed`] if the time was over, [`WaitForError::Join`] if the task panicked or was
/// aborted by somebody else.
///
/// # Panics
/// When polled: if the thread is in no runtime.
///
/// # Examples
/// ```
/// use sheave::asyncio::{WaitForError, wait_for};
/// use sheave::time::Duration;
///
/// # #[sheave::main]
/// # async fn main() {
/// assert_eq!(wait_for(async { 7 }, Duration::from_secs(1)).await.unwrap(), 7);
///
/// let endless = std::future::pending::<()>();
/// let error = wait_for(endless, Duration::from_millis(1)).await.unwrap_err();
/// assert!(matches!(error, WaitForError::Elapsed));
/// # }
/// ```
#[track_caller]
pub fn wait_for<T, A: IntoTask<T>>(
    awaitable: A,
    limit: impl Into<Option<Duration>>,
) -> WaitFor<A, T> {
    let state = State::Fresh(Some(awaitable), limit.into());
    WaitFor { state, caller: Location::caller() }
}

/// The future of [`wait_for`].
#[must_use = "nothing starts until it is awaited"]
pub struct WaitFor<A, T> {
    state: State<A, T>,
    caller: &'static Location<'static>,
}

enum State<A, T> {
    Fresh(Option<A>, Option<Duration>),
    Running(JoinHandle<T>, Option<Sleep>),
    Ending(JoinHandle<T>),
}

// What is given is moved until it is a task.
impl<A, T> Unpin for WaitFor<A, T> {}

/// Why [`wait_for`] has no output.
#[derive(Debug)]
pub enum WaitForError {
    /// The time was over. The task is gone.
    Elapsed,
    /// The task panicked or was cancelled.
    Join(JoinError),
}

impl<A: IntoTask<T>, T> State<A, T> {
    /// From Fresh: the task. `None` if there is to be none.
    fn start(&mut self, caller: &'static Location<'static>) -> Option<()> {
        let Self::Fresh(awaitable, limit) = self else { return Some(()) };
        let awaitable = awaitable.take().expect("polled after it had returned its output");
        *self = if limit.is_some_and(|limit| limit.is_zero()) {
            let task = awaitable.into_started()?;
            if task.cancel() { Self::Ending(task) } else { Self::Running(task, None) }
        } else {
            let limit = limit.map(time::sleep);
            Self::Running(awaitable.into_task_at(caller), limit)
        };
        Some(())
    }
}

impl<A, T> State<A, T> {
    /// From Running: the task is aborted.
    fn give_up(&mut self) {
        let former = std::mem::replace(self, Self::Fresh(None, None));
        let Self::Running(task, _) = former else { unreachable!("given up once, while it runs") };
        task.abort();
        *self = Self::Ending(task);
    }
}

impl<A: IntoTask<T>, T> Future for WaitFor<A, T> {
    type Output = Result<T, WaitForError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { state, caller } = self.get_mut();
        if state.start(caller).is_none() {
            return Poll::Ready(Err(WaitForError::Elapsed));
        }
        if let State::Running(task, limit) = state {
            let aside = Aside::begin();
            if let Poll::Ready(outcome) = Pin::new(task).poll(cx) {
                return Poll::Ready(outcome.map_err(WaitForError::Join));
            }
            match limit {
                Some(limit) => ready!(aside.poll(|| Pin::new(limit).poll(cx))),
                None => return Poll::Pending,
            }
            state.give_up();
        }
        let State::Ending(task) = state else { unreachable!("given up above") };
        if seeded::on("wait_for_leaves_early") {
            return Poll::Ready(Err(WaitForError::Elapsed));
        }
        Poll::Ready(ready!(Pin::new(task).poll(cx)).map_err(|error| {
            if error.is_cancelled() { WaitForError::Elapsed } else { WaitForError::Join(error) }
        }))
    }
}

impl<A, T> Drop for WaitFor<A, T> {
    fn drop(&mut self) {
        if seeded::on("wait_for_drop_forgets_abort") {
            return;
        }
        if let State::Running(task, _) | State::Ending(task) = &self.state {
            task.abort();
        }
    }
}

impl<A, T> fmt::Debug for WaitFor<A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Fresh(..) => "fresh",
            State::Running(..) => "running",
            State::Ending(_) => "ending",
        };
        f.debug_struct("WaitFor").field("state", &state).finish_non_exhaustive()
    }
}

impl fmt::Display for WaitForError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elapsed => f.write_str("the task was aborted: its time is over"),
            Self::Join(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for WaitForError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Elapsed => None,
            Self::Join(error) => error.source(),
        }
    }
}

#[cfg(all(test, loom))]
mod loom;
