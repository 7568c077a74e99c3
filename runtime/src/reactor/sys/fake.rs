//! A poller that a test or a model feeds with events: as edge-triggered, as sticky and as greedy as
//! the real one. In particular any wait, also one that only looks, eats a pending notification.

use super::{Event, Poll};
use crate::reactor::Interest;
use crate::reactor::readiness::READY;
use sheave_facade::sync::{Mutex, TimedCondvar};
use std::collections::VecDeque;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// The poller.
pub(crate) struct Fake {
    pending: Mutex<Pending>,
    arrival: TimedCondvar,
}

#[derive(Default)]
struct Pending {
    notified: bool,
    events: VecDeque<Event>,
    keys: Vec<usize>,
    /// Whether the one file behind all keys has been readable: then it is when it is added, too.
    arrived: bool,
    /// Whether the next source is refused.
    refuses: bool,
}

impl Fake {
    /// Reports `event` to the present or the next wait.
    pub(crate) fn inject(&self, event: Event) {
        self.pending.lock().events.push_back(event);
        self.arrival.notify_one();
    }

    /// Refuses the next source, as the system does a file that is always ready.
    #[cfg(loom)]
    pub(crate) fn refuse_once(&self) {
        self.pending.lock().refuses = true;
    }

    /// Data arrives: every source, present and future, is readable. (All stand for one file.)
    #[cfg(loom)]
    pub(crate) fn arrive(&self) {
        let mut pending = self.pending.lock();
        pending.arrived = true;
        for index in 0..pending.keys.len() {
            let key = pending.keys[index];
            pending.events.push_back(Event { key, read: READY, write: 0 });
        }
        drop(pending);
        self.arrival.notify_one();
    }
}

impl Poll for Fake {
    type Events = Vec<Event>;

    const REPORTS_CLOSE: bool = true;

    fn new() -> io::Result<Self> {
        Ok(Self { pending: Mutex::new(Pending::default()), arrival: TimedCondvar::new() })
    }

    fn events() -> Vec<Event> {
        Vec::new()
    }

    fn add(&self, _: BorrowedFd<'_>, key: usize, _: Interest) -> io::Result<()> {
        let mut pending = self.pending.lock();
        if std::mem::take(&mut pending.refuses) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        pending.keys.push(key);
        if pending.arrived {
            pending.events.push_back(Event { key, read: READY, write: 0 });
            drop(pending);
            self.arrival.notify_one();
        }
        Ok(())
    }

    fn delete(&self, _: BorrowedFd<'_>) -> io::Result<()> {
        Ok(())
    }

    fn wait(
        &self,
        events: &mut Vec<Event>,
        limit: usize,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        events.clear();
        let mut pending = self.pending.lock();
        while !pending.notified && pending.events.is_empty() {
            match timeout {
                Some(Duration::ZERO) => return Ok(()),
                None => self.arrival.wait(&mut pending),
                Some(timeout) => {
                    if self.arrival.wait_at_most(&mut pending, timeout).timed_out() {
                        break;
                    }
                }
            }
        }
        pending.notified = false;
        let count = limit.min(pending.events.len());
        events.extend(pending.events.drain(..count));
        Ok(())
    }

    fn fetched(events: &Vec<Event>) -> impl Iterator<Item = Event> {
        events.iter().copied()
    }

    fn notify(&self) {
        self.pending.lock().notified = true;
        self.arrival.notify_one();
    }
}
