//! Which runtime and which worker the present thread belongs to.
//!
//! Two thread-locals without destructors, so that a look costs two loads: the runtime that was
//! entered last, and the worker that runs on this thread. Both point at what a guard on this
//! thread's stack keeps alive.

use super::Shared;
use super::core::Core;
use super::observe::View;
use crate::reactor::Reactor;
use crate::tasks::PanicSink;
use crate::timers::Timers;
use sheave_facade::sync::Arc;
use std::cell::{Cell, RefCell};
use std::io;
use std::mem::ManuallyDrop;
use std::ptr;

sheave_facade::thread_local! {
    /// The runtime entered last, by `enter`, `block_on` or as a worker; null outside. Holds what
    /// `Arc::as_ptr` gave; the guard that set it owns a count.
    static RUNTIME: Cell<*const Shared> = Cell::new(ptr::null());
}

sheave_facade::thread_local! {
    /// The worker that runs on this thread; null elsewhere. Points into the frame of `worker::run`.
    static WORKER: Cell<*const Worker> = Cell::new(ptr::null());
}

sheave_facade::thread_local! {
    /// How many `EnterGuard`s this thread holds.
    static DEPTH: Cell<usize> = Cell::new(0);
}

sheave_facade::thread_local! {
    /// Whether a `block_on` or a worker drives futures on this thread: then nobody may block it.
    static DRIVING: Cell<bool> = Cell::new(false);
}

/// A worker as its own thread sees it.
pub(crate) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) index: usize,
    /// Empty while the worker goes on elsewhere, because this thread is in `block_in_place`.
    pub(super) core: RefCell<Option<Box<Core>>>,
    /// Whether a turn of the reactor or the timers wakes tasks now, and how many it has pushed.
    pub(super) batch: Cell<Option<u32>>,
    pub(super) view: View,
    /// Whether the driver of a current-thread runtime is to look at its root before the next task.
    pub(super) turn_ends: Cell<bool>,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, index: usize, core: Box<Core>) -> Self {
        let view = View::new(&shared);
        let (core_place, batch, turn_ends) =
            (RefCell::new(None), Cell::new(None), Cell::new(false));
        let worker = Self { shared, index, core: core_place, batch, view, turn_ends };
        worker.begin_stretch(&core);
        worker.core.replace(Some(core));
        worker
    }

    /// Runs `body` with this worker installed on the thread.
    pub(super) fn scope<R>(&self, body: impl FnOnce() -> R) -> R {
        struct Restore(*const Worker, usize);
        impl Drop for Restore {
            fn drop(&mut self) {
                WORKER.with(|worker| worker.set(self.0));
                // A task may have leaked an `EnterGuard`, which must not cost the worker its end.
                DEPTH.with(|depth| depth.set(self.1));
            }
        }
        let runtime = Entered::new(self.shared.clone());
        let _restore = Restore(WORKER.with(|worker| worker.replace(self)), runtime.depth);
        body()
    }

    /// This worker as the others see it.
    pub(super) fn remote(&self) -> &super::shared::Remote {
        &self.shared.remotes[self.index]
    }
}

/// Calls `f` with the worker of this thread, if it has one.
pub(super) fn with_worker<R>(f: impl FnOnce(Option<&Worker>) -> R) -> R {
    let worker = WORKER.with(Cell::get);
    // SAFETY: `Worker::scope` set the pointer to a worker that it borrows until it has restored
    // the former value, and it does so also when the body unwinds.
    f(unsafe { worker.as_ref() })
}

/// Makes the driver of this thread, if it is one, look at its root before the next task.
pub(super) fn end_turn() {
    with_worker(|worker| {
        if let Some(worker) = worker {
            worker.turn_ends.set(true);
        }
    });
}

/// Calls `f` with the runtime that this thread has entered last.
pub(crate) fn with_runtime<R>(f: impl FnOnce(Option<&Arc<Shared>>) -> R) -> R {
    let shared = RUNTIME.with(Cell::get);
    if shared.is_null() {
        return f(None);
    }
    // SAFETY: the guard that set the pointer took it from an `Arc` that it still owns (see
    // `Entered`); this copy is never dropped, so the count stays right.
    let shared = ManuallyDrop::new(unsafe { Arc::from_raw(shared) });
    f(Some(&shared))
}

/// Who hears of an unread panic of a task that ends on this thread and has no runtime of its own: the
/// runtime that the thread is in.
pub(crate) fn panic_sink() -> Option<Arc<dyn PanicSink>> {
    with_runtime(|shared| shared.map(|shared| shared.unhandled.clone() as Arc<dyn PanicSink>))
}

/// The reactor for a source that blocks for the first time on this thread: the worker's own, or
/// one of the runtime's in turn.
pub(crate) fn current_reactor() -> io::Result<Arc<Reactor>> {
    let own = with_worker(|worker| {
        let worker = worker?;
        // An `enter` inside a task outranks the worker.
        let is_current = ptr::eq(Arc::as_ptr(&worker.shared), RUNTIME.with(Cell::get));
        is_current.then(|| worker.remote().reactor.clone())
    });
    own.or_else(|| with_runtime(|shared| Some(shared?.some_worker().reactor.clone())))
        .ok_or_else(|| io::Error::other(NO_RUNTIME))
}

/// The timers for a sleep that is made on this thread: this worker's own, or some of its runtime.
pub(crate) fn current_timers() -> Option<Arc<Timers>> {
    own_timers().or_else(|| with_runtime(|shared| Some(shared?.some_worker().timers.clone())))
}

/// The timers of the worker on this thread, if it is one.
pub(crate) fn own_timers() -> Option<Arc<Timers>> {
    with_worker(|worker| {
        let worker = worker?;
        // An `enter` inside a task outranks the worker.
        let is_current = ptr::eq(Arc::as_ptr(&worker.shared), RUNTIME.with(Cell::get));
        let is_current = is_current && worker.core.try_borrow().is_ok_and(|core| core.is_some());
        is_current.then(|| worker.remote().timers.clone())
    })
}

/// Whether `timers` are those of the worker on this thread.
pub(crate) fn is_owner_of(timers: &Arc<Timers>) -> bool {
    with_worker(|worker| {
        worker.is_some_and(|worker| {
            // A stand-in shares the timers of a worker, who must hear of new ones.
            !worker.is_stand_in()
                && Arc::ptr_eq(&worker.remote().timers, timers)
                && worker.core.try_borrow().is_ok_and(|core| core.is_some())
        })
    })
}

/// What is said to who uses the runtime outside of one.
pub(crate) const NO_RUNTIME: &str = "there is no sheave runtime on this thread: call this from a \
                                     task or inside `Runtime::block_on`, or hold the guard of `Runtime::enter`";

/// The runtime is entered on this thread as long as this guard lives.
pub(crate) struct Entered {
    shared: Arc<Shared>,
    former: *const Shared,
    depth: usize,
}

impl Entered {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let former = RUNTIME.with(|runtime| runtime.replace(Arc::as_ptr(&shared)));
        let depth = DEPTH.with(|depth| {
            depth.set(depth.get() + 1);
            depth.get()
        });
        Self { shared, former, depth }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if DEPTH.with(Cell::get) != self.depth {
            // An inner guard still points at what this one owns. Keep it alive for good.
            std::mem::forget(self.shared.clone());
            if !std::thread::panicking() {
                panic!(
                    "`EnterGuard`s dropped out of order: drop the guard that was made last first, \
                     or let scopes do it"
                );
            }
            return;
        }
        DEPTH.with(|depth| depth.set(self.depth - 1));
        RUNTIME.with(|runtime| runtime.set(self.former));
    }
}

/// Marks that this thread drives futures. While it does, blocking it would stop them.
pub(crate) struct Driving {
    former: bool,
}

impl Driving {
    /// Begins to drive futures on this thread.
    ///
    /// # Panics
    /// If the thread drives futures already.
    #[track_caller]
    pub(crate) fn begin() -> Self {
        assert!(
            !DRIVING.with(Cell::get),
            "cannot block on a future inside async code: this thread already drives a runtime, and \
             blocking it would stop the tasks that the future may wait for. Use `.await`, or move \
             the call into `task::spawn_blocking` or `task::block_in_place`"
        );
        Self { former: DRIVING.with(|driving| driving.replace(true)) }
    }

    /// Drives futures on this thread, whether or not it did before: its runtime ends here.
    pub(super) fn go_on() -> Self {
        Self { former: DRIVING.with(|driving| driving.replace(true)) }
    }

    /// Suspends driving: the thread may block, because its tasks go on elsewhere.
    pub(crate) fn suspend() -> Self {
        Self { former: DRIVING.with(|driving| driving.replace(false)) }
    }

    /// Whether this thread drives futures.
    pub(crate) fn is_on() -> bool {
        DRIVING.with(Cell::get)
    }
}

impl Drop for Driving {
    fn drop(&mut self) {
        DRIVING.with(|driving| driving.set(self.former));
    }
}
