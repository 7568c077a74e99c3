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
