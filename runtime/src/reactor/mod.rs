//! One core's event loop: it waits for sources and wakes the tasks that wait for them.
//!
//! It knows neither tasks nor workers. It wakes through [`std::task::Waker`] alone, and any thread
//! may turn it.
//!
//! | file | answers |
//! |---|---|
//! | `interest.rs` | what does a task wait for, what is a source ready for |
//! | `readiness.rs` | is this direction of this source ready (state machine) |
//! | `source.rs` | who waits for this source |
//! | `registry.rs` | which source does an event belong to |
//! | `turn.rs` | who may poll, and how is a sleeper woken (state machine) |
//! | `sys/` | how does this platform wait |
//! | `async_io.rs` | how does an operation that would block become a future |

mod async_io;
mod interest;
mod readiness;
mod registry;
mod source;
mod sys;
mod turn;
mod wakes;

#[cfg(all(test, loom))]
mod loom;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use async_io::Io;
pub(crate) use interest::Direction;
pub use interest::{Interest, Ready};
pub(crate) use source::ReadyEvent;
pub(crate) use turn::Turn;

use registry::{Company, Registry};
use sheave_facade::seeded;
use sheave_facade::sync::atomic::AtomicBool;
use sheave_facade::sync::{Arc, Mutex};
use source::Source;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::task::Waker;
use std::time::Duration;
use sys::Poll;
use turn::Workbench;
use wakes::Wakes;

/// One event loop. Shared as `Arc<Reactor>`.
pub(crate) struct Reactor<P: Poll = sys::Poller> {
    poll: P,
    registry: Registry,
    /// Held by the one thread that polls. Only ever tried, so nobody waits for it.
    bench: Mutex<Workbench<P>>,
    /// The second half of a notification, see `turn.rs`. Swapped by `notify` and by the end of a
    /// sleep, loaded by its begin.
    notified: AtomicBool,
    /// Who sleeps elsewhere while there are no sources, and must hear of the first one. Untied by
    /// `shutdown`, because owners know their reactor.
    owners: Mutex<Vec<Waker>>,
    /// The process that made the reactor. A forked child shares the kernel's half of it.
    process: u32,
}

impl<P: Poll> Reactor<P> {
    /// A reactor without sources.
    ///
    /// # Errors
    /// If the process or the system has no file descriptor left.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            poll: P::new()?,
            registry: Registry::new(),
            bench: Mutex::new(Workbench::new()),
            notified: AtomicBool::new(false),
            owners: Mutex::new(Vec::new()),
            process: std::process::id(),
        })
    }

    /// Asks the system to end the timed waits of this thread within `slack` of their deadline.
    pub(crate) fn be_punctual(slack: Duration) {
        P::be_punctual(slack);
    }

    /// How many sources are registered. A hint: it may lag behind what other threads do.
    pub(crate) fn sources(&self) -> usize {
        self.registry.len()
    }

    /// Registers a descriptor for the directions in `interest`. Those in `assumed` count as ready until an
    /// operation blocks; for the others the first event decides, and the operating system sends
    /// one at once if the source is ready already.
    ///
    /// # Errors
    /// If the reactor was shut down, if the process is a fork of the one that made the reactor, or
    /// if the operating system refuses: regular files and directories cannot be waited for, and a
    /// descriptor can be registered once.
    fn register(
        self: &Arc<Self>,
        fd: BorrowedFd<'_>,
        interest: Interest,
        assumed: Ready,
    ) -> io::Result<Registration<P>> {
        if self.is_forked() {
            return Err(io::Error::other(
                "this process is a fork of the one that made the runtime, and shares its \
                 descriptors with it: make a new runtime after `fork`",
            ));
        }
        let (source, company) = self.registry.insert(fd.as_raw_fd(), assumed)?;
        let added = self.poll.add(fd, source.key(), interest);
        if added.is_err() {
            self.registry.remove(&source);
        }
        // Also if the system refused it: another source may have come meanwhile, taken this one for
        // company and left the wake to us.
        if company == Company::Alone
            && (added.is_ok() || !seeded::on("reactor_refusal_wakes_nobody"))
        {
            self.wake_owners();
        }
        added.map_err(explain)?;
        Ok(Registration { source, reactor: self.clone() })
    }

    /// Adds a thread that turns this reactor, but sleeps elsewhere while it has no sources.
    pub(crate) fn add_owner(&self, owner: Waker) {
        self.owners.lock().push(owner);
    }

    /// The first source is there: who sleeps elsewhere must come and wait for it.
    fn wake_owners(&self) {
        let owners = self.owners.lock().clone();
        for owner in owners {
            owner.wake();
        }
    }

    /// Ends every wait on a source with an error, and refuses new sources.
    pub(crate) fn shutdown(&self) {
        let owners = std::mem::take(&mut *self.owners.lock());
        drop(owners);
        let mut wakes = Wakes::default();
        self.registry.shut_down(&mut wakes);
        wakes.wake_all();
    }

    /// Whether this is a forked child, in which `epoll_ctl` would edit the parent's set (T20).
    fn is_forked(&self) -> bool {
        std::process::id() != self.process
    }
}

/// Says what to do about an error of the operating system that is not clear by itself.
fn explain(error: io::Error) -> io::Error {
    let message = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "regular files and directories are always ready and cannot be waited for: \
             use `spawn_blocking` for them"
        }
        io::ErrorKind::AlreadyExists => {
            "the descriptor is already registered with this runtime: share the first one, or \
             duplicate the descriptor"
        }
        _ => return error,
    };
    io::Error::new(error.kind(), message)
}

/// A source on its reactor. Undone by [`deregister`](Self::deregister), which needs the descriptor.
#[must_use = "a registration that is lost leaves its source in the reactor"]
struct Registration<P: Poll = sys::Poller> {
    source: Arc<Source>,
    reactor: Arc<Reactor<P>>,
}

impl<P: Poll> Registration<P> {
    /// Removes the source. Must come before the descriptor is closed: a duplicate of it would keep
    /// the kernel's registration alive, out of our reach (T21).
    fn deregister(&self, fd: BorrowedFd<'_>) {
        // An error means that the descriptor was closed behind our back: removed already.
        if !self.reactor.is_forked() {
            let _ = self.reactor.poll.delete(fd);
        }
        self.reactor.registry.remove(&self.source);
    }
}
