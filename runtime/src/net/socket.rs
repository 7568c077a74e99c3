//! What all sockets have in common.

use crate::io::{Interest, Ready};
use crate::reactor::{Direction, Io};
use crate::scheduler::context::current_reactor;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll};

/// A socket of the standard library, as far as [`Socket`] needs it. Only this crate implements it.
pub trait StdSocket:
    AsFd + AsRawFd + fmt::Debug + Send + Sync + Unpin + Sized + Sealed + 'static
{
    #[doc(hidden)]
    type Address;
    #[doc(hidden)]
    fn set_nonblocking(&self, on: bool) -> io::Result<()>;
    #[doc(hidden)]
    fn take_error(&self) -> io::Result<Option<io::Error>>;
    #[doc(hidden)]
    fn local_addr(&self) -> io::Result<Self::Address>;
}

/// A [`StdSocket`] that reads and writes, in contrast to one that accepts. Only this crate
/// implements it.
pub trait Duplex: StdSocket {
    #[doc(hidden)]
    fn peer_addr(&self) -> io::Result<Self::Address>;
}

/// Keeps other crates from implementing the traits above.
pub trait Sealed {}

/// A socket whose operations wait instead of blocking: what [`TcpStream`](super::TcpStream),
/// [`TcpListener`](super::TcpListener), [`UdpSocket`](super::UdpSocket) and the Unix sockets are,
/// each for its type of the standard library.
///
/// Dropping it closes it.
pub struct Socket<S: StdSocket> {
    pub(super) io: Io<S>,
}

impl<S: StdSocket> Socket<S> {
    /// Takes over a socket that is non-blocking already.
    pub(super) fn new(socket: S) -> Self {
        Self { io: Io::new(socket, current_reactor) }
    }

    /// The socket of the standard library.
    pub(super) fn std(&self) -> &S {
        self.io.get_ref()
    }

    /// Takes over a socket of the standard library and makes it non-blocking.
    ///
    /// # Errors
    /// If the mode cannot be changed.
    pub fn from_std(socket: S) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self::new(socket))
    }

    /// Gives the socket back to the standard library, still in non-blocking mode.
    ///
    /// # Errors
    /// None at present.
    pub fn into_std(self) -> io::Result<S> {
        Ok(self.io.into_inner())
    }

    /// The address of this end.
    ///
    /// # Errors
    /// Those of `getsockname`.
    pub fn local_addr(&self) -> io::Result<S::Address> {
        self.std().local_addr()
    }

    /// Takes the error that the socket has stored (`SO_ERROR`).
    ///
    /// # Errors
    /// If it cannot be asked for.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.std().take_error()
    }
}

impl<S: Duplex> Socket<S> {
    /// The address of the other end.
    ///
    /// # Errors
    /// `NotConnected` if there is none, and the others of `getpeername`.
    pub fn peer_addr(&self) -> io::Result<S::Address> {
        self.std().peer_addr()
    }

    /// Waits until the socket is ready for anything in `interest`, and says what for. Any number of
    /// tasks may wait at once.
    ///
    /// The answer is a snapshot: the operation may still return `WouldBlock`, after which this
    /// function waits again.
    ///
    /// # Cancel safety
    /// Strict.
    ///
    /// # Errors
    /// If the socket must register but there is no runtime on this thread, if the operating system
    /// refuses, or if the runtime was shut down.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        Ok(self.io.ready(interest).await?.ready())
    }

    /// Waits until a read would not block: there is data, or a stream has ended.
    ///
    /// # Cancel safety
    /// Strict.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// Waits until a write would not block.
    ///
    /// # Cancel safety
    /// Strict.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// Waits until a read would not block, with the waker that reads share.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Read).map_ok(drop)
    }

    /// Waits until a write would not block, with the waker that writes share.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Write).map_ok(drop)
    }

    /// Runs a system call of your own on the socket if it counts as ready for `interest`, and
    /// notes it if that returns `WouldBlock`, so that [`ready`](Self::ready) waits again.
    ///
    /// # Errors
    /// `WouldBlock` without running `op` if the socket is not ready, and whatever `op` returns.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.try_io(interest, |_| op())
    }
}

impl<S: StdSocket> AsFd for Socket<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.std().as_fd()
    }
}

impl<S: StdSocket> AsRawFd for Socket<S> {
    fn as_raw_fd(&self) -> RawFd {
        self.std().as_raw_fd()
    }
}

impl<S: StdSocket> fmt::Debug for Socket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.std().fmt(f)
    }
}
