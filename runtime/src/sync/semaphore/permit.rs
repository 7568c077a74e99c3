//! Permits that are held.

use super::Semaphore;
use sheave_facade::sync::Arc;
use std::fmt;

/// Permits of a [`Semaphore`], given back on drop.
#[must_use = "a permit that is dropped at once protects nothing"]
pub struct SemaphorePermit<'a> {
    pub(super) semaphore: &'a Semaphore,
    pub(super) count: usize,
}

/// Permits of a [`Semaphore`] in an `Arc`, given back on drop.
#[must_use = "a permit that is dropped at once protects nothing"]
pub struct OwnedSemaphorePermit {
    pub(super) semaphore: Arc<Semaphore>,
    pub(super) count: usize,
}

impl SemaphorePermit<'_> {
    /// Destroys the permits: they are never given back.
    ///
    /// # Examples
    /// ```
    /// let semaphore = sheave::sync::Semaphore::new(2);
    /// semaphore.try_acquire().expect("there are two").forget();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn forget(mut self) {
        self.count = 0;
    }

    /// Takes over the permits of `other`.
    ///
    /// # Panics
    /// If `other` is of another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        let is_same = std::ptr::eq(self.semaphore, other.semaphore);
        assert!(is_same, "permits of two semaphores cannot be merged");
        self.count += std::mem::take(&mut other.count);
    }

    /// Splits `n` permits off, or nothing if there are fewer.
    ///
    /// # Examples
    /// ```
    /// let semaphore = sheave::sync::Semaphore::new(3);
    /// let mut three = semaphore.try_acquire_many(3).expect("there are three");
    /// let one = three.split(1).expect("one of three");
    /// assert_eq!((three.num_permits(), one.num_permits()), (2, 1));
    /// ```
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.count = self.count.checked_sub(n)?;
        Some(Self { semaphore: self.semaphore, count: n })
    }

    /// How many permits these are.
    #[must_use]
    pub fn num_permits(&self) -> usize {
        self.count
    }
}

impl OwnedSemaphorePermit {
    /// Destroys the permits: they are never given back.
    pub fn forget(mut self) {
        self.count = 0;
    }

    /// Takes over the permits of `other`.
    ///
    /// # Panics
    /// If `other` is of another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        let is_same = Arc::ptr_eq(&self.semaphore, &other.semaphore);
        assert!(is_same, "permits of two semaphores cannot be merged");
        self.count += std::mem::take(&mut other.count);
    }

    /// Splits `n` permits off, or nothing if there are fewer.
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.count = self.count.checked_sub(n)?;
        Some(Self { semaphore: self.semaphore.clone(), count: n })
    }

    /// How many permits these are.
    #[must_use]
    pub fn num_permits(&self) -> usize {
        self.count
    }

    /// The semaphore they belong to.
    #[must_use]
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        if self.count > 0 {
            self.semaphore.permits.release(self.count);
        }
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        if self.count > 0 {
            self.semaphore.permits.release(self.count);
        }
    }
}

impl fmt::Debug for SemaphorePermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SemaphorePermit").field("count", &self.count).finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnedSemaphorePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedSemaphorePermit").field("count", &self.count).finish_non_exhaustive()
    }
}
