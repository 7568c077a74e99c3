//! UDP sockets.

use super::addr::{ToSocketAddrs, first_success};
use super::datagram::Datagrams;
use super::socket::{Duplex, Sealed, Socket, StdSocket};
use super::sys;
use crate::io::Interest;
use crate::reactor::Direction;
use socket2::{Domain, SockAddr, Type};
use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

/// A UDP socket. Share it by reference or `Arc`: any number of tasks may send and receive at once.
///
/// # Examples
/// ```
/// use sheave::net::UdpSocket;
///
/// # #[sheave::main]
/// # async fn main() -> std::io::Result<()> {
/// let server = UdpSocket::bind("127.0.0.1:0").await?;
/// let client = UdpSocket::bind("127.0.0.1:0").await?;
/// client.connect(server.local_addr()?).await?;
/// client.send(b"ping").await?;
///
/// let mut buffer = [0; 1500];
/// let (n, peer) = server.recv_from(&mut buffer).await?;
/// assert_eq!((&buffer[..n], peer), (&b"ping"[..], client.local_addr()?));
/// # Ok(())
/// # }
/// ```
pub type UdpSocket = Socket<net::UdpSocket>;

impl Sealed for net::UdpSocket {}

impl StdSocket for net::UdpSocket {
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

impl Duplex for net::UdpSocket {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }
}

impl Datagrams for net::UdpSocket {
    fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.recv_from(buffer)
    }
}

impl UdpSocket {
    /// Binds the first of the addresses that can be bound. Port 0 picks a free port.
    ///
    /// # Cancel safety
    /// Restarts.
    ///
    /// # Errors
    /// The error of the last address, or that of the lookup.
    pub async fn bind<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        first_success(address, async |address| {
            let socket = sys::socket(Domain::for_address(address), Type::DGRAM)?;
            socket.bind(&SockAddr::from(address))?;
            Ok(Self::new(socket.into()))
        })
        .await
    }

    /// Sets the address to send to, and refuses datagrams from any other.
    ///
    /// # Cancel safety
    /// Restarts.
    ///
    /// # Errors
    /// The error of the last address, or that of the lookup.
    pub async fn connect<A: ToSocketAddrs>(&self, address: A) -> io::Result<()> {
        first_success(address, async |address| self.std().connect(address)).await
    }

    /// Sends a datagram to the first of the addresses.
    ///
    /// # Cancel safety
    /// Strict: a future that is dropped has sent nothing.
    ///
    /// # Errors
    /// Those of `sendto`, or that of the lookup.
    pub async fn send_to<A: ToSocketAddrs>(&self, bytes: &[u8], to: A) -> io::Result<usize> {
        let Some(to) = to.resolve().await?.next() else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "there was no socket address to send to",
            ));
        };
        self.io.io(Interest::WRITABLE, |socket| socket.send_to(bytes, to)).await
    }

    /// Sends a datagram to `to`, as a poll function. Only the last task that polled is woken.
    ///
    /// # Errors
    /// Those of `sendto`.
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        to: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Write, |socket| socket.send_to(bytes, to))
    }

    /// Sends a datagram without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is no room, and those of `sendto`.
    pub fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.io.try_io(Direction::Write, |socket| socket.send_to(bytes, to))
    }

    /// Waits for a datagram and reads it without consuming it.
    ///
    /// # Cancel safety
    /// Strict.
    ///
    /// # Errors
    /// Those of `recvfrom`.
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.io(Interest::READABLE, |socket| socket.peek_from(buffer)).await
    }

    /// [`peek_from`](Self::peek_from) as a poll function. Only the last task that polled is woken.
    ///
    /// # Errors
    /// As [`peek_from`](Self::peek_from).
    pub fn poll_peek_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.io.poll_io(cx, Direction::Read, |socket| socket.peek_from(buffer))
    }
}

/// Options. Each returns the error of `getsockopt` or `setsockopt`, if there is one.
impl UdpSocket {
    /// Whether datagrams may go to a broadcast address (`SO_BROADCAST`).
    pub fn broadcast(&self) -> io::Result<bool> {
        self.std().broadcast()
    }

    /// Allows datagrams to a broadcast address.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.std().set_broadcast(on)
    }

    /// The time to live of sent packets (`IP_TTL`), in hops.
    pub fn ttl(&self) -> io::Result<u32> {
        self.std().ttl()
    }

    /// Sets the time to live of sent packets, in hops.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.std().set_ttl(ttl)
    }

    /// Whether this machine receives its own multicast packets (`IP_MULTICAST_LOOP`).
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.std().multicast_loop_v4()
    }

    /// Sets whether this machine receives its own multicast packets.
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.std().set_multicast_loop_v4(on)
    }

    /// Whether this machine receives its own IPv6 multicast packets (`IPV6_MULTICAST_LOOP`).
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.std().multicast_loop_v6()
    }

    /// Sets whether this machine receives its own IPv6 multicast packets.
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.std().set_multicast_loop_v6(on)
    }

    /// The time to live of multicast packets (`IP_MULTICAST_TTL`), in hops.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.std().multicast_ttl_v4()
    }

    /// Sets the time to live of multicast packets, in hops.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.std().set_multicast_ttl_v4(ttl)
    }

    /// Joins a multicast group on the interface with the given address; unspecified lets the system
    /// choose.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.std().join_multicast_v4(&group, &interface)
    }

    /// Leaves a multicast group.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.std().leave_multicast_v4(&group, &interface)
    }

    /// Joins an IPv6 multicast group on the interface with the given index; 0 lets the system
    /// choose.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.std().join_multicast_v6(group, interface)
    }

    /// Leaves an IPv6 multicast group.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.std().leave_multicast_v6(group, interface)
    }
}

impl TryFrom<net::UdpSocket> for UdpSocket {
    type Error = io::Error;

    fn try_from(socket: net::UdpSocket) -> io::Result<Self> {
        Self::from_std(socket)
    }
}
