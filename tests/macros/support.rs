//! Futures that tell what is done to them.

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, entry: impl Into<String>) {
        self.0.borrow_mut().push(entry.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        self.0.take()
    }

    /// A future that is pending `polls` times, then ready with `output`, and logs
    /// `"<name> polled"` and `"<name> dropped"`.
    pub(crate) fn after<T>(&self, polls: usize, name: &str, output: T) -> After<T> {
        After { log: self.clone(), name: name.into(), polls, output: Some(output) }
    }
}

pub(crate) struct After<T> {
    log: Log,
    name: String,
    polls: usize,
    output: Option<T>,
}

impl<T> Unpin for After<T> {}

impl<T> Future for After<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.log.add(format!("{} polled", self.name));
        if self.polls == 0 {
            return Poll::Ready(self.output.take().expect("polled after it was done"));
        }
        self.polls -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<T> Drop for After<T> {
    fn drop(&mut self) {
        self.log.add(format!("{} dropped", self.name));
    }
}

/// Polls a future once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls a future that must be ready at once.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match poll_once(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is not ready"),
    }
}
