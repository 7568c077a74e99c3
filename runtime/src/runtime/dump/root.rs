//! What a thread does that blocks on a runtime.

use super::state::{Sight, TaskState, WaitsFor};
use crate::scheduler::RootRow;
use crate::task::Id;
use crate::time::Instant;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// A future that a thread runs with [`block_on`](crate::runtime::Runtime::block_on), and with all that is
/// made of it: [`Handle::block_on`](crate::runtime::Handle::block_on), `#[sheave::main]`,
/// [`asyncio::run`](crate::asyncio::run), [`Runtime::run_forever`](crate::runtime::Runtime::run_forever).
///
/// See [`Dump::roots`](super::Dump::roots).
#[derive(Clone)]
pub struct RootDump {
    row: RootRow,
    taken: Instant,
}

impl RootDump {
    pub(super) fn new(row: RootRow, taken: Instant) -> Self {
        Self { row, taken }
    }

    fn sight(&self) -> Sight {
        Sight { doing: self.row.doing, taken: self.taken }
    }

    /// Where the thread called `block_on`.
    #[must_use]
    pub fn called_at(&self) -> &'static Location<'static> {
        self.row.location
    }

    /// The name of the thread, if it has one.
    #[must_use]
    pub fn thread_name(&self) -> Option<&str> {
        self.row.thread.name()
    }

    /// The task or blocking closure that called it, from
    /// [`block_in_place`](crate::task::block_in_place()) or [`spawn_blocking`](crate::task::spawn_blocking()).
    #[must_use]
    pub fn task(&self) -> Option<Id> {
        self.row.task
    }

    /// What the future does.
    #[must_use]
    pub fn state(&self) -> TaskState {
        self.sight().state()
    }

    /// How long ago its last poll began, as
    /// [`TaskDump::since_last_poll`](super::TaskDump::since_last_poll).
    #[must_use]
    pub fn since_last_poll(&self) -> Option<Duration> {
        self.sight().since_last_poll()
    }

    /// What it waits for; `None` unless it [waits](TaskState::Waiting).
    #[must_use]
    pub fn waits_for(&self) -> Option<WaitsFor> {
        self.sight().waits_for()
    }

    /// Whether other futures answered `Pending` in the same poll, as
    /// [`TaskDump::waits_for_more`](super::TaskDump::waits_for_more).
    #[must_use]
    pub fn waits_for_more(&self) -> bool {
        self.sight().waits_for_more()
    }
}

impl fmt::Display for RootDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block_on at {}", self.called_at())?;
        if let Some(name) = self.thread_name() {
            write!(f, " on thread {name:?}")?;
        }
        if let Some(task) = self.task() {
            write!(f, " by task {task}")?;
        }
        self.sight().write(f, "")
    }
}

impl fmt::Debug for RootDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootDump")
            .field("called_at", &format_args!("{}", self.called_at()))
            .field("thread_name", &self.thread_name())
            .field("task", &self.task())
            .field("state", &self.state())
            .field("since_last_poll", &self.since_last_poll())
            .field("waits_for", &self.waits_for())
            .finish()
    }
}
