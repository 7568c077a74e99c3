//! A value that is set once, and that can be waited for.
//!
//! | value | call          | value | and                                                     |
//! |-------|---------------|-------|---------------------------------------------------------|
//! | empty | `wait` polled | empty | waits                                                   |
//! | empty | `set`         | set   | all who wait get it                                     |
//! | set   | `wait` polled | set   | ready at once                                           |
//! | set   | `set`         | set   | refused                                                 |
//! | set   | `into_inner`  | –     | by ownership: nobody looks or waits                     |

use super::event::Event;
use super::once_cell::{OnceCell, SetError};
use crate::coop::consume_budget;
use crate::util::waits::{SyncKind, noting, unnoted};
use sheave_facade::seeded;
use sheave_facade::sync::BriefMutex;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::{error, fmt};

/// A value that is set once, and that can be waited for.
///
/// Unlike a [`OnceCell`], which makes its value when somebody asks for it, this waits until
/// somebody brings one.
///
/// # Examples
/// ```
/// use sheave::sync::SetOnce;
///
/// static ADDRESS: SetOnce<String> = SetOnce::const_new();
///
/// # #[sheave::main]
/// # async fn main() {
/// let client = sheave::spawn(async { ADDRESS.wait().await.len() });
/// ADDRESS.set("127.0.0.1:80".to_owned()).expect("nobody else sets it");
/// assert_eq!(client.await.unwrap(), 12);
/// # }
/// ```
pub struct SetOnce<T> {
    cell: OnceCell<T>,
    /// Set after the cell, by whoever sets that. Of no use if the value was there from the start.
    is_set: Event,
    /// Held while the cell is set: who is refused finds the value.
    setting: BriefMutex<()>,
}

/// There is a value already: the other one comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetOnceError<T>(pub T);

impl<T> SetOnce<T> {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::const_new()
    }

    /// This value, if there is one.
    #[must_use]
    pub fn new_with(value: Option<T>) -> Self {
        Self::of(OnceCell::new_with(value))
    }

    sheave_facade::const_fn! {
        /// [`new`](Self::new) for statics.
        #[must_use]
        pub fn const_new() -> Self {
            Self::of(OnceCell::const_new())
        }
    }

    sheave_facade::const_fn! {
        /// This value, for statics.
        #[must_use]
        pub fn const_new_with(value: T) -> Self {
            Self::of(OnceCell::const_new_with(value))
        }
    }

    sheave_facade::const_fn! {
        fn of(cell: OnceCell<T>) -> Self {
            Self { cell, is_set: Event::const_new(), setting: BriefMutex::new(()) }
        }
    }

    /// Whether there is a value.
    #[must_use]
    pub fn initialized(&self) -> bool {
        self.cell.initialized()
    }

    /// The value, if there is one.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.cell.get()
    }

    /// Sets the value, and wakes all who wait for it.
    ///
    /// # Errors
    /// Hands it back if there is one already, which [`get`](Self::get) then finds.
    ///
    /// # Examples
    /// ```
    /// use sheave::sync::{SetOnce, SetOnceError};
    ///
    /// let value = SetOnce::new();
    /// assert_eq!(value.set(1), Ok(()));
    /// assert_eq!(value.set(2), Err(SetOnceError(2)));
    /// assert_eq!(value.get(), Some(&1));
    /// ```
    pub fn set(&self, value: T) -> Result<(), SetOnceError<T>> {
        if seeded::on("set_once_tells_first") {
            self.is_set.set();
        }
        let setting = (!seeded::on("set_once_refuses_early")).then(|| self.setting.lock());
        let result = self.cell.set(value);
        drop(setting);
        match result {
            Ok(()) if seeded::on("set_once_in_silence") => Ok(()),
            Ok(()) => {
                self.is_set.set();
                Ok(())
            }
            Err(SetError::AlreadyInitializedError(value) | SetError::InitializingError(value)) => {
                Err(SetOnceError(value))
            }
        }
    }

    /// Waits until there is a value.
    ///
    /// # Cancel safety
    /// Strict: a dropped wait leaves nothing behind.
    pub async fn wait(&self) -> &T {
        if let Some(value) = self.get() {
            consume_budget().await;
            return value;
        }
        let mut wait = pin!(self.is_set.wait());
        poll_fn(|cx| {
            let polled = unnoted(|| wait.as_mut().poll(cx));
            noting(SyncKind::SetOnce, self, polled)
        })
        .await;
        self.get().expect("it is set before those who wait are told")
    }

    /// The value, by ownership.
    #[must_use]
    pub fn into_inner(self) -> Option<T> {
        self.cell.into_inner()
    }
}

impl<T> Default for SetOnce<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for SetOnce<T> {
    fn from(value: T) -> Self {
        Self::of(OnceCell::from(value))
    }
}

impl<T: Clone> Clone for SetOnce<T> {
    fn clone(&self) -> Self {
        Self::of(self.cell.clone())
    }
}

impl<T: PartialEq> PartialEq for SetOnce<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cell == other.cell
    }
}

impl<T: Eq> Eq for SetOnce<T> {}

impl<T: fmt::Debug> fmt::Debug for SetOnce<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetOnce").field("value", &self.get()).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SetOnceError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value is set already")
    }
}

impl<T: fmt::Debug> error::Error for SetOnceError<T> {}

#[cfg(all(test, loom))]
mod loom;
