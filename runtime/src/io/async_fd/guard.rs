//! What a wait on an [`AsyncFd`] returns: readiness, to be used or cleared.

use super::AsyncFd;
use crate::reactor::{Ready, ReadyEvent};
use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::AsFd;

/// The readiness of an [`AsyncFd`], with shared access to it.
///
/// Dropped as it is, it leaves the descriptor ready: the next wait returns at once.
#[must_use = "without `try_io` or `clear_ready` the next wait returns at once"]
pub struct AsyncFdReadyGuard<'a, T: AsFd> {
    async_fd: &'a AsyncFd<T>,
    event: ReadyEvent,
}

/// The readiness of an [`AsyncFd`], with exclusive access to it.
///
/// Dropped as it is, it leaves the descriptor ready: the next wait returns at once.
#[must_use = "without `try_io` or `clear_ready` the next wait returns at once"]
pub struct AsyncFdReadyMutGuard<'a, T: AsFd> {
    async_fd: &'a mut AsyncFd<T>,
    event: ReadyEvent,
}

/// The operation would block, after all. The readiness was cleared; wait again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryIoError(());

impl fmt::Display for TryIoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operation would block: wait for readiness again")
    }
}

impl Error for TryIoError {}

/// The methods that both guards have.
macro_rules! common {
    () => {
        /// Notes that the operation would have blocked. Only to be called after it has returned
        /// [`WouldBlock`](io::ErrorKind::WouldBlock). News that came since the wait are kept.
        pub fn clear_ready(&mut self) {
            self.clear_ready_matching(Ready::ALL);
        }

        /// [`clear_ready`](Self::clear_ready) for the operations that `ready` stands for.
        pub fn clear_ready_matching(&mut self, ready: Ready) {
            self.async_fd.io.clear_ready(self.event, ready);
        }

        /// Does nothing, which leaves the descriptor ready. It says so in the source.
        pub fn retain_ready(&mut self) {}

        /// What the descriptor is ready for, of what was waited for.
        #[must_use]
        pub fn ready(&self) -> Ready {
            self.event.ready()
        }

        /// The descriptor's `AsyncFd`.
        #[must_use]
        pub fn get_ref(&self) -> &AsyncFd<T> {
            self.async_fd
        }

        /// The value.
        #[must_use]
        pub fn get_inner(&self) -> &T {
            self.async_fd.get_ref()
        }

        fn settle<R>(&mut self, done: io::Result<R>) -> Result<io::Result<R>, TryIoError> {
            match done {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.clear_ready();
                    Err(TryIoError(()))
                }
                done => Ok(done),
            }
        }
    };
}

impl<'a, T: AsFd> AsyncFdReadyGuard<'a, T> {
    pub(super) fn new(async_fd: &'a AsyncFd<T>, event: ReadyEvent) -> Self {
        Self { async_fd, event }
    }

    /// Runs `operation`, and clears the readiness if it would block.
    ///
    /// # Errors
    /// [`TryIoError`] if it would block. Other errors of the operation are its result.
    pub fn try_io<R>(
        &mut self,
        operation: impl FnOnce(&'a AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        let done = operation(self.async_fd);
        self.settle(done)
    }

    common!();
}

impl<'a, T: AsFd> AsyncFdReadyMutGuard<'a, T> {
    pub(super) fn new(async_fd: &'a mut AsyncFd<T>, event: ReadyEvent) -> Self {
        Self { async_fd, event }
    }

    /// Runs `operation`, and clears the readiness if it would block.
    ///
    /// # Errors
    /// [`TryIoError`] if it would block. Other errors of the operation are its result.
    pub fn try_io<R>(
        &mut self,
        operation: impl FnOnce(&mut AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        let done = operation(self.async_fd);
        self.settle(done)
    }

    /// The descriptor's `AsyncFd`.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut AsyncFd<T> {
        self.async_fd
    }

    /// The value.
    #[must_use]
    pub fn get_inner_mut(&mut self) -> &mut T {
        self.async_fd.get_mut()
    }

    common!();
}

impl<T: AsFd + fmt::Debug> fmt::Debug for AsyncFdReadyGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdReadyGuard").field("ready", &self.ready()).finish_non_exhaustive()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for AsyncFdReadyMutGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdReadyMutGuard").field("ready", &self.ready()).finish_non_exhaustive()
    }
}
