//! A value that is set once, perhaps by a future that others wait for.
//!
//! One permit, which whoever initialises the cell takes; a flag says that the value is there.
//!
//! | cell         | call                               | cell         | and                                    |
//! |--------------|------------------------------------|--------------|----------------------------------------|
//! | empty        | `set`                              | set          | –                                      |
//! | empty        | `get_or_init` polled               | initialising | runs the future                        |
//! | initialising | the future is ready                | set          | all who wait get the value             |
//! | initialising | it fails, panics or is dropped     | empty        | the one who waits longest tries        |
//! | initialising | `set`                              | initialising | refused                                |
//! | initialising | `get_or_init` polled               | initialising | waits                                  |
//! | set          | `set`                              | set          | refused                                |
//! | set          | `take`, `into_inner`               | empty        | by ownership: nobody looks or waits    |

use super::permits::{Permits, Refusal};
use crate::util::waits::SyncKind;
use sheave_facade::cell::UnsafeCell;
use sheave_facade::seeded;
use sheave_facade::sync::atomic::AtomicBool;
use sheave_facade::sync::atomic::Ordering::{Acquire, Release};
use std::convert::Infallible;
use std::future::Future;
use std::{error, fmt};

/// A value that is set once, perhaps by a future that others wait for.
///
/// # Examples
/// ```
/// use sheave::sync::OnceCell;
///
/// static ANSWER: OnceCell<u32> = OnceCell::const_new();
///
/// async fn compute() -> u32 {
///     42 // after some time, and only once
/// }
///
/// # #[sheave::main]
/// # async fn main() {
/// let one = sheave::spawn(async { *ANSWER.get_or_init(compute).await });
/// assert_eq!(*ANSWER.get_or_init(compute).await, 42);
/// assert_eq!(one.await.unwrap(), 42);
/// # }
/// ```
pub struct OnceCell<T> {
    permits: Permits,
    is_set: AtomicBool,
    /// [once] The holder's of the one permit until `is_set`; then read only, and the permit is gone.
    value: UnsafeCell<Option<T>>,
}

// SAFETY: threads share the value once it is set, hence `T: Sync`, and one may set what another drops,
// hence `T: Send`; [once] keeps the one who writes apart from those who read.
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

/// Why a cell was not set: the value comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetError<T> {
    /// There is a value already.
    AlreadyInitializedError(T),
    /// A future is about to make one.
    InitializingError(T),
}

impl<T> OnceCell<T> {
    /// An empty cell.
    #[must_use]
    pub fn new() -> Self {
        Self::const_new()
    }

    /// A cell with this value, if there is one.
    #[must_use]
    pub fn new_with(value: Option<T>) -> Self {
        value.map_or_else(Self::const_new, Self::const_new_with)
    }

    sheave_facade::const_fn! {
        /// [`new`](Self::new) for statics.
        #[must_use]
        pub fn const_new() -> Self {
            let is_set = AtomicBool::new(false);
            Self { permits: Permits::to_wait_for(1), is_set, value: UnsafeCell::new(None) }
        }
    }

    sheave_facade::const_fn! {
        /// A cell with this value, for statics.
        #[must_use]
        pub fn const_new_with(value: T) -> Self {
            let is_set = AtomicBool::new(true);
            Self { permits: Permits::closed(), is_set, value: UnsafeCell::new(Some(value)) }
        }
    }

    /// Whether there is a value.
    #[must_use]
    pub fn initialized(&self) -> bool {
        // ORDERING: Acquire; pairs with the release of `publish`: the value is seen as it was written.
        self.is_set.load(Acquire)
    }

    /// The value, if there is one.
    #[inline]
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: reads the value; [once] it is set.
        self.initialized().then(|| self.value.with(|value| unsafe { &*value }.as_ref()))?
    }

    /// The value, if there is one, by exclusive ownership of the cell.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: writes the value; nobody else refers to the cell.
        self.value.with_mut(|value| unsafe { &mut *value }.as_mut())
    }

    /// Sets the value.
    ///
    /// # Errors
    /// Hands it back if there is one already, or a future is about to make one.
    ///
    /// # Examples
    /// ```
    /// use sheave::sync::{OnceCell, SetError};
    ///
    /// let cell = OnceCell::new();
    /// assert_eq!(cell.set(1), Ok(()));
    /// assert_eq!(cell.set(2), Err(SetError::AlreadyInitializedError(2)));
    /// assert_eq!(cell.get(), Some(&1));
    /// ```
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        if self.initialized() {
            return Err(SetError::AlreadyInitializedError(value));
        }
        match self.permits.try_acquire(1) {
            Ok(()) => {
                self.publish(value);
                Ok(())
            }
            Err(Refusal::NoPermits) => Err(SetError::InitializingError(value)),
            Err(Refusal::Closed) => Err(SetError::AlreadyInitializedError(value)),
        }
    }

    /// The value; if there is none, that of the future that `init` makes.
    ///
    /// Of all who call it, one runs its future at a time, and the others wait. A future must not wait
    /// for the cell it initialises, which would be waiting for itself.
    ///
    /// # Cancel safety
    /// Strict as to the cell: if the call that runs its future is dropped, that future is too, and one
    /// who waits runs its own.
    pub async fn get_or_init<F, Fut>(&self, init: F) -> &T
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        if let Some(value) = self.get() {
            return value;
        }
        let value = self.get_or_try_init(|| async { Ok::<T, Infallible>(init().await) });
        match value.await {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// The value; if there is none, that of the future that `init` makes, unless that fails.
    ///
    /// # Errors
    /// That of the future, which leaves the cell empty: one who waits runs its own.
    ///
    /// # Cancel safety
    /// As [`get_or_init`](Self::get_or_init).
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let cell = sheave::sync::OnceCell::new();
    /// assert_eq!(cell.get_or_try_init(async || Err("no luck")).await, Err("no luck"));
    /// assert_eq!(cell.get_or_try_init(async || Ok::<_, &str>(1)).await, Ok(&1));
    /// assert_eq!(cell.get_or_try_init(async || Err("too late")).await, Ok(&1));
    /// # });
    /// ```
    pub async fn get_or_try_init<E, F, Fut>(&self, init: F) -> Result<&T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        if let Ok(()) = self.permits.acquire(SyncKind::OnceCell, 1).await {
            // Given back if the future fails, panics or is dropped.
            let hold = Hold(&self.permits);
            let value = init().await?;
            std::mem::forget(hold);
            self.publish(value);
        }
        Ok(self.get().expect("whoever closes the permits has set the value"))
    }

    /// The value, by ownership of the cell.
    #[must_use]
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Takes the value out, and leaves an empty cell.
    pub fn take(&mut self) -> Option<T> {
        std::mem::take(self).into_inner()
    }

    /// For the holder of the permit, which is used up.
    fn publish(&self, value: T) {
        // SAFETY: writes the value; [once] by the holder of the permit, and it is not set.
        self.value.with_mut(|place| unsafe { *place = Some(value) });
        if !seeded::on("once_cell_set_in_silence") {
            // ORDERING: Release; pairs with the acquire of `initialized`.
            self.is_set.store(true, Release);
        }
        // Who is refused finds the value.
        self.permits.close();
    }
}

/// The permit of the one whose future runs.
struct Hold<'a>(&'a Permits);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if !seeded::on("once_cell_failure_keeps_permit") {
            self.0.release(1);
        }
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        Self::new_with(Some(value))
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    fn clone(&self) -> Self {
        Self::new_with(self.get().cloned())
    }
}

impl<T: PartialEq> PartialEq for OnceCell<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceCell<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceCell").field("value", &self.get()).finish_non_exhaustive()
    }
}

impl<T> SetError<T> {
    /// Whether there is a value already.
    #[must_use]
    pub fn is_already_init_err(&self) -> bool {
        matches!(self, Self::AlreadyInitializedError(_))
    }

    /// Whether a future is about to make a value.
    #[must_use]
    pub fn is_initializing_err(&self) -> bool {
        matches!(self, Self::InitializingError(_))
    }
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyInitializedError(_) => "the cell is set already",
            Self::InitializingError(_) => "the cell is being initialised",
        })
    }
}

impl<T: fmt::Debug> error::Error for SetError<T> {}

#[cfg(all(test, loom))]
mod loom;
