//! How bytes move: the system calls, and the `futures-io` traits on top of them.
//!
//! Each transfer costs one system call. A short one means that the next would block, so the task
//! waits without trying again, see [`Io::poll_transfer`](crate::reactor::Io::poll_transfer).
//! Buffers without room return 0 at once: asking the kernel for nothing might wait.

use super::socket::Socket;
use super::stream::{ShortRead, Stream};
use crate::reactor::Direction;
use futures_io::{AsyncRead, AsyncWrite};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The most buffers that one system call takes; Linux and the BSDs refuse more.
const MAX_BUFFERS: usize = 1024;

/// Receives into a buffer that may be uninitialised.
pub(super) fn receive<B: rustix::buffer::Buffer<u8>>(
    socket: impl AsFd,
    buffer: B,
) -> io::Result<usize> {
    let (_, received) = rustix::net::recv(socket, buffer, RecvFlags::empty())?;
    Ok(received)
}

/// Receives without consuming.
pub(super) fn look(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let (_, received) = rustix::net::recv(socket, buffer, RecvFlags::PEEK)?;
    Ok(received)
}

pub(super) fn receive_vectored(
    socket: impl AsFd,
    buffers: &mut [IoSliceMut<'_>],
) -> io::Result<usize> {
    let count = buffers.len().min(MAX_BUFFERS);
    Ok(rustix::io::readv(socket, &mut buffers[..count])?)
}

pub(super) fn send(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(socket, bytes, SendFlags::NOSIGNAL)?)
}

pub(super) fn send_vectored(socket: impl AsFd, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    let slices = &slices[..slices.len().min(MAX_BUFFERS)];
    let mut nothing_else = SendAncillaryBuffer::default();
    Ok(rustix::net::sendmsg(socket, slices, &mut nothing_else, SendFlags::NOSIGNAL)?)
}

impl<S: Stream> Socket<S> {
    /// Reads into memory that may be uninitialised. The first `n` bytes are initialised after
    /// `Ok(n)`.
    #[allow(dead_code)] // Only the traits of other crates, which are features, can name such memory.
    pub(crate) fn poll_read_uninit(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>> {
        self.poll_receive(cx, buffer.len(), |socket| receive(socket, &mut *buffer))
    }

    /// Writes the beginning of `bytes`.
    pub(crate) fn poll_write_bytes(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_transmit(cx, bytes.len(), |socket| send(socket, bytes))
    }

    /// Writes the beginning of what `slices` hold.
    pub(crate) fn poll_write_slices(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let asked = slices.iter().take(MAX_BUFFERS).map(|slice| slice.len()).sum();
        self.poll_transmit(cx, asked, |socket| send_vectored(socket, slices))
    }

    fn poll_receive(
        &self,
        cx: &mut Context<'_>,
        asked: usize,
        op: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if asked == 0 {
            return Poll::Ready(Ok(0));
        }
        match S::SHORT_READ {
            ShortRead::Empty => self.io.poll_transfer(cx, Direction::Read, asked, op),
            ShortRead::Boundary => self.io.poll_io(cx, Direction::Read, op),
        }
    }

    fn poll_transmit(
        &self,
        cx: &mut Context<'_>,
        asked: usize,
        op: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if asked == 0 {
            return Poll::Ready(Ok(0));
        }
        self.io.poll_transfer(cx, Direction::Write, asked, op)
    }
}

impl<S: Stream> AsyncRead for &Socket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_receive(cx, buffer.len(), |socket| receive(socket, &mut *buffer))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let asked = buffers.iter().take(MAX_BUFFERS).map(|buffer| buffer.len()).sum();
        self.poll_receive(cx, asked, |socket| receive_vectored(socket, buffers))
    }
}

impl<S: Stream> AsyncWrite for &Socket<S> {
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

    /// Nothing is held back, so there is nothing to flush.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Tells the peer that no more will come. It may still send.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shutdown_now(Shutdown::Write))
    }
}

impl<S: Stream> AsyncRead for Socket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_read_vectored(cx, buffers)
    }
}

impl<S: Stream> AsyncWrite for Socket<S> {
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
        Pin::new(&mut &*self).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_close(cx)
    }
}
