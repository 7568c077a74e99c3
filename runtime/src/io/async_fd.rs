//! [`AsyncFd`]: readiness of a descriptor, with the operation left to its owner.

mod guard;

pub use guard::{AsyncFdReadyGuard, AsyncFdReadyMutGuard, TryIoError};

use crate::reactor::{Direction, Interest, Io};
use crate::scheduler::context::current_reactor;
use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

/// Waits until a descriptor is ready, and leaves reading and writing to you.
///
/// The descriptor **must be in non-blocking mode**: an operation that blocks keeps a worker of the
/// runtime. It must stay open while it is in here, and is registered once: a second `AsyncFd` for
/// the same descriptor is refused.
///
/// The usual way is a loop: wait with [`readable`](Self::readable), then try the operation with
/// [`AsyncFdReadyGuard::try_io`], which notes it if the operation would still block.
/// [`async_io`](Self::async_io) is that loop.
///
/// Unlike tokio's, it takes types that implement [`AsFd`] and not [`AsRawFd`], so that no
/// descriptor can be closed while it is waited for.
///
/// Readiness is reported after a change (edge-triggered) and remembered until it is cleared. Clear
/// it only when an operation has returned [`WouldBlock`](io::ErrorKind::WouldBlock): the operating
/// system does not repeat itself.
///
/// # Examples
/// ```
/// use sheave::io::AsyncFd;
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
///
/// # fn main() -> std::io::Result<()> { sheave::runtime::Runtime::new()?.block_on(async {
/// let (here, mut there) = UnixStream::pair()?;
/// here.set_nonblocking(true)?;
/// let here = AsyncFd::new(here)?;
///
/// there.write_all(b"hello")?;
/// let mut buf = [0; 8];
/// let len = loop {
///     let mut guard = here.readable().await?;
///     match guard.try_io(|fd| fd.get_ref().read(&mut buf)) {
///         Ok(done) => break done?,
///         Err(_would_block) => continue,
///     }
/// };
/// assert_eq!(&buf[..len], b"hello");
/// # Ok(()) }) }
/// ```
pub struct AsyncFd<T: AsFd> {
    io: Io<T>,
}

impl<T: AsFd> AsyncFd<T> {
    /// Registers a descriptor for reading and writing with the current runtime.
    ///
    /// # Errors
    /// Outside a runtime; if the runtime was shut down, or belongs to the process that this one was
    /// forked from; if the operating system cannot wait for such a descriptor (regular files,
    /// directories) or has it registered already. [`try_new`](Self::try_new) returns the value.
    pub fn new(inner: T) -> io::Result<Self> {
        Self::try_new(inner).map_err(Into::into)
    }

    /// Registers a descriptor for reading, writing or both with the current runtime.
    ///
    /// # Errors
    /// As for [`new`](Self::new). Later, a wait for something that is not part of `interest` is an
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) error.
    pub fn with_interest(inner: T, interest: Interest) -> io::Result<Self> {
        Self::try_with_interest(inner, interest).map_err(Into::into)
    }

    /// [`new`](Self::new), with an error that contains the value.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn try_new(inner: T) -> Result<Self, AsyncFdTryNewError<T>> {
        Self::try_with_interest(inner, Interest::READABLE | Interest::WRITABLE)
    }

    /// [`with_interest`](Self::with_interest), with an error that contains the value.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn try_with_interest(inner: T, interest: Interest) -> Result<Self, AsyncFdTryNewError<T>> {
        let io = Io::with_interest(inner, interest, current_reactor);
        match io.register() {
            Ok(()) => Ok(Self { io }),
            Err(cause) => Err(AsyncFdTryNewError { inner: io.into_inner(), cause }),
        }
    }

    /// The value.
    #[must_use]
    pub fn get_ref(&self) -> &T {
        self.io.get_ref()
    }

    /// The value. Do not replace it: the new descriptor would not be registered.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut T {
        self.io.get_mut()
    }

    /// Deregisters the descriptor and returns the value.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.io.into_inner()
    }

    /// Waits until something in `interest` is ready. Any number of tasks may wait.
    ///
    /// # Errors
    /// If the runtime was shut down, or the descriptor was registered without this interest.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        let event = self.io.ready(interest).await?;
        Ok(AsyncFdReadyGuard::new(self, event))
    }

    /// [`ready`](Self::ready) with exclusive access.
    ///
    /// # Errors
    /// As for [`ready`](Self::ready).
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn ready_mut(
        &mut self,
        interest: Interest,
    ) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        let event = self.io.ready(interest).await?;
        Ok(AsyncFdReadyMutGuard::new(self, event))
    }

    /// Waits until a read would not block: for data, the end of the stream, or an error.
    ///
    /// # Errors
    /// As for [`ready`](Self::ready).
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::READABLE).await
    }

    /// [`readable`](Self::readable) with exclusive access.
    ///
    /// # Errors
    /// As for [`ready`](Self::ready).
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn readable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::READABLE).await
    }

    /// Waits until a write would not block: for room, or because the peer is gone.
    ///
    /// # Errors
    /// As for [`ready`](Self::ready).
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn writable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::WRITABLE).await
    }

    /// [`writable`](Self::writable) with exclusive access.
    ///
    /// # Errors
    /// As for [`ready`](Self::ready).
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn writable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::WRITABLE).await
    }

    /// Polls until a read would not block. One task at a time: a second one takes its place.
    ///
    /// # Errors
    /// As for [`ready`](Self::ready).
    pub fn poll_read_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let event = ready!(self.io.poll_ready(cx, Direction::Read))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, event)))
    }

    /// [`poll_read_ready`](Self::poll_read_ready) with exclusive access.
    ///
    /// # Errors
    /// As for [`ready`](Self::ready).
    pub fn poll_read_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let event = ready!(self.io.poll_ready(cx, Direction::Read))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, event)))
    }

    /// Polls until a write would not block. One task at a time: a second one takes its place.
    ///
    /// # Errors
    /// As for [`ready`](Self::ready).
    pub fn poll_write_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let event = ready!(self.io.poll_ready(cx, Direction::Write))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, event)))
    }

    /// [`poll_write_ready`](Self::poll_write_ready) with exclusive access.
    ///
    /// # Errors
    /// As for [`ready`](Self::ready).
    pub fn poll_write_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let event = ready!(self.io.poll_ready(cx, Direction::Write))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, event)))
    }

    /// Runs `operation` whenever something in `interest` is ready, until it does anything but
    /// block.
    ///
    /// # Errors
    /// Whatever `operation` returns, and as for [`ready`](Self::ready).
    ///
    /// # Cancel safety
    /// Strict, as far as `operation` is: it runs to its end or not at all.
    ///
    /// # Examples
    /// ```
    /// # use sheave::io::{AsyncFd, Interest};
    /// # use std::io::Write;
    /// # use std::os::unix::net::UnixStream;
    /// # fn main() -> std::io::Result<()> { sheave::runtime::Runtime::new()?.block_on(async {
    /// # let (here, _there) = UnixStream::pair()?;
    /// # here.set_nonblocking(true)?;
    /// let here = AsyncFd::new(here)?;
    /// let len = here.async_io(Interest::WRITABLE, |mut stream| stream.write(b"hello")).await?;
    /// assert_eq!(len, 5);
    /// # Ok(()) }) }
    /// ```
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        operation: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.io(interest, operation).await
    }

    /// [`async_io`](Self::async_io) with exclusive access.
    ///
    /// # Errors
    /// As for [`async_io`](Self::async_io).
    ///
    /// # Cancel safety
    /// Strict, as far as `operation` is.
    pub async fn async_io_mut<R>(
        &mut self,
        interest: Interest,
        mut operation: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let mut guard = self.ready_mut(interest).await?;
            match guard.try_io(|fd| operation(fd.get_mut())) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(done) => return done,
                Err(_would_block) => {}
            }
        }
    }

    /// Runs `operation` once if something in `interest` counts as ready.
    ///
    /// # Errors
    /// `WouldBlock`, without running `operation`, if nothing does; whatever `operation` returns.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.try_io(interest, operation)
    }

    /// [`try_io`](Self::try_io) with exclusive access.
    ///
    /// # Errors
    /// As for [`try_io`](Self::try_io).
    pub fn try_io_mut<R>(
        &mut self,
        interest: Interest,
        operation: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.try_io_mut(interest, operation)
    }
}

impl<T: AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

impl<T: AsFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd").field("inner", self.get_ref()).finish()
    }
}

/// Why a descriptor was not registered, together with the value it came in.
pub struct AsyncFdTryNewError<T> {
    inner: T,
    cause: io::Error,
}

impl<T> AsyncFdTryNewError<T> {
    /// The value and the reason.
    #[must_use]
    pub fn into_parts(self) -> (T, io::Error) {
        (self.inner, self.cause)
    }
}

impl<T> From<AsyncFdTryNewError<T>> for io::Error {
    fn from(error: AsyncFdTryNewError<T>) -> Self {
        error.cause
    }
}

impl<T> fmt::Display for AsyncFdTryNewError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl<T> fmt::Debug for AsyncFdTryNewError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.cause, f)
    }
}

impl<T> Error for AsyncFdTryNewError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}
