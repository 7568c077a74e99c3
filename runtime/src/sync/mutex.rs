//! A lock that a task may hold while it awaits.
//!
//! One permit, and the value under it: whoever holds the permit has the value to itself. The permit
//! is handed on in the order of arrival.

mod guards;

pub use guards::{MappedMutexGuard, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};

use super::blocking::block_on;
use super::permits::Permits;
use crate::util::waits::SyncKind;
use sheave_facade::cell::UnsafeCell;
use sheave_facade::sync::Arc;
use std::fmt;

/// A lock that a task may hold while it awaits.
///
/// Waiters are served first come first served. A panic does not poison the lock. For short sections
/// without `await` inside, a lock of `std` or `parking_lot` is the faster choice.
///
/// Who finds the lock held by another and nobody waiting looks again for some microseconds before it
/// waits, as long as that pays off with this lock: while several threads hold it briefly.
///
/// # Examples
/// ```
/// use sheave::sync::Mutex;
/// use std::sync::Arc;
///
/// # #[sheave::main]
/// # async fn main() {
/// let sum = Arc::new(Mutex::new(0));
/// let adders: sheave::task::JoinSet<()> = (1..=10)
///     .map(|n| {
///         let sum = sum.clone();
///         async move {
///             let mut sum = sum.lock().await;
///             sheave::task::yield_now().await; // The lock is held meanwhile.
///             *sum += n;
///         }
///     })
///     .collect();
/// adders.join_all().await;
/// assert_eq!(*sum.lock().await, 55);
/// # }
/// ```
///
/// The value may be unsized, behind a pointer:
/// ```
/// use sheave::sync::Mutex;
/// use std::fmt::Write;
/// use std::sync::Arc;
///
/// # futures_lite::future::block_on(async {
/// let log: Arc<Mutex<dyn Write + Send>> = Arc::new(Mutex::new(String::new()));
/// log.lock().await.write_str("started").expect("a string takes all");
/// # });
/// ```
pub struct Mutex<T: ?Sized> {
    permits: Permits,
    /// [held] Accessed by the holder of the one permit only.
    value: UnsafeCell<T>,
}

// SAFETY: the lock is a way to send the value from one holder to the next, hence `T: Send`; [held]
// never gives out two references, so `T: Sync` is not needed.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

/// The lock is held, or others wait for it.
#[derive(Debug)]
pub struct TryLockError(pub(super) ());

impl<T> Mutex<T> {
    /// An open lock around `value`.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self::const_new(value)
    }

    sheave_facade::const_fn! {
        /// [`new`](Self::new) for statics.
        #[must_use]
        pub fn const_new(value: T) -> Self {
            Self { permits: Permits::new(1), value: UnsafeCell::new(value) }
        }
    }

    /// The value, by ownership of the lock.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock.
    ///
    /// # Cancel safety
    /// Strict: a lock that was granted to a dropped future goes to the next one. The place in the queue
    /// is lost.
    #[inline]
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        self.wait().await;
        MutexGuard::holding(self)
    }

    /// [`lock`](Self::lock) with a guard that has no lifetime.
    ///
    /// # Cancel safety
    /// As [`lock`](Self::lock).
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(sheave::sync::Mutex::new(1));
    /// let mut guard = lock.clone().lock_owned().await;
    /// *guard += 1;
    /// drop(guard);
    /// assert_eq!(*lock.lock().await, 2);
    /// # });
    /// ```
    pub async fn lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        self.wait().await;
        OwnedMutexGuard::holding(self)
    }

    /// Takes the lock if it is free and nobody waits for it.
    ///
    /// # Errors
    /// [`TryLockError`] otherwise.
    ///
    /// # Examples
    /// ```
    /// let lock = sheave::sync::Mutex::new(());
    /// let held = lock.try_lock();
    /// assert!(held.is_ok());
    /// assert!(lock.try_lock().is_err());
    /// ```
    #[inline]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        self.permits.try_acquire(1).map_err(|_refusal| TryLockError(()))?;
        Ok(MutexGuard::holding(self))
    }

    /// [`try_lock`](Self::try_lock) with a guard that has no lifetime.
    ///
    /// # Errors
    /// As [`try_lock`](Self::try_lock).
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        self.permits.try_acquire(1).map_err(|_refusal| TryLockError(()))?;
        Ok(OwnedMutexGuard::holding(self))
    }

    /// Blocks this thread until the lock is free.
    ///
    /// # Panics
    /// In a task, whose worker it would block.
    ///
    /// # Examples
    /// ```
    /// let lock = sheave::sync::Mutex::new(1);
    /// *lock.blocking_lock() += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        block_on(self.lock())
    }

    /// [`blocking_lock`](Self::blocking_lock) with a guard that has no lifetime.
    ///
    /// # Panics
    /// As [`blocking_lock`](Self::blocking_lock).
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        block_on(self.lock_owned())
    }

    /// The value, by exclusive ownership of the lock.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: dereferences the value; [held] by `&mut self`: a guard would borrow the lock.
        self.value.with_mut(|value| unsafe { &mut *value })
    }

    #[inline]
    async fn wait(&self) {
        let granted = self.permits.acquire(SyncKind::Mutex, 1).await;
        granted.expect("the permits of a lock are never closed");
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(value) => shown.field("data", &&*value),
            Err(_held) => shown.field("data", &format_args!("<locked>")),
        };
        shown.finish()
    }
}

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lock is held, or others wait for it")
    }
}

impl std::error::Error for TryLockError {}

#[cfg(all(test, loom))]
mod loom;
