//! What every datagram socket can do, be it UDP or Unix.
//!
//! A datagram that does not fit into the buffer is cut; what was cut off is lost. Any number of
//! tasks may send and receive at once, also through an `Arc`, so there are no halves.

use super::socket::{Duplex, Socket};
use super::transfer::{look, receive, send};
use crate::io::Interest;
use crate::reactor::Direction;
use std::io;
use std::task::{Context, Poll};

/// A [`StdSocket`](super::socket::StdSocket) for datagrams. Only this crate implements it.
pub trait Datagrams: Duplex {
    #[doc(hidden)]
    fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, Self::Address)>;
}

impl<S: Datagrams> Socket<S> {
    /// Sends a datagram to the address that the socket is connected to.
    ///
    /// # Cancel safety
    /// Strict: a future that is dropped has sent nothing.
    ///
    /// # Errors
    /// If the socket is not connected or the datagram is too large; the error may also be that of a
    /// former datagram.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.io.io(Interest::WRITABLE, |socket| send(socket, bytes)).await
    }

    /// [`send`](Self::send) as a poll function. Only the last task that polled is woken.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Write, |socket| send(socket, bytes))
    }

    /// [`send`](Self::send) without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is no room, and as [`send`](Self::send).
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.io.try_io(Direction::Write, |socket| send(socket, bytes))
    }

    /// Waits for a datagram from the address that the socket is connected to, or from any if it is
    /// not, and returns its length.
    ///
    /// # Cancel safety
    /// Strict: no datagram is lost.
    ///
    /// # Errors
    /// Those of `recv`, among them what became of a datagram that was sent.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.io(Interest::READABLE, |socket| receive(socket, &mut *buffer)).await
    }

    /// [`recv`](Self::recv) as a poll function. Only the last task that polled is woken.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn poll_recv(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Read, |socket| receive(socket, &mut *buffer))
    }

    /// [`recv`](Self::recv) without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is no datagram, and as [`recv`](Self::recv).
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.try_io(Direction::Read, |socket| receive(socket, &mut *buffer))
    }

    /// Waits for a datagram, and returns its length and where it came from.
    ///
    /// # Cancel safety
    /// Strict: no datagram is lost.
    ///
    /// # Errors
    /// Those of `recvfrom`.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, S::Address)> {
        self.io.io(Interest::READABLE, |socket| socket.receive_from(buffer)).await
    }

    /// [`recv_from`](Self::recv_from) as a poll function. Only the last task that polled is woken.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from).
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, S::Address)>> {
        self.io.poll_io(cx, Direction::Read, |socket| socket.receive_from(buffer))
    }

    /// [`recv_from`](Self::recv_from) without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is no datagram, and as [`recv_from`](Self::recv_from).
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, S::Address)> {
        self.io.try_io(Direction::Read, |socket| socket.receive_from(buffer))
    }

    /// Waits for a datagram and reads it without consuming it.
    ///
    /// # Cancel safety
    /// Strict.
    ///
    /// # Errors
    /// Those of `recv`.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.io(Interest::READABLE, |socket| look(socket, &mut *buffer)).await
    }
}
