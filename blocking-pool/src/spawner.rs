//! Where threads come from: the system, or a handler of the user's.

use crate::contain::ask;
use crate::roster::SeatId;
use crate::shared::Shared;
use crate::worker;
use sheave_facade::sync::Arc;
use sheave_facade::thread::{Builder, JoinHandle};
use std::{fmt, io};

/// A user's way of creating threads.
pub(crate) type SpawnHandler = dyn Fn(ThreadStart) -> io::Result<()> + Send + Sync;

/// A thread that the pool asks for; see [`Builder::spawn_handler`](crate::Builder::spawn_handler).
///
/// Call [`run`](Self::run) on the new thread. Dropping it instead tells the pool that the thread
/// will not come, at any time and on any thread.
pub struct ThreadStart {
    shared: Arc<Shared>,
    name: String,
    duty: Option<SeatId>,
}

impl ThreadStart {
    /// The name the thread should have.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The stack size the thread should have, in bytes; `None` leaves it to the platform.
    #[must_use]
    pub fn stack_size(&self) -> Option<usize> {
        self.shared.config.stack_size
    }

    /// Works for the pool on the current thread, and returns when the pool does not need the thread
    /// any more.
    pub fn run(mut self) {
        if let Some(seat) = self.duty.take() {
            worker::work(&self.shared, seat);
        }
    }
}

impl Drop for ThreadStart {
    fn drop(&mut self) {
        if let Some(seat) = self.duty.take() {
            self.shared.abandon(seat);
        }
    }
}

impl fmt::Debug for ThreadStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadStart").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Has a thread created for the seat; whether one comes, the seat knows.
pub(crate) fn create(shared: &Arc<Shared>, seat: SeatId) -> io::Result<Option<JoinHandle<()>>> {
    let start =
        ThreadStart { shared: shared.clone(), name: shared.config.next_name(), duty: Some(seat) };
    match &shared.config.spawn_handler {
        // A handler that panics has dropped its `ThreadStart`, so the seat is abandoned.
        Some(handler) => ask(|| handler(start))
            .unwrap_or_else(|| Err(io::Error::other("the spawn handler panicked")))
            .map(|()| None),
        None => create_natively(start).map(Some),
    }
}

fn create_natively(start: ThreadStart) -> io::Result<JoinHandle<()>> {
    let mut builder = Builder::new().name(start.name.clone());
    if let Some(bytes) = start.stack_size() {
        builder = builder.stack_size(bytes);
    }
    builder.spawn(|| start.run())
}
