//! `loop.run_in_executor`.

use super::job::pack;
use super::{Executor, Future, RejectReason, Rejected, WrappedFuture, wrap_future};
use crate::front::spawn::with_current;
use crate::scheduler::{Entered, Shared};
use crate::tasks::inherited_context;
use sheave_facade::sync::Arc;
use std::panic::Location;

/// Runs a closure that may block on an executor: a [`ThreadPool`](super::ThreadPool), your own, or with
/// `None` the default one, which is the blocking pool of this runtime unless
/// [`set_default_executor`](crate::runtime::Handle::set_default_executor) says otherwise.
///
/// The work is submitted at once, whether or not the future is awaited, and goes on if it is dropped;
/// [`cancel`](WrappedFuture::cancel) keeps it from beginning. The closure is inside this runtime, so it may
/// spawn tasks and call [`Handle::block_on`](crate::runtime::Handle::block_on), and runs in a copy of the
/// current [`Context`](crate::asyncio::Context).
///
/// # Differences from Python
/// - The context is handed on.
/// - Any executor will do as the default one.
/// - A panic is an error of the future; an executor that refuses the work is, too.
///
/// # Panics
/// If the thread is in no runtime.
///
/// # Examples
/// ```
/// use sheave::concurrent::{ThreadPool, run_in_executor};
///
/// # #[sheave::main]
/// # async fn main() {
/// assert_eq!(run_in_executor(None, || 1).await.unwrap(), 1);
///
/// let pool = ThreadPool::builder().max_workers(2).build();
/// assert_eq!(run_in_executor(Some(&pool), || 2).await.unwrap(), 2);
/// # }
/// ```
#[track_caller]
pub fn run_in_executor<F, R>(executor: Option<&dyn Executor>, f: F) -> WrappedFuture<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let location = Location::caller();
    let run = |shared: &_| run_on(shared, executor, f, (), location);
    wrap_future(with_current(run)).cancel_on_drop(false)
}

/// Submits a closure that is inside the runtime, on behalf of who called at `location`. `guard` is dropped
/// when it has ended, or is given up.
pub(crate) fn run_on<F, R, G>(
    shared: &Arc<Shared>,
    executor: Option<&dyn Executor>,
    f: F,
    guard: G,
    location: &'static Location<'static>,
) -> Future<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
    G: Send + 'static,
{
    let inside = Inside { f: Some(f), runtime: shared.clone() };
    // Captured, so that it goes with the closure: before anybody has the result.
    let work = move || {
        let _guard = guard;
        inside.call()
    };
    let (in_flight, is_taken) = shared.in_flight(executor.is_none());
    let (mut future, job) = pack(work, inherited_context(), in_flight, location);
    let submitted = if is_taken {
        shared.execute(executor, job)
    } else {
        Err(Rejected { job, reason: RejectReason::ShutDown })
    };
    match submitted {
        Ok(submitted) => future.set_submitted(submitted),
        Err(Rejected { job, reason, .. }) => job.reject(reason),
    }
    future
}

/// A closure that is called, or dropped uncalled, inside a runtime.
struct Inside<F> {
    f: Option<F>,
    runtime: Arc<Shared>,
}

impl<F> Inside<F> {
    fn call<R>(mut self) -> R
    where
        F: FnOnce() -> R,
    {
        let _entered = Entered::new(self.runtime.clone());
        let f = self.f.take().expect("it is called once");
        f()
    }
}

impl<F> Drop for Inside<F> {
    fn drop(&mut self) {
        if let Some(f) = self.f.take() {
            let _entered = Entered::new(self.runtime.clone());
            drop(f);
        }
    }
}
