//! A semaphore that never has more permits than it began with.

use super::permits::Permits;
use super::semaphore::TryAcquireError;
use crate::util::waits::SyncKind;
use sheave_facade::seeded;
use sheave_facade::sync::Mutex;
use std::{error, fmt};

/// A semaphore that never has more permits than it began with, as asyncio has it.
///
/// Permits come back when they are dropped. One that is [forgotten](BoundedSemaphorePermit::forget)
/// is given back by [`release`](Self::release), from anywhere; to release more than that is an error
/// and adds nothing. For permits that may be added, and for more than one at a time, there is
/// [`Semaphore`](super::Semaphore).
///
/// # Differences from asyncio
/// A permit is a value, so to forget to release it takes intent, and to release somebody else's is
/// impossible: asyncio notices only what is above the initial value. Over-release is an `Err` instead
/// of a `ValueError`. Newcomers never overtake those who wait.
///
/// # Examples
/// ```
/// use sheave::sync::BoundedSemaphore;
///
/// # futures_lite::future::block_on(async {
/// let connections = BoundedSemaphore::new(2);
/// let one = connections.acquire().await;
/// connections.acquire().await.forget();
/// assert!(connections.locked());
/// connections.release().expect("one was forgotten");
/// assert!(connections.release().is_err());
/// drop(one);
/// assert_eq!(connections.available_permits(), 2);
/// # });
/// ```
pub struct BoundedSemaphore {
    permits: Permits,
    /// Permits that nobody holds and nobody has given back.
    forgotten: Mutex<usize>,
}

/// A permit of a [`BoundedSemaphore`], given back on drop.
#[must_use = "a permit that is dropped at once protects nothing"]
pub struct BoundedSemaphorePermit<'a> {
    semaphore: &'a BoundedSemaphore,
}

/// A permit was released that nobody had [forgotten](BoundedSemaphorePermit::forget).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverRelease;

impl BoundedSemaphore {
    /// A semaphore that has and keeps `permits` permits.
    ///
    /// # Panics
    /// If these are more than [`Semaphore::MAX_PERMITS`](super::Semaphore::MAX_PERMITS).
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
            Self { permits: Permits::new(permits), forgotten: Mutex::new(0) }
        }
    }

    /// Waits for a permit.
    ///
    /// # Cancel safety
    /// Strict: a permit that was granted to a dropped future goes to the next one. The place in the
    /// queue is lost.
    pub async fn acquire(&self) -> BoundedSemaphorePermit<'_> {
        let granted = self.permits.acquire(SyncKind::Semaphore, 1).await;
        granted.expect("a bounded semaphore is never closed");
        BoundedSemaphorePermit { semaphore: self }
    }

    /// Takes a permit if there is one and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError::NoPermits`] otherwise.
    pub fn try_acquire(&self) -> Result<BoundedSemaphorePermit<'_>, TryAcquireError> {
        self.permits.try_acquire(1)?;
        Ok(BoundedSemaphorePermit { semaphore: self })
    }

    /// Gives a permit back that was [forgotten](BoundedSemaphorePermit::forget).
    ///
    /// # Errors
    /// [`OverRelease`] if there is none; nothing changes.
    pub fn release(&self) -> Result<(), OverRelease> {
        let mut forgotten = self.forgotten.lock();
        if !seeded::on("bounded_semaphore_without_bound") {
            *forgotten = forgotten.checked_sub(1).ok_or(OverRelease)?;
        }
        drop(forgotten);
        self.permits.release(1);
        Ok(())
    }

    /// Whether [`acquire`](Self::acquire) would wait.
    #[must_use]
    pub fn locked(&self) -> bool {
        self.permits.available() == 0
    }

    /// How many permits can be taken now: none while somebody waits.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.permits.available()
    }
}

impl BoundedSemaphorePermit<'_> {
    /// Keeps the permit until somebody calls [`BoundedSemaphore::release`].
    pub fn forget(self) {
        *self.semaphore.forgotten.lock() += 1;
        std::mem::forget(self);
    }
}

impl Drop for BoundedSemaphorePermit<'_> {
    fn drop(&mut self) {
        self.semaphore.permits.release(1);
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let available = self.available_permits();
        f.debug_struct("BoundedSemaphore").field("available", &available).finish_non_exhaustive()
    }
}

impl fmt::Debug for BoundedSemaphorePermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedSemaphorePermit").finish_non_exhaustive()
    }
}

impl fmt::Display for OverRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a permit was released that nobody had forgotten: dropping a permit releases it",
        )
    }
}

impl error::Error for OverRelease {}

#[cfg(all(test, loom))]
mod loom;
