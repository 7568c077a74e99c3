//! A counting semaphore: at most so many at a time.

mod error;
mod permit;

pub use error::{AcquireError, TryAcquireError};
pub use permit::{OwnedSemaphorePermit, SemaphorePermit};

use super::blocking::block_on;
use super::permits::Permits;
use crate::util::waits::SyncKind;
use sheave_facade::sync::Arc;

/// A counting semaphore.
///
/// Permits are given first come first served: who asks for many is not overtaken by those who ask for
/// few. [`close`](Self::close) refuses everybody who waits and who comes.
///
/// # Examples
/// At most two downloads at a time:
/// ```
/// use sheave::sync::Semaphore;
/// use std::sync::Arc;
///
/// # #[sheave::main]
/// # async fn main() {
/// let slots = Arc::new(Semaphore::new(2));
/// let downloads: sheave::task::JoinSet<usize> = (0..10)
///     .map(|n| {
///         let slots = slots.clone();
///         async move {
///             let _slot = slots.acquire().await.expect("nobody closes it");
///             n // downloads
///         }
///     })
///     .collect();
/// assert_eq!(downloads.join_all().await.len(), 10);
/// # }
/// ```
#[derive(Debug)]
pub struct Semaphore {
    permits: Permits,
}

impl Semaphore {
    /// More permits than this cannot exist.
    pub const MAX_PERMITS: usize = Permits::MAX;

    /// A semaphore with `permits` permits.
    ///
    /// # Panics
    /// If these are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[track_caller]
    #[must_use]
    pub fn new(permits: usize) -> Self {
        Self::const_new(permits)
    }

    sheave_facade::const_fn! {
        /// [`new`](Self::new) for statics.
        ///
        /// # Panics
        /// As [`new`](Self::new).
        #[track_caller]
        #[must_use]
        pub fn const_new(permits: usize) -> Self {
            // Of those of a semaphore that begins without, nobody knows when they come.
            let permits = if permits == 0 { Permits::to_wait_for(0) } else { Permits::new(permits) };
            Self { permits }
        }
    }

    /// How many permits can be taken now: none while somebody waits, for what is left over is theirs.
    ///
    /// # Examples
    /// ```
    /// let semaphore = sheave::sync::Semaphore::new(3);
    /// let two = semaphore.try_acquire_many(2);
    /// assert_eq!(semaphore.available_permits(), 1);
    /// # drop(two);
    /// ```
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.permits.available()
    }

    /// Adds `n` new permits.
    ///
    /// # Panics
    /// If there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[track_caller]
    pub fn add_permits(&self, n: usize) {
        self.permits.release(n);
    }

    /// Destroys up to `n` permits that nobody holds, and returns how many it destroyed.
    pub fn forget_permits(&self, n: usize) -> usize {
        self.permits.forget(n)
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// [`AcquireError`] once the semaphore is closed.
    ///
    /// # Cancel safety
    /// Strict: a permit that was granted to a dropped future goes to the next one. The place in the
    /// queue is lost.
    pub async fn acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.acquire_many(1).await
    }

    /// Waits for `n` permits, which are given together.
    ///
    /// # Errors
    /// [`AcquireError`] once the semaphore is closed.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let memory = sheave::sync::Semaphore::new(1024);
    /// let large = memory.acquire_many(1000).await?;
    /// assert!(memory.try_acquire_many(100).is_err());
    /// drop(large);
    /// assert!(memory.try_acquire_many(100).is_ok());
    /// # Ok::<(), sheave::sync::AcquireError>(())
    /// # }).unwrap();
    /// ```
    pub async fn acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        let count = n as usize;
        let granted = self.permits.acquire(SyncKind::Semaphore, n).await;
        granted.map_err(|_closed| AcquireError(()))?;
        Ok(SemaphorePermit { semaphore: self, count })
    }

    /// Takes a permit if there is one and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError`] says whether there is none or the semaphore is closed.
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `n` permits if there are so many and nobody waits.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        let count = n as usize;
        self.permits.try_acquire(count)?;
        Ok(SemaphorePermit { semaphore: self, count })
    }

    /// [`acquire`](Self::acquire) with a permit that has no lifetime.
    ///
    /// # Errors
    /// [`AcquireError`] once the semaphore is closed.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    ///
    /// # Examples
    /// A permit is taken before the task that uses it starts:
    /// ```
    /// use sheave::sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let slots = Arc::new(Semaphore::new(2));
    /// for _ in 0..10 {
    ///     let slot = slots.clone().acquire_owned().await.expect("nobody closes it");
    ///     sheave::spawn(async move {
    ///         drop(slot); // when the work is done
    ///     });
    /// }
    /// # }
    /// ```
    pub async fn acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.acquire_many_owned(1).await
    }

    /// [`acquire_many`](Self::acquire_many) with permits that have no lifetime.
    ///
    /// # Errors
    /// [`AcquireError`] once the semaphore is closed.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        let count = n as usize;
        let granted = self.permits.acquire(SyncKind::Semaphore, n).await;
        granted.map_err(|_closed| AcquireError(()))?;
        Ok(OwnedSemaphorePermit { semaphore: self, count })
    }

    /// [`try_acquire`](Self::try_acquire) with a permit that has no lifetime.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// [`try_acquire_many`](Self::try_acquire_many) with permits that have no lifetime.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        let count = n as usize;
        self.permits.try_acquire(count)?;
        Ok(OwnedSemaphorePermit { semaphore: self, count })
    }

    /// Blocks this thread until there is a permit.
    ///
    /// # Errors
    /// [`AcquireError`] once the semaphore is closed.
    ///
    /// # Panics
    /// In a task, whose worker it would block.
    ///
    /// # Examples
    /// ```
    /// let slots = sheave::sync::Semaphore::new(1);
    /// let slot = slots.blocking_acquire()?;
    /// assert_eq!(slots.available_permits(), 0);
    /// # drop(slot);
    /// # Ok::<(), sheave::sync::AcquireError>(())
    /// ```
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        block_on(self.acquire())
    }

    /// Blocks this thread until `n` permits are given together.
    ///
    /// # Errors
    /// As [`blocking_acquire`](Self::blocking_acquire).
    ///
    /// # Panics
    /// As [`blocking_acquire`](Self::blocking_acquire).
    #[track_caller]
    pub fn blocking_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        block_on(self.acquire_many(n))
    }

    /// [`blocking_acquire`](Self::blocking_acquire) with a permit that has no lifetime.
    ///
    /// # Errors
    /// As [`blocking_acquire`](Self::blocking_acquire).
    ///
    /// # Panics
    /// As [`blocking_acquire`](Self::blocking_acquire).
    #[track_caller]
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        block_on(self.acquire_owned())
    }

    /// [`blocking_acquire_many`](Self::blocking_acquire_many) with permits that have no lifetime.
    ///
    /// # Errors
    /// As [`blocking_acquire`](Self::blocking_acquire).
    ///
    /// # Panics
    /// As [`blocking_acquire`](Self::blocking_acquire).
    #[track_caller]
    pub fn blocking_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        block_on(self.acquire_many_owned(n))
    }

    /// Refuses everybody who waits and who comes from now on. Permits that are held stay valid, and so do
    /// those that were granted to somebody who has not run since.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let semaphore = sheave::sync::Semaphore::new(1);
    /// semaphore.close();
    /// assert!(semaphore.acquire().await.is_err());
    /// # });
    /// ```
    pub fn close(&self) {
        self.permits.close();
    }

    /// Whether the semaphore was [closed](Self::close).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.permits.is_closed()
    }
}
