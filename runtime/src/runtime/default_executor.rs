//! The end of the default executor, before that of its runtime.

use super::Handle;
use crate::scheduler::{Listener, Shared};
use crate::time::error::Elapsed;
use crate::time::{Duration, timeout};
use sheave_facade::sync::Arc;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

impl Handle {
    /// Lets the default executor take nothing more, and waits until all that it has taken has ended: asyncio's
    /// `loop.shutdown_default_executor`.
    ///
    /// From the first poll on, [`run_in_executor(None, …)`](Self::run_in_executor) and
    /// [`to_thread`](crate::to_thread()) are refused with an error
    /// [that says so](crate::concurrent::FutureError::is_shutdown), for good. What waits in a queue still
    /// runs. An executor that was [chosen](Self::set_default_executor) is dropped at the end.
    ///
    /// Nobody needs to call this: the end of a runtime waits for its pool. It is for those who must know
    /// that no closure touches a file any more while tasks still run.
    ///
    /// # Differences from asyncio
    /// By default the executor shares its threads with [`spawn_blocking`](Self::spawn_blocking) and name
    /// resolution, which go on, and whose threads stay. When time is up, that is an error instead of a
    /// warning. A second call waits as the first one does.
    ///
    /// # Cancel safety
    /// Strict: a dropped wait leaves the executor closed, and a later one is ready when it is over.
    ///
    /// # Errors
    /// [`Elapsed`] if that takes longer than `limit`; what runs then goes on. `None` is no limit. A closure
    /// that blocks on this waits for itself, and needs a limit.
    ///
    /// # Panics
    /// When polled with a limit, if the thread is in no runtime.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::run_in_executor;
    /// use sheave::runtime::Handle;
    ///
    /// # #[sheave::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let saves = run_in_executor(None, || "saved");
    /// Handle::current().shutdown_default_executor(None).await?;
    /// assert_eq!(saves.await?, "saved");
    /// assert!(run_in_executor(None, || "too late").await.unwrap_err().is_shutdown());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown_default_executor(
        &self,
        limit: impl Into<Option<Duration>>,
    ) -> Result<(), Elapsed> {
        self.shared.blocking.by_default.close();
        let over = Over { shared: self.shared.clone(), listener: Listener::default() };
        match limit.into() {
            Some(limit) => timeout(limit, over).await?,
            None => over.await,
        }
        self.shared.blocking.by_default.choose(None);
        Ok(())
    }
}

/// Waits for the last job.
struct Over {
    shared: Arc<Shared>,
    listener: Listener,
}

impl Future for Over {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { shared, listener } = &mut *self;
        shared.blocking.by_default.over.listen(listener, cx.waker())
    }
}

impl Drop for Over {
    fn drop(&mut self) {
        self.shared.blocking.by_default.over.leave(&mut self.listener);
    }
}
