//! The operating system's half of the reactor. A platform is one file.

#[cfg(all(any(target_os = "linux", target_os = "android"), not(loom)))]
mod epoll;
#[cfg(any(test, loom))]
pub(super) mod fake;
#[cfg(all(not(loom), any(test, not(any(target_os = "linux", target_os = "android")))))]
pub(super) mod polling;

#[cfg(all(any(target_os = "linux", target_os = "android"), not(loom)))]
pub(crate) use epoll::Epoll as Poller;
#[cfg(loom)]
pub(crate) use fake::Fake as Poller;
#[cfg(not(any(target_os = "linux", target_os = "android", loom)))]
pub(crate) use polling::Portable as Poller;

use super::interest::Interest;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// The key of the platform's own wake-up, which no source has.
const NOTIFY_KEY: usize = usize::MAX - 1;

/// News about one source. `read` and `write` hold the flags of `readiness.rs`, none for no news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(super) key: usize,
    pub(super) read: u32,
    pub(super) write: u32,
}

/// Waits for many sources at once: the seam behind which models and platforms differ.
///
/// The reactor's turn lock makes sure that `wait` has one caller at a time.
pub(crate) trait Poll: Sized + Send + Sync + 'static {
    /// Room for the events of one wait, used again by the next.
    type Events: Send;

    /// Whether the end of a stream is reported as CLOSED. Only then may a short read be taken for
    /// an empty buffer: otherwise the end could have arrived together with the last bytes, in one
    /// event, and nobody would be told again.
    const REPORTS_CLOSE: bool;

    fn new() -> io::Result<Self>;

    /// Asks the system to end the timed waits of this thread within `slack` of their deadline,
    /// where it would take more time to save wake-ups. Best effort.
    fn be_punctual(_slack: Duration) {}

    fn events() -> Self::Events;

    /// Registers `fd` for the directions in `interest`, edge-triggered. News that are already there are
    /// reported by the next wait.
    fn add(&self, fd: BorrowedFd<'_>, key: usize, interest: Interest) -> io::Result<()>;

    fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()>;

    /// Waits for news, a [`notify`](Self::notify) or the timeout (`None`: for ever), fetching at
    /// most `limit` events where the platform can be told. May return early with no news.
    fn wait(
        &self,
        events: &mut Self::Events,
        limit: usize,
        timeout: Option<Duration>,
    ) -> io::Result<()>;

    /// The events of the last wait.
    fn fetched(events: &Self::Events) -> impl Iterator<Item = Event>;

    /// Makes the present wait, or else the next one, return.
    fn notify(&self);
}
