//! What every task does at the moment, for people and for programs.

use crate::io::Interest;
use crate::scheduler::{Activity, Row, Shared};
use crate::task::Id;
use crate::time::Instant;
use crate::timers::Clock;
use crate::util::waits::Wait;
use std::fmt;
use std::os::fd::RawFd;
use std::panic::Location;
use std::time::Duration;

pub use crate::util::waits::SyncKind;

/// What every live task of a runtime did when [`Handle::dump`](super::Handle::dump) was called.
///
/// The tasks were looked at one after the other while they went on, so two of them may be shown at
/// slightly different moments. Times are those of the runtime's clock.
///
/// `{}` writes a line for each task:
///
/// ```text
/// 4 tasks: 1 running, 1 queued, 2 waiting
/// task 1 running on worker 0 for 2.301s, spawned at src/main.rs:12:5
/// task 2 \"mailer\" waiting for 12ms: timer in 29.988s, spawned at src/mail.rs:40:9 by task 1
/// task 3 waiting for 1.204s: fd 12 to read, and more, spawned at src/main.rs:31:13 by task 1
/// task 4097 queued, not polled yet, spawned at src/main.rs:44:9 by task 3
/// ```
#[derive(Clone)]
pub struct Dump {
    tasks: Vec<TaskDump>,
}

/// One task of a [`Dump`].
#[derive(Clone)]
pub struct TaskDump {
    row: Row,
    taken: Instant,
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskState {
    /// It is being polled.
    #[non_exhaustive]
    Running {
        /// By this worker; `None` inside [`block_in_place`](crate::task::block_in_place()), where a task
        /// has a thread of its own, and on the thread of a [`LocalSet`](crate::task::LocalSet).
        worker: Option<usize>,
    },
    /// It was spawned or woken, and waits for a worker.
    Queued,
    /// It waits to be woken.
    Waiting,
}

/// What a waiting task waits for: what the future says that answered `Pending` last in the task's last
/// poll.
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

impl Dump {
    pub(super) fn take(shared: &Shared) -> Self {
        let mut rows = shared.rows();
        rows.sort_unstable_by_key(|row| row.id.as_u64());
        // After the last look, so that no poll lies ahead of it.
        let taken = Instant::from_std(shared.clock.now());
        Self { tasks: rows.into_iter().map(|row| TaskDump { row, taken }).collect() }
    }

    /// The tasks, by id.
    #[must_use]
    pub fn tasks(&self) -> &[TaskDump] {
        &self.tasks
    }

    fn count(&self, is_counted: impl Fn(TaskState) -> bool) -> usize {
        self.tasks.iter().filter(|task| is_counted(task.state())).count()
    }
}

impl TaskDump {
    /// The task's id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.row.id
    }

    /// The task's name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.row.name.as_deref()
    }

    /// The task that spawned it, which may be one of another runtime; `None` if no task did.
    #[must_use]
    pub fn parent(&self) -> Option<Id> {
        self.row.parent
    }

    /// Where it was spawned.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.row.location
    }

    /// What it does.
    #[must_use]
    pub fn state(&self) -> TaskState {
        match self.row.activity {
            Activity::Running(worker) => TaskState::Running { worker },
            Activity::Queued => TaskState::Queued,
            Activity::Waiting => TaskState::Waiting,
        }
    }

    /// How long ago its last poll began; of a running task, how long that has lasted. `None` if it was
    /// not polled yet.
    ///
    /// Polls are timed by the last look at the clock, the worker's or the monitor's, so that they need
    /// none of their own. It is a few milliseconds old at most, and by so much this is too long.
    #[must_use]
    pub fn since_last_poll(&self) -> Option<Duration> {
        let polled = Instant::from_std(self.row.polled?);
        Some(self.taken.saturating_duration_since(polled))
    }

    /// What it waits for; `None` unless it [waits](TaskState::Waiting).
    #[must_use]
    pub fn waits_for(&self) -> Option<WaitsFor> {
        if self.row.activity != Activity::Waiting {
            return None;
        }
        Some(match self.row.note.wait() {
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

    /// Whether other futures answered `Pending` in the same poll, as they do in
    /// [`select!`](crate::select) and [`timeout`](crate::time::timeout()). Of a time-out, what it is for is
    /// shown first.
    #[must_use]
    pub fn waits_for_more(&self) -> bool {
        self.row.activity == Activity::Waiting && self.row.note.has_more()
    }

    /// Whether it was asked to end and has not ended yet.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        self.row.is_aborted
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

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queued = self.count(|state| state == TaskState::Queued);
        let waiting = self.count(|state| state == TaskState::Waiting);
        let running = self.tasks.len() - queued - waiting;
        let total = self.tasks.len();
        let tasks = if total == 1 { "task" } else { "tasks" };
        writeln!(f, "{total} {tasks}: {running} running, {queued} queued, {waiting} waiting")?;
        self.tasks.iter().try_for_each(|task| writeln!(f, "{task}"))
    }
}

impl fmt::Display for TaskDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id())?;
        if let Some(name) = self.name() {
            write!(f, " {name:?}")?;
        }
        self.write_state(f)?;
        write!(f, ", spawned at {}", self.spawned_at())?;
        if let Some(parent) = self.parent() {
            write!(f, " by task {parent}")?;
        }
        Ok(())
    }
}

impl TaskDump {
    fn write_state(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let aborted = if self.is_aborted() { " (aborted)" } else { "" };
        let polled = self.since_last_poll();
        match self.state() {
            TaskState::Running { worker } => {
                write!(f, " running{aborted}")?;
                worker.map_or(Ok(()), |worker| write!(f, " on worker {worker}"))?;
                polled.map_or(Ok(()), |polled| write!(f, " for {polled:.1?}"))
            }
            TaskState::Queued => {
                write!(f, " queued{aborted}, ")?;
                match polled {
                    Some(polled) => write!(f, "polled {polled:.1?} ago"),
                    None => f.write_str("not polled yet"),
                }
            }
            TaskState::Waiting => {
                write!(f, " waiting{aborted}")?;
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

impl fmt::Debug for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dump").field("tasks", &self.tasks).finish()
    }
}

impl fmt::Debug for TaskDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskDump")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("parent", &self.parent())
            .field("spawned_at", &format_args!("{}", self.spawned_at()))
            .field("state", &self.state())
            .field("is_aborted", &self.is_aborted())
            .field("since_last_poll", &self.since_last_poll())
            .field("waits_for", &self.waits_for())
            .finish()
    }
}
