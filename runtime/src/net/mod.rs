//! Sockets: TCP, UDP and Unix domain, with tokio's names and shapes.
//!
//! Sockets read and write through the traits of [`io`](crate::io). An operation is tried first and
//! waits only if it would block; the first one that does registers the socket with the reactor of
//! the worker it happens on. Until then a socket needs no runtime: it may be made and bound
//! anywhere, and an operation that has to wait outside of a runtime returns an error that says so.
//!
//! After its runtime was shut down, operations on a socket that had registered return an error.
//!
//! | file | answers |
//! |---|---|
//! | `addr.rs` | which addresses does this name stand for |
//! | `socket.rs` | what do all sockets have in common |
//! | `stream.rs`, `datagram.rs` | what can every byte stream, every datagram socket do |
//! | `transfer.rs` | how do bytes move, and what does a short read mean |
//! | `halves.rs` | how do two tasks use one stream |
//! | `tcp_socket.rs`, `tcp_stream.rs`, `tcp_listener.rs`, `udp.rs` | what is special about IP |
//! | `unix_stream.rs`, `unix_listener.rs`, `unix_datagram.rs` | what is special about Unix sockets |
//! | `tokio_io.rs` | how do streams read and write for who wants tokio's traits |
//! | `sys/` | how is a socket made non-blocking on this platform |

mod addr;
mod datagram;
mod halves;
mod socket;
mod stream;
mod sys;
mod tcp_listener;
mod tcp_socket;
mod tcp_stream;
#[cfg(all(feature = "tokio-io", not(loom)))]
mod tokio_io;
mod transfer;
mod udp;
mod unix_datagram;
mod unix_listener;
mod unix_stream;

pub use addr::{ToSocketAddrs, lookup_host};
pub use tcp_listener::TcpListener;
pub use tcp_socket::TcpSocket;
pub use tcp_stream::TcpStream;
pub use udp::UdpSocket;
pub use unix_datagram::UnixDatagram;
pub use unix_listener::UnixListener;
pub use unix_stream::UnixStream;

/// What the sockets are made of: one type over those of the standard library, for code that is
/// generic over TCP and Unix.
///
/// # Examples
/// ```
/// use sheave::io::AsyncWriteExt;
/// use sheave::net::generic::{Socket, Stream};
/// use sheave::net::UnixStream;
///
/// async fn greet<S: Stream>(mut stream: Socket<S>) -> std::io::Result<()> {
///     stream.write_all(b"hello").await
/// }
///
/// # #[sheave::main]
/// # async fn main() -> std::io::Result<()> {
/// let (ours, _theirs) = UnixStream::pair()?;
/// greet(ours).await
/// # }
/// ```
pub mod generic {
    pub use super::datagram::Datagrams;
    pub use super::halves::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
    pub use super::socket::{Duplex, Socket, StdSocket};
    pub use super::stream::Stream;
}

/// The halves of a [`TcpStream`].
pub mod tcp {
    use std::net::TcpStream;

    /// The borrowed half that reads. Made by [`TcpStream::split`](super::TcpStream::split).
    pub type ReadHalf<'a> = super::halves::ReadHalf<'a, TcpStream>;
    /// The borrowed half that writes. Made by [`TcpStream::split`](super::TcpStream::split).
    pub type WriteHalf<'a> = super::halves::WriteHalf<'a, TcpStream>;
    /// The owned half that reads. Made by [`TcpStream::into_split`](super::TcpStream::into_split).
    pub type OwnedReadHalf = super::halves::OwnedReadHalf<TcpStream>;
    /// The owned half that writes, and ends the stream when it is dropped. Made by
    /// [`TcpStream::into_split`](super::TcpStream::into_split).
    pub type OwnedWriteHalf = super::halves::OwnedWriteHalf<TcpStream>;
    /// The halves are not of the same stream.
    pub type ReuniteError = super::halves::ReuniteError<TcpStream>;
}

/// The halves of a [`UnixStream`], and the addresses of Unix sockets.
pub mod unix {
    pub use std::os::unix::net::SocketAddr;
    use std::os::unix::net::UnixStream;

    /// The borrowed half that reads. Made by [`UnixStream::split`](super::UnixStream::split).
    pub type ReadHalf<'a> = super::halves::ReadHalf<'a, UnixStream>;
    /// The borrowed half that writes. Made by [`UnixStream::split`](super::UnixStream::split).
    pub type WriteHalf<'a> = super::halves::WriteHalf<'a, UnixStream>;
    /// The owned half that reads. Made by [`UnixStream::into_split`](super::UnixStream::into_split).
    pub type OwnedReadHalf = super::halves::OwnedReadHalf<UnixStream>;
    /// The owned half that writes, and ends the stream when it is dropped. Made by
    /// [`UnixStream::into_split`](super::UnixStream::into_split).
    pub type OwnedWriteHalf = super::halves::OwnedWriteHalf<UnixStream>;
    /// The halves are not of the same stream.
    pub type ReuniteError = super::halves::ReuniteError<UnixStream>;
}
