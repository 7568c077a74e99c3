//! How a TCP connection is made, and its options.

use super::addr::{ToSocketAddrs, first_success};
use super::socket::{Duplex, Sealed, Socket, StdSocket};
use super::stream::{ShortRead, Stream};
use super::sys;
use crate::io::Interest;
use crate::reactor::Direction;
use rustix::io::Errno;
use socket2::{Domain, SockAddr, SockRef, Type};
use std::io;
use std::net::{self, Shutdown, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

/// A TCP connection.
///
/// # Examples
/// ```no_run
/// use sheave::io::{AsyncReadExt, AsyncWriteExt};
/// use sheave::net::TcpStream;
///
/// # #[sheave::main]
/// # async fn main() -> std::io::Result<()> {
/// let mut stream = TcpStream::connect("example.org:80").await?;
/// stream.write_all(b"GET / HTTP/1.0\r\nHost: example.org\r\n\r\n").await?;
/// let mut answer = String::new();
/// stream.read_to_string(&mut answer).await?;
/// # Ok(())
/// # }
/// ```
pub type TcpStream = Socket<net::TcpStream>;

impl Sealed for net::TcpStream {}

impl StdSocket for net::TcpStream {
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

impl Duplex for net::TcpStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }
}

impl Stream for net::TcpStream {
    const SHORT_READ: ShortRead = ShortRead::Empty;

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}

/// Connects a non-blocking socket.
///
/// Cancel safety: restarts, the socket is closed.
pub(super) async fn connect(socket: socket2::Socket, to: SocketAddr) -> io::Result<TcpStream> {
    match socket.connect(&SockAddr::from(to)) {
        Ok(()) => {}
        Err(error) if is_under_way(&error) => {}
        Err(error) => return Err(error),
    }
    TcpStream::new(socket.into()).connected().await
}

/// Whether a connection attempt goes on. An interrupted one does too.
fn is_under_way(error: &io::Error) -> bool {
    let code = Errno::from_io_error(error);
    matches!(code, Some(Errno::INPROGRESS | Errno::INTR))
}

impl TcpStream {
    /// Connects to the first of the addresses that answers.
    ///
    /// # Cancel safety
    /// Restarts: the attempt under way is given up and its socket closed.
    ///
    /// # Errors
    /// The error of the last address, or that of the lookup.
    pub async fn connect<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        first_success(address, async |address| {
            connect(sys::socket(Domain::for_address(address), Type::STREAM)?, address).await
        })
        .await
    }

    /// Reads without consuming: the next read returns the same bytes again. Waits for data.
    ///
    /// # Cancel safety
    /// Strict.
    ///
    /// # Errors
    /// Those of `recv`.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.io.io(Interest::READABLE, |socket| socket.peek(buffer)).await
    }

    /// [`peek`](Self::peek) with the waker that reads share.
    ///
    /// # Errors
    /// Those of `recv`.
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.io.poll_io(cx, Direction::Read, |socket| socket.peek(buffer))
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Those of `getsockopt`.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.std().nodelay()
    }

    /// Sends small writes at once instead of collecting them (`TCP_NODELAY`). Off by default.
    ///
    /// # Errors
    /// Those of `setsockopt`.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.std().set_nodelay(nodelay)
    }

    /// How long closing tries to send what is still unsent (`SO_LINGER`).
    ///
    /// # Errors
    /// Those of `getsockopt`.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self).linger()
    }

    /// Sets how long closing tries to send what is still unsent (`SO_LINGER`), in whole seconds.
    /// `None`, the default, leaves that to the operating system; zero resets the connection.
    ///
    /// With any other duration, dropping the stream *blocks its thread* for up to that long.
    ///
    /// # Errors
    /// Those of `setsockopt`.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        SockRef::from(self).set_linger(linger)
    }

    /// The time to live of sent packets (`IP_TTL`), in hops.
    ///
    /// # Errors
    /// Those of `getsockopt`.
    pub fn ttl(&self) -> io::Result<u32> {
        self.std().ttl()
    }

    /// Sets the time to live of sent packets (`IP_TTL`), in hops.
    ///
    /// # Errors
    /// Those of `setsockopt`.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.std().set_ttl(ttl)
    }
}

impl TryFrom<net::TcpStream> for TcpStream {
    type Error = io::Error;

    fn try_from(socket: net::TcpStream) -> io::Result<Self> {
        Self::from_std(socket)
    }
}
