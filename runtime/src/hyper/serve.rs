//! The accept loop, and its graceful end.

use super::connection::{BoxError, Protocol};
use super::drain::Drain;
use crate::net::generic::{Socket, Stream};
use crate::net::{TcpListener, TcpStream};
use crate::time;
use futures_lite::FutureExt;
use hyper::body::{Body, Incoming};
use hyper::service::Service;
use hyper::{Request, Response};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::future::{Future, IntoFuture, pending};
use std::io;
use std::pin::Pin;
use std::time::Duration;

/// How long a listener rests after the system has run out of descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// What connections come from.
pub trait Listener: Send + Sync + 'static {
    /// The kind of streams it accepts.
    type Stream: Stream + Unpin;

    /// Accepts one connection.
    fn accept(&self) -> impl Future<Output = io::Result<Socket<Self::Stream>>> + Send;
}

impl Listener for TcpListener {
    type Stream = std::net::TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.accept().await?;
        // Responses are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

/// Serves HTTP/1 and HTTP/2 connections from `listener`, each in a task of its own, until the future
/// given to [`with_graceful_shutdown`](Serve::with_graceful_shutdown) is ready.
///
/// `service` is cloned for each connection. For tower services, such as axum's `Router`, see
/// [`from_tower`](super::from_tower). HTTP upgrades (WebSocket) work.
///
/// Running out of file descriptors does not end the server: it rests for 50 ms and goes on.
///
/// # Examples
/// See the [module](super).
pub fn serve<L, S>(listener: L, service: S) -> Serve<L, S>
where
    L: Listener,
{
    Serve {
        listener,
        service,
        shutdown: Box::pin(pending()),
        drain_timeout: Duration::from_secs(10),
        header_read_timeout: Duration::from_secs(30),
    }
}

/// A server that starts when it is awaited; see [`serve`].
#[must_use = "a server does not run until it is awaited"]
pub struct Serve<L, S> {
    listener: L,
    service: S,
    shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
    drain_timeout: Duration,
    header_read_timeout: Duration,
}

/// What a server has done, once it has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// Connections accepted.
    pub connections: u64,
    /// Requests that reached the service.
    pub requests: u64,
    /// Connections that were still busy when the drain timed out. They were closed.
    pub cut_off: usize,
}

impl<L, S> Serve<L, S> {
    /// Ends the server when `signal` is ready: the listener is closed, requests in flight are
    /// answered, idle connections are closed, and the server returns.
    pub fn with_graceful_shutdown(
        mut self,
        signal: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        self.shutdown = Box::pin(signal);
        self
    }

    /// How long requests in flight may take after the shutdown signal. Default: 10 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain_timeout = timeout;
        self
    }

    /// How long a client may take to send the head of a request. On HTTP/1 this is also how long a
    /// connection may stay idle between requests. Default: 30 s.
    pub fn header_read_timeout(mut self, timeout: Duration) -> Self {
        self.header_read_timeout = timeout;
        self
    }

    async fn run<B>(self) -> io::Result<Served>
    where
        L: Listener,
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let Self { listener, service, mut shutdown, drain_timeout, header_read_timeout } = self;
        let protocol = Protocol::new(header_read_timeout);
        let (drain, requests) = (Drain::default(), Arc::new(AtomicU64::new(0)));
        // Whoever stops awaiting the server stops its connections.
        let drain = CutOffOnDrop(drain);
        let mut accepted = 0;
        loop {
            let signalled = async {
                shutdown.as_mut().await;
                None
            };
            let next = async { Some(listener.accept().await) };
            match signalled.or(next).await {
                None => break,
                Some(Ok(stream)) => {
                    accepted += 1;
                    let connection = protocol.clone();
                    let (service, guard) = (service.clone(), drain.0.enter());
                    let serving = connection.serve(stream, service, requests.clone(), guard);
                    drop(crate::spawn(serving));
                }
                Some(Err(error)) => recover(error).await?,
            }
        }
        drop(listener);
        let cut_off = end_connections(&drain.0, drain_timeout).await;
        // ORDERING: Relaxed; the connections have ended.
        Ok(Served { connections: accepted, requests: requests.load(Relaxed), cut_off })
    }
}

/// Lets the connections finish, and ends those that have not in time. Returns how many those were.
async fn end_connections(drain: &Drain, timeout: Duration) -> usize {
    drain.finish();
    let _ = time::timeout(timeout, drain.finished()).await;
    let cut_off = drain.connections();
    drain.cut_off();
    drain.finished().await;
    cut_off
}

struct CutOffOnDrop(Drain);

impl Drop for CutOffOnDrop {
    fn drop(&mut self) {
        self.0.cut_off();
    }
}

/// Decides whether the listener can go on after an error.
async fn recover(error: io::Error) -> io::Result<()> {
    const EMFILE: i32 = rustix::io::Errno::MFILE.raw_os_error();
    const ENFILE: i32 = rustix::io::Errno::NFILE.raw_os_error();
    const ENOBUFS: i32 = rustix::io::Errno::NOBUFS.raw_os_error();
    const ENOMEM: i32 = rustix::io::Errno::NOMEM.raw_os_error();
    match (error.kind(), error.raw_os_error()) {
        (_, Some(EMFILE | ENFILE | ENOBUFS | ENOMEM)) => {
            time::sleep(EXHAUSTED_PAUSE).await;
            Ok(())
        }
        // The client gave up between its handshake and our accept.
        (
            io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted,
            _,
        ) => Ok(()),
        _ => Err(error),
    }
}

impl<L, S, B> IntoFuture for Serve<L, S>
where
    L: Listener,
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Output = io::Result<Served>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<Served>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<L, S> std::fmt::Debug for Serve<L, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serve")
            .field("drain_timeout", &self.drain_timeout)
            .field("header_read_timeout", &self.header_read_timeout)
            .finish_non_exhaustive()
    }
}
