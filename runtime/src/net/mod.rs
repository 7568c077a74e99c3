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
//! | `stream.rs` | what can every connected byte stream do |
//! | `transfer.rs` | how do bytes move, and what does a short read mean |
//! | `halves.rs` | how do two tasks use one stream |
//! | `tcp_stream.rs`, `unix_stream.rs` | how is a connection made, and its options |
//! | `tcp_listener.rs`, `unix_listener.rs` | how is a connection accepted |
//! | `sys/` | how is a socket made non-blocking on this platform |

mod addr;
mod halves;
mod stream;
mod sys;
mod tcp_listener;
mod tcp_stream;
mod transfer;

pub use addr::{ToSocketAddrs, lookup_host};
pub use tcp_listener::TcpListener;
pub use tcp_stream::TcpStream;

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
