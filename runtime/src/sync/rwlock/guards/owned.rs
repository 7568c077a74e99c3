//! Guards that keep the lock alive, and have no lifetime.

use super::{Hold, RwLock};
use crate::sync::permits::Permits;
use crate::sync::shown::shown_as_value;
use sheave_facade::sync::Arc;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// The way from a share of the lock to its permits.
struct Shared<T: ?Sized>(Arc<RwLock<T>>);

impl<T: ?Sized> Deref for Shared<T> {
    type Target = Permits;

    fn deref(&self) -> &Permits {
        &self.0.permits
    }
}

/// Proof of holding a [`RwLock`] in an `Arc` for reading, or a part of what it protects.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct OwnedRwLockReadGuard<T: ?Sized, U: ?Sized = T> {
    /// [part] Of the value, which nobody writes while the permit is held.
    part: NonNull<U>,
    hold: Hold<Shared<T>>,
    _value: PhantomData<T>,
}

/// Proof of holding a [`RwLock`] in an `Arc` for writing.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct OwnedRwLockWriteGuard<T: ?Sized> {
    /// All permits.
    hold: Hold<Shared<T>>,
    /// As sendable and shareable as the value.
    _value: PhantomData<T>,
}

/// A guard of a part of what a [`RwLock`] in an `Arc` protects, for writing. Made by
/// [`OwnedRwLockWriteGuard::map`].
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct OwnedRwLockMappedWriteGuard<T: ?Sized, U: ?Sized = T> {
    /// [part] Of the value, which nobody else looks at while all permits are held.
    part: NonNull<U>,
    hold: Hold<Shared<T>>,
    _value: PhantomData<(*mut U, T)>,
}

// SAFETY: the pointer stands for `&U`, sendable if `U` is shareable; [`rwlock`](Self::rwlock) leads to
// the lock, which is shared between threads if `T: Send + Sync`.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Sync> Send for OwnedRwLockReadGuard<T, U> {}
// SAFETY: as for `Send`: a shared guard gives out `&U` and the lock.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Sync> Sync for OwnedRwLockReadGuard<T, U> {}
// SAFETY: the pointer stands for `&mut U`, sendable if `U` is; the lock as above.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send> Send for OwnedRwLockMappedWriteGuard<T, U> {}
// SAFETY: a shared guard gives out `&U` and the lock.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Sync> Sync for OwnedRwLockMappedWriteGuard<T, U> {}

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    /// For the holder of one permit only.
    pub(in crate::sync::rwlock) fn holding(lock: Arc<RwLock<T>>) -> Self {
        Self::of(lock.whole(), Hold { lock: Shared(lock), count: 1 })
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockReadGuard<T, U> {
    fn of(part: NonNull<U>, hold: Hold<Shared<T>>) -> Self {
        Self { part, hold, _value: PhantomData }
    }

    /// A guard of a part of the value.
    pub fn map<V: ?Sized>(this: Self, part: impl FnOnce(&U) -> &V) -> OwnedRwLockReadGuard<T, V> {
        OwnedRwLockReadGuard::of(NonNull::from(part(&this)), this.hold)
    }

    /// A guard of a part of the value, if it has one.
    ///
    /// # Errors
    /// Hands the guard back if `part` finds nothing.
    pub fn try_map<V: ?Sized>(
        this: Self,
        part: impl FnOnce(&U) -> Option<&V>,
    ) -> Result<OwnedRwLockReadGuard<T, V>, Self> {
        match part(&this).map(NonNull::from) {
            Some(part) => Ok(OwnedRwLockReadGuard::of(part, this.hold)),
            None => Err(this),
        }
    }

    /// The lock that is held.
    #[must_use]
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        &this.hold.lock.0
    }
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    /// For the holder of all permits only.
    pub(in crate::sync::rwlock) fn holding(lock: Arc<RwLock<T>>) -> Self {
        let count = lock.max_readers as usize;
        Self { hold: Hold { lock: Shared(lock), count }, _value: PhantomData }
    }

    fn lock(&self) -> &RwLock<T> {
        &self.hold.lock.0
    }

    /// Lets others read, without letting anybody write in between.
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T> {
        OwnedRwLockReadGuard::of(self.lock().whole(), self.hold.downgrade())
    }

    /// [`downgrade`](Self::downgrade) to a guard of a part of the value.
    pub fn downgrade_map<U: ?Sized>(
        this: Self,
        part: impl FnOnce(&T) -> &U,
    ) -> OwnedRwLockReadGuard<T, U> {
        OwnedRwLockReadGuard::of(NonNull::from(part(&this)), this.hold.downgrade())
    }

    /// [`downgrade_map`](Self::downgrade_map), if the value has such a part.
    ///
    /// # Errors
    /// Hands the guard back, for writing as before, if `part` finds nothing.
    pub fn try_downgrade_map<U: ?Sized>(
        this: Self,
        part: impl FnOnce(&T) -> Option<&U>,
    ) -> Result<OwnedRwLockReadGuard<T, U>, Self> {
        match part(&this).map(NonNull::from) {
            Some(part) => Ok(OwnedRwLockReadGuard::of(part, this.hold.downgrade())),
            None => Err(this),
        }
    }

    /// A guard of a part of the value, for writing.
    pub fn map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> OwnedRwLockMappedWriteGuard<T, U> {
        OwnedRwLockMappedWriteGuard::of(NonNull::from(part(&mut this)), this.hold)
    }

    /// A guard of a part of the value, if it has one, for writing.
    ///
    /// # Errors
    /// Hands the guard back if `part` finds nothing.
    pub fn try_map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, U>, Self> {
        match part(&mut this).map(NonNull::from) {
            Some(part) => Ok(OwnedRwLockMappedWriteGuard::of(part, this.hold)),
            None => Err(this),
        }
    }

    /// A guard of the whole value that has the type of one of a part.
    pub fn into_mapped(this: Self) -> OwnedRwLockMappedWriteGuard<T> {
        OwnedRwLockMappedWriteGuard::of(this.lock().whole_mut(), this.hold)
    }

    /// The lock that is held.
    #[must_use]
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        &this.hold.lock.0
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockMappedWriteGuard<T, U> {
    fn of(part: NonNull<U>, hold: Hold<Shared<T>>) -> Self {
        Self { part, hold, _value: PhantomData }
    }

    /// A guard of a part of this part.
    pub fn map<V: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut U) -> &mut V,
    ) -> OwnedRwLockMappedWriteGuard<T, V> {
        OwnedRwLockMappedWriteGuard::of(NonNull::from(part(&mut this)), this.hold)
    }

    /// A guard of a part of this part, if it has one.
    ///
    /// # Errors
    /// Hands the guard back if `part` finds nothing.
    pub fn try_map<V: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, V>, Self> {
        match part(&mut this).map(NonNull::from) {
            Some(part) => Ok(OwnedRwLockMappedWriteGuard::of(part, this.hold)),
            None => Err(this),
        }
    }

    /// The lock that is held.
    #[must_use]
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        &this.hold.lock.0
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedRwLockReadGuard<T, U> {
    type Target = U;

    fn deref(&self) -> &U {
        // SAFETY: dereferences a [part] of a value; the permit is held by this guard, which is borrowed.
        unsafe { self.part.as_ref() }
    }
}

impl<T: ?Sized> Deref for OwnedRwLockWriteGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: dereferences the value; [held] by all permits, which this guard has and is borrowed.
        self.lock().value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized> DerefMut for OwnedRwLockWriteGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and the guard is borrowed exclusively.
        self.lock().value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedRwLockMappedWriteGuard<T, U> {
    type Target = U;

    fn deref(&self) -> &U {
        // SAFETY: dereferences a [part] of a value; all permits are held by this guard, which is borrowed.
        unsafe { self.part.as_ref() }
    }
}

impl<T: ?Sized, U: ?Sized> DerefMut for OwnedRwLockMappedWriteGuard<T, U> {
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: as in `deref`, and the guard is borrowed exclusively.
        unsafe { self.part.as_mut() }
    }
}

shown_as_value! {
    [T: ?Sized, U: ?Sized] OwnedRwLockReadGuard<T, U> => U;
    [T: ?Sized] OwnedRwLockWriteGuard<T> => T;
    [T: ?Sized, U: ?Sized] OwnedRwLockMappedWriteGuard<T, U> => U;
}
