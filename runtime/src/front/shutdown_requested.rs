//! How a task hears that its runtime is about to end.

use crate::scheduler::{Listener, Shared, context, with_runtime};
use sheave_facade::sync::Arc;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Waits until the runtime of the calling thread is told to end, by
/// [`Runtime::shutdown`](crate::runtime::Runtime::shutdown) or in another way.
///
/// From then on the runtime takes no more tasks, and a task that ends by itself within the time to
/// [drain](crate::runtime::ShutdownOptions::drain) is not aborted. Closures on the blocking pool are
/// still taken until that time is up, so that tasks can finish what they do with files.
///
/// # Cancel safety
/// Strict: dropping the future loses nothing, and a later one is ready at once.
///
/// # Panics
/// If the thread is in no runtime.
///
/// # Examples
/// ```
/// use sheave::runtime::{Builder, ShutdownOptions};
/// use std::time::Duration;
///
/// let runtime = Builder::new_multi_thread().worker_threads(1).build()?;
/// let task = runtime.spawn(async {
///     sheave::shutdown_requested().await;
///     "saved"
/// });
/// let report = runtime.shutdown(ShutdownOptions::new().drain(Duration::from_secs(30)));
/// assert!(report.is_complete() && report.aborted() == 0);
/// assert_eq!(sheave::runtime::Runtime::new()?.block_on(task)?, "saved");
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn shutdown_requested() -> ShutdownRequested {
    match with_runtime(|shared| shared.cloned()) {
        Some(shared) => ShutdownRequested::new(shared),
        None => panic!("{}", context::NO_RUNTIME),
    }
}

/// What [`shutdown_requested`] returns.
#[must_use = "futures do nothing unless they are awaited"]
pub struct ShutdownRequested {
    shared: Arc<Shared>,
    listener: Listener,
}

impl ShutdownRequested {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, listener: Listener::default() }
    }
}

impl Future for ShutdownRequested {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { shared, listener } = &mut *self;
        shared.requested.listen(listener, cx.waker())
    }
}

impl Drop for ShutdownRequested {
    fn drop(&mut self) {
        self.shared.requested.leave(&mut self.listener);
    }
}

impl fmt::Debug for ShutdownRequested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownRequested").finish_non_exhaustive()
    }
}
