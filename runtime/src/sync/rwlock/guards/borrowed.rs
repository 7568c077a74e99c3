//! Guards that borrow the lock.

use super::{Hold, RwLock};
use crate::sync::permits::Permits;
use crate::sync::shown::shown_as_value;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// Proof of holding a [`RwLock`] for reading, or a part of what it protects.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    /// [part] Of the value, which nobody writes while the permit is held.
    part: NonNull<T>,
    hold: Hold<&'a Permits>,
    _value: PhantomData<&'a T>,
}

/// Proof of holding a [`RwLock`] for writing.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    /// All permits.
    hold: Hold<&'a Permits>,
    /// As sendable and shareable as the exclusive reference it stands for.
    _value: PhantomData<&'a mut T>,
}

/// A guard of a part of what a [`RwLock`] protects, for writing. Made by [`RwLockWriteGuard::map`].
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized> {
    /// [part] Of the value, which nobody else looks at while all permits are held.
    part: NonNull<T>,
    hold: Hold<&'a Permits>,
    _value: PhantomData<&'a mut T>,
}

// SAFETY: the pointer stands for `&T`, which is sendable if `T` is shareable.
unsafe impl<T: ?Sized + Sync> Send for RwLockReadGuard<'_, T> {}
// SAFETY: a shared guard gives out `&T` only.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}
// SAFETY: the pointer stands for `&mut T`, which is sendable if `T` is.
unsafe impl<T: ?Sized + Send> Send for RwLockMappedWriteGuard<'_, T> {}
// SAFETY: a shared guard gives out `&T` only.
unsafe impl<T: ?Sized + Sync> Sync for RwLockMappedWriteGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// For the holder of one permit only.
    pub(in crate::sync::rwlock) fn holding(lock: &'a RwLock<T>) -> Self {
        Self::of(lock.whole(), Hold { lock: &lock.permits, count: 1 })
    }

    fn of(part: NonNull<T>, hold: Hold<&'a Permits>) -> Self {
        Self { part, hold, _value: PhantomData }
    }

    /// A guard of a part of the value.
    ///
    /// # Examples
    /// ```
    /// use sheave::sync::{RwLock, RwLockReadGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let pair = RwLock::new((1, "one"));
    /// let name = RwLockReadGuard::map(pair.read().await, |pair| pair.1);
    /// assert_eq!(&*name, "one");
    /// # });
    /// ```
    pub fn map<U: ?Sized>(this: Self, part: impl FnOnce(&T) -> &U) -> RwLockReadGuard<'a, U> {
        RwLockReadGuard::of(NonNull::from(part(&this)), this.hold)
    }

    /// A guard of a part of the value, if it has one.
    ///
    /// # Errors
    /// Hands the guard back if `part` finds nothing.
    pub fn try_map<U: ?Sized>(
        this: Self,
        part: impl FnOnce(&T) -> Option<&U>,
    ) -> Result<RwLockReadGuard<'a, U>, Self> {
        match part(&this).map(NonNull::from) {
            Some(part) => Ok(RwLockReadGuard::of(part, this.hold)),
            None => Err(this),
        }
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// For the holder of all permits only.
    pub(in crate::sync::rwlock) fn holding(lock: &'a RwLock<T>) -> Self {
        let hold = Hold { lock: &lock.permits, count: lock.max_readers as usize };
        Self { lock, hold, _value: PhantomData }
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
        RwLockReadGuard::of(self.lock.whole(), self.hold.downgrade())
    }

    /// [`downgrade`](Self::downgrade) to a guard of a part of the value.
    ///
    /// # Examples
    /// ```
    /// use sheave::sync::{RwLock, RwLockWriteGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new(vec![1, 2]);
    /// let mut list = lock.write().await;
    /// list.push(3);
    /// let newest = RwLockWriteGuard::downgrade_map(list, |list| &list[2]);
    /// assert_eq!((*newest, lock.read().await.len()), (3, 3));
    /// # });
    /// ```
    pub fn downgrade_map<U: ?Sized>(
        this: Self,
        part: impl FnOnce(&T) -> &U,
    ) -> RwLockReadGuard<'a, U> {
        RwLockReadGuard::of(NonNull::from(part(&this)), this.hold.downgrade())
    }

    /// [`downgrade_map`](Self::downgrade_map), if the value has such a part.
    ///
    /// # Errors
    /// Hands the guard back, for writing as before, if `part` finds nothing.
    pub fn try_downgrade_map<U: ?Sized>(
        this: Self,
        part: impl FnOnce(&T) -> Option<&U>,
    ) -> Result<RwLockReadGuard<'a, U>, Self> {
        match part(&this).map(NonNull::from) {
            Some(part) => Ok(RwLockReadGuard::of(part, this.hold.downgrade())),
            None => Err(this),
        }
    }

    /// A guard of a part of the value, for writing.
    ///
    /// # Examples
    /// ```
    /// use sheave::sync::{RwLock, RwLockWriteGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let pair = RwLock::new((1, "one"));
    /// let mut number = RwLockWriteGuard::map(pair.write().await, |pair| &mut pair.0);
    /// *number = 2;
    /// drop(number);
    /// assert_eq!(pair.read().await.0, 2);
    /// # });
    /// ```
    pub fn map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> RwLockMappedWriteGuard<'a, U> {
        RwLockMappedWriteGuard::of(NonNull::from(part(&mut this)), this.hold)
    }

    /// A guard of a part of the value, if it has one, for writing.
    ///
    /// # Errors
    /// Hands the guard back if `part` finds nothing.
    pub fn try_map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<RwLockMappedWriteGuard<'a, U>, Self> {
        match part(&mut this).map(NonNull::from) {
            Some(part) => Ok(RwLockMappedWriteGuard::of(part, this.hold)),
            None => Err(this),
        }
    }

    /// A guard of the whole value that has the type of one of a part.
    pub fn into_mapped(this: Self) -> RwLockMappedWriteGuard<'a, T> {
        RwLockMappedWriteGuard::of(this.lock.whole_mut(), this.hold)
    }
}

impl<'a, T: ?Sized> RwLockMappedWriteGuard<'a, T> {
    fn of(part: NonNull<T>, hold: Hold<&'a Permits>) -> Self {
        Self { part, hold, _value: PhantomData }
    }

    /// A guard of a part of this part.
    pub fn map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> RwLockMappedWriteGuard<'a, U> {
        RwLockMappedWriteGuard::of(NonNull::from(part(&mut this)), this.hold)
    }

    /// A guard of a part of this part, if it has one.
    ///
    /// # Errors
    /// Hands the guard back if `part` finds nothing.
    pub fn try_map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<RwLockMappedWriteGuard<'a, U>, Self> {
        match part(&mut this).map(NonNull::from) {
            Some(part) => Ok(RwLockMappedWriteGuard::of(part, this.hold)),
            None => Err(this),
        }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: dereferences a [part] of a value; the permit is held by this guard, which is borrowed.
        unsafe { self.part.as_ref() }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: dereferences the value; [held] by all permits, which this guard has and is borrowed.
        self.lock.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and the guard is borrowed exclusively.
        self.lock.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized> Deref for RwLockMappedWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: dereferences a [part] of a value; all permits are held by this guard, which is borrowed.
        unsafe { self.part.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for RwLockMappedWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and the guard is borrowed exclusively.
        unsafe { self.part.as_mut() }
    }
}

shown_as_value! {
    [T: ?Sized] RwLockReadGuard<'_, T> => T;
    [T: ?Sized] RwLockWriteGuard<'_, T> => T;
    [T: ?Sized] RwLockMappedWriteGuard<'_, T> => T;
}
