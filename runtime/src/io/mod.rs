//! Waiting for descriptors of any kind.
//!
//! [`AsyncFd`] waits until a descriptor is ready and leaves the operation to you; it has tokio's
//! shape. [`Async`] makes reads and writes wait; it has async-io's shape and implements the
//! `futures-io` traits.
//!
//! Both take part in the runtime of the thread on which they first wait, and both work with
//! everything the operating system can wait for: sockets, pipes, terminals, event, timer and
//! process descriptors. Regular files are always ready and are refused; read them with
//! [`spawn_blocking`](crate::task::spawn_blocking).

mod async_fd;
mod nonblocking;

pub use crate::reactor::{Interest, Ready};
pub use async_fd::{
    AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdTryNewError, TryIoError,
};
pub use nonblocking::Async;
