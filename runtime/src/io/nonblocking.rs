//! [`Async`]: a descriptor whose reads and writes wait.

use crate::reactor::{Direction, Interest, Io};
use crate::scheduler::context::current_reactor;
use futures_io::{AsyncRead, AsyncWrite};
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A descriptor in non-blocking mode whose operations wait instead.
///
/// Where `T` reads and writes, so does this, by the `futures-io` traits. Other operations wait with
/// [`read_with`](Self::read_with) and [`write_with`](Self::write_with). The descriptor is
/// registered with a runtime only when an operation blocks for the first time.
///
/// # Examples
/// ```
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use sheave::io::Async;
/// use std::os::unix::net::UnixStream;
///
/// # fn main() -> std::io::Result<()> { sheave::runtime::Runtime::new()?.block_on(async {
/// let (here, there) = UnixStream::pair()?;
/// let (mut here, mut there) = (Async::new(here)?, Async::new(there)?);
/// here.write_all(b"hello").await?;
/// let mut buf = [0; 5];
/// there.read_exact(&mut buf).await?;
/// assert_eq!(&buf, b"hello");
/// # Ok(()) }) }
/// ```
pub struct Async<T: AsFd> {
    io: Io<T>,
}

// Nothing in here is pinned: operations borrow the value for a single call.
impl<T: AsFd> Unpin for Async<T> {}

impl<T: AsFd> Async<T> {
    /// Puts the descriptor into non-blocking mode and takes it over.
    ///
    /// # Errors
    /// If the operating system refuses the mode.
    pub fn new(inner: T) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&inner, true)?;
        Ok(Self::new_nonblocking(inner))
    }

    /// Takes over a descriptor that is in non-blocking mode already.
    #[must_use]
    pub fn new_nonblocking(inner: T) -> Self {
        Self { io: Io::new(inner, current_reactor) }
    }

    /// The value.
    #[must_use]
    pub fn get_ref(&self) -> &T {
        self.io.get_ref()
    }

    /// Deregisters the descriptor and returns the value, still in non-blocking mode.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.io.into_inner()
    }

    /// Waits until a read would not block. Registers the descriptor.
    ///
    /// # Errors
    /// Outside a runtime, after its shutdown, or if the operating system refuses the descriptor.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn readable(&self) -> io::Result<()> {
        self.io.ready(Interest::READABLE).await.map(drop)
    }

    /// Waits until a write would not block. Registers the descriptor.
    ///
    /// # Errors
    /// As for [`readable`](Self::readable).
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn writable(&self) -> io::Result<()> {
        self.io.ready(Interest::WRITABLE).await.map(drop)
    }

    /// Polls until a read would not block. One task at a time: a second one takes its place.
    ///
    /// # Errors
    /// As for [`readable`](Self::readable).
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Read).map_ok(drop)
    }

    /// Polls until a write would not block. One task at a time: a second one takes its place.
    ///
    /// # Errors
    /// As for [`readable`](Self::readable).
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Write).map_ok(drop)
    }

    /// Runs a reading operation until it does anything but block, waiting in between.
    ///
    /// # Errors
    /// Whatever `operation` returns, and as for [`readable`](Self::readable).
    ///
    /// # Cancel safety
    /// Strict, as far as `operation` is: it runs to its end or not at all.
    ///
    /// # Examples
    /// ```
    /// # use sheave::io::Async;
    /// use std::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> { sheave::runtime::Runtime::new()?.block_on(async {
    /// let socket = Async::new(UdpSocket::bind("127.0.0.1:0")?)?;
    /// socket.get_ref().send_to(b"note to self", socket.get_ref().local_addr()?)?;
    /// let mut buf = [0; 64];
    /// let (len, _from) = socket.read_with(|socket| socket.recv_from(&mut buf)).await?;
    /// assert_eq!(&buf[..len], b"note to self");
    /// # Ok(()) }) }
    /// ```
    pub async fn read_with<R>(&self, operation: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.io.io(Interest::READABLE, operation).await
    }

    /// Runs a writing operation until it does anything but block, waiting in between.
    ///
    /// # Errors
    /// As for [`read_with`](Self::read_with).
    ///
    /// # Cancel safety
    /// Strict, as far as `operation` is: it runs to its end or not at all.
    pub async fn write_with<R>(&self, operation: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.io.io(Interest::WRITABLE, operation).await
    }
}

impl<T: AsFd + Read> AsyncRead for Async<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().io.poll_io_mut(cx, Direction::Read, |io| io.read(buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().io.poll_io_mut(cx, Direction::Read, |io| io.read_vectored(bufs))
    }
}

impl<T: AsFd> AsyncRead for &Async<T>
where
    for<'a> &'a T: Read,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Read, |mut io| io.read(buf))
    }
}

impl<T: AsFd + Write> AsyncWrite for Async<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().io.poll_io_mut(cx, Direction::Write, |io| io.write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().io.poll_io_mut(cx, Direction::Write, |io| io.write_vectored(bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().io.poll_io_mut(cx, Direction::Write, Write::flush)
    }

    /// Flushes. What closing means beyond that depends on the descriptor; dropping closes it.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl<T: AsFd> AsyncWrite for &Async<T>
where
    for<'a> &'a T: Write,
{
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Write, |mut io| io.write(buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_io(cx, Direction::Write, |mut io| io.flush())
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl<T: AsFd> AsFd for Async<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

impl<T: AsFd> AsRawFd for Async<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for Async<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Async").field("inner", self.get_ref()).finish()
    }
}
