//! Driving a root future on the calling thread.
//!
//! On the multi-thread flavour the workers run the tasks, and the caller only polls its root. On
//! the current-thread flavour the caller is the worker: it takes the core, runs tasks in strict
//! first-in first-out order between polls of the root, and puts the core back. If several threads
//! block on one current-thread runtime, one drives and the others poll their roots and stand by.

use super::context::{Driving, Entered, Worker};
use super::root::{Root, RootRow};
use super::{Listener, Shared};
use crate::tasks::{Context as Values, in_context, inherited_context};
use crate::util::waits;
use sheave_blocking_pool::compensate;
use sheave_facade::seeded;
use sheave_facade::sync::Arc;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

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
        match self.try_block_on(context, future, Some(Location::caller())) {
            Ok(output) => output,
            Err(Doomed(panic)) => panic!("`UnhandledPanic::ShutdownRuntime`: {panic}"),
        }
    }

    #[track_caller]
    fn try_block_on<F: Future>(
        self: &Arc<Self>,
        context: Option<Values>,
        future: F,
        location: Option<&'static Location<'static>>,
    ) -> Result<F::Output, Doomed> {
        let _driving = Driving::begin();
        let _entered = Entered::new(self.clone());
        let driver = self.is_current_thread().then(|| self.remotes[0].parker.clone());
        let present = Present::new(self, Root::new(driver, location));
        let future = pin!(future);
        // A task that blocks in place waits for what it awaits itself.
        let drive = || waits::unnoted(|| self.drive_on(&present.root, future));
        in_context(context, drive)
    }

    fn drive_on<F: Future>(
        self: &Arc<Self>,
        root: &Arc<Root>,
        future: Pin<&mut F>,
    ) -> Result<F::Output, Doomed> {
        let waker = Waker::from(root.clone());
        let mut cx = Context::from_waker(&waker);
        if self.is_current_thread() {
            // As in `stand_by`; whether it drives or not, this thread waits for the root.
            compensate(|| self.drive(root, future, &mut cx))
        } else {
            self.stand_by(root, future, &mut cx)
        }
    }

    /// The multi-thread flavour: the workers run what the root waits for.
    fn stand_by<F: Future>(
        &self,
        root: &Root,
        mut future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Result<F::Output, Doomed> {
        loop {
            self.look_for_doom()?;
            if let Poll::Ready(output) = root.poll(future.as_mut(), cx, || self.nanos()) {
                return Ok(output);
            }
            // On a thread of the blocking pool, the root may wait for jobs behind this one.
            compensate(|| root.park());
        }
    }

    /// The current-thread flavour: drives if nobody does, stands by otherwise.
    fn drive<F: Future>(
        self: &Arc<Self>,
        root: &Root,
        mut future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Result<F::Output, Doomed> {
        loop {
            if let Some(seat) = DriverSeat::take(self) {
                return seat.drive(root, future, cx);
            }
            self.look_for_doom()?;
            if let Poll::Ready(output) = root.poll(future.as_mut(), cx, || self.nanos()) {
                return Ok(output);
            }
            root.park();
        }
    }

    /// The present moment.
    fn nanos(&self) -> u64 {
        self.clock.nanos(self.clock.now()).max(1)
    }

    /// A row for each future that a thread blocks on, in the order of their calls.
    pub(crate) fn root_rows(&self) -> Vec<RootRow> {
        let roots = self.standby.lock().clone();
        roots.iter().filter_map(|root| root.row()).collect()
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
            None,
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
    root: Arc<Root>,
}

impl<'a> Present<'a> {
    fn new(shared: &'a Shared, root: Arc<Root>) -> Self {
        shared.standby.lock().push(root.clone());
        Self { shared, root }
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.shared.standby.lock().retain(|other| !Arc::ptr_eq(other, &self.root));
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
        root: &Root,
        mut future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Result<F::Output, Doomed> {
        self.worker.scope(|| {
            self.worker.look();
            // What is queued in a runtime that closes is to be dropped, not to have a turn.
            self.worker.abort_if_closing();
            loop {
                self.worker.shared.look_for_doom()?;
                // The root is no task, and must not pass for the one before.
                self.worker.remote().end_polls();
                let now = || self.worker.remote().looked();
                if let Poll::Ready(output) = root.poll(future.as_mut(), cx, now) {
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
            self.worker.scope(|| {
                // As in `drive`.
                self.worker.abort_if_closing();
                while self.worker.turn() {}
            });
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
