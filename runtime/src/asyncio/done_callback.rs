//! What is to be called when a task has ended.

use super::Shared;
use crate::front::spawn::with_current;
use crate::scheduler::context;
use crate::tasks::{AbortHandle, CallbackId, JoinError, JoinHandle, Spec};
use sheave_facade::sync::Arc;
use std::panic::Location;

impl<T: Send + 'static> JoinHandle<T> {
    /// Calls `f` with the outcome once the task has ended, before whoever awaits the handle gets it:
    /// asyncio's `add_done_callback`.
    ///
    /// It is called by the scheduler of the task, at a turn of its own: never by this function, and never
    /// inside the poll that ends the task. The callbacks of one task are called in the order of their
    /// registration, each once, and each in a copy of the context in which it was registered. A detached
    /// task keeps its callbacks. No task is current in a callback, and its task has ended, though
    /// [`is_finished`](Self::is_finished) only says so when all callbacks are through. If the task has
    /// ended already, the current runtime calls it.
    ///
    /// A panic in a callback goes to
    /// [`on_unhandled_panic`](crate::runtime::Builder::on_unhandled_panic); the others are called.
    ///
    /// # Differences from asyncio
    /// - The callback takes the outcome, not the task; the id or [`meta`](Self::meta) of that can be moved
    ///   into it. It is given a reference, since the output is the awaiter's.
    /// - The same function may be registered several times, and each registration has an id of its own.
    /// - A runtime that shuts down cancels its tasks and calls their callbacks; those of tasks that had
    ///   ended before are dropped, if they have not been called.
    /// - The output must be `Send`, also that of a local task.
    ///
    /// # Panics
    /// If the task has ended, and the handle has returned its output or the thread is in no runtime.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::create_future;
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let (called, call) = create_future::<_, ()>();
    /// let task = sheave::spawn(async { String::from("done") });
    /// task.add_done_callback(move |output| {
    ///     let _ = called.set_result(output.as_ref().unwrap().len());
    /// });
    /// assert_eq!(call.await, Ok(4));
    /// assert_eq!(task.await.unwrap(), "done");
    /// # }
    /// ```
    #[track_caller]
    pub fn add_done_callback<F>(&self, f: F) -> CallbackId
    where
        F: FnOnce(&Result<T, JoinError>) + Send + 'static,
    {
        let (id, late) = self.register_callback(f, context::panic_sink());
        if let Some(late) = late {
            let spec = Spec::at(Location::caller());
            drop(with_current(|shared| shared.spawn(async move { late.call() }, spec)));
        }
        id
    }

    /// Removes a callback. Returns `false` if it was called or removed before. One that is being called
    /// is not interrupted.
    pub fn remove_done_callback(&self, callback: CallbackId) -> bool {
        self.unregister_callback(callback)
    }
}

/// Names a callback of a [`Shared`], to remove it again. Made by [`Shared::add_done_callback`].
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
