//! Every platform but Linux: `polling` as it is.
//!
//! Edge-triggered, which `polling` offers on kqueue (macOS and the BSDs) and on epoll.

use super::{Event, Poll};
use crate::reactor::Interest;
use crate::reactor::readiness::{ERROR, READY};
use polling::{Events, PollMode, Poller};
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// A `polling::Poller`.
pub(crate) struct Portable(Poller);

impl Poll for Portable {
    type Events = Events;

    // `polling` does not pass on kqueue's EV_EOF.
    const REPORTS_CLOSE: bool = false;

    fn new() -> io::Result<Self> {
        let poller = Poller::new()?;
        if !poller.supports_edge() {
            let message = "this platform has no edge-triggered events, which sheave relies on";
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        Ok(Self(poller))
    }

    fn events() -> Events {
        Events::new()
    }

    fn add(&self, fd: BorrowedFd<'_>, key: usize, interest: Interest) -> io::Result<()> {
        let event = polling::Event::new(key, interest.is_readable(), interest.is_writable());
        // SAFETY: `add_with_mode` wants the source removed before it is closed. `Io`, the only
        // owner of a registered descriptor, does so in its `Drop` and `into_inner`, and a
        // forgotten `Io` never closes its descriptor.
        unsafe { self.0.add_with_mode(&fd, event, PollMode::Edge) }
    }

    fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.0.delete(fd)
    }

    fn wait(&self, events: &mut Events, _: usize, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        self.0.wait(events, timeout)?;
        Ok(())
    }

    fn fetched(events: &Events) -> impl Iterator<Item = Event> {
        events.iter().map(|event| {
            let error = if event.is_err() == Some(true) { ERROR } else { 0 };
            let flags = |ready| if ready { READY | error } else { error };
            Event { key: event.key, read: flags(event.readable), write: flags(event.writable) }
        })
    }

    fn notify(&self) {
        // Fails only if the poller itself is broken, which the next wait reports.
        let _ = self.0.notify();
    }
}
