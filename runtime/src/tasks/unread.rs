//! A panic that nobody reads: what is told of it, and to whom.
//!
//! A task's panic is read by whoever awaits its `JoinHandle`. It is unread if the handle was dropped
//! before, which is known when the task ends, or if the handle is dropped afterwards.

use super::error::Caught;
use super::{Id, in_context};
use crate::util::contain::{Payload, contain, discard};
use crate::util::report;
use sheave_facade::sync::Arc;
use std::any::Any;
use std::fmt;
use std::panic::Location;

/// Hears of panics that nobody reads.
pub(crate) trait PanicSink: Send + Sync {
    /// Must not unwind.
    fn unread_panic(&self, panic: &UnhandledPanicInfo<'_>);
}

/// A task has panicked, and its [`JoinHandle`](crate::task::JoinHandle) was dropped without having
/// told anyone; or one of its done-callbacks has panicked. See [`Builder::on_unhandled_panic`](crate::runtime::Builder::on_unhandled_panic).
pub struct UnhandledPanicInfo<'a> {
    id: Id,
    name: Option<&'a str>,
    location: &'static Location<'static>,
    payload: &'a (dyn Any + Send),
    is_callback: bool,
}

impl UnhandledPanicInfo<'_> {
    /// The task that panicked.
    #[must_use]
    pub fn task_id(&self) -> Id {
        self.id
    }

    /// The task's name, if it was given one.
    #[must_use]
    pub fn task_name(&self) -> Option<&str> {
        self.name
    }

    /// Where the task was spawned.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.location
    }

    /// Whether it was a callback of the task that panicked, see
    /// [`add_done_callback`](crate::task::JoinHandle::add_done_callback), and not the task itself.
    #[must_use]
    pub fn is_callback(&self) -> bool {
        self.is_callback
    }

    /// The text of the panic, if it has one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        panic_message(self.payload)
    }

    /// What the task panicked with.
    #[must_use]
    pub fn payload(&self) -> &(dyn Any + Send) {
        self.payload
    }

    /// Says which task it was. What it panicked with, and where, the panic hook has said.
    pub(crate) fn report(&self) {
        if self.is_callback {
            report::warn(format_args!("{}", Subject(self)));
        } else {
            report::warn(format_args!("{}; its JoinHandle was dropped unread", Subject(self)));
        }
    }
}

/// The task and where it comes from, without the message.
struct Subject<'a>(&'a UnhandledPanicInfo<'a>);

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnhandledPanicInfo { id, name, location, is_callback, .. } = self.0;
        if *is_callback {
            f.write_str("a done-callback of ")?;
        }
        write!(f, "task {id}")?;
        if let Some(name) = name {
            write!(f, " {name:?}")?;
        }
        write!(f, ", spawned at {location}, panicked")
    }
}

/// One line: the task, where it was spawned, and the message.
impl fmt::Display for UnhandledPanicInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Subject(self).fmt(f)?;
        match self.message() {
            Some(message) => write!(f, " with message {message:?}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for UnhandledPanicInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnhandledPanicInfo")
            .field("task_id", &self.id)
            .field("task_name", &self.name)
            .field("spawned_at", &format_args!("{}", self.location))
            .field("message", &self.message())
            .finish()
    }
}

impl Caught {
    /// Tells that nobody has read this panic, in the context in which it has happened.
    pub(super) fn tell(mut self, id: Id, name: Option<&str>, location: &'static Location<'static>) {
        let context = self.context.take();
        // The last one to hold the context drops values of users.
        contain(|| in_context(context, || self.tell_of(false, id, name, location)));
    }

    fn tell_of(
        self,
        is_callback: bool,
        id: Id,
        name: Option<&str>,
        location: &'static Location<'static>,
    ) {
        let Self { payload, sink, context: _ } = self;
        let panic = UnhandledPanicInfo { id, name, location, payload: &*payload, is_callback };
        match sink {
            Some(sink) => sink.unread_panic(&panic),
            None => panic.report(),
        }
        discard(payload);
    }
}

/// Tells of the panic of a callback: of the task `id`, or one that is called by it. To be called in
/// the context of the callback.
pub(crate) fn tell_callback(
    payload: Payload,
    sink: Option<Arc<dyn PanicSink>>,
    id: Id,
    name: Option<&str>,
    location: &'static Location<'static>,
) {
    Caught { payload, sink, context: None }.tell_of(true, id, name, location);
}

/// The text of a `panic!`.
pub(super) fn panic_message(payload: &(dyn Any + Send)) -> Option<&str> {
    let literal = payload.downcast_ref::<&'static str>().copied();
    literal.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}
