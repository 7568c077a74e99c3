//! Locks, semaphores, signals and channels for tasks.
//!
//! What tokio has carries tokio's name and shape; [`Lock`], [`Event`], [`Condition`],
//! [`BoundedSemaphore`] and the [`queue`]s are asyncio's. Nothing in here needs a runtime but what waits
//! for a time, [`mpsc::Sender::send_timeout`]: all the rest works in any executor, and between executors
//! and threads.
//!
//! Waiters are served first come first served, a future that is dropped passes on what it was given,
//! and a panic poisons nothing. Each operation that makes progress takes one unit of the task's budget
//! ([`task::coop`](crate::task::coop)).
//!
//! # Differences from tokio
//! - What was granted stays granted: a task that was given a permit of a [`Semaphore`], or room in a
//!   channel, has it also if that is closed before the task runs. In tokio it is refused then.
//! - A [`broadcast`] channel keeps exactly as many messages as it is told to, which tokio rounds up to a
//!   power of two. The last receiver of a message gets the message itself, and not a clone. Receivers
//!   clone a message at the same time, so one that is sent to another thread must be `Sync` too.
//! - Who asks for several permits at once takes them all at once, and none before.
//! - Texts of errors and panics are different.
//! - `PollSender` and `PollSemaphore` of tokio-util are not there. A `poll` function can keep the boxed
//!   future of [`reserve_owned`](mpsc::Sender::reserve_owned) or
//!   [`acquire_owned`](Semaphore::acquire_owned) instead.

mod barrier;
pub(crate) mod blocking;
mod bounded_semaphore;
pub mod broadcast;
mod capacity_limiter;
mod condition;
mod event;
mod lock;
pub mod mpsc;
mod mutex;
mod notify;
mod once_cell;
pub mod oneshot;
mod permits;
pub mod queue;
mod rwlock;
mod semaphore;
mod set_once;
mod shown;
pub(crate) mod wait_list;
pub mod watch;

pub use barrier::{Barrier, BarrierWaitResult};
pub use bounded_semaphore::{BoundedSemaphore, BoundedSemaphorePermit, OverRelease};
pub use capacity_limiter::{
    AcquireToken, AlreadyBorrowed, CapacityLimiter, CapacityStatistics, CapacityToken,
};
pub use condition::{Condition, ConditionGuard};
pub use event::Event;
pub use lock::{Lock, LockGuard, OwnedLockGuard};
pub use mutex::{
    MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard, TryLockError,
};
pub use notify::Notify;
pub use once_cell::{OnceCell, SetError};
pub use queue::{LifoQueue, PriorityQueue, Queue, QueueShutDown};
pub use rwlock::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard,
};
pub use semaphore::{
    AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError,
};
pub use set_once::{SetOnce, SetOnceError};

/// Futures that functions of this module return.
pub mod futures {
    pub use super::notify::{Notified, OwnedNotified};
}
