//! How a Unix stream is accepted.

use super::socket::{Sealed, Socket, StdSocket};
use super::sys;
use super::unix_stream::UnixStream;
use crate::io::Interest;
use crate::reactor::Direction;
use socket2::{Domain, SockAddr, Type};
use std::io;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::task::{Context, Poll};

/// How many connections may wait to be accepted; the system may allow fewer.
const BACKLOG: i32 = 1024;

/// A Unix socket that accepts connections. Any number of tasks may accept at once.
///
/// Dropping it leaves the file behind: remove it before binding the same path again.
///
/// # Examples
/// ```no_run
/// use sheave::net::UnixListener;
///
/// # #[sheave::main]
/// # async fn main() -> std::io::Result<()> {
/// let listener = UnixListener::bind("/run/my-service.sock")?;
/// let (stream, _peer) = listener.accept().await?;
/// # Ok(())
/// # }
/// ```
pub type UnixListener = Socket<net::UnixListener>;

impl Sealed for net::UnixListener {}

impl StdSocket for net::UnixListener {
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

impl UnixListener {
    /// Makes a socket at `path` and listens on it. On Linux a path that begins with a zero byte
    /// names a socket in the abstract namespace.
    ///
    /// # Errors
    /// Those of `bind`; `AddrInUse` if there is a file already.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let socket = sys::socket(Domain::UNIX, Type::STREAM)?;
        socket.bind(&SockAddr::unix(path)?)?;
        socket.listen(BACKLOG)?;
        Ok(Self::new(socket.into()))
    }

    /// Waits for a connection, and returns it with the address of its other end.
    ///
    /// # Cancel safety
    /// Strict: no connection is lost.
    ///
    /// # Errors
    /// The listener stays usable after every error; see
    /// [`TcpListener::accept`](super::TcpListener::accept).
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        self.io.io(Interest::READABLE, accept).await
    }

    /// [`accept`](Self::accept) as a poll function. Only the last task that polled is woken.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        self.io.poll_io(cx, Direction::Read, accept)
    }
}

fn accept(listener: &net::UnixListener) -> io::Result<(UnixStream, SocketAddr)> {
    let (socket, peer) = listener.accept()?;
    Ok((UnixStream::from_std(socket)?, peer))
}

impl TryFrom<net::UnixListener> for UnixListener {
    type Error = io::Error;

    fn try_from(listener: net::UnixListener) -> io::Result<Self> {
        Self::from_std(listener)
    }
}
