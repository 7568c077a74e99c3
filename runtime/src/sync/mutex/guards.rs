//! Proofs of holding a [`Mutex`]: borrowed or owned, of the whole value or of a part.

use super::Mutex;
use crate::sync::permits::Permits;
use crate::sync::shown::shown_as_value;
use sheave_facade::sync::Arc;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// The one permit of a lock, borrowed.
struct Hold<'a>(&'a Permits);

/// The one permit of a lock, owned.
struct OwnedHold<T: ?Sized>(Arc<Mutex<T>>);

impl Drop for Hold<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.release(1);
    }
}

impl<T: ?Sized> Drop for OwnedHold<T> {
    fn drop(&mut self) {
        self.0.permits.release(1);
    }
}

/// Proof of holding a [`Mutex`], which it releases on drop.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    hold: Hold<'a>,
    /// As sendable and shareable as the exclusive reference it stands for.
    _value: PhantomData<&'a mut T>,
}

/// Proof of holding a [`Mutex`] in an `Arc`, which it releases on drop.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct OwnedMutexGuard<T: ?Sized> {
    hold: OwnedHold<T>,
    /// As shareable as the value.
    _value: PhantomData<T>,
}

/// A guard of a part of what a [`Mutex`] protects. Made by [`MutexGuard::map`].
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct MappedMutexGuard<'a, U: ?Sized> {
    /// [part] Derived from the exclusive reference of the guard that was mapped.
    part: NonNull<U>,
    hold: Hold<'a>,
    _value: PhantomData<&'a mut U>,
}

/// A guard of a part of what a [`Mutex`] in an `Arc` protects. Made by [`OwnedMutexGuard::map`].
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct OwnedMappedMutexGuard<T: ?Sized, U: ?Sized = T> {
    /// [part] Derived from the exclusive reference of the guard that was mapped.
    part: NonNull<U>,
    hold: OwnedHold<T>,
    _value: PhantomData<(*mut U, T)>,
}

// SAFETY: the pointer stands for `&mut U`, which is sendable if `U` is.
unsafe impl<U: ?Sized + Send> Send for MappedMutexGuard<'_, U> {}
// SAFETY: a shared guard gives out `&U` only.
unsafe impl<U: ?Sized + Sync> Sync for MappedMutexGuard<'_, U> {}
// SAFETY: the pointer stands for `&mut U`, sendable if `U` is; the last guard may drop the `T`.
unsafe impl<T: ?Sized + Send, U: ?Sized + Send> Send for OwnedMappedMutexGuard<T, U> {}
// SAFETY: a shared guard gives out `&U` only; `T: Send` makes the lock itself shareable.
unsafe impl<T: ?Sized + Send, U: ?Sized + Sync> Sync for OwnedMappedMutexGuard<T, U> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// For the holder of the permit only.
    #[inline]
    pub(super) fn holding(mutex: &'a Mutex<T>) -> Self {
        Self { mutex, hold: Hold(&mutex.permits), _value: PhantomData }
    }

    /// A guard of a part of the value.
    ///
    /// # Examples
    /// ```
    /// use sheave::sync::{Mutex, MutexGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let pair = Mutex::new((1, "one"));
    /// let mut number = MutexGuard::map(pair.lock().await, |pair| &mut pair.0);
    /// *number = 2;
    /// drop(number);
    /// assert_eq!(pair.lock().await.0, 2);
    /// # });
    /// ```
    pub fn map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedMutexGuard<'a, U> {
        let part = NonNull::from(part(&mut this));
        MappedMutexGuard { part, hold: this.hold, _value: PhantomData }
    }

    /// A guard of a part of the value, if it has one.
    ///
    /// # Errors
    /// Hands the guard back if `part` finds nothing.
    pub fn try_map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedMutexGuard<'a, U>, Self> {
        match part(&mut this).map(NonNull::from) {
            Some(part) => Ok(MappedMutexGuard { part, hold: this.hold, _value: PhantomData }),
            None => Err(this),
        }
    }

    /// The lock that is held.
    #[must_use]
    pub fn mutex(this: &Self) -> &'a Mutex<T> {
        this.mutex
    }
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    /// For the holder of the permit only.
    pub(super) fn holding(mutex: Arc<Mutex<T>>) -> Self {
        Self { hold: OwnedHold(mutex), _value: PhantomData }
    }

    /// A guard of a part of the value.
    pub fn map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> OwnedMappedMutexGuard<T, U> {
        let part = NonNull::from(part(&mut this));
        OwnedMappedMutexGuard { part, hold: this.hold, _value: PhantomData }
    }

    /// A guard of a part of the value, if it has one.
    ///
    /// # Errors
    /// Hands the guard back if `part` finds nothing.
    pub fn try_map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<OwnedMappedMutexGuard<T, U>, Self> {
        match part(&mut this).map(NonNull::from) {
            Some(part) => Ok(OwnedMappedMutexGuard { part, hold: this.hold, _value: PhantomData }),
            None => Err(this),
        }
    }

    /// The lock that is held.
    #[must_use]
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        &this.hold.0
    }
}

impl<'a, U: ?Sized> MappedMutexGuard<'a, U> {
    /// A guard of a part of this part.
    pub fn map<V: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut U) -> &mut V,
    ) -> MappedMutexGuard<'a, V> {
        let part = NonNull::from(part(&mut this));
        MappedMutexGuard { part, hold: this.hold, _value: PhantomData }
    }

    /// A guard of a part of this part, if it has one.
    ///
    /// # Errors
    /// Hands the guard back if `part` finds nothing.
    pub fn try_map<V: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<MappedMutexGuard<'a, V>, Self> {
        match part(&mut this).map(NonNull::from) {
            Some(part) => Ok(MappedMutexGuard { part, hold: this.hold, _value: PhantomData }),
            None => Err(this),
        }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedMappedMutexGuard<T, U> {
    /// A guard of a part of this part.
    pub fn map<V: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut U) -> &mut V,
    ) -> OwnedMappedMutexGuard<T, V> {
        let part = NonNull::from(part(&mut this));
        OwnedMappedMutexGuard { part, hold: this.hold, _value: PhantomData }
    }

    /// A guard of a part of this part, if it has one.
    ///
    /// # Errors
    /// Hands the guard back if `part` finds nothing.
    pub fn try_map<V: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<OwnedMappedMutexGuard<T, V>, Self> {
        match part(&mut this).map(NonNull::from) {
            Some(part) => Ok(OwnedMappedMutexGuard { part, hold: this.hold, _value: PhantomData }),
            None => Err(this),
        }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: dereferences the value; [held] by this guard, which is borrowed.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: dereferences the value; [held] by this guard, which is borrowed exclusively.
        self.mutex.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized> Deref for OwnedMutexGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: dereferences the value; [held] by this guard, which is borrowed.
        self.hold.0.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized> DerefMut for OwnedMutexGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: dereferences the value; [held] by this guard, which is borrowed exclusively.
        self.hold.0.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<U: ?Sized> Deref for MappedMutexGuard<'_, U> {
    type Target = U;

    fn deref(&self) -> &U {
        // SAFETY: dereferences a [part] of a value that is held by this guard, which is borrowed.
        unsafe { self.part.as_ref() }
    }
}

impl<U: ?Sized> DerefMut for MappedMutexGuard<'_, U> {
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: as in `deref`, and the guard is borrowed exclusively.
        unsafe { self.part.as_mut() }
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedMappedMutexGuard<T, U> {
    type Target = U;

    fn deref(&self) -> &U {
        // SAFETY: dereferences a [part] of a value that is held by this guard, which is borrowed.
        unsafe { self.part.as_ref() }
    }
}

impl<T: ?Sized, U: ?Sized> DerefMut for OwnedMappedMutexGuard<T, U> {
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: as in `deref`, and the guard is borrowed exclusively.
        unsafe { self.part.as_mut() }
    }
}

shown_as_value! {
    [T: ?Sized] MutexGuard<'_, T> => T;
    [T: ?Sized] OwnedMutexGuard<T> => T;
    [U: ?Sized] MappedMutexGuard<'_, U> => U;
    [T: ?Sized, U: ?Sized] OwnedMappedMutexGuard<T, U> => U;
}
