//! Driving a root future on the calling thread.
//!
//! On the multi-thread flavour the workers run the tasks, and the caller only polls its root. On
//! the current-thread flavour the caller is the worker: it takes the core, runs tasks in strict
//! first-in first-out order between polls of the root, and puts the core back. If several threads
//! block on one current-thread runtime, one drives and the others poll their roots and stand by.

use super::context::{Driving, Entered, Worker};
use super::{Listener, Shared};
use crate::coop;
use crate::park::Parker;
use crate::tasks::{Context as Values, in_context, inherited_context};
use sheave_blocking_pool::compensate;
use sheave_facade::seeded;
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::*};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};

/// The waker of a root future.
struct Root {
    woken: AtomicBool,
    /// Where the thread sleeps while it does not drive.
    own: Arc<Parker>,
    /// Where it sleeps while it drives.
    driver: Option<Arc<Parker>>,
}

impl Root {
    fn new(driver: Option<Arc<Parker>>) -> Arc<Self> {
        let own = Arc::new(Parker::new(None));
        Arc::new(Self { woken: AtomicBool::new(true), own, driver })
    }

    /// Whether the root was woken since the last call.
    fn take_woken(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `wake` (W1). The load spares the RMW.
        self.woken.load(Relaxed) && self.woken.swap(false, AcqRel)
    }

    fn poll<F: Future>(&self, root: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if self.take_woken() { coop::with_budget(|| root.poll(cx)) } else { Poll::Pending }
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

impl Shared {
    /// Runs `future` to completion on this thread.
    ///
    /// # Panics
    /// If the thread drives futures already, or if the runtime was shut down by an unhandled panic.
    #[track_caller]
    pub(crate) fn block_on<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
        // What the root sets is not seen by the caller, as if it were a task.
        self.block_on_in(inherited_context(), future)
    }

    /// As [`block_on`](Self::block_on), in that context itself, or in an empty one.
    #[track_caller]
    pub(crate) fn block_on_in<F: Future>(
        self: &Arc<Self>,
        context: Option<Values>,
        future: F,
    ) -> F::Output {
        match self.try_block_on(context, future) {
            Ok(output) => output,
            Err(Doomed(panic)) => panic!("`UnhandledPanic::ShutdownRuntime`: {panic}"),
        }
    }

    #[track_caller]
    fn try_block_on<F: Future>(
        self: &Arc<Self>,
        context: Option<Values>,
        future: F,
    ) -> Result<F::Output, Doomed> {
        let _driving = Driving::begin();
        let _entered = Entered::new(self.clone());
        let root = pin!(future);
        in_context(context, || {
            if self.is_current_thread() {
                // As in `stand_by`; whether it drives or not, this thread waits for the root.
                compensate(|| self.drive(root))
            } else {
                self.stand_by(root)
            }
        })
    }

    /// The multi-thread flavour: the workers run what the root waits for.
    fn stand_by<F: Future>(&self, mut root: Pin<&mut F>) -> Result<F::Output, Doomed> {
        let state = Root::new(None);
        let waker = Waker::from(state.clone());
        let mut cx = Context::from_waker(&waker);
        let _present = Present::new(self, &state.own);
        loop {
            self.look_for_doom()?;
            if let Poll::Ready(output) = state.poll(root.as_mut(), &mut cx) {
                return Ok(output);
            }
            // On a thread of the blocking pool, the root may wait for jobs behind this one.
            compensate(|| state.own.park(None));
        }
    }

    /// The current-thread flavour: drives if nobody does, stands by otherwise.
    fn drive<F: Future>(self: &Arc<Self>, mut root: Pin<&mut F>) -> Result<F::Output, Doomed> {
        let state = Root::new(Some(self.remotes[0].parker.clone()));
        let waker = Waker::from(state.clone());
        let mut cx = Context::from_waker(&waker);
        let _present = Present::new(self, &state.own);
        loop {
            if let Some(seat) = DriverSeat::take(self) {
                return seat.drive(root, &state, &mut cx);
            }
            self.look_for_doom()?;
            if let Poll::Ready(output) = state.poll(root.as_mut(), &mut cx) {
                return Ok(output);
            }
            state.own.park(None);
        }
    }

    fn look_for_doom(&self) -> Result<(), Doomed> {
        self.unhandled.doom().map_or(Ok(()), |panic| Err(Doomed(panic.to_string())))
    }

    /// Makes every thread that blocks on this runtime look around. Who comes later than this finds
    /// what there is to see at its first look.
    pub(super) fn unpark_roots(&self) {
        let roots = self.standby.lock().clone();
        roots.iter().for_each(|root| root.unpark());
    }

    /// Runs the tasks of a current-thread runtime whenever no other thread does, until it closes, and
    /// then to their end.
    pub(super) fn drive_until_closing(self: &Arc<Self>) {
        let mut listener = Listener::default();
        // Doomed or not, it ends.
        let _ = self.try_block_on(
            inherited_context(),
            poll_fn(|cx| self.closing.listen(&mut listener, cx.waker())),
        );
        self.closing.leave(&mut listener);
        self.drive_to_the_end();
    }

    /// Runs the tasks of a current-thread runtime that closes, if no other thread drives it.
    pub(super) fn drive_to_the_end(self: &Arc<Self>) {
        if let Some(seat) = DriverSeat::take(self) {
            // Giving the seat back is what finishes a closing runtime.
            drop(seat);
        }
    }
}

/// An unhandled panic has shut the runtime down.
struct Doomed(String);

/// A thread blocks on the runtime.
struct Present<'a> {
    shared: &'a Shared,
    own: &'a Arc<Parker>,
}

impl<'a> Present<'a> {
    fn new(shared: &'a Shared, own: &'a Arc<Parker>) -> Self {
        shared.standby.lock().push(own.clone());
        Self { shared, own }
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.shared.standby.lock().retain(|other| !Arc::ptr_eq(other, self.own));
    }
}

/// The right to run the tasks of a current-thread runtime. Dropping it puts the core back for those
/// who stand by, after running the runtime to its end if it closes.
struct DriverSeat {
    worker: Worker,
}

impl DriverSeat {
    fn take(shared: &Arc<Shared>) -> Option<Self> {
        let mut vacant = shared.remotes[0].vacancy.lock();
        let core = vacant.take_any()?;
        // Under the lock: who closes the runtime and finds the core gone must wait for this thread.
        shared.lifecycle.worker_enters();
        drop(vacant);
        shared.watch.worker_got_up();
        Some(Self { worker: Worker::new(shared.clone(), 0, core) })
    }

    fn drive<F: Future>(
        &self,
        mut root: Pin<&mut F>,
        state: &Root,
        cx: &mut Context<'_>,
    ) -> Result<F::Output, Doomed> {
        self.worker.scope(|| {
            self.worker.look();
            loop {
                self.worker.shared.look_for_doom()?;
                // The root is no task, and must not pass for the one before.
                self.worker.remote().end_polls();
                if let Poll::Ready(output) = state.poll(root.as_mut(), cx) {
                    return Ok(output);
                }
                self.worker.run_some();
            }
        })
    }

    /// Puts the core back for the next driver, unless the runtime closes. Looks under the lock: who
    /// closes the runtime looks for the core afterwards, and finds it, or is seen here.
    fn put_back_unless_closing(&self) -> bool {
        let shared = &self.worker.shared;
        let looked_early = seeded::on("driver_looks_early") && !shared.lifecycle.is_closing();
        let mut vacant = shared.remotes[0].vacancy.lock();
        if shared.lifecycle.is_closing() && !looked_early {
            return false;
        }
        if let Some(core) = self.worker.core.take() {
            vacant.lay_down(core);
        }
        true
    }

    /// Runs the tasks of a runtime that closes to their end.
    fn finish(&self) {
        {
            let _driving = Driving::go_on();
            self.worker.scope(|| while self.worker.turn() {});
        }
        self.worker.remote().timers.close();
        if let Some(core) = self.worker.core.take() {
            self.worker.remote().vacancy.lay_down(core);
        }
    }
}

impl Drop for DriverSeat {
    fn drop(&mut self) {
        let shared = &self.worker.shared;
        if let Some(core) = self.worker.core.borrow().as_deref() {
            self.worker.end_stretch(core);
        }
        if !self.put_back_unless_closing() {
            self.finish();
        }
        shared.worker_leaves();
        // One of those who stand by must drive on. Who comes later than this look finds the seat.
        shared.unpark_roots();
    }
}

impl Worker {
    /// Runs queued tasks, up to one event interval of them, or sleeps if there are none.
    fn run_some(&self) {
        for _ in 0..self.shared.config.event_interval {
            let found = {
                let core = self.core.borrow();
                core.as_deref().and_then(|core| self.find_task(core))
            };
            match found {
                Some(task) => self.run_task(task),
                None => return self.sleep(),
            }
            if self.turn_ends.take() {
                return;
            }
        }
    }
}
