//! Proofs of holding a [`RwLock`] for reading or for writing, borrowed or owned.

use super::RwLock;
use sheave_facade::seeded;
use sheave_facade::sync::Arc;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Permits of a lock that `L` leads to, given back on drop.
struct Hold<L: Deref<Target = RwLock<T>>, T> {
    lock: L,
    permits: u32,
}

impl<L: Deref<Target = RwLock<T>>, T> Hold<L, T> {
    /// Keeps one permit of all.
    fn downgrade(mut self) -> Self {
        if !seeded::on("rwlock_downgrade_keeps_writing") {
            self.lock.permits.release((self.permits - 1) as usize);
        }
        self.permits = 1;
        self
    }
}

impl<L: Deref<Target = RwLock<T>>, T> Drop for Hold<L, T> {
    fn drop(&mut self) {
        self.lock.permits.release(self.permits as usize);
    }
}

/// Proof of holding a [`RwLock`] for reading.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockReadGuard<'a, T> {
    hold: Hold<&'a RwLock<T>, T>,
    /// As sendable and shareable as the reference it stands for.
    _value: PhantomData<&'a T>,
}

/// Proof of holding a [`RwLock`] for writing.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockWriteGuard<'a, T> {
    hold: Hold<&'a RwLock<T>, T>,
    /// As sendable and shareable as the exclusive reference it stands for.
    _value: PhantomData<&'a mut T>,
}

/// Proof of holding a [`RwLock`] in an `Arc` for reading.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct OwnedRwLockReadGuard<T> {
    hold: Hold<Arc<RwLock<T>>, T>,
}

/// Proof of holding a [`RwLock`] in an `Arc` for writing.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct OwnedRwLockWriteGuard<T> {
    hold: Hold<Arc<RwLock<T>>, T>,
}

impl<'a, T> RwLockReadGuard<'a, T> {
    /// For the holder of one permit only.
    pub(super) fn holding(lock: &'a RwLock<T>) -> Self {
        Self { hold: Hold { lock, permits: 1 }, _value: PhantomData }
    }
}

impl<'a, T> RwLockWriteGuard<'a, T> {
    /// For the holder of all permits only.
    pub(super) fn holding(lock: &'a RwLock<T>) -> Self {
        Self { hold: Hold { lock, permits: lock.max_readers }, _value: PhantomData }
    }

    /// Lets others read, without letting anybody write in between.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let lock = sheave::sync::RwLock::new(1);
    /// let mut writer = lock.write().await;
    /// *writer = 2;
    /// let reader = writer.downgrade();
    /// assert_eq!((*reader, *lock.read().await), (2, 2));
    /// # });
    /// ```
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard { hold: self.hold.downgrade(), _value: PhantomData }
    }
}

impl<T> OwnedRwLockReadGuard<T> {
    /// For the holder of one permit only.
    pub(super) fn holding(lock: Arc<RwLock<T>>) -> Self {
        Self { hold: Hold { lock, permits: 1 } }
    }
}

impl<T> OwnedRwLockWriteGuard<T> {
    /// For the holder of all permits only.
    pub(super) fn holding(lock: Arc<RwLock<T>>) -> Self {
        let permits = lock.max_readers;
        Self { hold: Hold { lock, permits } }
    }

    /// Lets others read, without letting anybody write in between.
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T> {
        OwnedRwLockReadGuard { hold: self.hold.downgrade() }
    }
}

impl<L: Deref<Target = RwLock<T>>, T> Deref for Hold<L, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: dereferences the value; [held] by at least one permit, and borrowed.
        self.lock.value.with(|value| unsafe { &*value })
    }
}

impl<L: Deref<Target = RwLock<T>>, T> Hold<L, T> {
    /// For guards of writers only.
    fn write(&mut self) -> &mut T {
        debug_assert_eq!(self.permits, self.lock.max_readers, "a writer holds all permits");
        // SAFETY: dereferences the value; [held] by all permits, and borrowed exclusively.
        self.lock.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.hold
    }
}

impl<T> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.hold
    }
}

impl<T> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.hold.write()
    }
}

impl<T> Deref for OwnedRwLockReadGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.hold
    }
}

impl<T> Deref for OwnedRwLockWriteGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.hold
    }
}

impl<T> DerefMut for OwnedRwLockWriteGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.hold.write()
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Debug> fmt::Debug for OwnedRwLockReadGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: fmt::Debug> fmt::Debug for OwnedRwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
