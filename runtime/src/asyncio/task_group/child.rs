//! A member of a task group, as the runtime sees it.

use super::Shared;
use super::error::{Failed, TaskFailure};
use super::state::Key;
use crate::sync::{OwnedSemaphorePermit, oneshot};
use crate::tasks::{JoinError, current_id};
use crate::util::contain::{Payload, catch, contain, discard};
use pin_project_lite::pin_project;
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, Mutex};
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A place in the group, given up by dropping it.
pub(super) struct Ticket<E> {
    pub(super) group: Arc<Shared<E>>,
    pub(super) key: Key,
    /// Its slot, in a group with a limit.
    pub(super) _slot: Option<OwnedSemaphorePermit>,
}

impl<E> Drop for Ticket<E> {
    fn drop(&mut self) {
        let (todo, is_closed) = {
            let mut state = self.group.state.lock();
            (state.leave(self.key), state.is_closed())
        };
        todo.run();
        if is_closed {
            self.group.closed.notify_waiters();
        }
    }
}

/// Where a member's outcome goes: a value to its handle, a failure to the group.
pub(super) struct Report<T, E> {
    to: Option<oneshot::Sender<Result<T, Failed>>>,
    ticket: Ticket<E>,
}

impl<T, E> Report<T, E> {
    pub(super) fn new(ticket: Ticket<E>, to: oneshot::Sender<Result<T, Failed>>) -> Self {
        Self { to: Some(to), ticket }
    }

    /// The member has ended.
    pub(super) fn outcome(&mut self, outcome: Result<Result<T, E>, Payload>) -> Unread {
        match outcome {
            Ok(Ok(value)) => {
                self.tell(Ok(value));
                Unread(None)
            }
            Ok(Err(error)) => self.fail(TaskFailure::Err(error)),
            Err(payload) => self.panicked(payload),
        }
    }

    fn panicked(&mut self, payload: Payload) -> Unread {
        match current_id() {
            Some(id) => self.fail(TaskFailure::Panic(JoinError::panicked(id, payload))),
            // The runtime is gone, and with it whoever would read of this.
            None => {
                discard(payload);
                Unread(None)
            }
        }
    }

    fn fail(&mut self, failure: TaskFailure<E>) -> Unread {
        let unread = self.ticket.group.fail(failure);
        self.tell(Err(Failed));
        match unread {
            Some(TaskFailure::Panic(error)) => Unread(Some(error.into_panic())),
            Some(TaskFailure::Err(error)) => {
                contain(|| drop(error));
                Unread(None)
            }
            None => Unread(None),
        }
    }

    fn tell(&mut self, result: Result<T, Failed>) {
        if let Some(to) = self.to.take() {
            // Nobody may wait for it.
            contain(|| drop(to.send(result)));
        }
    }
}

/// A panic that the group has no reader for.
#[must_use = "it goes on in the task of the member, where it is told as any that nobody reads"]
pub(super) struct Unread(Option<Payload>);

impl Unread {
    /// Lets it go on, at the end of the member's work.
    fn go_on(self) {
        match self.0 {
            Some(payload) if std::thread::panicking() => discard(payload),
            Some(payload) => resume_unwind(payload),
            None => {}
        }
    }

    /// Of two, the first.
    fn or(self, later: Self) -> Self {
        match (self.0, later.0) {
            (Some(first), Some(second)) => {
                discard(second);
                Self(Some(first))
            }
            (first, second) => Self(first.or(second)),
        }
    }
}

pin_project! {
    /// The future of a member. It is dropped before its place is given up.
    pub(super) struct Child<F, T, E> {
        #[pin]
        future: Option<F>,
        report: Report<T, E>,
    }

    impl<F, T, E> PinnedDrop for Child<F, T, E> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Err(payload) = catch(|| this.future.set(None)) {
                this.report.panicked(payload).go_on();
            }
        }
    }
}

impl<F, T, E> Child<F, T, E> {
    pub(super) fn new(future: F, report: Report<T, E>) -> Self {
        Self { future: Some(future), report }
    }
}

impl<F, T, E> Future for Child<F, T, E>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut().expect("polled until it is ready");
        let outcome = match catch(|| future.poll(cx)) {
            Ok(polled) => Ok(ready!(polled)),
            Err(payload) => Err(payload),
        };
        let dropped = match catch(|| this.future.set(None)) {
            Ok(()) => Unread(None),
            Err(payload) => this.report.panicked(payload),
        };
        this.report.outcome(outcome).or(dropped).go_on();
        Poll::Ready(())
    }
}

/// The closure of a member that may block. It, too, is dropped before its place is given up.
pub(super) struct BlockingChild<F, T, E> {
    errand: Arc<Mutex<Errand<F>>>,
    report: Report<T, E>,
}

/// A closure that is submitted to a pool, which may refuse it and drop its child at once.
///
/// | from      | event                   | to        | the closure                      |
/// |-----------|-------------------------|-----------|----------------------------------|
/// | going     | `submitted`             | submitted | stays for `run`                  |
/// | going     | the child is dropped    | dropped   | stays for who submits it         |
/// | dropped   | `submitted`             | over      | goes back to who submits it      |
/// | submitted | the child is dropped    | over      | is dropped, before its place is given up |
/// | going, submitted | `run`            | same      | is called                        |
pub(super) struct Errand<F> {
    closure: Option<F>,
    is_submitted: bool,
    is_dropped: bool,
}

impl<F, T, E> BlockingChild<F, T, E> {
    pub(super) fn new(closure: F, report: Report<T, E>) -> Self {
        let errand = Errand { closure: Some(closure), is_submitted: false, is_dropped: false };
        Self { errand: Arc::new(Mutex::new(errand)), report }
    }

    pub(super) fn errand(&self) -> Arc<Mutex<Errand<F>>> {
        self.errand.clone()
    }

    pub(super) fn run(mut self)
    where
        F: FnOnce() -> Result<T, E>,
    {
        let closure = self.errand.lock().closure.take();
        self.report.outcome(catch(closure.expect("it is called once"))).go_on();
    }
}

impl<F> Errand<F> {
    /// The pool has taken the closure, or has refused it: then it comes back.
    pub(super) fn submitted(&mut self) -> Option<F> {
        self.is_submitted = true;
        let is_refused = self.is_dropped && !seeded::on("task_group_forgets_refused");
        if is_refused { self.closure.take() } else { None }
    }
}

impl<F, T, E> Drop for BlockingChild<F, T, E> {
    fn drop(&mut self) {
        let closure = {
            let mut errand = self.errand.lock();
            errand.is_dropped = true;
            if errand.is_submitted { errand.closure.take() } else { None }
        };
        if let Err(payload) = catch(|| drop(closure)) {
            self.report.panicked(payload).go_on();
        }
    }
}
