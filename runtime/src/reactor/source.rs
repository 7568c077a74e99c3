//! One registered source: its readiness, and the tasks that wait for it.
//!
//! No wake is lost between a task that begins to wait and an event: the event writes the readiness
//! word and *then* takes the lock to fetch the wakers; the task takes the lock to leave its waker
//! and *then* reads the word again. Whichever holds the lock first, the other one notices.
//!
//! An event wakes every task that waits for its direction, so a task that stops waiting has nothing
//! to hand on.

use super::interest::{Direction, Interest, Ready};
use super::readiness::{READY, Readiness, Seen};
use super::sys::Event;
use super::wakes::Wakes;
use crate::util::waits::{self, Wait};
use sheave_facade::seeded;
use sheave_facade::sync::Mutex;
use slab::Slab;
use std::future::Future;
use std::io;
use std::os::fd::RawFd;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// One registered source.
pub(crate) struct Source {
    key: usize,
    /// For dumps; whoever waits has it open.
    fd: RawFd,
    read: Readiness,
    write: Readiness,
    waiters: Mutex<Waiters>,
}

/// The tasks that wait. Wakers enter and leave under the lock; they are cloned, woken and dropped
/// outside of it (W10).
#[derive(Default)]
struct Waiters {
    /// The last task that polled for reading: the one half of a `poll_*` function.
    reader: Option<Waker>,
    /// The last task that polled for writing.
    writer: Option<Waker>,
    /// Any number of `ready().await`. An entry without a waker has been woken and not yet polled.
    list: Slab<(Interest, Option<Waker>)>,
}

impl Waiters {
    fn slot(&mut self, direction: Direction) -> &mut Option<Waker> {
        match direction {
            Direction::Read => &mut self.reader,
            Direction::Write => &mut self.writer,
        }
    }

    fn take(&mut self, direction: Direction, wakes: &mut Wakes) {
        wakes.extend(self.slot(direction).take());
        for (_, (interest, waker)) in &mut self.list {
            if interest.covers(direction) {
                wakes.extend(waker.take());
            }
        }
    }
}

/// What a wait for an [`Interest`] ended with: a look at each direction, of which at least one was
/// ready.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadyEvent {
    interest: Interest,
    read: Seen,
    write: Seen,
}

impl ReadyEvent {
    /// The part of the readiness that was asked for.
    pub(crate) fn ready(self) -> Ready {
        let mut ready = Ready::EMPTY;
        if self.interest.is_readable() {
            ready |= self.read.as_ready(Direction::Read);
        }
        if self.interest.is_writable() {
            ready |= self.write.as_ready(Direction::Write);
        }
        ready
    }

    /// Whether something that was asked for is ready.
    pub(super) fn is_over(self) -> bool {
        (self.interest.is_readable() && self.read.is_ready())
            || (self.interest.is_writable() && self.write.is_ready())
    }
}

/// The error of every operation that outlives its runtime.
pub(super) fn shut_down_error() -> io::Error {
    io::Error::other("the runtime was shut down")
}

impl Source {
    /// A source without events so far. Directions in `assumed` count as ready until an operation
    /// blocks.
    pub(super) fn new(key: usize, fd: RawFd, assumed: Ready) -> Self {
        Self {
            key,
            fd,
            read: Readiness::new(if assumed.is_readable() { READY } else { 0 }),
            write: Readiness::new(if assumed.is_writable() { READY } else { 0 }),
            waiters: Mutex::new(Waiters::default()),
        }
    }

    pub(super) fn key(&self) -> usize {
        self.key
    }

    fn readiness(&self, direction: Direction) -> &Readiness {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    /// Marks the directions of `event` ready and collects whoever waits for them.
    pub(super) fn mark(&self, event: &Event, wakes: &mut Wakes) {
        let news = [(Direction::Read, event.read), (Direction::Write, event.write)];
        for (direction, flags) in news.into_iter().filter(|(_, flags)| *flags != 0) {
            self.readiness(direction).set(flags);
            self.waiters.lock().take(direction, wakes);
        }
    }

    /// Ends every wait, present and later, with the error that says so.
    pub(super) fn shut_down(&self, wakes: &mut Wakes) {
        for direction in [Direction::Read, Direction::Write] {
            self.readiness(direction).shut_down();
            self.waiters.lock().take(direction, wakes);
        }
    }

    /// Whether `direction` is ready right now.
    pub(super) fn look(&self, direction: Direction) -> io::Result<Option<Seen>> {
        match self.readiness(direction).look() {
            seen if seen.is_shut_down() => Err(shut_down_error()),
            seen if seen.is_ready() => Ok(Some(seen)),
            _ => Ok(None),
        }
    }

    /// Waits for `direction` with the one waker that `poll_*` functions share. A second task that
    /// polls the same direction takes the place of the first.
    pub(super) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<Seen>> {
        if let Some(seen) = self.look(direction).transpose() {
            return Poll::Ready(seen);
        }
        // Cloned before and dropped after the lock: both are code of the task's owner (W10).
        let waker = cx.waker().clone();
        let replaced = self.waiters.lock().slot(direction).replace(waker);
        let seen = self.look_again(direction);
        drop(replaced);
        if seen.is_pending() {
            self.note(direction.into());
        }
        seen
    }

    /// Says in dumps what the task waits for.
    fn note(&self, interest: Interest) {
        let (read, write) = (interest.is_readable(), interest.is_writable());
        waits::note(Wait::Source { fd: self.fd, read, write });
    }

    /// The second look, after the waker was left under the lock.
    fn look_again(&self, direction: Direction) -> Poll<io::Result<Seen>> {
        if seeded::on("source_no_second_look") {
            return Poll::Pending;
        }
        match self.look(direction).transpose() {
            Some(seen) => Poll::Ready(seen),
            None => Poll::Pending,
        }
    }

    /// Waits until something in `interest` is ready. Any number of tasks may wait at once.
    pub(super) fn ready(&self, interest: Interest) -> Waiting<'_> {
        Waiting { source: self, interest, entry: None }
    }

    /// A look at both directions.
    pub(super) fn event(&self, interest: Interest) -> io::Result<ReadyEvent> {
        let event = ReadyEvent { interest, read: self.read.look(), write: self.write.look() };
        let is_shut_down = event.read.is_shut_down() || event.write.is_shut_down();
        if is_shut_down { Err(shut_down_error()) } else { Ok(event) }
    }

    /// Records that an operation in `direction` would have blocked.
    pub(super) fn clear_blocked(&self, direction: Direction, seen: Seen) {
        self.readiness(direction).clear_blocked(seen);
    }

    /// Records that an operation in `direction` moved fewer bytes than it was asked to.
    pub(super) fn clear_short(&self, direction: Direction, seen: Seen) {
        self.readiness(direction).clear_short(seen);
    }

    /// Records that the operations `ready` stands for, as far as `event` was about them, would have
    /// blocked.
    pub(super) fn clear_ready(&self, event: ReadyEvent, ready: Ready) {
        if ready.is_readable() && event.interest.is_readable() {
            self.read.clear_blocked(event.read);
        }
        if ready.is_writable() && event.interest.is_writable() {
            self.write.clear_blocked(event.write);
        }
    }
}

/// The future of [`Source::ready`].
pub(super) struct Waiting<'a> {
    source: &'a Source,
    interest: Interest,
    /// Our place in the list, from the first poll that had to wait.
    entry: Option<usize>,
}

impl Future for Waiting<'_> {
    type Output = io::Result<ReadyEvent>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let event = self.source.event(self.interest)?;
        if event.is_over() {
            return Poll::Ready(Ok(event));
        }
        let replaced = self.leave(cx.waker().clone());
        if seeded::on("source_no_second_look") {
            return Poll::Pending;
        }
        // The second look, after the waker was left under the lock.
        let event = self.source.event(self.interest)?;
        drop(replaced);
        if event.is_over() {
            return Poll::Ready(Ok(event));
        }
        self.source.note(self.interest);
        Poll::Pending
    }
}

impl Waiting<'_> {
    /// Leaves a waker; returns the one it replaces, to be dropped without the lock.
    fn leave(&mut self, waker: Waker) -> Option<Waker> {
        let mut waiters = self.source.waiters.lock();
        match self.entry {
            Some(entry) => waiters.list[entry].1.replace(waker),
            None => {
                self.entry = Some(waiters.list.insert((self.interest, Some(waker))));
                None
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry {
            // A statement of its own, so that the lock is released before the waker is dropped.
            let left = self.source.waiters.lock().list.remove(entry);
            drop(left);
        }
    }
}
