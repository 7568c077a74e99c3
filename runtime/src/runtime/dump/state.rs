//! What a task does, or a root, and what it waits for.

use crate::io::Interest;
use crate::scheduler::{Activity, Doing};
use crate::task::Id;
use crate::time::Instant;
use crate::timers::Clock;
use crate::util::waits::{SyncKind, Wait};
use std::fmt;
use std::os::fd::RawFd;
use std::time::Duration;

/// What a task does, or the future that a thread [blocks on](super::RootDump).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskState {
    /// It is being polled.
    #[non_exhaustive]
    Running {
        /// By this worker; `None` inside [`block_in_place`](crate::task::block_in_place()), where a task
        /// has a thread of its own, on the thread of a [`LocalSet`](crate::task::LocalSet), and of a root.
        worker: Option<usize>,
    },
    /// It was spawned or woken, and waits for a worker, or a root for its thread.
    Queued,
    /// It waits to be woken.
    Waiting,
}

/// What a task or a root waits for: what the future says that answered `Pending` last in its last poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitsFor {
    /// A timer.
    #[non_exhaustive]
    Timer {
        /// Its deadline, up to a microsecond early.
        deadline: Instant,
    },
    /// A socket or another descriptor.
    #[non_exhaustive]
    Source {
        /// The descriptor.
        fd: RawFd,
        /// What the task wants to do with it.
        interest: Interest,
    },
    /// The end of a task, or of a closure of [`spawn_blocking`](crate::task::spawn_blocking()), which is in
    /// no dump.
    #[non_exhaustive]
    Join {
        /// Its id.
        task: Id,
    },
    /// A lock, a channel or something else that tasks tell each other by.
    #[non_exhaustive]
    Sync {
        /// What it is.
        kind: SyncKind,
        /// Where it is: tasks with the same address wait for the same thing.
        address: usize,
    },
    /// Something that is not of this crate, or nothing.
    Unknown,
}

/// What was seen of a task or a root, and when.
#[derive(Clone, Copy)]
pub(super) struct Sight {
    pub(super) doing: Doing,
    pub(super) taken: Instant,
}

impl Sight {
    pub(super) fn state(&self) -> TaskState {
        match self.doing.activity {
            Activity::Running(worker) => TaskState::Running { worker },
            Activity::Queued => TaskState::Queued,
            Activity::Waiting => TaskState::Waiting,
        }
    }

    pub(super) fn since_last_poll(&self) -> Option<Duration> {
        let polled = Instant::from_std(self.doing.polled?);
        Some(self.taken.saturating_duration_since(polled))
    }

    pub(super) fn waits_for(&self) -> Option<WaitsFor> {
        if self.doing.activity != Activity::Waiting {
            return None;
        }
        Some(match self.doing.note.wait() {
            None => WaitsFor::Unknown,
            Some(Wait::Timer { nanos }) => {
                WaitsFor::Timer { deadline: Instant::from_std(Clock::at(nanos)) }
            }
            Some(Wait::Join { task }) => WaitsFor::Join { task: Id::from_u64(task) },
            Some(Wait::Sync { kind, address }) => WaitsFor::Sync { kind, address },
            Some(Wait::Source { fd, read, write }) => {
                WaitsFor::Source { fd, interest: interest(read, write) }
            }
        })
    }

    pub(super) fn waits_for_more(&self) -> bool {
        self.doing.activity == Activity::Waiting && self.doing.note.has_more()
    }

    /// Writes it as a predicate; `aside` comes after the verb.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, aside: &str) -> fmt::Result {
        let polled = self.since_last_poll();
        match self.state() {
            TaskState::Running { worker } => {
                write!(f, " running{aside}")?;
                worker.map_or(Ok(()), |worker| write!(f, " on worker {worker}"))?;
                polled.map_or(Ok(()), |polled| write!(f, " for {polled:.1?}"))
            }
            TaskState::Queued => {
                write!(f, " queued{aside}, ")?;
                match polled {
                    Some(polled) => write!(f, "polled {polled:.1?} ago"),
                    None => f.write_str("not polled yet"),
                }
            }
            TaskState::Waiting => {
                write!(f, " waiting{aside}")?;
                polled.map_or(Ok(()), |polled| write!(f, " for {polled:.1?}"))?;
                f.write_str(": ")?;
                self.write_wait(f)?;
                f.write_str(if self.waits_for_more() { ", and more" } else { "" })
            }
        }
    }

    fn write_wait(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.waits_for().unwrap_or(WaitsFor::Unknown) {
            WaitsFor::Timer { deadline } => match deadline.checked_duration_since(self.taken) {
                Some(left) => write!(f, "timer in {left:.1?}"),
                None => write!(f, "timer since {:.1?}", self.taken - deadline),
            },
            WaitsFor::Source { fd, interest } => {
                let purpose = match (interest.is_readable(), interest.is_writable()) {
                    (true, true) => "read or write",
                    (false, true) => "write",
                    (_, false) => "read",
                };
                write!(f, "fd {fd} to {purpose}")
            }
            WaitsFor::Join { task } => write!(f, "the end of task {task}"),
            WaitsFor::Sync { kind, address } => write!(f, "{kind} at {address:#x}"),
            WaitsFor::Unknown => f.write_str("unknown"),
        }
    }
}

/// At least one of the two is wanted.
fn interest(read: bool, write: bool) -> Interest {
    match (read, write) {
        (true, true) => Interest::READABLE | Interest::WRITABLE,
        (false, true) => Interest::WRITABLE,
        (_, false) => Interest::READABLE,
    }
}
