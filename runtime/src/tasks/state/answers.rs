//! What the caller of a transition must do now.

/// What a waker owes after its wake.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(in crate::tasks) enum Wake {
    /// It created the Runnable: hand it to the scheduler.
    Schedule,
    /// The Runnable exists already, or never will again.
    Coalesced,
    /// It gave up the last reference: free the task.
    Free,
}

/// What the runner must do with the task.
#[derive(Debug)]
#[must_use]
pub(in crate::tasks) enum Begin {
    /// Poll it, then end with the wakes that this poll answers.
    Poll(Seen, Owed),
    /// Drop the future instead.
    Cancel(Owed),
    /// It has ended: call its callbacks, and complete it.
    Call,
}

/// Whether callbacks were registered by then.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(in crate::tasks) struct Owed(pub(in crate::tasks) bool);

/// The wakes that happened before a poll.
#[derive(Debug)]
pub(in crate::tasks) struct Seen(pub(super) u64);

/// What remains after a poll that returned `Pending`.
#[derive(Debug)]
#[must_use]
pub(in crate::tasks) enum End {
    /// The right to poll is gone: do not touch the task again.
    Idle,
    /// The task was woken meanwhile; the Runnable is still the runner's.
    Again,
}

/// What an abort owes.
#[derive(Debug)]
#[must_use]
pub(in crate::tasks) enum Cancel {
    /// Wake the task, so that a runner sees the mark.
    Wake,
    /// The task is complete, or another abort wakes it.
    Nothing,
}

/// Who wants the output of a task that has just completed.
#[derive(Debug)]
#[must_use]
pub(in crate::tasks) enum Joiner {
    /// Nobody: the runner drops it.
    None,
    /// The `JoinHandle`, which is not waiting at the moment.
    Present,
    /// The `JoinHandle`, whose waker now belongs to the runner.
    Waiting,
}

/// Who owns the join waker's slot after `publish_join_waker` or `withdraw_join_waker`.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(in crate::tasks) enum Slot {
    /// The change took place.
    Changed,
    /// Nothing changed: the task is complete and its output is there.
    Complete,
}

/// What a dropped `JoinHandle` leaves behind.
#[derive(Debug)]
#[must_use]
pub(in crate::tasks) enum Detach {
    /// Nothing; its reference is already given up.
    Detached,
    /// Its waker, to be dropped; then its reference.
    DropWaker,
    /// The output, to be dropped; then its reference.
    DropOutput,
}

/// Whether references remain.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(in crate::tasks) enum Refs {
    /// Yes.
    Remain,
    /// No: free the task.
    Last,
}

/// How a task has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With an output.
    Output,
    /// Without one: it was cancelled, or never started.
    Stopped,
    /// With a panic.
    Panic,
}

impl Ending {
    /// In the word.
    pub(super) const fn bits(self) -> u64 {
        match self {
            Self::Output => 0,
            Self::Stopped => super::STOPPED,
            Self::Panic => super::PANICKED,
        }
    }
}

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It waits, or it is polled.
    Going,
    /// As `Going`, and it was asked to end.
    Cancelling,
    /// It has ended.
    Ended(Ending),
}

/// What somebody who has nothing to do with a task sees of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    /// Whether it has completed.
    pub(crate) is_complete: bool,
    /// Whether it was asked to end.
    pub(crate) is_cancelled: bool,
    /// Whether its Runnable exists: it is in a queue, in a hand, or being run.
    pub(crate) is_due: bool,
}
