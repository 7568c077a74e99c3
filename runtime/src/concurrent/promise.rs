//! The setter's side of a future.

use super::state::State;
use super::{Future, FutureError};
use sheave_facade::sync::Arc;
use std::any::Any;
use std::fmt;

/// A future and the promise to set it, for those who write an executor or bridge two worlds.
///
/// # Examples
/// ```
/// let (promise, future) = sheave::concurrent::promise();
/// std::thread::spawn(move || promise.set_result(42));
/// assert_eq!(future.wait().unwrap(), 42);
/// ```
pub fn promise<T>() -> (Promise<T>, Future<T>) {
    Future::pair()
}

/// Sets a [`Future`], once. Dropped without a result, it leaves [`FutureError::Abandoned`].
///
/// These are the methods of Python's `Future` that only executors should call.
#[must_use = "a promise that is dropped leaves its future without a value"]
pub struct Promise<T> {
    /// `None` once a result was set.
    state: Option<Arc<State<T>>>,
}

impl<T> Promise<T> {
    pub(super) fn new(state: Arc<State<T>>) -> Self {
        Self { state: Some(state) }
    }

    pub(super) fn state(&self) -> &Arc<State<T>> {
        self.state.as_ref().expect("a promise is used up by setting it")
    }

    /// Says that the work begins: from now on the future cannot be cancelled. Returns false if it was
    /// cancelled before, and then the work must not be done.
    ///
    /// # Examples
    /// ```
    /// let (promise, future) = sheave::concurrent::promise::<()>();
    /// assert!(promise.set_running_or_notify_cancel());
    /// assert!(future.running() && !future.cancel());
    /// ```
    pub fn set_running_or_notify_cancel(&self) -> bool {
        self.state().start()
    }

    /// Sets the value, runs the callbacks here and wakes who waits.
    ///
    /// # Errors
    /// The value, if the future was cancelled. Python raises `InvalidStateError`.
    pub fn set_result(self, value: T) -> Result<(), T> {
        self.settle(Ok(value))
            .map_err(|outcome| outcome.unwrap_or_else(|_| unreachable!("it is Ok")))
    }

    /// Says that the work has panicked. A future that was cancelled stays so.
    pub fn set_panic(self, payload: Box<dyn Any + Send + 'static>) {
        self.fail(FutureError::panic(payload));
    }

    /// Says why there will be no value. A future that was cancelled stays so.
    pub fn set_exception(self, error: FutureError) {
        self.fail(error);
    }

    /// Cancels the future from this side, unless its work has begun.
    pub fn cancel(self) -> bool {
        self.state().cancel()
    }

    /// Whether the future was cancelled, or somebody has tried to after the work had begun.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.state().is_unwanted()
    }

    pub(super) fn fail(self, error: FutureError) {
        let _ = self.settle(Err(error));
    }

    fn settle(mut self, outcome: Result<T, FutureError>) -> Result<(), Result<T, FutureError>> {
        let state = self.state.take().expect("a promise is used up by setting it");
        state.settle(outcome)
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(state) = self.state.take() {
            let _ = state.settle(Err(FutureError::Abandoned));
        }
    }
}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let look = self.state.as_ref().map(|state| state.look());
        f.debug_struct("Promise").field("state", &look).finish()
    }
}
