//! The work of a future as an executor carries it, and what it can ask on its thread.

use super::state::State;
use super::{Future, FutureError, Promise, promise};
use crate::scheduler::with_runtime;
use crate::tasks::{Context, current_task, in_context};
use crate::util::contain::catch;
use sheave_blocking_pool::{Job, JobOrigin, RejectReason};
use sheave_facade::sync::Arc;
use std::cell::RefCell;
use std::panic::Location;

/// A closure with the promise of its result. `guard` is dropped after the promise was kept or broken.
struct PromisedJob<F, T, G> {
    promise: Promise<T>,
    work: F,
    context: Option<Context>,
    guard: G,
    /// Where it was submitted.
    location: &'static Location<'static>,
}

/// Makes a closure the work of a future, to run in `context`, or in an empty one. `location` is where it
/// is submitted.
pub(super) fn pack<F, T, G>(
    work: F,
    context: Option<Context>,
    guard: G,
    location: &'static Location<'static>,
) -> (Future<T>, Box<dyn Job>)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    G: Send + 'static,
{
    let (promise, future) = promise();
    (future, Box::new(PromisedJob { promise, work, context, guard, location }))
}

impl<F, T, G> Job for PromisedJob<F, T, G>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    G: Send + 'static,
{
    fn run(self: Box<Self>) {
        // The first that is bound is the last to be dropped.
        let Self { guard: _until_the_end, promise, work, context, location: _ } = *self;
        if !promise.set_running_or_notify_cancel() {
            return;
        }
        let result = {
            let _asked_for = AskedFor::set(promise.state().clone());
            catch(|| in_context(context, work))
        };
        match result {
            Ok(value) => {
                promise.set_result(value).unwrap_or_else(|_| unreachable!("it is running"))
            }
            Err(payload) => promise.set_panic(payload),
        }
    }

    fn origin(&self) -> JobOrigin {
        JobOrigin { name: None, submitted_at: Some(self.location) }
    }

    fn cancel(self: Box<Self>) {
        self.promise.cancel();
    }

    fn reject(self: Box<Self>, reason: RejectReason) {
        self.promise.set_exception(reason.into());
    }
}

/// What the thread that does the work knows of its future.
trait Wanted: Send + Sync {
    fn is_unwanted(&self) -> bool;
}

impl<T: Send> Wanted for State<T> {
    fn is_unwanted(&self) -> bool {
        State::is_unwanted(self)
    }
}

sheave_facade::thread_local! {
    /// The future whose work runs on this thread.
    static WANTED: RefCell<Option<Arc<dyn Wanted>>> = RefCell::new(None);
}

/// Makes `wanted` the one that is asked for and returns the former. On a thread that is ending there is none.
fn replace(wanted: Option<Arc<dyn Wanted>>) -> Option<Arc<dyn Wanted>> {
    WANTED.try_with(|place| place.replace(wanted)).unwrap_or(None)
}

/// Names the future whose work runs on this thread, until dropped.
struct AskedFor {
    former: Option<Arc<dyn Wanted>>,
}

impl AskedFor {
    fn set(wanted: Arc<dyn Wanted>) -> Self {
        Self { former: replace(Some(wanted)) }
    }
}

impl Drop for AskedFor {
    fn drop(&mut self) {
        drop(replace(self.former.take()));
    }
}

/// Says whether the work on this thread should stop: its future was cancelled or abandoned
/// ([`Future::cancel`], a dropped [`to_thread`](crate::to_thread())), its task was aborted
/// ([`spawn_blocking`](crate::task::spawn_blocking()), also as a member of a
/// [group](crate::asyncio::TaskGroup::spawn_blocking) that ends), or the runtime that it was started from
/// shuts down. For long work, to call now and then; anyio's `from_thread.check_cancelled`. Work that nobody
/// can cancel is never told to stop, nor is a thread that does not work for a runtime or a pool; anyio
/// raises there.
///
/// # Errors
/// [`FutureError::Cancelled`] if it should stop.
///
/// # Examples
/// ```
/// use sheave::concurrent::{ThreadPool, check_cancelled};
///
/// let pool = ThreadPool::new();
/// let (started, is_started) = std::sync::mpsc::channel();
/// let future = pool.submit(move || {
///     started.send(()).unwrap();
///     let mut rounds = 0u64;
///     while check_cancelled().is_ok() {
///         rounds += 1;
///     }
///     rounds
/// });
/// is_started.recv().unwrap();
/// assert!(!future.cancel()); // It runs, so it cannot be cancelled, but it can be asked to end.
/// future.wait().unwrap();
/// ```
pub fn check_cancelled() -> Result<(), FutureError> {
    let wanted = WANTED.try_with(|place| place.borrow().clone()).unwrap_or(None);
    let is_unwanted = wanted.is_some_and(|wanted| wanted.is_unwanted());
    let is_aborted = || current_task().is_some_and(|task| task.sight().is_cancelled);
    if is_unwanted
        || is_aborted()
        || with_runtime(|shared| shared.is_some_and(|shared| shared.is_closing()))
    {
        return Err(FutureError::Cancelled);
    }
    Ok(())
}

#[cfg(all(test, loom))]
mod loom;
