//! A TCP socket that has yet to become a listener or a connection.

use super::sys;
use super::tcp_listener::TcpListener;
use super::tcp_stream::{TcpStream, connect};
use socket2::{Domain, SockAddr, TcpKeepalive, Type};
use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

/// A TCP socket on which options can be set before it is connected or listens.
///
/// Every function that asks for or sets an option returns the error of `getsockopt` or
/// `setsockopt`, if there is one.
///
/// # Examples
/// ```
/// use sheave::net::TcpSocket;
///
/// # #[sheave::main]
/// # async fn main() -> std::io::Result<()> {
/// let socket = TcpSocket::new_v4()?;
/// socket.set_reuseaddr(true)?;
/// socket.bind("127.0.0.1:0".parse().unwrap())?;
/// let listener = socket.listen(1024)?;
///
/// let socket = TcpSocket::new_v4()?;
/// socket.set_nodelay(true)?;
/// let stream = socket.connect(listener.local_addr()?).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TcpSocket(socket2::Socket);

impl TcpSocket {
    /// A socket for IPv4.
    ///
    /// # Errors
    /// If the process or the system has no descriptor left.
    pub fn new_v4() -> io::Result<Self> {
        sys::socket(Domain::IPV4, Type::STREAM).map(Self)
    }

    /// A socket for IPv6.
    ///
    /// # Errors
    /// If the process or the system has no descriptor left, or the system no IPv6.
    pub fn new_v6() -> io::Result<Self> {
        sys::socket(Domain::IPV6, Type::STREAM).map(Self)
    }

    /// Takes over a socket of the standard library that is not connected, and makes it non-blocking.
    ///
    /// # Errors
    /// If the mode cannot be changed.
    pub fn from_std_stream(socket: net::TcpStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self(socket.into()))
    }

    /// Sets the address of this end. Port 0 picks a free port.
    ///
    /// # Errors
    /// Those of `bind`.
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        self.0.bind(&SockAddr::from(address))
    }

    /// Begins to listen. At most `backlog` connections wait to be accepted; the system may allow
    /// fewer.
    ///
    /// # Errors
    /// Those of `listen`.
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        TcpListener::listening(self.0, i32::try_from(backlog).unwrap_or(i32::MAX))
    }

    /// Connects.
    ///
    /// # Cancel safety
    /// Restarts: the socket is closed.
    ///
    /// # Errors
    /// Those of `connect`.
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        connect(self.0, address).await
    }

    /// The address of this end.
    ///
    /// # Errors
    /// Those of `getsockname`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let address = self.0.local_addr()?;
        address.as_socket().ok_or_else(|| io::Error::other("not a socket of the IP family"))
    }

    /// Takes the error that the socket has stored (`SO_ERROR`).
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.take_error()
    }

    /// Allows to bind an address that connections of a former socket still use (`SO_REUSEADDR`).
    pub fn set_reuseaddr(&self, reuse: bool) -> io::Result<()> {
        self.0.set_reuse_address(reuse)
    }

    /// Whether [`set_reuseaddr`](Self::set_reuseaddr) is on.
    pub fn reuseaddr(&self) -> io::Result<bool> {
        self.0.reuse_address()
    }

    /// Allows several sockets to bind the same address, so that the system spreads connections over
    /// them (`SO_REUSEPORT`).
    pub fn set_reuseport(&self, reuse: bool) -> io::Result<()> {
        self.0.set_reuse_port(reuse)
    }

    /// Whether [`set_reuseport`](Self::set_reuseport) is on.
    pub fn reuseport(&self) -> io::Result<bool> {
        self.0.reuse_port()
    }

    /// Probes connections that are silent (`SO_KEEPALIVE`), at the times the system has chosen.
    pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
        self.0.set_keepalive(keepalive)
    }

    /// Whether silent connections are probed.
    pub fn keepalive(&self) -> io::Result<bool> {
        self.0.keepalive()
    }

    /// Probes connections that have been silent for `idle`, and then every `interval`. Whole
    /// seconds.
    pub fn set_keepalive_times(&self, idle: Duration, interval: Duration) -> io::Result<()> {
        self.0.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle).with_interval(interval))
    }

    /// Sets the size of the send buffer in bytes (`SO_SNDBUF`); the system may round it.
    pub fn set_send_buffer_size(&self, bytes: u32) -> io::Result<()> {
        self.0.set_send_buffer_size(bytes as usize)
    }

    /// The size of the send buffer in bytes, with what the system adds for itself.
    pub fn send_buffer_size(&self) -> io::Result<u32> {
        self.0.send_buffer_size().map(saturating)
    }

    /// Sets the size of the receive buffer in bytes (`SO_RCVBUF`); the system may round it.
    pub fn set_recv_buffer_size(&self, bytes: u32) -> io::Result<()> {
        self.0.set_recv_buffer_size(bytes as usize)
    }

    /// The size of the receive buffer in bytes, with what the system adds for itself.
    pub fn recv_buffer_size(&self) -> io::Result<u32> {
        self.0.recv_buffer_size().map(saturating)
    }

    /// Sends small writes at once instead of collecting them (`TCP_NODELAY`).
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.0.set_tcp_nodelay(nodelay)
    }

    /// Whether small writes are sent at once.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.0.tcp_nodelay()
    }

    /// Sets how long closing tries to send what is still unsent (`SO_LINGER`); see
    /// [`TcpStream::set_linger`].
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        self.0.set_linger(linger)
    }

    /// How long closing tries to send what is still unsent.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.0.linger()
    }

    /// Sets the type of service of sent packets (`IP_TOS`), on a socket for IPv4.
    pub fn set_tos(&self, tos: u32) -> io::Result<()> {
        self.0.set_tos_v4(tos)
    }

    /// The type of service of sent packets.
    pub fn tos(&self) -> io::Result<u32> {
        self.0.tos_v4()
    }
}

fn saturating(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for TcpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
