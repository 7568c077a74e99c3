//! The state that a promise and its future share, under one lock.
//!
//! | stage            | call          | stage   | returns, and does                                     |
//! |------------------|---------------|---------|-------------------------------------------------------|
//! | Pending, Running | `start`       | Running | true                                                  |
//! | Lent, Done, Taken| `start`       | –       | false: it was cancelled                               |
//! | Pending, Running | `settle`      | Lent    | `Ok`; `lend` follows                                  |
//! | Lent, Done, Taken| `settle`      | –       | the result comes back                                 |
//! | Pending          | `cancel`      | Lent    | true; `lend` follows                                  |
//! | Running          | `cancel`      | Running | false; notes that the result is unwanted              |
//! | Lent, Done, Taken| `cancel`      | –       | whether it was cancelled                              |
//! | Pending, Running, Lent | `add_callback` | –  | the callback waits                                    |
//! | Done             | `add_callback`| Lent    | `lend` follows                                        |
//! | Lent             | `lend`        | Done    | runs callbacks until there are none, then wakes        |
//! | Done             | `take`        | Taken   | the result                                            |
//! | Taken            | `take`, `add_callback` | – | panics                                              |
//! | any              | `stop_waiting` | –      | lets go of the waiter                                 |
//!
//! Lent means that one thread has the result in its hand and shows it to callbacks, without the lock
//! (W10). Whoever adds a callback meanwhile leaves it to that thread. A result is thus seen by its
//! callbacks before it is taken by its owner.

use super::FutureError;
use crate::util::contain::contain;
use crate::util::waits::{SyncKind, noting};
use sheave_facade::seeded;
use sheave_facade::sync::Mutex;
use std::mem;
use std::task::{Context, Poll, Waker};

/// What a future ends with.
pub(super) type Outcome<T> = Result<T, FutureError>;

/// Called once, with the result.
pub(super) type Callback<T> = Box<dyn FnOnce(&Outcome<T>) + Send>;

#[derive(Debug)]
enum Stage<T> {
    Pending,
    Running,
    Lent,
    Done(Outcome<T>),
    Taken,
}

/// How it ended; remembered when the result is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Value,
    Cancelled,
    Failed,
}

impl End {
    fn of<T>(outcome: &Outcome<T>) -> Self {
        match outcome {
            Ok(_) => Self::Value,
            Err(FutureError::Cancelled) => Self::Cancelled,
            Err(_) => Self::Failed,
        }
    }
}

struct Inner<T> {
    stage: Stage<T>,
    end: Option<End>,
    is_unwanted: bool,
    callbacks: Vec<Callback<T>>,
    waiter: Option<Waker>,
}

/// See the [module documentation](self).
pub(super) struct State<T> {
    inner: Mutex<Inner<T>>,
}

/// What a future looks like from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Pending,
    Running,
    Ended(End),
}

impl<T> State<T> {
    pub(super) fn new() -> Self {
        let inner = Inner {
            stage: Stage::Pending,
            end: None,
            is_unwanted: false,
            callbacks: Vec::new(),
            waiter: None,
        };
        Self { inner: Mutex::new(inner) }
    }

    /// The work begins, unless it was cancelled.
    pub(super) fn start(&self) -> bool {
        let mut inner = self.inner.lock();
        let is_due = matches!(inner.stage, Stage::Pending | Stage::Running);
        if is_due {
            inner.stage = Stage::Running;
        }
        is_due
    }

    /// The result is there.
    pub(super) fn settle(&self, outcome: Outcome<T>) -> Result<(), Outcome<T>> {
        let mut inner = self.inner.lock();
        if !matches!(inner.stage, Stage::Pending | Stage::Running) {
            return Err(outcome);
        }
        inner.end = Some(End::of(&outcome));
        inner.stage = Stage::Lent;
        drop(inner);
        self.lend(outcome);
        Ok(())
    }

    /// Whether the future is cancelled now.
    pub(super) fn cancel(&self) -> bool {
        let mut inner = self.inner.lock();
        match inner.stage {
            Stage::Pending => {}
            Stage::Running if seeded::on("future_cancels_what_runs") => {}
            Stage::Running => {
                inner.is_unwanted = true;
                return false;
            }
            Stage::Lent | Stage::Done(_) | Stage::Taken => {
                return inner.end == Some(End::Cancelled);
            }
        }
        inner.end = Some(End::Cancelled);
        inner.stage = Stage::Lent;
        drop(inner);
        self.lend(Err(FutureError::Cancelled));
        true
    }

    /// Calls `callback` with the result, when it is there.
    #[track_caller]
    pub(super) fn add_callback(&self, callback: Callback<T>) {
        let mut inner = self.inner.lock();
        match mem::replace(&mut inner.stage, Stage::Lent) {
            Stage::Done(outcome) => {
                inner.callbacks.push(callback);
                drop(inner);
                self.lend(outcome);
            }
            Stage::Taken => {
                inner.stage = Stage::Taken;
                drop(inner);
                panic!("{TAKEN}");
            }
            unsettled => {
                inner.stage = unsettled;
                if seeded::on("future_callback_added_late") {
                    drop(inner);
                    inner = self.inner.lock();
                }
                inner.callbacks.push(callback);
            }
        }
    }

    /// Shows the result to the callbacks, and then lays it down for its owner.
    fn lend(&self, outcome: Outcome<T>) {
        loop {
            let mut inner = self.inner.lock();
            let callbacks = mem::take(&mut inner.callbacks);
            if callbacks.is_empty() {
                inner.stage = Stage::Done(outcome);
                let waiter = inner.waiter.take();
                drop(inner);
                if let Some(waiter) = waiter.filter(|_| !seeded::on("future_wakes_nobody")) {
                    contain(|| waiter.wake());
                }
                return;
            }
            drop(inner);
            for callback in callbacks {
                // As in Python: a callback that fails does not keep the others from being called.
                contain(|| callback(&outcome));
            }
        }
    }

    /// Whether the result lies there; registers `cx` if not.
    pub(super) fn poll_done(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut clone: Option<Waker> = None;
        loop {
            let mut inner = self.inner.lock();
            if matches!(inner.stage, Stage::Done(_) | Stage::Taken) {
                return Poll::Ready(());
            }
            if inner.waiter.as_ref().is_some_and(|waiter| waiter.will_wake(cx.waker())) {
                return noting(SyncKind::ConcurrentFuture, self, Poll::Pending);
            }
            if let Some(waiter) = clone.take() {
                let former = inner.waiter.replace(waiter);
                drop(inner);
                drop(former);
                return noting(SyncKind::ConcurrentFuture, self, Poll::Pending);
            }
            drop(inner);
            // User code, hence without the lock (W10); the next round looks again.
            clone = Some(cx.waker().clone());
        }
    }

    /// Nobody waits any more.
    pub(super) fn stop_waiting(&self) {
        let waiter = self.inner.lock().waiter.take();
        drop(waiter);
    }

    /// The result, once [`poll_done`](Self::poll_done) was ready.
    #[track_caller]
    pub(super) fn take(&self) -> Outcome<T> {
        let mut inner = self.inner.lock();
        match mem::replace(&mut inner.stage, Stage::Taken) {
            Stage::Done(outcome) => outcome,
            other => {
                inner.stage = other;
                drop(inner);
                panic!("{TAKEN}");
            }
        }
    }

    /// The error, if the result lies there and is one.
    pub(super) fn error(&self) -> Option<FutureError> {
        match &self.inner.lock().stage {
            Stage::Done(Err(error)) => Some(error.clone()),
            _ => None,
        }
    }

    pub(super) fn look(&self) -> Look {
        let inner = self.inner.lock();
        match (inner.end, &inner.stage) {
            (Some(end), _) => Look::Ended(end),
            (None, Stage::Running) => Look::Running,
            (None, _) => Look::Pending,
        }
    }
}

impl<T> State<T> {
    /// Whether somebody has cancelled the future, or tried to.
    pub(super) fn is_unwanted(&self) -> bool {
        let inner = self.inner.lock();
        inner.is_unwanted || inner.end == Some(End::Cancelled)
    }
}

const TAKEN: &str = "the result of this future was taken already: take it once, and add callbacks \
                     before that";

#[cfg(all(test, loom))]
mod loom;
