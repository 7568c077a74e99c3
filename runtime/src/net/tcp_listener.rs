//! How a TCP connection is accepted.

use super::addr::{ToSocketAddrs, first_success};
use super::socket::{Sealed, Socket, StdSocket};
use super::sys;
use super::tcp_stream::TcpStream;
use crate::io::Interest;
use crate::reactor::Direction;
use socket2::{Domain, SockAddr, Type};
use std::io;
use std::net::{self, SocketAddr};
use std::task::{Context, Poll};

/// How many connections may wait to be accepted; the system may allow fewer.
const BACKLOG: i32 = 1024;

/// A TCP socket that accepts connections. Any number of tasks may accept at once.
///
/// # Examples
/// ```no_run
/// use sheave::net::TcpListener;
///
/// # #[sheave::main]
/// # async fn main() -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:8080").await?;
/// loop {
///     let (stream, _peer) = listener.accept().await?;
///     drop(sheave::spawn(async move {
///         let (reader, writer) = stream.into_split();
///         sheave::io::copy(reader, writer).await
///     }));
/// }
/// # }
/// ```
pub type TcpListener = Socket<net::TcpListener>;

impl Sealed for net::TcpListener {}

impl StdSocket for net::TcpListener {
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

impl TcpListener {
    /// Listens on the first of the addresses that can be bound. Port 0 picks a free port.
    ///
    /// The address may still be in use by connections of a former process (`SO_REUSEADDR` is set).
    /// For other options see [`TcpSocket`](super::TcpSocket).
    ///
    /// # Cancel safety
    /// Restarts.
    ///
    /// # Errors
    /// The error of the last address, or that of the lookup.
    pub async fn bind<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        first_success(address, async |address| {
            let socket = sys::socket(Domain::for_address(address), Type::STREAM)?;
            socket.set_reuse_address(true)?;
            socket.bind(&SockAddr::from(address))?;
            Self::listening(socket, BACKLOG)
        })
        .await
    }

    /// Begins to listen on a bound, non-blocking socket.
    pub(super) fn listening(socket: socket2::Socket, backlog: i32) -> io::Result<Self> {
        socket.listen(backlog)?;
        Ok(Self::new(socket.into()))
    }

    /// Waits for a connection, and returns it with the address of its other end.
    ///
    /// # Cancel safety
    /// Strict: no connection is lost.
    ///
    /// # Errors
    /// The listener stays usable after every error. `ConnectionAborted` means that a client left
    /// before its turn: go on. The raw error codes `EMFILE` and `ENFILE` mean that the process or
    /// the system has no descriptor left, so that accepting again at once fails again: sleep a
    /// little first, or close something.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.io.io(Interest::READABLE, accept).await
    }

    /// [`accept`](Self::accept) as a poll function. Only the last task that polled is woken.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.io.poll_io(cx, Direction::Read, accept)
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

fn accept(listener: &net::TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (socket, peer) = sys::accept(listener)?;
    let socket = net::TcpStream::from(socket);
    let peer = match peer.map(SocketAddr::try_from) {
        Some(Ok(peer)) => peer,
        _ => socket.peer_addr()?,
    };
    Ok((TcpStream::new(socket), peer))
}

impl TryFrom<net::TcpListener> for TcpListener {
    type Error = io::Error;

    fn try_from(listener: net::TcpListener) -> io::Result<Self> {
        Self::from_std(listener)
    }
}
