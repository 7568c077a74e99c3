//! Tasks that never leave their thread: where they wait for it, and how they end.
//!
//! [`LocalTasks`] belongs to the thread that made it, its *owner*. A Runnable that is made there
//! goes to a queue without a lock; one that is made on another thread goes to the *inbox*, and who
//! drives the tasks is woken.
//!
//! | a wake on … | while the tasks are | puts the Runnable | and wakes                       |
//! |-------------|---------------------|-------------------|---------------------------------|
//! | the owner   | driven              | in the queue      | nobody: the driver looks there  |
//! | the owner   | not driven          | in the queue      | all pollers                     |
//! | another     | either              | in the inbox      | all pollers, or `close`         |
//!
//! **No wake is lost.** A driver that is about to rest stores its waker, then looks at queue and
//! inbox; another thread fills the inbox, then takes the wakers. The inbox and the wakers are under
//! one lock, so one of the two sees the other.
//!
//! **No future leaves its thread**, which is what `new_local_task` asks for:
//!
//! - **L1** Others only put Runnables in the inbox. They are taken out, run and shut down by methods
//!   that demand to be called on the owner.
//! - **L2** No Runnable is dropped with the queues: a task that has one is not complete, hence keeps
//!   itself alive, hence its [`Home`], hence the queues. So the last reference to the queues, to a
//!   waker or to a handle may end on any thread.
//! - **L3** `close`, which is called by the owner, returns when all tasks are complete. A complete
//!   task has no Runnable and a wake makes none, so a late wake, join or abort on another thread
//!   touches a counter and nothing else.
//! - **L4** A thread that has made a Runnable puts it in the inbox without running code of a user in
//!   between. So `close` can wait for it, and it waits for a few instructions.
//!
//! If the owner leaks its set instead of dropping it, the futures are leaked with it.

mod current;
mod owner_cell;
mod pollers;
mod show;

#[cfg(all(test, loom))]
mod loom;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use current::{EnteredLocal, current};
pub(crate) use pollers::Seat;

use super::spawn::poll_eagerly;
use super::{Shared, context, with_runtime};
use crate::coop;
use crate::tasks::{
    Id, JoinHandle, PanicSink, Registry, Removal, Runnable, Schedule, Spec, Stopped, TaskRef,
    Wakeup, as_current, new_local_task,
};
use crate::util::contain::contain;
use crate::util::waits::unnoted;
use owner_cell::OwnerCell;
use pollers::Pollers;
use sheave_facade::seeded;
use sheave_facade::sync::atomic::{AtomicU64, Ordering::Relaxed};
use sheave_facade::sync::{Arc, Condvar, Mutex, Weak};
use std::collections::VecDeque;
use std::future::Future;
use std::mem;
use std::task::{Context, Poll, Waker};

/// How many tasks run before the root and whatever else the thread drives have their turn.
const TURN: usize = 61;

/// Ids of tasks that were spawned outside a runtime begin here, far beyond those of a runtime.
const OUTSIDE: u64 = 1 << 55;

/// The tasks of one local set.
pub(crate) struct LocalTasks {
    owned: OwnerCell<Owned>,
    inbox: Mutex<Inbox>,
    /// Signalled when the inbox is filled, for `close`.
    filled: Condvar,
    /// All tasks that are not complete. Filled and emptied by the owner, and shown to dumps.
    registry: Registry,
    /// The task that is being polled, or 0; for dumps.
    polled: AtomicU64,
}

/// What the owner alone touches.
struct Owned {
    queue: VecDeque<Runnable>,
    /// How many tasks are not complete.
    live: usize,
    /// The runtime whose dumps show these tasks since it drove them last.
    shown_by: Weak<Shared>,
    /// Whether a frame further down on this thread's stack runs tasks and then looks at the queue.
    driven: bool,
    /// How many ids were given outside a runtime.
    ids: u64,
    /// How many seats were given.
    seats: u64,
}

/// What other threads reach.
struct Inbox {
    queue: VecDeque<Runnable>,
    pollers: Pollers,
}

/// A local task's scheduler.
#[derive(Clone)]
struct Home {
    tasks: Arc<LocalTasks>,
}

impl LocalTasks {
    /// No tasks; they will belong to the calling thread.
    pub(crate) fn new() -> Arc<Self> {
        let (queue, shown_by) = (VecDeque::new(), Weak::new());
        let owned = Owned { queue, live: 0, shown_by, driven: false, ids: 0, seats: 0 };
        let inbox = Inbox { queue: VecDeque::new(), pollers: Pollers::new() };
        Arc::new(Self {
            owned: OwnerCell::new(owned),
            inbox: Mutex::new(inbox),
            filled: Condvar::new(),
            registry: Registry::new(0, 1).0,
            polled: AtomicU64::new(0),
        })
    }

    /// Spawns a task. Once the tasks were closed, the future is dropped at once and the handle
    /// reports a cancelled task.
    pub(crate) fn spawn<F>(self: &Arc<Self>, future: F, spec: Spec) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (runnable, handle) = self.bind(future, spec);
        if let Some(runnable) = runnable {
            self.schedule(runnable);
        }
        handle
    }

    /// As [`spawn`](Self::spawn), and if somebody drives the tasks, polls the new one at once.
    pub(crate) fn spawn_eager<F>(self: &Arc<Self>, future: F, spec: Spec) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (runnable, handle) = self.bind(future, spec);
        match runnable {
            Some(runnable) if self.is_driven() => {
                current::within(self, || poll_eagerly(runnable));
            }
            Some(runnable) => self.schedule(runnable),
            None => {}
        }
        handle
    }

    /// Makes a task and takes it in. Its Runnable comes back, unless the tasks were closed.
    fn bind<F>(self: &Arc<Self>, future: F, spec: Spec) -> (Option<Runnable>, JoinHandle<F::Output>)
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let id = self.next_id();
        let home = Home { tasks: self.clone() };
        // SAFETY: this is the owner, or `owned` had panicked; the Runnable stays here by L1, and is
        // not dropped elsewhere with what holds it by L2.
        let (task, runnable, handle) = unsafe { new_local_task(future, home, id, spec) };
        match self.registry.bind_outside(0, task) {
            Ok(()) => {
                self.owned.with(|owned| owned.live += 1);
                (Some(runnable), handle)
            }
            Err(_closed) => {
                runnable.stop(Stopped::TooLate);
                (None, handle)
            }
        }
    }

    /// An id from the runtime of this thread, or one of our own.
    fn next_id(&self) -> Id {
        with_runtime(|shared| shared.map(|shared| shared.next_id())).unwrap_or_else(|| {
            self.owned.with(|owned| {
                owned.ids += 1;
                Id::from_u64(OUTSIDE + owned.ids)
            })
        })
    }

    /// Whether someone further down on the stack drives the tasks already.
    pub(crate) fn is_driven(&self) -> bool {
        self.owned.with(|owned| owned.driven)
    }

    /// How many tasks have not completed.
    pub(crate) fn len(&self) -> usize {
        self.owned.with(|owned| owned.live)
    }

    /// Polls `root`; if it is not ready, runs tasks. Inside code that is driven already, the tasks
    /// are left to the outer driver.
    pub(crate) fn drive_with<R>(
        self: &Arc<Self>,
        seat: &Seat,
        cx: &mut Context<'_>,
        root: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let driver = Driver::begin(self);
        current::within(self, || {
            let output = root(cx);
            if let (Poll::Pending, Some(driver)) = (&output, &driver) {
                driver.turn();
                self.listen(seat, cx.waker());
            }
            output
        })
    }

    /// Runs tasks; ready when all have completed.
    pub(crate) fn drive_all(self: &Arc<Self>, seat: &Seat, cx: &mut Context<'_>) -> Poll<()> {
        let driver = Driver::begin(self);
        current::within(self, || {
            driver.iter().for_each(Driver::turn);
            if self.len() == 0 {
                return Poll::Ready(());
            }
            self.listen(seat, cx.waker());
            Poll::Pending
        })
    }

    /// Sees to it that the next Runnable wakes `waker`, unless the driver finds it before.
    fn listen(&self, seat: &Seat, waker: &Waker) {
        if self.inbox.lock().pollers.will_wake(seat, waker) {
            return;
        }
        // To clone and to drop a waker is code of a user: outside the lock (W10).
        let waker = waker.clone();
        let former = self.inbox.lock().pollers.put(seat, waker);
        drop(former);
    }

    /// Wakes all who wait to drive the tasks: each of them may be gone by the time it is woken.
    fn wake_pollers(&self) {
        let pollers = mem::take(&mut self.inbox.lock().pollers);
        pollers.wake();
    }

    /// Queues a Runnable of the owner's, and wakes the pollers if nobody drives.
    fn schedule(self: &Arc<Self>, task: Runnable) {
        // A poller's waker is code of a user, which may end the task and free it, with the reference
        // in it that `self` is perhaps.
        let idle = self.owned.with(|owned| {
            owned.queue.push_back(task);
            (!owned.driven).then(|| self.clone())
        });
        if let Some(tasks) = idle {
            tasks.wake_pollers();
        }
    }

    /// Takes in a Runnable that was made on another thread.
    fn deliver(&self, task: Runnable) {
        let pollers = {
            let mut inbox = self.inbox.lock();
            inbox.queue.push_back(task);
            mem::take(&mut inbox.pollers)
        };
        self.filled.notify_one();
        pollers.wake();
    }

    /// Drops the futures of all tasks, here and now; later spawns are refused. Called by the owner
    /// while nobody drives.
    pub(crate) fn close(self: &Arc<Self>) {
        self.registry.close();
        // Wakes from here on find their Runnable looked for below.
        self.owned.with(|owned| owned.driven = true);
        let mut live = Vec::with_capacity(self.len());
        self.registry.for_each(|task| live.push(task));
        // Each task now has a Runnable: its own, or the one of this abort, or that of another
        // thread's abort or wake, which is on its way (L4).
        live.iter().for_each(TaskRef::abort);
        drop(live);
        current::within(self, || {
            while self.len() > 0 {
                let Some(task) = self.next_to_end() else { break };
                as_current(task, Runnable::shutdown);
            }
        });
        // To drop a waker is code of a user: outside the lock (W10).
        let pollers = mem::take(&mut self.inbox.lock().pollers);
        contain(|| drop(pollers));
    }

    /// The next Runnable of a closing set, waiting for one that another thread has in hand.
    fn next_to_end(&self) -> Option<Runnable> {
        if let Some(task) = self.owned.with(|owned| owned.queue.pop_front()) {
            return Some(task);
        }
        let mut inbox = self.inbox.lock();
        while inbox.queue.is_empty() {
            if seeded::on("local_close_hurries") {
                return None;
            }
            self.filled.wait(&mut inbox);
        }
        inbox.queue.pop_front()
    }
}

/// The right to run the tasks, and the duty to tell the pollers of what is left at the end.
struct Driver<'a>(&'a Arc<LocalTasks>);

impl<'a> Driver<'a> {
    /// `None` if there is a driver already.
    fn begin(tasks: &'a Arc<LocalTasks>) -> Option<Self> {
        let former = tasks.owned.with(|owned| mem::replace(&mut owned.driven, true));
        (!former).then(|| Self(tasks))
    }

    /// Runs what is due, and not more than [`TURN`] tasks.
    fn turn(&self) {
        let now = self.0.show();
        {
            let mut inbox = self.0.inbox.lock();
            self.0.owned.with(|owned| owned.queue.append(&mut inbox.queue));
        }
        for _ in 0..TURN {
            let Some(task) = self.0.owned.with(|owned| owned.queue.pop_front()) else { return };
            task.begin_poll(now);
            // ORDERING: Relaxed, here and below; a hint for dumps.
            self.0.polled.store(task.id().as_u64(), Relaxed);
            // What its future waits for is not what the driver waits for.
            unnoted(|| coop::with_budget(|| as_current(task, Runnable::run)));
            self.0.polled.store(0, Relaxed);
        }
    }
}

impl Drop for Driver<'_> {
    fn drop(&mut self) {
        let is_idle = self.0.owned.with(|owned| {
            owned.driven = false;
            owned.queue.is_empty()
        });
        let is_idle =
            is_idle && (seeded::on("local_rest_blind") || self.0.inbox.lock().queue.is_empty());
        if !is_idle {
            self.0.wake_pollers();
        }
    }
}

impl Schedule for Home {
    fn schedule(&self, task: Runnable, _why: Wakeup) {
        if !self.tasks.owned.is_here() {
            // Once the Runnable is in the inbox, the owner may end the task and free it, with the
            // reference in `self`; this one is for what comes after.
            let tasks = self.tasks.clone();
            return tasks.deliver(task);
        }
        self.tasks.schedule(task);
    }

    fn release(&self, task: &TaskRef) -> Option<TaskRef> {
        match self.tasks.registry.remove(task) {
            // It was refused.
            Removal::NotBound => None,
            Removal::Left(registered) | Removal::LastLeft(registered) => {
                self.tasks.owned.with(|owned| owned.live -= 1);
                Some(registered)
            }
        }
    }

    fn panic_sink(&self) -> Option<Arc<dyn PanicSink>> {
        context::panic_sink()
    }
}
