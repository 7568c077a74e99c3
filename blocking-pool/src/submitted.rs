//! An accepted job as its submitter remembers it.

use crate::queues::Ticket;
use crate::reentry;
use crate::shared::Shared;
use sheave_facade::sync::Arc;
use std::fmt;

/// A job that a pool has accepted: see [`Pool::submit_tracked`](crate::Pool::submit_tracked).
///
/// It knows its pool but does not keep it open: the pool ends with its last handle.
#[derive(Clone)]
pub struct Submitted {
    shared: Arc<Shared>,
    ticket: Ticket,
}

impl Submitted {
    pub(crate) fn new(shared: Arc<Shared>, ticket: Ticket) -> Self {
        Self { shared, ticket }
    }

    /// Cancels the job if it still waits: it is taken off the queue and
    /// [`Job::cancel`](crate::Job::cancel) is called on it, here. Returns false if it is running or
    /// over, which changes nothing.
    ///
    /// ```
    /// use sheave_blocking_pool::{Builder, Job};
    ///
    /// struct Nothing;
    /// impl Job for Nothing {
    ///     fn run(self: Box<Self>) {}
    ///     fn cancel(self: Box<Self>) {}
    /// }
    ///
    /// let pool = Builder::new().max_threads(1).build();
    /// let (release, wait) = std::sync::mpsc::channel::<()>();
    /// let busy = pool.spawn(move || wait.recv());
    /// let waiting = pool.submit_tracked(Box::new(Nothing)).unwrap();
    /// assert!(waiting.cancel());
    /// assert!(!waiting.cancel());
    /// release.send(()).unwrap();
    /// busy.wait().unwrap().unwrap();
    /// ```
    pub fn cancel(&self) -> bool {
        self.shared.cancel_one(self.ticket)
    }

    /// Runs the job here and now if it still waits and this thread is one of its pool's. Returns
    /// whether it did.
    ///
    /// Who is about to wait for the job on such a thread calls this first: no other thread may be left
    /// to run it.
    pub fn run_if_member(&self) -> bool {
        reentry::is_member(self.shared.id()) && self.shared.run_here(self.ticket)
    }
}

impl fmt::Debug for Submitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitted").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}
