//! How a Unix stream is connected.

use super::socket::{Duplex, Sealed, Socket, StdSocket};
use super::stream::{ShortRead, Stream};
use super::sys;
use socket2::{Domain, SockAddr, Type};
use std::io;
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

/// A connected Unix stream socket.
///
/// # Examples
/// ```
/// use sheave::io::{AsyncReadExt, AsyncWriteExt};
/// use sheave::net::UnixStream;
///
/// # #[sheave::main]
/// # async fn main() -> std::io::Result<()> {
/// let (mut a, mut b) = UnixStream::pair()?;
/// a.write_all(b"hello").await?;
/// a.close().await?;
/// let mut text = String::new();
/// b.read_to_string(&mut text).await?;
/// assert_eq!(text, "hello");
/// # Ok(())
/// # }
/// ```
pub type UnixStream = Socket<net::UnixStream>;

impl Sealed for net::UnixStream {}

impl StdSocket for net::UnixStream {
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

impl Duplex for net::UnixStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }
}

impl Stream for net::UnixStream {
    /// A read stops where the peer has attached descriptors or credentials, and more may follow.
    /// Whether it does that is up to the peer.
    const SHORT_READ: ShortRead = ShortRead::Boundary;

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}

impl UnixStream {
    /// Connects to the socket at `path`. On Linux a path that begins with a zero byte names a socket
    /// in the abstract namespace.
    ///
    /// # Cancel safety
    /// Restarts: the socket is closed.
    ///
    /// # Errors
    /// Those of `connect`. `WouldBlock` means that too many connections wait to be accepted, and
    /// that the system (Linux does not) cannot tell when that changes: try again a little later.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let socket = sys::socket(Domain::UNIX, Type::STREAM)?;
        socket.connect(&SockAddr::unix(path)?)?;
        Ok(Self::new(socket.into()))
    }

    /// Two streams that are connected to each other.
    ///
    /// # Errors
    /// If the process or the system has no descriptor left.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = net::UnixStream::pair()?;
        Ok((Self::from_std(a)?, Self::from_std(b)?))
    }
}

impl TryFrom<net::UnixStream> for UnixStream {
    type Error = io::Error;

    fn try_from(socket: net::UnixStream) -> io::Result<Self> {
        Self::from_std(socket)
    }
}
