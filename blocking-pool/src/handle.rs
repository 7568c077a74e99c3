//! The packet in which a closure travels to a thread and its result travels back.
//!
//! | from    | call           | to      | who                                              |
//! |---------|----------------|---------|--------------------------------------------------|
//! | Queued  | unpack         | Running | the thread that runs it, or a waiter in its place |
//! | Queued  | reclaim        | Taken   | a submitter whose job was rejected               |
//! | Queued  | deliver        | Done    | whoever cancels, rejects or drops the job        |
//! | Running | deliver        | Done    | the thread that ran it                           |
//! | Done    | collect        | Taken   | the handle                                       |
//! Absent: (Taken, collect), a handle is asked once; (Done, deliver), a job ends once (W8).
//!
//! Who may unpack is decided by the pool's queues, not here: only the owner of the job does.

#[cfg(all(test, loom))]
mod loom;

use crate::contain::contain;
use crate::error::{JobError, Payload, Rejected, TrySpawnError};
use crate::job::{Job, JobOrigin};
use crate::queues::Ticket;
use crate::reentry;
use crate::shared::Shared;
use sheave_facade::sync::{Arc, Condvar, Mutex};
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

enum Stage<F, T> {
    Queued(F),
    Running,
    Done(Result<T, JobError>),
    Taken,
}

struct Slot<F, T> {
    stage: Stage<F, T>,
    waker: Option<Waker>,
}

/// Shared by the job in the queue and the handle.
struct Packet<F, T> {
    slot: Mutex<Slot<F, T>>,
    delivered: Condvar,
}

impl<F, T> Packet<F, T> {
    fn new(body: F) -> Self {
        let slot = Mutex::new(Slot { stage: Stage::Queued(body), waker: None });
        Self { slot, delivered: Condvar::new() }
    }

    /// Takes the closure out to run it.
    fn unpack(&self) -> Option<F> {
        self.leave_queue(Stage::Running)
    }

    /// Takes the closure out to give it back.
    fn reclaim(&self) -> Option<F> {
        self.leave_queue(Stage::Taken)
    }

    fn leave_queue(&self, next: Stage<F, T>) -> Option<F> {
        let mut slot = self.slot.lock();
        match std::mem::replace(&mut slot.stage, next) {
            Stage::Queued(body) => Some(body),
            other => {
                slot.stage = other;
                None
            }
        }
    }

    fn is_queued(&self) -> bool {
        matches!(self.slot.lock().stage, Stage::Queued(_))
    }

    /// Puts the result in and tells whoever waits, after unlocking.
    fn deliver(&self, result: Result<T, JobError>) {
        let mut slot = self.slot.lock();
        debug_assert!(matches!(slot.stage, Stage::Queued(_) | Stage::Running), "a job ends once");
        let before = std::mem::replace(&mut slot.stage, Stage::Done(result));
        let waker = slot.waker.take();
        drop(slot);
        if !sheave_facade::seeded::on("handle_delivers_silently") {
            self.delivered.notify_all();
        }
        if let Some(waker) = waker {
            contain(|| waker.wake());
        }
        // Last, because what a closure captures may panic when it is dropped.
        drop(before);
    }
}

/// A packet as the handle sees it, without the closure's type.
trait Outcome<T>: Send + Sync {
    /// Takes the result if it is there.
    fn collect(&self) -> Option<Result<T, JobError>>;
    /// Takes the result if it is there, and leaves the waker if not.
    fn collect_or_register(&self, waker: Waker) -> Option<Result<T, JobError>>;
    /// Takes the result when it is there.
    fn wait(&self) -> Result<T, JobError>;
    fn is_done(&self) -> bool;
    /// Lets go of the waker.
    fn stop_waiting(&self);
}

impl<F, T> Slot<F, T> {
    #[track_caller]
    fn take_result(&mut self) -> Option<Result<T, JobError>> {
        match std::mem::replace(&mut self.stage, Stage::Taken) {
            Stage::Done(result) => Some(result),
            Stage::Taken => panic!("JobHandle polled after it returned its result"),
            unfinished => {
                self.stage = unfinished;
                None
            }
        }
    }
}

impl<F: Send, T: Send> Outcome<T> for Packet<F, T> {
    fn collect(&self) -> Option<Result<T, JobError>> {
        self.slot.lock().take_result()
    }

    fn collect_or_register(&self, waker: Waker) -> Option<Result<T, JobError>> {
        let mut slot = self.slot.lock();
        let result = slot.take_result();
        if sheave_facade::seeded::on("handle_registers_late") {
            drop(slot);
            slot = self.slot.lock();
        }
        let replaced = if result.is_none() { slot.waker.replace(waker) } else { slot.waker.take() };
        drop(slot);
        drop(replaced);
        result
    }

    fn wait(&self) -> Result<T, JobError> {
        let mut slot = self.slot.lock();
        loop {
            if let Some(result) = slot.take_result() {
                return result;
            }
            self.delivered.wait(&mut slot);
        }
    }

    fn is_done(&self) -> bool {
        matches!(self.slot.lock().stage, Stage::Done(_) | Stage::Taken)
    }

    fn stop_waiting(&self) {
        let waker = self.slot.lock().waker.take();
        drop(waker);
    }
}

/// A packet as the pool sees it.
struct PacketJob<F: FnOnce() -> T + Send, T: Send> {
    submitted_at: &'static Location<'static>,
    /// Empty once the job has been run or cancelled.
    packet: Option<Arc<Packet<F, T>>>,
}

/// Thrown on after a panic was put into its packet, so that the thread counts it.
struct CarriedElsewhere;

impl<F: FnOnce() -> T + Send, T: Send> Job for PacketJob<F, T> {
    fn run(mut self: Box<Self>) {
        let Some(packet) = self.packet.take() else { return };
        let Some(body) = packet.unpack() else { return };
        // Unwind safety: the closure is consumed; what it shares with others is its author's care.
        match catch_unwind(AssertUnwindSafe(body)) {
            Ok(value) => packet.deliver(Ok(value)),
            Err(thrown) => {
                packet.deliver(Err(JobError::Panicked(Payload::new(thrown))));
                // Before unwinding: the payload may be ours to drop, and may panic when dropped,
                // which during an unwinding would abort.
                drop(packet);
                resume_unwind(Box::new(CarriedElsewhere));
            }
        }
    }

    fn origin(&self) -> JobOrigin {
        JobOrigin { name: None, submitted_at: Some(self.submitted_at) }
    }

    fn cancel(mut self: Box<Self>) {
        if let Some(packet) = self.packet.take() {
            packet.deliver(Err(JobError::Cancelled));
        }
    }
}

impl<F: FnOnce() -> T + Send, T: Send> Drop for PacketJob<F, T> {
    /// A job that is dropped instead of run or cancelled must not leave its awaiter waiting. Only
    /// the job's owner moves it out of the queue, so nothing can come between look and delivery.
    fn drop(&mut self) {
        if let Some(packet) = self.packet.take().filter(|packet| packet.is_queued()) {
            contain(|| packet.deliver(Err(JobError::Cancelled)));
        }
    }
}

/// The result of a job that was spawned: await it, or [`wait`](Self::wait) for it.
///
/// Dropping the handle detaches the job, which runs all the same.
///
/// # Cancel safety
/// Strict. Dropping the future does not touch the job; only [`cancel`](Self::cancel) does.
///
/// # Panics
/// If polled again after it returned the result.
#[must_use = "dropping the handle detaches the job; its result and its panic are lost"]
pub struct JobHandle<T> {
    outcome: Arc<dyn Outcome<T>>,
    shared: Arc<Shared>,
    ticket: Option<Ticket>,
}

impl<T> JobHandle<T> {
    /// Cancels the job if it has not begun, and says whether it did. A running job cannot be
    /// cancelled and goes on. The handle of a cancelled job returns
    /// [`JobError::Cancelled`].
    ///
    /// ```
    /// use sheave_blocking_pool::Builder;
    ///
    /// let pool = Builder::new().max_threads(1).build();
    /// let (release, wait) = std::sync::mpsc::channel::<()>();
    /// let first = pool.spawn(move || wait.recv());
    /// let second = pool.spawn(|| unreachable!("cancelled before"));
    /// assert!(second.cancel());
    /// assert!(second.wait().unwrap_err().is_cancelled());
    /// release.send(()).unwrap();
    /// assert!(first.wait().is_ok());
    /// ```
    pub fn cancel(&self) -> bool {
        self.ticket.is_some_and(|ticket| self.shared.cancel_one(ticket))
    }

    /// Whether the result is there.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.outcome.is_done()
    }

    /// Blocks the current thread until the job is over.
    ///
    /// On a thread of the same pool this cannot deadlock: a job that still waits in the queue is run
    /// here and now, and if it runs elsewhere, the pool may have one more thread until it is over.
    /// Chains of jobs that wait for one another thus use this thread's stack.
    ///
    /// # Errors
    /// If the job panicked, was cancelled or was not accepted.
    ///
    /// # Panics
    /// If the result was already taken by polling.
    pub fn wait(self) -> Result<T, JobError> {
        if !reentry::is_member(self.shared.id()) {
            return self.outcome.wait();
        }
        if let Some(ticket) = self.ticket {
            self.shared.run_here(ticket);
        }
        match self.outcome.collect() {
            Some(result) => result,
            None => self.shared.compensate(|| self.outcome.wait()),
        }
    }
}

impl<T> Future for JobHandle<T> {
    type Output = Result<T, JobError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Cloned before the lock is taken: a waker is user code (W10).
        match self.outcome.collect_or_register(cx.waker().clone()) {
            Some(result) => Poll::Ready(result),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for JobHandle<T> {
    fn drop(&mut self) {
        self.outcome.stop_waiting();
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}

/// Submits a closure; a rejection is told through the handle.
#[track_caller]
pub(crate) fn spawn<F, T>(shared: &Arc<Shared>, lane: usize, body: F) -> JobHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (packet, job) = pack(body);
    let ticket = match shared.submit(lane, job) {
        Ok(ticket) => Some(ticket),
        // The job that came back is dropped after this delivery, and so delivers nothing itself.
        Err(Rejected { job: _job, reason }) => {
            packet.deliver(Err(JobError::Rejected(reason)));
            None
        }
    };
    JobHandle { outcome: packet, shared: shared.clone(), ticket }
}

/// Submits a closure; a rejection gives it back.
#[track_caller]
pub(crate) fn try_spawn<F, T>(
    shared: &Arc<Shared>,
    lane: usize,
    body: F,
) -> Result<JobHandle<T>, TrySpawnError<F>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (packet, job) = pack(body);
    match shared.submit(lane, job) {
        Ok(ticket) => {
            Ok(JobHandle { outcome: packet, shared: shared.clone(), ticket: Some(ticket) })
        }
        Err(Rejected { job: _job, reason }) => {
            let job = packet.reclaim().expect("a rejected job was neither run nor cancelled");
            Err(TrySpawnError { job, reason })
        }
    }
}

#[track_caller]
fn pack<F, T>(body: F) -> (Arc<Packet<F, T>>, Box<dyn Job>)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let packet = Arc::new(Packet::new(body));
    let job =
        Box::new(PacketJob { submitted_at: Location::caller(), packet: Some(packet.clone()) });
    (packet, job)
}
