//! A future that keeps its output until it is asked for: one operand of `join!` or `try_join!`.
//!
//! | from    | call                                 | to                | returns          |
//! |---------|--------------------------------------|-------------------|------------------|
//! | Running | poll, the future is pending          | Running           | `Pending`        |
//! | Running | poll, the future is ready            | Done              | `Ready(())`      |
//! | Done    | poll                                 | Done              | `Ready(())`      |
//! | Done    | take_output, take_value, take_error  | Taken             | the output       |
//! | Done    | take_error, the output is `Ok`       | Done              | `None`           |
//!
//! The expansions never poll or take after Taken; doing so panics. The future is dropped on the way
//! to Done, before its siblings are polled on.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

pin_project! {
    /// See the module. Without bounds, so that what is no future is one error and not five.
    #[derive(Debug)]
    #[project = Projected]
    #[project_replace = Replaced]
    pub enum MaybeDone<F, T> {
        Running { #[pin] future: F },
        Done { output: T },
        Taken,
    }
}

impl<F: Future> MaybeDone<F, F::Output> {
    /// Nothing has been polled yet.
    pub fn new(future: impl IntoFuture<IntoFuture = F>) -> Self {
        Self::Running { future: future.into_future() }
    }

    /// Polls the future if it still runs.
    pub fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.as_mut().project() {
            Projected::Running { future } => {
                let output = ready!(future.poll(context));
                self.project_replace(Self::Done { output });
                Poll::Ready(())
            }
            Projected::Done { .. } => Poll::Ready(()),
            Projected::Taken => panic!("a joined future was polled after its output was taken"),
        }
    }

    /// Hands over the output.
    ///
    /// # Panics
    ///
    /// If the future is not done, or its output is gone.
    pub fn take_output(self: Pin<&mut Self>) -> F::Output {
        match self.project_replace(Self::Taken) {
            Replaced::Done { output } => output,
            Replaced::Running { .. } => panic!("the output of a joined future is not there yet"),
            Replaced::Taken => panic!("the output of a joined future was taken twice"),
        }
    }
}

impl<T, E, F: Future<Output = Result<T, E>>> MaybeDone<F, Result<T, E>> {
    /// Like [`new`](Self::new), and where the compiler says so if the output is not a `Result`.
    pub fn fallible(future: impl IntoFuture<IntoFuture = F>) -> Self {
        Self::new(future)
    }

    /// Hands over the error, if the future is done and has failed.
    pub fn take_error(mut self: Pin<&mut Self>) -> Option<E> {
        match self.as_mut().project() {
            Projected::Done { output: Err(_) } => self.take_output().err(),
            _ => None,
        }
    }

    /// Hands over the value of a future that is done and has not failed.
    ///
    /// # Panics
    ///
    /// If the future is not done or has failed, or its output is gone.
    pub fn take_value(self: Pin<&mut Self>) -> T {
        match self.take_output() {
            Ok(value) => value,
            Err(_) => panic!("a failed future was asked for its value"),
        }
    }
}
