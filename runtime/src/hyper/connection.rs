//! One connection: served until it closes, or asked to finish.

use super::drain::{Guard, Stage};
use super::io::{Metered, Received};
use super::{Executor, Timer};
use crate::net::generic::{Socket, Stream};
use crate::time::{self, Sleep};
use hyper::body::{Body, Incoming};
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::server::conn::auto;
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

/// After this many bytes the protocol is known and hyper's own header time-out counts.
const PREFACE: u64 = 24;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// What every connection of a server has in common.
#[derive(Clone)]
pub(super) struct Protocol {
    builder: auto::Builder<Executor>,
    header_read_timeout: Duration,
}

impl Protocol {
    pub(super) fn new(header_read_timeout: Duration) -> Self {
        let mut builder = auto::Builder::new(Executor);
        builder.http1().timer(Timer).header_read_timeout(header_read_timeout);
        builder.http2().timer(Timer);
        Self { builder, header_read_timeout }
    }

    /// Serves one connection to its end.
    pub(super) async fn serve<T, S, B>(
        self,
        stream: Socket<T>,
        service: S,
        requests: Arc<AtomicU64>,
        guard: Guard,
    ) where
        T: Stream + Unpin,
        S: Service<Request<Incoming>, Response = Response<B>> + Send,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let io = Metered::new(stream);
        let mut first_bytes = FirstBytes::new(io.received(), self.header_read_timeout);
        let service = Counted { service, requests, received: io.received() };
        let connection = self.builder.serve_connection_with_upgrades(io, service);
        let mut connection = pin!(connection);
        let mut stage = Stage::Serving;
        poll_fn(|cx| {
            while let Poll::Ready(next) = guard.poll_beyond(stage, cx) {
                stage = next;
                match stage {
                    Stage::Serving => {}
                    Stage::Finishing => connection.as_mut().graceful_shutdown(),
                    Stage::CutOff => return Poll::Ready(()),
                }
            }
            // How a connection ended is the peer's business: broken pipes are no news.
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            first_bytes.poll_overdue(cx)
        })
        .await;
    }
}

/// Closes connections that do not even say which protocol they speak: hyper's header time-out begins
/// only when that is known.
struct FirstBytes {
    received: Received,
    deadline: Option<Sleep>,
}

impl FirstBytes {
    fn new(received: Received, timeout: Duration) -> Self {
        Self { received, deadline: Some(time::sleep(timeout)) }
    }

    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.received.bytes() >= PREFACE {
            self.deadline = None;
        }
        match &mut self.deadline {
            Some(deadline) => Pin::new(deadline).poll(cx),
            None => Poll::Pending,
        }
    }
}

/// Counts the requests that a service is asked for.
struct Counted<S> {
    service: S,
    requests: Arc<AtomicU64>,
    received: Received,
}

impl<S: Service<R>, R> Service<R> for Counted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, request: R) -> S::Future {
        // ORDERING: Relaxed; a statistic.
        self.requests.fetch_add(1, Relaxed);
        // A request may be shorter than the preface, and its answer may take longer than the time-out.
        self.received.suffice();
        self.service.call(request)
    }
}
