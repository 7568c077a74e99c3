//! Tasks for plain threads.

use super::Handle;
use crate::concurrent::{self, Promise};
use crate::util::contain::{Payload, catch};
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::task::Poll;

impl Handle {
    /// Spawns a task, and returns a future that plain threads can wait for; see
    /// [`run_coroutine_threadsafe`](crate::asyncio::run_coroutine_threadsafe).
    ///
    /// # Examples
    /// ```
    /// let runtime = sheave::runtime::Runtime::new()?;
    /// let answer = runtime.handle().spawn_threadsafe(async { 6 * 7 });
    /// assert_eq!(answer.wait().unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_threadsafe<F>(&self, future: F) -> concurrent::Future<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (promise, outcome) = concurrent::promise();
        let task = self.shared.spawn(
            keep(future, OrCancel(Some(promise))),
            crate::tasks::Spec::at(Location::caller()),
        );
        let task = task.abort_handle();
        outcome.add_done_callback(move |outcome| {
            if outcome.as_ref().is_err_and(|error| error.is_cancelled()) {
                task.abort();
            }
        });
        outcome
    }
}

/// Keeps a promise with what a future ends with. Dropped before, it cancels, after the future is dropped.
async fn keep<F: Future>(future: F, promise: OrCancel<F::Output>) {
    let result = caught(future).await;
    promise.keep(result);
}

/// The output of a future, or what it has panicked with.
async fn caught<F: Future>(future: F) -> Result<F::Output, Payload> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch(|| future.as_mut().poll(cx)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(payload) => Poll::Ready(Err(payload)),
    })
    .await
}

/// A promise that is cancelled if it is dropped.
struct OrCancel<T>(Option<Promise<T>>);

impl<T> OrCancel<T> {
    fn keep(mut self, result: Result<T, Payload>) {
        let promise = self.0.take().expect("it is kept once");
        match result {
            // Whoever has cancelled does not want the value.
            Ok(value) => drop(promise.set_result(value)),
            Err(payload) => promise.set_panic(payload),
        }
    }
}

impl<T> Drop for OrCancel<T> {
    fn drop(&mut self) {
        if let Some(promise) = self.0.take() {
            promise.cancel();
        }
    }
}
