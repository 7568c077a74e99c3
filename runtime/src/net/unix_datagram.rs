//! Unix datagram sockets.

use super::datagram::Datagrams;
use super::socket::{Duplex, Sealed, Socket, StdSocket};
use crate::io::Interest;
use crate::reactor::Direction;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::task::{Context, Poll};

/// A Unix datagram socket. Share it by reference or `Arc`: any number of tasks may send and receive
/// at once. Datagrams arrive complete and in order; sending waits while the receiver is full.
///
/// # Examples
/// ```
/// use sheave::net::UnixDatagram;
///
/// # #[sheave::main]
/// # async fn main() -> std::io::Result<()> {
/// let (a, b) = UnixDatagram::pair()?;
/// a.send(b"ping").await?;
/// let mut buffer = [0; 16];
/// let n = b.recv(&mut buffer).await?;
/// assert_eq!(&buffer[..n], b"ping");
/// # Ok(())
/// # }
/// ```
pub type UnixDatagram = Socket<net::UnixDatagram>;

impl Sealed for net::UnixDatagram {}

impl StdSocket for net::UnixDatagram {
    type Address = SocketAddr;

    fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        self.set_nonblocking(on)
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.take_error()
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }
}

impl Duplex for net::UnixDatagram {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }
}

impl Datagrams for net::UnixDatagram {
    fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.recv_from(buffer)
    }
}

impl UnixDatagram {
    /// A socket at `path`.
    ///
    /// # Errors
    /// Those of `bind`; `AddrInUse` if there is a file already.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::from_std(net::UnixDatagram::bind(path)?)
    }

    /// A socket without an address: it can send, but nobody can answer.
    ///
    /// # Errors
    /// If the process or the system has no descriptor left.
    pub fn unbound() -> io::Result<Self> {
        Self::from_std(net::UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    /// If the process or the system has no descriptor left.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = net::UnixDatagram::pair()?;
        Ok((Self::from_std(a)?, Self::from_std(b)?))
    }

    /// Sets the socket to send to.
    ///
    /// # Errors
    /// Those of `connect`.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.std().connect(path)
    }

    /// Ends one direction or both.
    ///
    /// # Errors
    /// Those of `shutdown`.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.std().shutdown(how)
    }

    /// Sends a datagram to the socket at `path`. Waits while that one is full.
    ///
    /// # Cancel safety
    /// Strict: a future that is dropped has sent nothing.
    ///
    /// # Errors
    /// Those of `sendto`.
    pub async fn send_to(&self, bytes: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let path = path.as_ref();
        self.io.io(Interest::WRITABLE, |socket| socket.send_to(bytes, path)).await
    }

    /// [`send_to`](Self::send_to) as a poll function. Only the last task that polled is woken.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to).
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        path: impl AsRef<Path>,
    ) -> Poll<io::Result<usize>> {
        let path = path.as_ref();
        self.io.poll_io(cx, Direction::Write, |socket| socket.send_to(bytes, path))
    }

    /// [`send_to`](Self::send_to) without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is no room, and as [`send_to`](Self::send_to).
    pub fn try_send_to(&self, bytes: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let path = path.as_ref();
        self.io.try_io(Direction::Write, |socket| socket.send_to(bytes, path))
    }
}

impl TryFrom<net::UnixDatagram> for UnixDatagram {
    type Error = io::Error;

    fn try_from(socket: net::UnixDatagram) -> io::Result<Self> {
        Self::from_std(socket)
    }
}
