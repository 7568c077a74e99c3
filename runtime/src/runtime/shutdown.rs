//! How a runtime is told to end.

use super::Handle;
use crate::front::shutdown_requested::ShutdownRequested;
use crate::scheduler::Patience;
use std::time::Duration;

/// How long [`Runtime::shutdown`](super::Runtime::shutdown) waits, phase by phase.
///
/// A time beyond the range of the clock, such as [`Duration::MAX`], means for ever.
///
/// ```
/// use sheave::runtime::ShutdownOptions;
/// use std::time::Duration;
///
/// let options = ShutdownOptions::new().drain(Duration::from_secs(30));
/// assert_eq!(options.blocking, Duration::from_secs(300));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownOptions {
    /// For tasks to end by themselves, after they were told. Default: no time.
    pub drain: Duration,
    /// Then, for the futures of the others to be dropped. Default: 10 s.
    pub cancel_grace: Duration,
    /// Then, for closures that run on the blocking pool. Default: 300 s.
    pub blocking: Duration,
}

impl ShutdownOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            drain: Duration::ZERO,
            cancel_grace: Duration::from_secs(10),
            blocking: Duration::from_secs(300),
        }
    }

    /// Sets [`drain`](Self::drain).
    #[must_use]
    pub fn drain(mut self, time: Duration) -> Self {
        self.drain = time;
        self
    }

    /// Sets [`cancel_grace`](Self::cancel_grace).
    #[must_use]
    pub fn cancel_grace(mut self, time: Duration) -> Self {
        self.cancel_grace = time;
        self
    }

    /// Sets [`blocking`](Self::blocking).
    #[must_use]
    pub fn blocking(mut self, time: Duration) -> Self {
        self.blocking = time;
        self
    }
}

impl Default for ShutdownOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl From<ShutdownOptions> for Patience {
    fn from(options: ShutdownOptions) -> Self {
        let ShutdownOptions { drain, cancel_grace, blocking } = options;
        Self { drain, cancel_grace, blocking, altogether: None }
    }
}

impl Handle {
    /// Waits until the runtime is told to end; see
    /// [`shutdown_requested`](crate::shutdown_requested()).
    pub fn shutdown_requested(&self) -> ShutdownRequested {
        ShutdownRequested::new(self.shared.clone())
    }

    /// Whether the runtime was told to end. It takes no more tasks then.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.shared.requested.is_made()
    }
}
