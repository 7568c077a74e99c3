//! A lock without data, as asyncio has it.
//!
//! One permit: whoever has it holds the lock. It is handed on in the order of arrival, and is never
//! free in between.

use super::blocking::block_on;
use super::mutex::TryLockError;
use super::permits::Permits;
use crate::util::waits::SyncKind;
use sheave_facade::sync::Arc;
use std::fmt;

/// A lock without data, which a task may hold while it awaits.
///
/// For sections that exclude each other, or for something that lies outside of the program. A lock
/// around a value is a [`Mutex`](super::Mutex).
///
/// Waiters are served first come first served, on any thread and in any executor. A guard that is
/// dropped, by a panic too, opens the lock; nothing is poisoned. The lock is not reentrant: who holds
/// it and waits for it waits for ever.
///
/// # Differences from asyncio
/// The guard replaces `async with`, and dropping it `release`: to release a lock that one does not
/// hold does not compile. The lock goes straight to the next waiter, so [`locked`](Self::locked) stays
/// true until that one has had its turn; asyncio's lock is open in between. It belongs to no loop.
///
/// # Examples
/// ```
/// use sheave::sync::Lock;
/// use std::sync::Arc;
///
/// # #[sheave::main]
/// # async fn main() {
/// let one_at_a_time = Arc::new(Lock::new());
/// let prints: sheave::task::JoinSet<()> = (1..=3)
///     .map(|page| {
///         let lock = one_at_a_time.clone();
///         async move {
///             let _printer = lock.acquire().await;
///             println!("page {page}, front");
///             sheave::task::yield_now().await;
///             println!("page {page}, back");
///         }
///     })
///     .collect();
/// prints.join_all().await;
/// assert!(!one_at_a_time.locked());
/// # }
/// ```
pub struct Lock {
    permits: Permits,
}

/// Holds a [`Lock`] until it is dropped.
#[must_use = "a lock that is opened at once protects nothing"]
pub struct LockGuard<'a> {
    lock: &'a Lock,
}

/// Holds a [`Lock`] in an `Arc` until it is dropped.
#[must_use = "a lock that is opened at once protects nothing"]
pub struct OwnedLockGuard {
    lock: Arc<Lock>,
}

impl Default for Lock {
    fn default() -> Self {
        Self::new()
    }
}

impl Lock {
    /// An open lock.
    #[must_use]
    pub fn new() -> Self {
        Self::const_new()
    }

    sheave_facade::const_fn! {
        /// [`new`](Self::new) for statics.
        #[must_use]
        pub fn const_new() -> Self {
            Self { permits: Permits::new(1) }
        }
    }

    /// Waits for the lock.
    ///
    /// # Cancel safety
    /// Strict: a lock that was granted to a dropped future goes to the next one. The place in the queue
    /// is lost.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let lock = sheave::sync::Lock::new();
    /// let guard = lock.acquire().await;
    /// assert!(lock.locked());
    /// drop(guard);
    /// assert!(!lock.locked());
    /// # });
    /// ```
    #[inline]
    pub async fn acquire(&self) -> LockGuard<'_> {
        self.wait().await;
        LockGuard { lock: self }
    }

    /// [`acquire`](Self::acquire) with a guard that has no lifetime.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(sheave::sync::Lock::new());
    /// let guard = lock.clone().acquire_owned().await;
    /// std::thread::spawn(move || drop(guard)).join().unwrap();
    /// assert!(!lock.locked());
    /// # });
    /// ```
    pub async fn acquire_owned(self: Arc<Self>) -> OwnedLockGuard {
        self.wait().await;
        OwnedLockGuard { lock: self }
    }

    /// Takes the lock if it is open.
    ///
    /// # Errors
    /// [`TryLockError`] if it is held.
    ///
    /// # Examples
    /// ```
    /// let lock = sheave::sync::Lock::new();
    /// let guard = lock.try_acquire().expect("it is open");
    /// assert!(lock.try_acquire().is_err());
    /// # drop(guard);
    /// ```
    pub fn try_acquire(&self) -> Result<LockGuard<'_>, TryLockError> {
        match self.permits.try_acquire(1) {
            Ok(()) => Ok(LockGuard { lock: self }),
            Err(_held) => Err(TryLockError(())),
        }
    }

    /// Blocks this thread until it has the lock.
    ///
    /// # Panics
    /// In a task, whose worker it would block.
    ///
    /// # Examples
    /// ```
    /// let lock = sheave::sync::Lock::new();
    /// let _guard = lock.blocking_acquire();
    /// assert!(lock.locked());
    /// ```
    #[track_caller]
    pub fn blocking_acquire(&self) -> LockGuard<'_> {
        block_on(self.acquire())
    }

    /// Whether somebody holds the lock, or was granted it and has not run since.
    #[must_use]
    pub fn locked(&self) -> bool {
        self.permits.available() == 0
    }

    #[inline]
    async fn wait(&self) {
        self.permits.acquire(SyncKind::Lock, 1).await.expect("a lock is never closed");
    }
}

impl<'a> LockGuard<'a> {
    /// The lock it holds.
    #[must_use]
    pub fn lock(&self) -> &'a Lock {
        self.lock
    }
}

impl OwnedLockGuard {
    /// The lock it holds.
    #[must_use]
    pub fn lock(&self) -> &Arc<Lock> {
        &self.lock
    }
}

impl Drop for LockGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.lock.permits.release(1);
    }
}

impl Drop for OwnedLockGuard {
    fn drop(&mut self) {
        self.lock.permits.release(1);
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("locked", &self.locked()).finish()
    }
}

impl fmt::Debug for LockGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard").finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnedLockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedLockGuard").finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom;
