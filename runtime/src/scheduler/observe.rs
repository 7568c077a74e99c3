//! Who watches the workers at work, and what is told to him.
//!
//! A worker that nobody watches pays one branch on a word of its own for each poll, and for each task
//! that it queues or steals. Whether somebody watches it asks where it looks outside anyway: when it
//! begins, when it gets up from sleep, at each look of a busy worker, and when it takes tasks that others
//! have queued. So an observer hears of a worker that is busy with its own tasks a little late, and for a
//! moment after he was sent away he may still hear.

use super::Shared;
use super::context::Worker;
use crate::tasks::{Id, Runnable, as_current};
use sheave_facade::sync::atomic::{AtomicU64, Ordering::Relaxed};
use sheave_facade::sync::{Arc, Mutex};
use sheave_facade::time::{Instant, now};
use std::cell::{Cell, RefCell};

/// Hears what happens, on the thread where it happens: between two polls of a worker, so it must be
/// quick, and call nothing that may queue a task. Events of one lane come one after the other, those of
/// [`Lane::Outside`] from many threads at a time.
pub(crate) trait Observer: Send + Sync {
    /// `event` has happened in `lane` at `at`.
    fn observe(&self, lane: Lane, at: Instant, event: Event<'_>);
}

/// Where something happens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Lane {
    /// A worker; from the number of workers on, a stand-in.
    Worker(usize),
    /// The monitor.
    Monitor,
    /// A thread that is no worker of this runtime, or one whose worker goes on elsewhere.
    Outside,
}

/// What happens.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// The worker begins to poll a task.
    PollBegins(&'a Runnable),
    /// The poll has ended. Untold if the worker was handed on in it, and not taken back.
    PollEnds(Id),
    /// The task in this poll blocks its thread: the worker goes on with another one.
    HandsOn,
    /// Nobody came for the worker that was to go on. The poll goes on with it.
    TakesBack,
    /// The worker goes to sleep.
    Parks,
    /// The worker has slept.
    Unparks,
    /// The worker has taken tasks from another one's queue.
    Steals {
        /// Whose queue it was.
        from: usize,
    },
    /// A task is queued, because it was spawned or woken. By whom tells the lane, and the task that is
    /// polled there. One that wakes itself in its poll is not told.
    Queues(&'a Runnable),
    /// The monitor has served a worker that is stuck.
    TakesOver {
        /// Who is stuck.
        worker: usize,
        /// Tasks woken, or taken from its slot.
        tasks: usize,
    },
    /// The monitor sends a stand-in.
    StandInBegins {
        /// The stand-in's number.
        stand_in: usize,
        /// Who is stuck.
        worker: usize,
    },
    /// A stand-in leaves; told in its lane.
    StandInEnds,
    /// This thread of the blocking pool begins a job; told outside.
    JobBegins(&'a Runnable),
    /// The job has ended.
    JobEnds,
}

/// The observer of a runtime, if there is one.
pub(super) struct Observation {
    /// 0 if there is none; a number that was never used before for each new one.
    current: AtomicU64,
    appointed: Mutex<Appointed>,
}

struct Appointed {
    observer: Option<Arc<dyn Observer>>,
    count: u64,
}

impl Observation {
    pub(super) fn new() -> Self {
        let appointed = Mutex::new(Appointed { observer: None, count: 0 });
        Self { current: AtomicU64::new(0), appointed }
    }

    fn dismiss(&self) {
        let mut appointed = self.appointed.lock();
        let former = appointed.observer.take();
        // ORDERING: Relaxed; it says that there is news, and what it is is read under the lock.
        self.current.store(0, Relaxed);
        drop(appointed);
        drop(former);
    }

    /// Appoints this observer if there is none.
    fn try_appoint(&self, observer: Arc<dyn Observer>) -> bool {
        let mut appointed = self.appointed.lock();
        if appointed.observer.is_some() {
            return false;
        }
        appointed.count += 1;
        appointed.observer = Some(observer);
        // ORDERING: Relaxed, see `dismiss`.
        self.current.store(appointed.count, Relaxed);
        true
    }

    fn current(&self) -> u64 {
        // ORDERING: Relaxed, see `dismiss`.
        self.current.load(Relaxed)
    }

    /// Tells what a thread does that is no worker. Off, this is a load and a branch.
    pub(super) fn tell(&self, lane: Lane, event: Event<'_>) {
        if self.current() != 0 {
            self.tell_now(lane, event);
        }
    }

    #[cold]
    fn tell_now(&self, lane: Lane, event: Event<'_>) {
        let observer = self.appointed.lock().observer.clone();
        if let Some(observer) = observer {
            observer.observe(lane, now(), event);
        }
    }
}

/// What a worker knows of its observer.
pub(super) struct View {
    /// Whether anything is to be told or measured: the one word that an unobserved poll looks at.
    is_open: Cell<bool>,
    /// The observer's number.
    number: Cell<u64>,
    observer: RefCell<Option<Arc<dyn Observer>>>,
}

impl View {
    pub(super) fn new(shared: &Shared) -> Self {
        let view = Self {
            is_open: Cell::new(shared.config.measures_polls),
            number: Cell::new(0),
            observer: RefCell::new(None),
        };
        view.refresh(shared);
        view
    }

    /// Looks whether the observer has changed.
    pub(super) fn refresh(&self, shared: &Shared) {
        if shared.observation.current() != self.number.get() {
            self.change(shared);
        }
    }

    #[cold]
    fn change(&self, shared: &Shared) {
        let appointed = shared.observation.appointed.lock();
        let observer = appointed.observer.clone();
        self.number.set(shared.observation.current());
        drop(appointed);
        self.is_open.set(observer.is_some() || shared.config.measures_polls);
        let former = self.observer.replace(observer);
        drop(former);
    }

    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.is_open.get()
    }
}

impl Shared {
    /// Makes `observer` hear of everything from now on, unless there is one already. Returns whether.
    /// Workers that sleep are woken, so that they know.
    pub(crate) fn try_appoint_observer(&self, observer: Arc<dyn Observer>) -> bool {
        let is_appointed = self.observation.try_appoint(observer);
        self.unpark_all();
        is_appointed
    }

    /// Sends the observer away.
    pub(crate) fn dismiss_observer(&self) {
        self.observation.dismiss();
        self.unpark_all();
    }
}

impl Worker {
    /// Tells an event. `event` is made only if it is told.
    #[inline]
    pub(super) fn tell<'a>(&self, event: impl FnOnce() -> Event<'a>) {
        if self.view.is_open() {
            self.tell_at(now(), event());
        }
    }

    #[cold]
    fn tell_at(&self, at: Instant, event: Event<'_>) {
        if let Some(observer) = &*self.view.observer.borrow() {
            observer.observe(Lane::Worker(self.index), at, event);
        }
    }

    /// Polls a task with a look at the clock before and after.
    #[cold]
    pub(super) fn run_observed(&self, task: Runnable) {
        let id = task.id();
        let begin = now();
        self.tell_at(begin, Event::PollBegins(&task));
        as_current(task, Runnable::run);
        // The worker went on elsewhere: its counts and its lane are another thread's by now.
        if self.is_handed_on() {
            return;
        }
        let end = now();
        self.remote().metrics.poll_times.record(end.saturating_duration_since(begin));
        self.tell_at(end, Event::PollEnds(id));
    }
}
