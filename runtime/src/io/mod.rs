//! Reading and writing: the traits of `futures-io`, the tools of `futures-lite`, and waiting for
//! descriptors of any kind.
//!
//! Everything that reads and writes `futures-io` works with the sockets of [`net`](crate::net), and
//! the sockets work with everything that does. Feature `tokio-io` adds tokio's traits to them.
//!
//! [`AsyncFd`] waits until a descriptor is ready and leaves the operation to you; it has tokio's
//! shape. [`Async`] makes reads and writes wait; it has async-io's shape and implements the
//! `futures-io` traits.
//!
//! Both take part in the runtime of the thread on which they first wait, and both work with
//! everything the operating system can wait for: sockets, pipes, terminals, event, timer and
//! process descriptors. Regular files are always ready and are refused; read them with
//! [`spawn_blocking`](crate::task::spawn_blocking).
//!
//! # Examples
//! ```
//! use sheave::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
//! use sheave::net::{TcpListener, TcpStream};
//!
//! # #[sheave::main]
//! # async fn main() -> std::io::Result<()> {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let mut client = TcpStream::connect(listener.local_addr()?).await?;
//! client.write_all(b"hello\n").await?;
//!
//! let (server, _) = listener.accept().await?;
//! let mut line = String::new();
//! BufReader::new(server).read_line(&mut line).await?;
//! assert_eq!(line, "hello\n");
//! # Ok(())
//! # }
//! ```

mod async_fd;
mod nonblocking;

pub use crate::reactor::{Interest, Ready};
pub use async_fd::{
    AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdTryNewError, TryIoError,
};
pub use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
pub use futures_lite::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufWriter, Cursor,
    ReadHalf, WriteHalf, copy, empty, repeat, sink, split,
};
pub use nonblocking::Async;
pub use std::io::{Error, ErrorKind, Result, SeekFrom};
