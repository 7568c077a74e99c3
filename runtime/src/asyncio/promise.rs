//! A future that is completed by hand: asyncio's `Future`.
//!
//! | state                | call                             | state     | returns, and does              |
//! |----------------------|----------------------------------|-----------|--------------------------------|
//! | pending              | `complete`                       | settled   | `Ok`; wakes all who wait       |
//! | settled, or taken    | `complete`                       | unchanged | the outcome comes back         |
//! | pending              | the last `Completer` is dropped  | settled, abandoned | wakes all who wait    |
//! | pending              | a `Promise` is polled            | pending   | `Pending`; keeps its waker     |
//! | settled, others look | a `Promise` is polled            | settled   | a copy                         |
//! | settled, nobody else | the last `Promise` is polled     | taken     | the outcome itself             |
//!
//! Between pending and settled is *calling*, see `callbacks`: done, and not yet for who waits.
//!
//! Absent: anything that leads back to pending; a poll of a promise that has returned its outcome.
//! All is under one lock, and no code of a user runs under it.

mod callbacks;
mod error;

pub use error::{InvalidStateError, PromiseError};

use callbacks::{Callback, Calls};

use crate::coop;
use crate::sync::wait_list::{Key, WaitList, wake};
use crate::util::waits::{SyncKind, noting};
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, Mutex};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// Makes a future that is completed by hand: asyncio's `loop.create_future()`.
///
/// The [`Completer`] sets its result, from any thread, once; the [`Promise`] is awaited. Both can be
/// cloned, and both can cancel. No runtime is needed.
///
/// # Differences from asyncio
/// - The two ends are two values. If every completer is dropped, whoever awaits gets
///   [`PromiseError::Abandoned`] instead of waiting for ever.
/// - Both ends may be used from any thread.
/// - Use [`std::convert::Infallible`] as `E` if there are no exceptions to set.
///
/// # Examples
/// ```
/// use sheave::asyncio::create_future;
/// use std::convert::Infallible;
///
/// # #[sheave::main]
/// # async fn main() {
/// let (completer, promise) = create_future::<_, Infallible>();
/// sheave::spawn(async move { completer.set_result(666) });
/// assert_eq!(promise.await.unwrap(), 666);
/// # }
/// ```
pub fn create_future<T, E>() -> (Completer<T, E>, Promise<T, E>) {
    let state = State {
        outcome: Stage::Pending,
        completers: 1,
        promises: 1,
        copy: None,
        waiters: WaitList::new(),
        callbacks: VecDeque::new(),
        registered: 0,
    };
    let shared = Arc::new(Mutex::new(state));
    (Completer { shared: shared.clone() }, Promise { shared, key: None, is_done: false })
}

/// The end of a [`create_future`] that sets its outcome. Of all clones, the first one to do so wins.
pub struct Completer<T, E> {
    shared: Arc<Mutex<State<T, E>>>,
}

/// The end of a [`create_future`] that is awaited: by several, if result and exception can be cloned.
///
/// # Cancel safety
/// Strict: poll it through `&mut promise`, and the outcome is still there after a dropped wait.
///
/// # Panics
/// If it is polled again after it has returned its outcome.
#[must_use = "futures do nothing unless polled"]
pub struct Promise<T, E> {
    shared: Arc<Mutex<State<T, E>>>,
    key: Option<Key>,
    is_done: bool,
}

type Outcome<T, E> = Result<T, PromiseError<E>>;

/// Copies an outcome. Known from the first clone of a promise on, which needs it to be `Clone`.
type Copy<T, E> = fn(&Outcome<T, E>) -> Outcome<T, E>;

struct State<T, E> {
    outcome: Stage<T, E>,
    completers: usize,
    promises: usize,
    copy: Option<Copy<T, E>>,
    waiters: WaitList<(), ()>,
    callbacks: VecDeque<Callback<T, E>>,
    /// How many callbacks ever were.
    registered: u64,
}

// SAFETY: what is not `Send` by itself is the `Arc` of an outcome that is not `Sync`. It is cloned only
// if there are several promises, and to clone a promise needs `Sync`; otherwise the outcome moves.
unsafe impl<T: Send, E: Send> Send for State<T, E> {}

enum Stage<T, E> {
    Pending,
    /// Callbacks have the outcome.
    Calling,
    /// Behind an `Arc`, so that it is copied without the lock.
    Settled(Arc<Outcome<T, E>>),
    /// The only promise left has returned it.
    Taken,
}

impl<T, E> Completer<T, E> {
    /// Sets the result, and wakes all who wait.
    ///
    /// # Errors
    /// If the future is done, or was cancelled; the value comes back.
    pub fn set_result(&self, result: T) -> Result<(), InvalidStateError<T>> {
        complete(&self.shared, Ok(result)).map_err(|outcome| match outcome {
            Ok(value) => InvalidStateError { value, is_done: true },
            Err(_) => unreachable!("a result comes back as it went in"),
        })
    }

    /// Sets an exception, and wakes all who wait.
    ///
    /// # Errors
    /// If the future is done, or was cancelled; the exception comes back.
    pub fn set_exception(&self, exception: E) -> Result<(), InvalidStateError<E>> {
        let outcome = Err(PromiseError::Exception(exception));
        complete(&self.shared, outcome).map_err(|outcome| match outcome {
            Err(PromiseError::Exception(value)) => InvalidStateError { value, is_done: true },
            _ => unreachable!("an exception comes back as it went in"),
        })
    }

    /// Cancels the future. Returns `false` if it was done.
    pub fn cancel(&self) -> bool {
        complete(&self.shared, Err(PromiseError::Cancelled(None))).is_ok()
    }

    /// As [`cancel`](Self::cancel), and says why.
    pub fn cancel_with_message(&self, message: impl Into<Cow<'static, str>>) -> bool {
        complete(&self.shared, Err(PromiseError::Cancelled(Some(message.into())))).is_ok()
    }

    /// Whether the future has a result or an exception, or was cancelled: asyncio's `done()`.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !matches!(self.shared.lock().outcome, Stage::Pending)
    }
}

impl<T, E> Promise<T, E> {
    /// Cancels the future: its completer can set nothing any more. Returns `false` if it was done.
    pub fn cancel(&self) -> bool {
        complete(&self.shared, Err(PromiseError::Cancelled(None))).is_ok()
    }

    /// As [`cancel`](Self::cancel), and says why.
    pub fn cancel_with_message(&self, message: impl Into<Cow<'static, str>>) -> bool {
        complete(&self.shared, Err(PromiseError::Cancelled(Some(message.into())))).is_ok()
    }

    /// Whether the future has a result or an exception, or was cancelled: asyncio's `done()`.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !matches!(self.shared.lock().outcome, Stage::Pending)
    }

    /// The outcome, without waiting: asyncio's `result()`. A promise returns it once.
    ///
    /// # Errors
    /// If the future is not done.
    ///
    /// # Panics
    /// If this promise has returned its outcome before.
    pub fn try_result(&mut self) -> Result<Result<T, PromiseError<E>>, InvalidStateError> {
        self.look(None).ok_or(InvalidStateError { value: (), is_done: false })
    }

    /// The outcome, if it is there; otherwise `cx` is to be woken.
    fn look(&mut self, cx: Option<&Context<'_>>) -> Option<Outcome<T, E>> {
        assert!(!self.is_done, "a `Promise` was used again after it had returned its outcome");
        // To clone and to drop a waker is code of a user, so both are done without the lock.
        let waker = cx.map(|cx| cx.waker().clone());
        let mut state = self.shared.lock();
        let (outcome, copy) = match &state.outcome {
            Stage::Pending | Stage::Calling => {
                let former = waker.and_then(|waker| state.wait(&mut self.key, waker));
                drop(state);
                drop(former);
                return None;
            }
            Stage::Settled(_) if state.promises == 1 => (state.take(), state.copy),
            Stage::Settled(outcome) => (outcome.clone(), state.copy),
            Stage::Taken => unreachable!("it is taken by the last promise"),
        };
        let left = self.key.take().map(|key| state.waiters.leave(key));
        self.is_done = true;
        drop(state);
        drop((left, waker));
        // Whoever else refers to it is a promise that copies, and knows how.
        Some(Arc::try_unwrap(outcome).unwrap_or_else(|outcome| {
            copy.expect("a promise with a clone knows how to copy")(&outcome)
        }))
    }
}

impl<T, E> State<T, E> {
    fn wait(&mut self, key: &mut Option<Key>, waker: Waker) -> Option<Waker> {
        match key {
            Some(key) => Some(self.waiters.change_waker(key, waker)),
            None => {
                *key = Some(self.waiters.join((), waker));
                None
            }
        }
    }

    fn take(&mut self) -> Arc<Outcome<T, E>> {
        match mem::replace(&mut self.outcome, Stage::Taken) {
            Stage::Settled(outcome) => outcome,
            Stage::Pending | Stage::Calling | Stage::Taken => {
                unreachable!("looked at just now")
            }
        }
    }
}

/// Settles a pending future and wakes who waits; hands the outcome back if it is too late.
fn complete<T, E>(
    shared: &Arc<Mutex<State<T, E>>>,
    outcome: Outcome<T, E>,
) -> Result<(), Outcome<T, E>> {
    let outcome = Arc::new(outcome);
    let mut state = shared.lock();
    if !matches!(state.outcome, Stage::Pending) && !seeded::on("promise_set_twice") {
        drop(state);
        return Err(Arc::into_inner(outcome).expect("nobody else has seen it"));
    }
    if let Some(first) = state.first_callback() {
        state.outcome = Stage::Calling;
        drop(state);
        first.begin(Calls { shared: shared.clone(), outcome: Some(outcome) });
        return Ok(());
    }
    let former = mem::replace(&mut state.outcome, Stage::Settled(outcome));
    let waiters: Vec<Waker> = if seeded::on("promise_wakes_first_only") {
        state.waiters.answer_first(()).into_iter().collect()
    } else {
        state.waiters.answer_all(())
    };
    drop(state);
    drop(former);
    wake(waiters);
    Ok(())
}

impl<T, E> Future for Promise<T, E> {
    type Output = Result<T, PromiseError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = ready!(coop::poll_proceed(cx));
        match self.look(Some(cx)) {
            Some(outcome) => {
                progress.made_progress();
                Poll::Ready(outcome)
            }
            None => noting(SyncKind::Promise, &*self.shared, Poll::Pending),
        }
    }
}

/// A future of the same outcome. Each clone returns it once.
impl<T: Clone + Sync, E: Clone + Sync> Clone for Promise<T, E> {
    fn clone(&self) -> Self {
        assert!(!self.is_done, "a `Promise` was cloned after it had returned its outcome");
        let mut state = self.shared.lock();
        state.promises += 1;
        state.copy = Some(Outcome::clone);
        Self { shared: self.shared.clone(), key: None, is_done: false }
    }
}

impl<T, E> Clone for Completer<T, E> {
    fn clone(&self) -> Self {
        self.shared.lock().completers += 1;
        Self { shared: self.shared.clone() }
    }
}

impl<T, E> Drop for Completer<T, E> {
    fn drop(&mut self) {
        let is_last = {
            let mut state = self.shared.lock();
            state.completers -= 1;
            state.completers == 0
        };
        if is_last && !seeded::on("promise_abandons_silently") {
            // Done already: then nothing changes.
            drop(complete(&self.shared, Err(PromiseError::Abandoned)));
        }
    }
}

impl<T, E> Drop for Promise<T, E> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.promises -= 1;
        let left = self.key.take().map(|key| state.waiters.leave(key));
        let outcome = (state.promises == 0 && matches!(state.outcome, Stage::Settled(_)))
            .then(|| mem::replace(&mut state.outcome, Stage::Taken));
        drop(state);
        drop((left, outcome));
    }
}

impl<T, E> fmt::Debug for Completer<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completer").field("is_finished", &self.is_finished()).finish()
    }
}

impl<T, E> fmt::Debug for Promise<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promise").field("is_finished", &self.is_finished()).finish()
    }
}

#[cfg(all(test, loom))]
mod loom;
