//! `asyncio.to_thread`: a closure on the blocking pool, as a future of its result.

use crate::task::{JoinHandle, spawn_blocking};
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Runs a closure that may block on a thread of the blocking pool and yields its result. As in
/// asyncio, the job is submitted when the future is first polled.
///
/// Unlike [`spawn_blocking`](crate::task::spawn_blocking()) there is no handle and no second
/// `Result`: a panic of the closure continues in the caller.
///
/// # Cancel safety
/// Consumes: a job that waits in the queue is cancelled with the future; one that runs goes on to
/// its end, and its result is dropped.
///
/// # Panics
/// If the closure panics, if the thread is in no runtime, or if the runtime shuts down before the
/// closure could run.
///
/// # Examples
/// ```
/// # #[sheave::main]
/// # async fn main() {
/// let sum = sheave::to_thread(|| (1..=1000u64).sum::<u64>()).await;
/// assert_eq!(sum, 500500);
/// # }
/// ```
pub fn to_thread<F, R>(f: F) -> ToThread<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    ToThread { state: State::New(Some(f)) }
}

/// The future of [`to_thread`].
#[must_use = "the closure does not run until the future is polled"]
#[derive(Debug)]
pub struct ToThread<F, R> {
    state: State<F, R>,
}

#[derive(Debug)]
enum State<F, R> {
    New(Option<F>),
    Submitted(JoinHandle<R>),
}

// The closure is moved, never pinned.
impl<F, R> Unpin for ToThread<F, R> {}

impl<F, R> Future for ToThread<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        if let State::New(f) = &mut self.state {
            let f = f.take().expect("submitting the job has panicked before");
            self.state = State::Submitted(spawn_blocking(f));
        }
        let State::Submitted(handle) = &mut self.state else { unreachable!("submitted above") };
        Poll::Ready(match ready!(Pin::new(handle).poll(cx)) {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(payload) => resume_unwind(payload),
                Err(_) => panic!("`to_thread`: the runtime shut down before the closure could run"),
            },
        })
    }
}

impl<F, R> Drop for ToThread<F, R> {
    fn drop(&mut self) {
        if let State::Submitted(handle) = &self.state {
            handle.abort();
        }
    }
}
