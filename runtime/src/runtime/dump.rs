//! What every task does at the moment, for people and for programs.

mod root;
mod state;

pub use crate::util::waits::SyncKind;
pub use root::RootDump;
pub use state::{TaskState, WaitsFor};

use crate::scheduler::{Row, Shared};
use crate::task::Id;
use crate::time::Instant;
use state::Sight;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// What every live task of a runtime, and each thread that blocks on it, did when [`Handle::dump`](super::Handle::dump) was called.
///
/// The tasks were looked at one after the other while they went on, so two of them may be shown at
/// slightly different moments. Times are those of the runtime's clock.
///
/// `{}` writes a line for each, first the futures of [`block_on`](super::Runtime::block_on):
///
/// ```text
/// 4 tasks: 1 running, 1 queued, 2 waiting
/// block_on at src/main.rs:9:13 on thread "main" waiting for 2.4s: the end of task 1
/// task 1 running on worker 0 for 2.301s, spawned at src/main.rs:12:5
/// task 2 "mailer" waiting for 12ms: timer in 29.988s, spawned at src/mail.rs:40:9 by task 1
/// task 3 waiting for 1.204s: fd 12 to read, and more, spawned at src/main.rs:31:13 by task 1
/// task 4097 queued, not polled yet, spawned at src/main.rs:44:9 by task 3
/// ```
#[derive(Clone)]
pub struct Dump {
    roots: Vec<RootDump>,
    tasks: Vec<TaskDump>,
}

/// One task of a [`Dump`].
#[derive(Clone)]
pub struct TaskDump {
    row: Row,
    taken: Instant,
}

impl Dump {
    pub(super) fn take(shared: &Shared) -> Self {
        let roots = shared.root_rows();
        let mut rows = shared.rows();
        rows.sort_unstable_by_key(|row| row.id.as_u64());
        // After the last look, so that no poll lies ahead of it.
        let taken = Instant::from_std(shared.clock.now());
        Self {
            roots: roots.into_iter().map(|row| RootDump::new(row, taken)).collect(),
            tasks: rows.into_iter().map(|row| TaskDump { row, taken }).collect(),
        }
    }

    /// The futures that threads [block on](super::Runtime::block_on) with this runtime, in the order of
    /// the calls: several threads may do so at once. They are no tasks.
    ///
    /// ```
    /// use sheave::runtime::{Handle, Runtime};
    ///
    /// let runtime = Runtime::new()?;
    /// let dump = runtime.block_on(async { Handle::current().dump() });
    /// assert_eq!(dump.roots()[0].called_at().file(), file!());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn roots(&self) -> &[RootDump] {
        &self.roots
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
    fn sight(&self) -> Sight {
        Sight { doing: self.row.doing, taken: self.taken }
    }

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
        self.sight().state()
    }

    /// How long ago its last poll began; of a running task, how long that has lasted. `None` if it was
    /// not polled yet.
    ///
    /// Polls are timed by the last look at the clock, the worker's or the monitor's, so that they need
    /// none of their own. It is a few milliseconds old at most, and by so much this is too long.
    #[must_use]
    pub fn since_last_poll(&self) -> Option<Duration> {
        self.sight().since_last_poll()
    }

    /// What it waits for; `None` unless it [waits](TaskState::Waiting).
    #[must_use]
    pub fn waits_for(&self) -> Option<WaitsFor> {
        self.sight().waits_for()
    }

    /// Whether other futures answered `Pending` in the same poll, as they do in
    /// [`select!`](crate::select) and [`timeout`](crate::time::timeout()). Of a time-out, what it is for is
    /// shown first.
    #[must_use]
    pub fn waits_for_more(&self) -> bool {
        self.sight().waits_for_more()
    }

    /// Whether it was asked to end and has not ended yet.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        self.row.is_aborted
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
        self.roots.iter().try_for_each(|root| writeln!(f, "{root}"))?;
        self.tasks.iter().try_for_each(|task| writeln!(f, "{task}"))
    }
}

impl fmt::Display for TaskDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id())?;
        if let Some(name) = self.name() {
            write!(f, " {name:?}")?;
        }
        self.sight().write(f, if self.is_aborted() { " (aborted)" } else { "" })?;
        write!(f, ", spawned at {}", self.spawned_at())?;
        if let Some(parent) = self.parent() {
            write!(f, " by task {parent}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dump").field("roots", &self.roots).field("tasks", &self.tasks).finish()
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
