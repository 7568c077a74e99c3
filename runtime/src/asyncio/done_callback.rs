//! What is to be called when a task has ended.

use super::Shared;
use crate::front::spawn::with_current;
use crate::tasks::{AbortHandle, JoinError, Spec};
use sheave_facade::sync::Arc;
use std::panic::Location;

/// Names a callback, to remove it again. Made by [`Shared::add_done_callback`].
#[derive(Clone, Debug)]
pub struct DoneCallback(AbortHandle);

impl<T: Clone + Send + Sync + 'static> Shared<T> {
    /// Calls `f` with the output once the task has ended: asyncio's `add_done_callback`.
    ///
    /// It is called by a task of its own on the current runtime, never by this function and never where
    /// the task ends, also if that has ended already; in a copy of the context of whoever calls this.
    /// It is called once for each registration, and also if all other clones are dropped. A panic in it
    /// is reported as that of a detached task.
    ///
    /// # Differences from asyncio
    /// - Callbacks of one task are called in the order of their registration on the current-thread
    ///   flavour only; on the multi-thread flavour they may run side by side.
    /// - Those that have not been called when the runtime shuts down are dropped.
    /// - The callback takes the output, not the task.
    ///
    /// # Panics
    /// If the thread is in no runtime.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::create_future;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let (called, call) = create_future::<_, ()>();
    /// let task = sheave::spawn(async { 6 * 7 }).shared();
    /// task.add_done_callback(move |output| {
    ///     let _ = called.set_result(*output.as_ref().unwrap());
    /// });
    /// assert_eq!(call.await, Ok(42));
    /// # }
    /// ```
    #[track_caller]
    pub fn add_done_callback<F>(&self, f: F) -> DoneCallback
    where
        F: FnOnce(&Result<T, Arc<JoinError>>) + Send + 'static,
    {
        let (task, location) = (self.clone(), Location::caller());
        let call = async move { f(&task.await) };
        DoneCallback(with_current(|shared| shared.spawn(call, Spec::at(location))).abort_handle())
    }

    /// Removes a callback. Returns `false` if it was called or removed before. One that is being
    /// called is not interrupted.
    pub fn remove_done_callback(&self, callback: &DoneCallback) -> bool {
        callback.0.cancel()
    }
}
