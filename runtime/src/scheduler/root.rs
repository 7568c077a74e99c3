//! A future that a thread blocks on: its waker, and what dumps show of it.
//!
//! | from           | call         | to      | then                                            |
//! |----------------|--------------|---------|-------------------------------------------------|
//! | Waiting        | `wake`       | Due     | the thread is unparked, and who drives for it   |
//! | Due, Polled    | `wake`       | the same, woken | as above                                |
//! | Due            | `begin_poll` | Polled  | the thread polls                                |
//! | Polled         | `end_poll`   | Waiting, or Due if woken meanwhile | the note is there    |
//!
//! Two flags, `woken` and `is_polled`. Who polls raises the second one before it takes the first one
//! down, so a dump that looks at them in the other order takes no root that runs for one that waits.

use super::dump::{Activity, Doing};
use crate::coop;
use crate::park::Parker;
use crate::tasks::{Id, Trace, current_id};
use crate::timers::Clock;
use crate::util::waits;
use sheave_facade::seeded;
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::*};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Wake};
use std::thread::Thread;

/// See the [module documentation](self).
pub(super) struct Root {
    woken: AtomicBool,
    is_polled: AtomicBool,
    trace: Trace,
    /// Where the thread sleeps while it does not drive.
    own: Parker,
    /// Where it sleeps while it drives.
    driver: Option<Arc<Parker>>,
    call: Call,
}

/// Who blocks on a root, and where.
struct Call {
    /// `None` of a root that the runtime made for itself, which is not shown.
    location: Option<&'static Location<'static>>,
    /// The task whose code blocks: in `block_in_place`, or on the blocking pool.
    task: Option<Id>,
    thread: Thread,
}

/// A root in a dump.
#[derive(Clone, Debug)]
pub(crate) struct RootRow {
    pub(crate) location: &'static Location<'static>,
    pub(crate) task: Option<Id>,
    pub(crate) thread: Thread,
    pub(crate) doing: Doing,
}

impl Root {
    /// The root of the calling thread.
    pub(super) fn new(
        driver: Option<Arc<Parker>>,
        location: Option<&'static Location<'static>>,
    ) -> Arc<Self> {
        let call = Call { location, task: current_id(), thread: std::thread::current() };
        Arc::new(Self {
            woken: AtomicBool::new(true),
            is_polled: AtomicBool::new(false),
            trace: Trace::default(),
            own: Parker::new(None),
            driver,
            call,
        })
    }

    /// Polls `root` if it was woken since the last time. `now` is in nanoseconds since the origin of the
    /// clock.
    pub(super) fn poll<F: Future>(
        &self,
        root: Pin<&mut F>,
        cx: &mut Context<'_>,
        now: impl FnOnce() -> u64,
    ) -> Poll<F::Output> {
        // ORDERING: Relaxed; the load spares the RMW in `begin_poll`.
        if !self.woken.load(Relaxed) {
            return Poll::Pending;
        }
        self.begin_poll(now());
        let polled = coop::with_budget(|| root.poll(cx));
        self.end_poll();
        polled
    }

    fn begin_poll(&self, now: u64) {
        self.trace.begin_poll(now);
        waits::begin();
        let raise = || {
            // ORDERING: Relaxed; published to dumps by the swap.
            self.is_polled.store(true, Relaxed);
        };
        if !seeded::on("root_raises_late") {
            raise();
        }
        // ORDERING: Acquire pairs with the Release in `wake` (W1). Release: see `doing`.
        self.woken.swap(false, AcqRel);
        if seeded::on("root_raises_late") {
            raise();
        }
    }

    fn end_poll(&self) {
        self.trace.wait(waits::latest());
        if seeded::on("root_forgets_wake") {
            // ORDERING: Relaxed; for a control.
            self.woken.store(false, Relaxed);
        }
        // ORDERING: Release pairs with `doing`: a root that waits shows what it waits for. Breaks if
        // Relaxed: model `a_dump_races_a_poll`.
        let order = if seeded::on("root_note_relaxed") { Relaxed } else { Release };
        self.is_polled.store(false, order);
    }

    /// The thread sleeps until it is woken, or told to look around.
    pub(super) fn park(&self) {
        self.own.park(None);
    }

    /// Makes the thread look around.
    pub(super) fn unpark(&self) {
        self.own.unpark();
    }

    /// For dumps; `None` if it is not to be shown.
    pub(super) fn row(&self) -> Option<RootRow> {
        let Call { location, task, ref thread } = self.call;
        Some(RootRow { location: location?, task, thread: thread.clone(), doing: self.doing() })
    }

    fn doing(&self) -> Doing {
        // ORDERING: Acquire, in this order: who sees `woken` taken down sees `is_polled` raised for
        // that, or later values of both.
        let is_due = self.woken.load(Acquire);
        // ORDERING: Acquire pairs with the Release in `end_poll`.
        let activity = match (self.is_polled.load(Acquire), is_due) {
            (true, _) => Activity::Running(None),
            (false, true) => Activity::Queued,
            (false, false) => Activity::Waiting,
        };
        let (polled, note) = self.trace.look();
        Doing { activity, polled: polled.map(Clock::at), note }
    }
}

impl Wake for Root {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // ORDERING: Release publishes the waker's writes to the poll, also if woken already (W1).
        self.woken.swap(true, AcqRel);
        self.own.unpark();
        if let Some(driver) = &self.driver {
            driver.unpark();
        }
    }
}

#[cfg(all(test, loom))]
mod loom;
