//! What a pool runs, and what a user may put in a pool's place.

use crate::error::{RejectReason, Rejected};
use crate::submitted::Submitted;
use sheave_facade::sync::Arc;
use std::panic::Location;

/// What a job is called and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobOrigin {
    /// Its name, if it has one.
    pub name: Option<Box<str>>,
    /// Where it was submitted, if that is known.
    pub submitted_at: Option<&'static Location<'static>>,
}

/// A unit of blocking work that knows how to end in either of two ways.
///
/// Exactly one of its methods is called on a job that was accepted, exactly once, and never
/// under a lock of the pool. A job that was rejected is handed back untouched. Closures need not
/// implement this trait: [`Pool::spawn`](crate::Pool::spawn) wraps them.
///
/// ```
/// use sheave_blocking_pool::{Job, Pool};
///
/// struct Greeting(std::sync::mpsc::Sender<&'static str>);
///
/// impl Job for Greeting {
///     fn run(self: Box<Self>) {
///         self.0.send("hello").unwrap();
///     }
///     fn cancel(self: Box<Self>) {
///         self.0.send("not today").unwrap();
///     }
/// }
///
/// let (sender, receiver) = std::sync::mpsc::channel();
/// Pool::new().submit(Box::new(Greeting(sender))).unwrap();
/// assert_eq!(receiver.recv().unwrap(), "hello");
/// ```
pub trait Job: Send {
    /// Does the work, on a thread of the pool. A panic is caught and counted; the thread lives on.
    fn run(self: Box<Self>);

    /// Gives the work up, on the thread that cancels or shuts down. Should be quick.
    fn cancel(self: Box<Self>);

    /// What a report says about the job. Called when it is submitted.
    fn origin(&self) -> JobOrigin {
        JobOrigin::default()
    }

    /// Ends a job that was not accepted, for a submitter who does not want it back, or that the executor
    /// found itself unable to do. Unless overridden, this is [`cancel`](Self::cancel).
    fn reject(self: Box<Self>, _reason: RejectReason) {
        self.cancel();
    }
}

/// Anything that can run a [`Job`] somewhere else: a [`Pool`](crate::Pool), a
/// [`Lane`](crate::Lane), a process pool, a broker.
///
/// An implementation that answers `Ok` promises to call `run`, `cancel` or `reject` on the job exactly
/// once.
pub trait Executor: Send + Sync {
    /// Hands the job over and returns without waiting for it.
    ///
    /// # Errors
    /// The job itself, with the reason why it was not accepted.
    fn execute(&self, job: Box<dyn Job>) -> Result<(), Rejected>;

    /// Like [`execute`](Self::execute), and returns what can withdraw the job while it waits, if there is
    /// such a thing. Only a pool has it; leave this as it is otherwise.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    fn execute_tracked(&self, job: Box<dyn Job>) -> Result<Option<Submitted>, Rejected> {
        self.execute(job).map(|()| None)
    }
}

impl<E: Executor + ?Sized> Executor for Arc<E> {
    fn execute(&self, job: Box<dyn Job>) -> Result<(), Rejected> {
        (**self).execute(job)
    }

    fn execute_tracked(&self, job: Box<dyn Job>) -> Result<Option<Submitted>, Rejected> {
        (**self).execute_tracked(job)
    }
}
