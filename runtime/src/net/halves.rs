//! How two tasks, or two futures in one task, use one stream.

use super::stream::{ByteStream, Socket};
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
pub struct ReadHalf<'a, S: Socket>(&'a ByteStream<S>);

/// The borrowed half that writes. It dereferences to the stream for what both halves can do.
///
/// Dropping it does nothing: to end the stream, `close` it.
#[derive(Debug)]
pub struct WriteHalf<'a, S: Socket>(&'a ByteStream<S>);

/// The owned half that reads. It dereferences to the stream for what both halves can do.
#[derive(Debug)]
pub struct OwnedReadHalf<S: Socket>(Arc<ByteStream<S>>);

/// The owned half that writes. It dereferences to the stream for what both halves can do.
///
/// Dropping it tells the peer that no more will come, as `close` does, unless it is
/// [forgotten](Self::forget).
#[derive(Debug)]
pub struct OwnedWriteHalf<S: Socket> {
    stream: Arc<ByteStream<S>>,
    at_drop: AtDrop,
}

#[derive(Debug, PartialEq)]
enum AtDrop {
    EndStream,
    Nothing,
}

/// The two halves are not of the same stream. Both are handed back.
#[derive(Debug)]
pub struct ReuniteError<S: Socket>(pub OwnedReadHalf<S>, pub OwnedWriteHalf<S>);

pub(super) fn borrow<S: Socket>(stream: &ByteStream<S>) -> (ReadHalf<'_, S>, WriteHalf<'_, S>) {
    (ReadHalf(stream), WriteHalf(stream))
}

pub(super) fn part<S: Socket>(stream: ByteStream<S>) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Arc::new(stream);
    let writer = OwnedWriteHalf { stream: stream.clone(), at_drop: AtDrop::EndStream };
    (OwnedReadHalf(stream), writer)
}

fn reunite<S: Socket>(
    reader: OwnedReadHalf<S>,
    writer: OwnedWriteHalf<S>,
) -> Result<ByteStream<S>, ReuniteError<S>> {
    if !Arc::ptr_eq(&reader.0, &writer.stream) {
        return Err(ReuniteError(reader, writer));
    }
    writer.forget();
    Ok(Arc::try_unwrap(reader.0).expect("a stream has two halves, and the other one is gone"))
}

impl<S: Socket> OwnedReadHalf<S> {
    /// Puts the halves together again.
    ///
    /// # Errors
    /// If `writer` is a half of another stream.
    pub fn reunite(self, writer: OwnedWriteHalf<S>) -> Result<ByteStream<S>, ReuniteError<S>> {
        reunite(self, writer)
    }
}

impl<S: Socket> OwnedWriteHalf<S> {
    /// Puts the halves together again.
    ///
    /// # Errors
    /// If `reader` is a half of another stream.
    pub fn reunite(self, reader: OwnedReadHalf<S>) -> Result<ByteStream<S>, ReuniteError<S>> {
        reunite(reader, self)
    }

    /// Drops the half without ending the stream.
    pub fn forget(mut self) {
        self.at_drop = AtDrop::Nothing;
    }
}

impl<S: Socket> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if self.at_drop == AtDrop::EndStream {
            // Nobody is left to hear of an error; the reader sees what became of the connection.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }
}

impl<S: Socket> Deref for ReadHalf<'_, S> {
    type Target = ByteStream<S>;

    fn deref(&self) -> &ByteStream<S> {
        self.0
    }
}

impl<S: Socket> Deref for WriteHalf<'_, S> {
    type Target = ByteStream<S>;

    fn deref(&self) -> &ByteStream<S> {
        self.0
    }
}

impl<S: Socket> Deref for OwnedReadHalf<S> {
    type Target = ByteStream<S>;

    fn deref(&self) -> &ByteStream<S> {
        &self.0
    }
}

impl<S: Socket> Deref for OwnedWriteHalf<S> {
    type Target = ByteStream<S>;

    fn deref(&self) -> &ByteStream<S> {
        &self.stream
    }
}

impl<S: Socket> AsyncRead for ReadHalf<'_, S> {
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

impl<S: Socket> AsyncRead for OwnedReadHalf<S> {
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

impl<S: Socket> AsyncWrite for WriteHalf<'_, S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &**self).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &**self).poll_close(cx)
    }
}

impl<S: Socket> AsyncWrite for OwnedWriteHalf<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send_vectored(cx, slices)
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

impl<S: Socket> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves are not of the same stream: reunite those of one `into_split`")
    }
}

impl<S: Socket> std::error::Error for ReuniteError<S> {}
