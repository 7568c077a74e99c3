//! A descriptor whose operations wait instead of blocking.
//!
//! Operations are tried first. The first one that would block registers the descriptor, once and
//! for both directions, with the reactor of the worker it happens on; a socket that never blocks
//! is never registered. From then on an operation is tried only while its direction counts as
//! ready. Each operation that succeeds is charged to the budget of the task's poll.

use super::interest::{Direction, Interest, Ready};
use super::readiness::Seen;
use super::source::ReadyEvent;
use super::sys::{self, Poll as _};
use super::{Reactor, Registration};
use crate::coop;
use sheave_facade::sync::{Arc, Mutex, OnceLock};
use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll, ready};

/// Finds the reactor of the calling thread, or says why there is none. Asked once per descriptor.
pub(crate) type Home = fn() -> io::Result<Arc<Reactor>>;

/// An owned, *non-blocking* descriptor.
///
/// One task may use the `poll_*` functions per direction (a second one takes over its wake-ups);
/// any number may use the async ones.
pub(crate) struct Io<T: AsFd> {
    /// Empty only after `into_inner`.
    inner: Option<T>,
    interest: Interest,
    home: Home,
    registration: OnceLock<Registration>,
    /// Held while registering, so that two tasks do not register the same descriptor twice.
    registering: Mutex<()>,
}

// What code that unwinds leaves behind here is whole: none of it runs under a lock of the source.
impl<T: AsFd> UnwindSafe for Io<T> {}
impl<T: AsFd> RefUnwindSafe for Io<T> {}

impl<T: AsFd> Io<T> {
    /// Takes over a descriptor that is in non-blocking mode, for both directions. Registers
    /// nothing yet.
    pub(crate) fn new(inner: T, home: Home) -> Self {
        Self::with_interest(inner, Interest::READABLE | Interest::WRITABLE, home)
    }

    /// [`new`](Self::new) for descriptors of which the other direction is of no interest: its
    /// events never interrupt a sleep.
    pub(crate) fn with_interest(inner: T, interest: Interest, home: Home) -> Self {
        Self {
            inner: Some(inner),
            interest,
            home,
            registration: OnceLock::new(),
            registering: Mutex::new(()),
        }
    }

    pub(crate) fn get_ref(&self) -> &T {
        self.inner.as_ref().expect("present until `into_inner`")
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.inner.as_mut().expect("present until `into_inner`")
    }

    /// Takes the descriptor out of its reactor and returns it.
    pub(crate) fn into_inner(mut self) -> T {
        self.deregister();
        self.inner.take().expect("present until `into_inner`")
    }

    /// Registers now instead of at the first wait. Nothing is assumed: readiness is what the
    /// operating system reports.
    pub(crate) fn register(&self) -> io::Result<()> {
        self.registered(Ready::EMPTY).map(drop)
    }

    /// Runs `op` until it does anything but block, waiting in between. For everything but byte
    /// streams; those have [`poll_transfer`](Self::poll_transfer).
    pub(crate) fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let budget = ready!(coop::poll_proceed(cx));
        loop {
            let seen = ready!(self.poll_worth_trying(cx, direction))?;
            let done = op(self.get_ref());
            if let Some(value) = self.settle(direction, seen, done)? {
                budget.made_progress();
                return Poll::Ready(Ok(value));
            }
        }
    }

    /// [`poll_io`](Self::poll_io) with exclusive access.
    pub(crate) fn poll_io_mut<R>(
        &mut self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let budget = ready!(coop::poll_proceed(cx));
        loop {
            let seen = ready!(self.poll_worth_trying(cx, direction))?;
            let done = op(self.get_mut());
            if let Some(value) = self.settle(direction, seen, done)? {
                budget.made_progress();
                return Poll::Ready(Ok(value));
            }
        }
    }

    /// [`poll_io`](Self::poll_io) for a byte stream: `op` moves up to `asked` bytes and says how
    /// many. Fewer than that mean that the next call would block, which is noted without trying.
    ///
    /// Not for descriptors that return short while they have more: terminals, datagrams, Unix
    /// sockets that carry descriptors or credentials.
    pub(crate) fn poll_transfer(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        asked: usize,
        mut op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let budget = ready!(coop::poll_proceed(cx));
        loop {
            let seen = ready!(self.poll_worth_trying(cx, direction))?;
            let done = op(self.get_ref());
            if let Some(moved) = self.settle(direction, seen, done)? {
                budget.made_progress();
                self.clear_if_short(direction, seen, asked, moved);
                return Poll::Ready(Ok(moved));
            }
        }
    }

    /// [`poll_io`](Self::poll_io) as a future that any number of tasks may await at once.
    ///
    /// Cancel safety: strict, as far as `op` is: it runs to its end or not at all.
    pub(crate) async fn io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        // While unregistered, a try tells.
        let mut event = match self.registration.get() {
            None => {
                coop::consume_budget().await;
                None
            }
            Some(_) => Some(self.ready(interest).await?),
        };
        loop {
            match op(self.get_ref()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            if let Some(event) = event {
                self.clear_ready(event, Ready::ALL);
            }
            event = Some(self.ready(interest).await?);
        }
    }

    /// Runs `op` once if something in `interest` counts as ready.
    ///
    /// # Errors
    /// `WouldBlock` without running `op` if it does not, and whatever `op` returns.
    pub(crate) fn try_io<R>(
        &self,
        interest: impl Into<Interest>,
        op: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let event = self.look(interest.into())?;
        let done = op(self.get_ref());
        self.note_if_blocked(event, &done);
        done
    }

    /// [`try_io`](Self::try_io) with exclusive access.
    pub(crate) fn try_io_mut<R>(
        &mut self,
        interest: impl Into<Interest>,
        op: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let event = self.look(interest.into())?;
        let done = op(self.get_mut());
        self.note_if_blocked(event, &done);
        done
    }

    /// Waits, with the waker of the `poll_*` functions, until `direction` is ready.
    pub(crate) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<ReadyEvent>> {
        self.require(direction.into())?;
        let source = &self.registered(Ready::EMPTY)?.source;
        let budget = ready!(coop::poll_proceed(cx));
        ready!(source.poll_ready(cx, direction))?;
        budget.made_progress();
        Poll::Ready(source.event(direction.into()))
    }

    /// Waits until something in `interest` is ready. Any number of tasks may wait.
    ///
    /// Cancel safety: strict. Readiness stays until it is cleared.
    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<ReadyEvent> {
        self.require(interest)?;
        coop::consume_budget().await;
        self.registered(Ready::EMPTY)?.source.ready(interest).await
    }

    /// Records that operations which `event` called possible would have blocked. Ignored if there
    /// was a newer event.
    pub(crate) fn clear_ready(&self, event: ReadyEvent, ready: Ready) {
        if let Some(registration) = self.registration.get() {
            registration.source.clear_ready(event, ready);
        }
    }

    /// `None` while unregistered: then a try tells. Otherwise waits for readiness.
    fn poll_worth_trying(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<Option<Seen>>> {
        match self.registration.get() {
            None => Poll::Ready(Ok(None)),
            Some(registration) => registration.source.poll_ready(cx, direction).map_ok(Some),
        }
    }

    /// Looks at the result of a try. `None`: wait and come again.
    fn settle<R>(
        &self,
        direction: Direction,
        seen: Option<Seen>,
        done: io::Result<R>,
    ) -> io::Result<Option<R>> {
        match done {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.note_blocked(direction, seen).map(|()| None)
            }
            Err(error) => Err(error),
        }
    }

    /// What a try may go by; `None` while unregistered, when only a try can tell.
    fn look(&self, interest: Interest) -> io::Result<Option<ReadyEvent>> {
        let Some(registration) = self.registration.get() else { return Ok(None) };
        match registration.source.event(interest)? {
            event if event.is_over() => Ok(Some(event)),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn note_if_blocked<R>(&self, event: Option<ReadyEvent>, done: &io::Result<R>) {
        let blocked = done.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        if let (true, Some(event)) = (blocked, event) {
            self.clear_ready(event, Ready::ALL);
        }
    }

    /// Refuses a wait that could never end.
    fn require(&self, interest: Interest) -> io::Result<()> {
        match interest.remove(self.interest) {
            None => Ok(()),
            Some(missing) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "the descriptor was registered without {missing:?}: add it to its interest"
                ),
            )),
        }
    }

    fn note_blocked(&self, direction: Direction, seen: Option<Seen>) -> io::Result<()> {
        match (seen, self.registration.get()) {
            (Some(seen), Some(registration)) => {
                registration.source.clear_blocked(direction, seen);
                Ok(())
            }
            // This direction has just blocked; the other one is worth a try until it does. If
            // another task has registered meanwhile, the next look decides.
            _ => {
                self.require(direction.into())?;
                let other = match direction {
                    Direction::Read => Ready::WRITABLE,
                    Direction::Write => Ready::READABLE,
                };
                self.registered(other).map(drop)
            }
        }
    }

    /// Notes that a transfer moved less than it was asked to. The end of a stream (0) is no sign of
    /// an empty buffer: the next read returns it again.
    fn clear_if_short(&self, direction: Direction, seen: Option<Seen>, asked: usize, moved: usize) {
        let short = 0 < moved && moved < asked && sys::Poller::REPORTS_CLOSE;
        if let (true, Some(seen), Some(registration)) = (short, seen, self.registration.get()) {
            registration.source.clear_short(direction, seen);
        }
    }

    /// The registration, made now if need be.
    fn registered(&self, assumed: Ready) -> io::Result<&Registration> {
        if let Some(registration) = self.registration.get() {
            return Ok(registration);
        }
        let _one_at_a_time = self.registering.lock();
        if self.registration.get().is_none() {
            let fd = self.get_ref().as_fd();
            let registration = (self.home)()?.register(fd, self.interest, assumed)?;
            let _ = self.registration.set(registration);
        }
        Ok(self.registration.get().expect("set above"))
    }

    fn deregister(&mut self) {
        if let (Some(registration), Some(inner)) = (self.registration.take(), &self.inner) {
            registration.deregister(inner.as_fd());
        }
    }
}

impl<T: AsFd> Drop for Io<T> {
    fn drop(&mut self) {
        self.deregister();
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for Io<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io").field("inner", &self.inner).finish_non_exhaustive()
    }
}
