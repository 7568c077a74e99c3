//! What every connected byte stream can do, be it TCP or Unix.

use super::halves::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::transfer::{receive, receive_vectored, send, send_vectored};
use crate::io::{Interest, Ready};
use crate::reactor::{Direction, Io};
use crate::scheduler::context::current_reactor;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll};

/// The standard library's stream sockets, as far as [`ByteStream`] needs them. Only this crate
/// implements it.
pub trait Socket: AsFd + AsRawFd + fmt::Debug + Send + Sync + Sized + 'static + Sealed {
    /// What is known after a read that returned less than it was asked for.
    #[doc(hidden)]
    const SHORT_READ: ShortRead;
    #[doc(hidden)]
    type Address;
    #[doc(hidden)]
    fn set_nonblocking(&self, on: bool) -> io::Result<()>;
    #[doc(hidden)]
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
    #[doc(hidden)]
    fn take_error(&self) -> io::Result<Option<io::Error>>;
    #[doc(hidden)]
    fn local_addr(&self) -> io::Result<Self::Address>;
    #[doc(hidden)]
    fn peer_addr(&self) -> io::Result<Self::Address>;
}

/// Keeps other crates from implementing [`Socket`].
pub trait Sealed {}

/// What is known after a read that returned less than it was asked for.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShortRead {
    /// The buffer is empty: the next read would block.
    Empty,
    /// Nothing: the read may have stopped at a boundary.
    Boundary,
}

/// A connected byte stream: a [`TcpStream`](crate::net::TcpStream) or a
/// [`UnixStream`](crate::net::UnixStream).
///
/// It reads and writes through [`AsyncRead`](crate::io::AsyncRead) and
/// [`AsyncWrite`](crate::io::AsyncWrite), which `&ByteStream` implements too: one task may read
/// while another writes. A second task that reads takes over the first one's wake-ups; to share one
/// direction use [`readable`](Self::readable) or [`writable`](Self::writable) and the `try_*`
/// functions. Dropping it closes the connection.
pub struct ByteStream<S: Socket> {
    pub(super) io: Io<S>,
}

impl<S: Socket> ByteStream<S> {
    /// Takes over a socket that is non-blocking already.
    pub(super) fn new(socket: S) -> Self {
        Self { io: Io::new(socket, current_reactor) }
    }

    /// Takes over a connected socket of the standard library and makes it non-blocking.
    ///
    /// # Errors
    /// If the mode cannot be changed.
    pub fn from_std(socket: S) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self::new(socket))
    }

    /// Gives the socket back to the standard library, still in non-blocking mode.
    ///
    /// # Errors
    /// None at present.
    pub fn into_std(self) -> io::Result<S> {
        Ok(self.io.into_inner())
    }

    /// Waits until a connection attempt has ended.
    ///
    /// Cancel safety: strict for the waiting; dropping the future drops the socket.
    pub(super) async fn connected(self) -> io::Result<Self> {
        let mut event = None;
        while !self.is_connected()? {
            if let Some(event) = event {
                self.io.clear_ready(event, Ready::WRITABLE);
            }
            event = Some(self.io.ready(Interest::WRITABLE).await?);
        }
        Ok(self)
    }

    /// Whether a connection attempt has succeeded, or is still under way.
    fn is_connected(&self) -> io::Result<bool> {
        // First, because a failed attempt has no peer either, but has a reason.
        if let Some(error) = self.take_error()? {
            return Err(error);
        }
        match self.io.get_ref().peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The address of this end.
    ///
    /// # Errors
    /// Those of `getsockname`.
    pub fn local_addr(&self) -> io::Result<S::Address> {
        self.io.get_ref().local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// `NotConnected` once the connection has been reset, and the others of `getpeername`.
    pub fn peer_addr(&self) -> io::Result<S::Address> {
        self.io.get_ref().peer_addr()
    }

    /// Takes the error that the socket has stored (`SO_ERROR`).
    ///
    /// # Errors
    /// If it cannot be asked for.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }

    /// Ends one direction or both, as [`close`](crate::io::AsyncWriteExt::close) does for writing.
    /// Waiting operations of that direction return: reads with the end of the stream, writes with
    /// an error. A connection that is gone already is no error.
    ///
    /// # Errors
    /// Those of `shutdown`.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self.io.get_ref().shutdown(how) {
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
            done => done,
        }
    }

    /// Waits until the stream is ready for anything in `interest`, and says what for. Any number of
    /// tasks may wait at once.
    ///
    /// The answer is a snapshot: the operation may still return `WouldBlock`, after which this
    /// function waits again.
    ///
    /// # Cancel safety
    /// Strict.
    ///
    /// # Errors
    /// If the socket must register but there is no runtime on this thread, if the operating system
    /// refuses, or if the runtime was shut down.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        Ok(self.io.ready(interest).await?.ready())
    }

    /// Waits until a read would not block: there is data, or the stream has ended.
    ///
    /// # Cancel safety
    /// Strict.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// Waits until a write would not block.
    ///
    /// # Cancel safety
    /// Strict.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// Waits until a read would not block, with the waker that reads share.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Read).map_ok(drop)
    }

    /// Waits until a write would not block, with the waker that writes share.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Write).map_ok(drop)
    }

    /// Runs a system call of your own on the socket if it counts as ready for `interest`, and
    /// notes it if that returns `WouldBlock`, so that [`ready`](Self::ready) waits again.
    ///
    /// # Errors
    /// `WouldBlock` without running `op` if the socket is not ready, and whatever `op` returns.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.try_io(interest, |_| op())
    }

    /// Reads what is there without waiting. `Ok(0)` is the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` if nothing is there, and those of `recv`.
    ///
    /// # Examples
    /// ```
    /// # use sheave::io::AsyncWriteExt;
    /// # use sheave::net::{TcpListener, TcpStream};
    /// # #[sheave::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let mut client = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// # client.write_all(b"hello").await?;
    /// let mut buffer = [0; 16];
    /// let n = loop {
    ///     server.readable().await?;
    ///     match server.try_read(&mut buffer) {
    ///         Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
    ///         other => break other?,
    ///     }
    /// };
    /// assert_eq!(&buffer[..n], b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.try_io(Direction::Read, |socket| receive(socket, &mut *buffer))
    }

    /// [`try_read`](Self::try_read) into several buffers, one after the other.
    ///
    /// # Errors
    /// As [`try_read`](Self::try_read).
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.io.try_io(Direction::Read, |socket| receive_vectored(socket, buffers))
    }

    /// Writes what there is room for without waiting, and says how much that was.
    ///
    /// # Errors
    /// `WouldBlock` if there is no room, and those of `send`.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.io.try_io(Direction::Write, |socket| send(socket, bytes))
    }

    /// [`try_write`](Self::try_write) from several buffers, one after the other.
    ///
    /// # Errors
    /// As [`try_write`](Self::try_write).
    pub fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.io.try_io(Direction::Write, |socket| send_vectored(socket, slices))
    }

    /// Lends out the halves, for two futures in one task.
    ///
    /// # Examples
    /// ```
    /// # use sheave::io::{AsyncReadExt, AsyncWriteExt};
    /// # use sheave::net::{TcpListener, TcpStream};
    /// # #[sheave::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let mut client = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// # sheave::spawn(sheave::io::copy(server.into_split().0, sheave::io::sink()));
    /// let (mut reader, mut writer) = client.split();
    /// writer.write_all(b"hello").await?;
    /// writer.close().await?;
    /// reader.read_to_end(&mut Vec::new()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn split(&mut self) -> (ReadHalf<'_, S>, WriteHalf<'_, S>) {
        halves::borrow(self)
    }

    /// Takes the stream apart into halves that two tasks may own. The half that writes ends the
    /// stream when it is dropped; the connection is closed with the last half.
    pub fn into_split(self) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
        halves::part(self)
    }
}

impl<S: Socket> AsFd for ByteStream<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.get_ref().as_fd()
    }
}

impl<S: Socket> AsRawFd for ByteStream<S> {
    fn as_raw_fd(&self) -> RawFd {
        self.io.get_ref().as_raw_fd()
    }
}

impl<S: Socket> fmt::Debug for ByteStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get_ref().fmt(f)
    }
}

impl TryFrom<std::net::TcpStream> for ByteStream<std::net::TcpStream> {
    type Error = io::Error;

    fn try_from(socket: std::net::TcpStream) -> io::Result<Self> {
        Self::from_std(socket)
    }
}
