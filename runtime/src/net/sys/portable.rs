//! Platforms on which a socket is made non-blocking by a second call.

use rustix::io::ioctl_fionbio;
use rustix::net::{SocketAddrAny, acceptfrom};
use socket2::{Domain, Socket, Type};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Accepts a connection as a non-blocking, close-on-exec descriptor.
pub(in crate::net) fn accept(listener: impl AsFd) -> io::Result<(OwnedFd, Option<SocketAddrAny>)> {
    let (socket, peer) = acceptfrom(listener)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    ioctl_fionbio(&socket, true)?;
    Ok((socket, peer))
}

/// A non-blocking, close-on-exec socket.
pub(in crate::net) fn socket(domain: Domain, kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(domain, kind, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
