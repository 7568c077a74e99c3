//! hyper's `Read` and `Write` for our streams, without a wrapper.

use crate::net::generic::{Socket, Stream};
use hyper::rt::{Read, ReadBufCursor, Write};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Bytes go straight into hyper's buffer, which need not be zeroed.
impl<S: Stream> Read for Socket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        receive(&self, cx, &mut buf).map_ok(drop)
    }
}

/// Reads into the cursor's memory and returns how many bytes came.
fn receive<S: Stream>(
    stream: &Socket<S>,
    cx: &mut Context<'_>,
    buf: &mut ReadBufCursor<'_>,
) -> Poll<io::Result<usize>> {
    // SAFETY: the read only writes into the buffer, and never de-initialises it.
    let spare = unsafe { buf.as_mut() };
    let count = ready!(stream.poll_read_uninit(cx, spare))?;
    // SAFETY: the read has initialised the first `count` bytes.
    unsafe { buf.advance(count) };
    Poll::Ready(Ok(count))
}

impl<S: Stream> Write for Socket<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_bytes(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_slices(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shutdown_now(Shutdown::Write))
    }
}

/// A stream that counts what it receives.
pub(super) struct Metered<T> {
    stream: T,
    received: Received,
}

/// How many bytes a connection has received; readable while hyper owns the stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Received(Arc<AtomicU64>);

impl Received {
    pub(super) fn bytes(&self) -> u64 {
        // ORDERING: Relaxed; one task counts and reads.
        self.0.load(Relaxed)
    }

    /// However few they were, they made a request.
    pub(super) fn suffice(&self) {
        // ORDERING: Relaxed; services are called by the task that counts.
        self.0.store(u64::MAX, Relaxed);
    }

    fn add(&self, bytes: usize) {
        // ORDERING: Relaxed, as above; no other thread stores.
        self.0.store(self.bytes().saturating_add(bytes as u64), Relaxed);
    }
}

impl<T> Metered<T> {
    pub(super) fn new(stream: T) -> Self {
        Self { stream, received: Received::default() }
    }

    pub(super) fn received(&self) -> Received {
        self.received.clone()
    }
}

impl<S: Stream> Read for Metered<Socket<S>> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let count = ready!(receive(&self.stream, cx, &mut buf))?;
        self.received.add(count);
        Poll::Ready(Ok(()))
    }
}

impl<T: Write + Unpin> Write for Metered<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
