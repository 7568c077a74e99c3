//! A lock for many readers or one writer, which a task may hold while it awaits.
//!
//! As many permits as readers may be, and the value under them: a reader takes one, a writer takes all.
//! They are handed on in the order of arrival, so a writer that waits holds off later readers.

mod guards;

pub use guards::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard,
    RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard,
};

use super::blocking::block_on;
use super::mutex::TryLockError;
use super::permits::Permits;
use crate::util::waits::SyncKind;
use sheave_facade::cell::UnsafeCell;
use sheave_facade::sync::Arc;
use std::fmt;

/// How many readers there may be at a time unless said otherwise.
const MAX_READERS: u32 = u32::MAX >> 3;

/// A lock for many readers or one writer.
///
/// Waiters are served first come first served: a reader that comes while a writer waits is served
/// after it, so writers do not starve. For the same reason a task must not take a second read lock
/// while it holds one: with a writer between the two, it would wait for itself. A panic poisons
/// nothing.
///
/// # Examples
/// ```
/// use sheave::sync::RwLock;
///
/// # #[sheave::main]
/// # async fn main() {
/// let settings = RwLock::new(vec!["fast"]);
/// {
///     let one = settings.read().await;
///     let another = settings.try_read().expect("no writer waits");
///     assert_eq!(*one, *another);
/// }
/// settings.write().await.push("safe");
/// assert_eq!(settings.read().await.len(), 2);
/// # }
/// ```
pub struct RwLock<T: ?Sized> {
    permits: Permits,
    /// How many permits there are.
    max_readers: u32,
    /// [held] Shared by the holders of one permit each, exclusive to the holder of all.
    value: UnsafeCell<T>,
}

// SAFETY: readers share the value between threads, hence `T: Sync`; writers pass it on, hence
// `T: Send`; [held] keeps the two apart.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    /// An open lock around `value`.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self::const_new(value)
    }

    sheave_facade::const_fn! {
        /// [`new`](Self::new) for statics.
        #[must_use]
        pub fn const_new(value: T) -> Self {
            Self::const_with_max_readers(value, MAX_READERS)
        }
    }

    /// An open lock that at most `max_readers` may read at a time.
    ///
    /// # Panics
    /// If `max_readers` is 0 or more than `u32::MAX >> 3`.
    #[track_caller]
    #[must_use]
    pub fn with_max_readers(value: T, max_readers: u32) -> Self {
        Self::const_with_max_readers(value, max_readers)
    }

    sheave_facade::const_fn! {
        /// [`with_max_readers`](Self::with_max_readers) for statics.
        ///
        /// # Panics
        /// As [`with_max_readers`](Self::with_max_readers).
        #[track_caller]
        #[must_use]
        pub fn const_with_max_readers(value: T, max_readers: u32) -> Self {
            assert!(
                0 < max_readers && max_readers <= MAX_READERS,
                "a lock has between 1 and `u32::MAX >> 3` readers"
            );
            let permits = Permits::new(max_readers as usize);
            Self { permits, max_readers, value: UnsafeCell::new(value) }
        }
    }

    /// The value, by ownership of the lock.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until no writer holds the lock, and none that came before waits for it.
    ///
    /// # Cancel safety
    /// Strict: a lock that was granted to a dropped future goes to the next one. The place in the queue
    /// is lost.
    pub async fn read(&self) -> RwLockReadGuard<'_, T> {
        self.wait(1).await;
        RwLockReadGuard::holding(self)
    }

    /// Waits until nobody else holds the lock.
    ///
    /// # Cancel safety
    /// As [`read`](Self::read).
    pub async fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.wait(self.max_readers).await;
        RwLockWriteGuard::holding(self)
    }

    /// [`read`](Self::read) with a guard that has no lifetime.
    ///
    /// # Cancel safety
    /// As [`read`](Self::read).
    pub async fn read_owned(self: Arc<Self>) -> OwnedRwLockReadGuard<T> {
        self.wait(1).await;
        OwnedRwLockReadGuard::holding(self)
    }

    /// [`write`](Self::write) with a guard that has no lifetime.
    ///
    /// # Cancel safety
    /// As [`read`](Self::read).
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(sheave::sync::RwLock::new(1));
    /// let mut guard = lock.clone().write_owned().await;
    /// *guard += 1;
    /// let shared = guard.downgrade(); // Others may read, nobody has written in between.
    /// assert_eq!((*shared, *lock.read().await), (2, 2));
    /// # });
    /// ```
    pub async fn write_owned(self: Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        self.wait(self.max_readers).await;
        OwnedRwLockWriteGuard::holding(self)
    }

    /// Takes the lock for reading if no writer holds it or waits for it.
    ///
    /// # Errors
    /// [`TryLockError`] otherwise.
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        self.try_take(1)?;
        Ok(RwLockReadGuard::holding(self))
    }

    /// Takes the lock for writing if nobody holds it or waits for it.
    ///
    /// # Errors
    /// [`TryLockError`] otherwise.
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        self.try_take(self.max_readers)?;
        Ok(RwLockWriteGuard::holding(self))
    }

    /// [`try_read`](Self::try_read) with a guard that has no lifetime.
    ///
    /// # Errors
    /// As [`try_read`](Self::try_read).
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        self.try_take(1)?;
        Ok(OwnedRwLockReadGuard::holding(self))
    }

    /// [`try_write`](Self::try_write) with a guard that has no lifetime.
    ///
    /// # Errors
    /// As [`try_write`](Self::try_write).
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        self.try_take(self.max_readers)?;
        Ok(OwnedRwLockWriteGuard::holding(self))
    }

    /// Blocks this thread until the lock can be read.
    ///
    /// # Panics
    /// In a task, whose worker it would block.
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        block_on(self.read())
    }

    /// Blocks this thread until the lock can be written.
    ///
    /// # Panics
    /// In a task, whose worker it would block.
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        block_on(self.write())
    }

    /// The value, by exclusive ownership of the lock.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: dereferences the value; [held] by `&mut self`: a guard would borrow the lock.
        self.value.with_mut(|value| unsafe { &mut *value })
    }

    async fn wait(&self, permits: u32) {
        let granted = self.permits.acquire(SyncKind::RwLock, permits).await;
        granted.expect("the permits of a lock are never closed");
    }

    fn try_take(&self, permits: u32) -> Result<(), TryLockError> {
        self.permits.try_acquire(permits as usize).map_err(|_refusal| TryLockError(()))
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(value) => shown.field("data", &&*value),
            Err(_held) => shown.field("data", &format_args!("<locked>")),
        };
        shown.finish()
    }
}

#[cfg(all(test, loom))]
mod loom;
