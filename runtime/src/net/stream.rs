//! What every connected byte stream can do, be it TCP or Unix.

use super::halves::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::socket::{Duplex, Socket};
use super::transfer::{receive, receive_vectored, send, send_vectored};
use crate::io::{Interest, Ready};
use crate::reactor::Direction;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::Shutdown;

/// A [`StdSocket`](super::socket::StdSocket) that is a connected byte stream. Only this crate
/// implements it.
///
/// The [`Socket`] of one reads and writes through [`AsyncRead`](crate::io::AsyncRead) and
/// [`AsyncWrite`](crate::io::AsyncWrite), which a shared reference to it implements too: one task
/// may read while another writes. A second task that reads takes over the first one's wake-ups; to
/// share one direction use [`readable`](Socket::readable) or [`writable`](Socket::writable) and the
/// `try_*` functions.
pub trait Stream: Duplex {
    /// What is known after a read that returned less than it was asked for.
    #[doc(hidden)]
    const SHORT_READ: ShortRead;
    #[doc(hidden)]
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
}

/// What is known after a read that returned less than it was asked for.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShortRead {
    /// The buffer is empty: the next read would block.
    Empty,
    /// Nothing: the read may have stopped at a boundary.
    Boundary,
}

impl<S: Stream> Socket<S> {
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
        match self.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Ends one direction or both, as [`close`](crate::io::AsyncWriteExt::close) does for writing.
    /// Waiting operations of that direction return: reads with the end of the stream, writes with
    /// an error. A connection that is gone already is no error.
    ///
    /// The name leaves `shutdown` to the function of tokio's `AsyncWriteExt`, which takes no
    /// direction.
    ///
    /// # Errors
    /// Those of `shutdown`.
    pub fn shutdown_now(&self, how: Shutdown) -> io::Result<()> {
        match self.std().shutdown(how) {
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
            done => done,
        }
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
    /// # drop(sheave::spawn(sheave::io::copy(server, sheave::io::sink())));
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
