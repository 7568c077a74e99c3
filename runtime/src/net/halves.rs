//! How two tasks, or two futures in one task, use one stream.

use super::socket::Socket;
use super::stream::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use sheave_facade::sync::Arc;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The borrowed half that reads. It dereferences to the stream for what both halves can do.
#[derive(Debug)]
pub struct ReadHalf<'a, S: Stream>(&'a Socket<S>);

/// The borrowed half that writes. It dereferences to the stream for what both halves can do.
///
/// Dropping it does nothing: to end the stream, `close` it.
#[derive(Debug)]
pub struct WriteHalf<'a, S: Stream>(&'a Socket<S>);

/// The owned half that reads. It dereferences to the stream for what both halves can do.
#[derive(Debug)]
pub struct OwnedReadHalf<S: Stream>(Arc<Socket<S>>);

/// The owned half that writes. It dereferences to the stream for what both halves can do.
///
/// Dropping it tells the peer that no more will come, as `close` does, unless it is
/// [forgotten](Self::forget).
#[derive(Debug)]
pub struct OwnedWriteHalf<S: Stream> {
    stream: Arc<Socket<S>>,
    at_drop: AtDrop,
}

#[derive(Debug, PartialEq)]
enum AtDrop {
    EndStream,
    Nothing,
}

/// The two halves are not of the same stream. Both are handed back.
#[derive(Debug)]
pub struct ReuniteError<S: Stream>(pub OwnedReadHalf<S>, pub OwnedWriteHalf<S>);

pub(super) fn borrow<S: Stream>(stream: &Socket<S>) -> (ReadHalf<'_, S>, WriteHalf<'_, S>) {
    (ReadHalf(stream), WriteHalf(stream))
}

pub(super) fn part<S: Stream>(stream: Socket<S>) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Arc::new(stream);
    let writer = OwnedWriteHalf { stream: stream.clone(), at_drop: AtDrop::EndStream };
    (OwnedReadHalf(stream), writer)
}

fn reunite<S: Stream>(
    reader: OwnedReadHalf<S>,
    writer: OwnedWriteHalf<S>,
) -> Result<Socket<S>, ReuniteError<S>> {
    if !Arc::ptr_eq(&reader.0, &writer.stream) {
        return Err(ReuniteError(reader, writer));
    }
    writer.forget();
    Ok(Arc::try_unwrap(reader.0).expect("a stream has two halves, and the other one is gone"))
}

impl<S: Stream> OwnedReadHalf<S> {
    /// Puts the halves together again.
    ///
    /// # Errors
    /// If `writer` is a half of another stream.
    pub fn reunite(self, writer: OwnedWriteHalf<S>) -> Result<Socket<S>, ReuniteError<S>> {
        reunite(self, writer)
    }
}

impl<S: Stream> OwnedWriteHalf<S> {
    /// Puts the halves together again.
    ///
    /// # Errors
    /// If `reader` is a half of another stream.
    pub fn reunite(self, reader: OwnedReadHalf<S>) -> Result<Socket<S>, ReuniteError<S>> {
        reunite(reader, self)
    }

    /// Drops the half without ending the stream.
    pub fn forget(mut self) {
        self.at_drop = AtDrop::Nothing;
    }
}

impl<S: Stream> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if self.at_drop == AtDrop::EndStream {
            // Nobody is left to hear of an error; the reader sees what became of the connection.
            let _ = self.stream.shutdown_now(Shutdown::Write);
        }
    }
}

impl<S: Stream> Deref for ReadHalf<'_, S> {
    type Target = Socket<S>;

    fn deref(&self) -> &Socket<S> {
        self.0
    }
}

impl<S: Stream> Deref for WriteHalf<'_, S> {
    type Target = Socket<S>;

    fn deref(&self) -> &Socket<S> {
        self.0
    }
}

impl<S: Stream> Deref for OwnedReadHalf<S> {
    type Target = Socket<S>;

    fn deref(&self) -> &Socket<S> {
        &self.0
    }
}

impl<S: Stream> Deref for OwnedWriteHalf<S> {
    type Target = Socket<S>;

    fn deref(&self) -> &Socket<S> {
        &self.stream
    }
}

impl<S: Stream> AsyncRead for ReadHalf<'_, S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &**self).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &**self).poll_read_vectored(cx, buffers)
    }
}

impl<S: Stream> AsyncRead for OwnedReadHalf<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &**self).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &**self).poll_read_vectored(cx, buffers)
    }
}

impl<S: Stream> AsyncWrite for WriteHalf<'_, S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_bytes(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_slices(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &**self).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &**self).poll_close(cx)
    }
}

impl<S: Stream> AsyncWrite for OwnedWriteHalf<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_bytes(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_slices(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &**self).poll_flush(cx)
    }

    /// Ends the stream now; dropping the half later does nothing more.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.at_drop = AtDrop::Nothing;
        Pin::new(&mut &**self).poll_close(cx)
    }
}

impl<S: Stream> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves are not of the same stream: reunite those of one `into_split`")
    }
}

impl<S: Stream> std::error::Error for ReuniteError<S> {}
