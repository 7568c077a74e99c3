//! Where a task goes when it is spawned or woken, and who hears of it.

use super::Shared;
use super::context::{self, Worker};
use super::core::Core;
use super::observe::{Event, Lane};
use crate::tasks::{PanicSink, Removal, Runnable, Schedule, TaskRef, Wakeup};
use sheave_facade::seeded;
use sheave_facade::sync::Arc;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// A task's way back to its runtime: a pointer that is not counted, so that spawning touches no
/// shared count.
///
/// [alive] It is valid while its task is registered and not complete: workers hold a count of
/// `Shared` until they leave, and the last of them leaves only when everybody in the registry is gone.
pub(super) struct Home(NonNull<Shared>);

// SAFETY: `Shared` is `Sync`, and [alive] holds on whatever thread the task is.
unsafe impl Send for Home {}
// SAFETY: as above.
unsafe impl Sync for Home {}

impl Home {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        // `Arc::as_ptr` is never null. The pointer is used to make counts again, so it must come
        // from the `Arc` and not from a reference.
        Self(NonNull::new(Arc::as_ptr(shared).cast_mut()).expect("an Arc is not null"))
    }
}

impl Schedule for Home {
    fn schedule(&self, task: Runnable, why: Wakeup) {
        let local = context::with_worker(|worker| match worker {
            Some(worker) if std::ptr::eq(Arc::as_ptr(&worker.shared), self.0.as_ptr()) => {
                worker.push(task, why)
            }
            _ => Err(task),
        });
        let Err(task) = local else { return };
        // SAFETY: [alive] the runnable in our hands belongs to a task that is not complete. The
        // copy is not dropped, so the count stays right.
        let shared = ManuallyDrop::new(unsafe { Arc::from_raw(self.0.as_ptr().cast_const()) });
        // Once the task is published it may run, complete and let the last worker leave; this count
        // keeps `Shared` alive until the notification is through (T10).
        let shared = Arc::clone(&shared);
        shared.observation.tell(Lane::Outside, Event::Queues(&task));
        shared.inject(task);
    }

    fn release(&self, task: &TaskRef) -> Option<TaskRef> {
        // SAFETY: [alive] the task is registered until the next line, and the thread that completes
        // it is a worker or holds a count by another way (`shutdown_foreign`).
        let shared = unsafe { self.0.as_ref() };
        match shared.registry.remove(task) {
            Removal::NotBound => None,
            Removal::Left(owned) => Some(owned),
            Removal::LastLeft(owned) => {
                shared.everybody_left();
                Some(owned)
            }
        }
    }

    fn panic_sink(&self) -> Option<Arc<dyn PanicSink>> {
        // SAFETY: [alive] as in `release`, which comes later.
        let shared = unsafe { self.0.as_ref() };
        Some(shared.unhandled.clone())
    }
}

impl Shared {
    /// Queues a task from outside the workers.
    pub(super) fn inject(&self, task: Runnable) {
        self.injector.push(task);
        self.notify(0);
    }
}

impl Worker {
    /// Queues a task on this worker. Gives it back if the worker goes on elsewhere.
    fn push(&self, task: Runnable, why: Wakeup) -> Result<(), Runnable> {
        let core = self.core.borrow();
        let Some(core) = core.as_deref() else { return Err(task) };
        match why {
            Wakeup::Woken => self.push_woken(core, task),
            Wakeup::Yielded => {
                self.remote().metrics.local_schedules.add(1);
                self.push_yielded(core, task);
            }
        }
        Ok(())
    }

    /// Queues a task that was woken or spawned on this worker.
    pub(super) fn push_woken(&self, core: &Core, task: Runnable) {
        self.remote().metrics.local_schedules.add(1);
        self.tell(|| Event::Queues(&task));
        if self.batch.get().is_some() {
            self.push_in_batch(core, task);
        } else if self.shared.config.use_slot {
            self.push_to_slot(core, task);
        } else {
            self.push_to_tail(core, task);
        }
    }

    /// The newest task goes to the slot; whom it displaces becomes work for thieves. A push to an
    /// empty slot wakes nobody: its owner runs it next.
    fn push_to_slot(&self, core: &Core, task: Runnable) {
        if let Some(displaced) = self.remote().slot.put(task) {
            self.push_to_tail(core, displaced);
        }
    }

    /// Queues the slot's task like the others, after it had its share of polls in a row.
    pub(super) fn push_last(&self, task: Runnable) {
        match self.core.borrow().as_deref() {
            Some(core) => self.push_yielded(core, task),
            None => self.shared.inject(task),
        }
    }

    fn push_to_tail(&self, core: &Core, task: Runnable) {
        core.queue.push(task);
        if !seeded::on("schedule_no_notify") {
            self.shared.notify(self.index);
        }
    }

    /// A task that yields waits behind the others, and makes no noise if it is alone.
    fn push_yielded(&self, core: &Core, task: Runnable) {
        let alone = core.queue.is_empty();
        core.queue.push(task);
        if !alone && self.shared.idle.has_sleepers() {
            self.shared.notify(self.index);
        }
    }

    /// A turn pushes all it wakes and notifies once, in `end_batch`.
    fn push_in_batch(&self, core: &Core, task: Runnable) {
        core.queue.push(task);
        self.batch.set(self.batch.get().map(|pushed| pushed + 1));
    }

    /// From here to `end_batch`, wakes on this worker push without notifying.
    pub(super) fn begin_batch(&self) {
        self.batch.set(Some(0));
    }

    /// Notifies once if the batch made more work than this worker should do alone: if its backlog,
    /// at the mean length of its polls, takes longer than waking another worker costs. Should that
    /// be misjudged, the monitor calls help at its next look.
    pub(super) fn end_batch(&self, core: &Core) {
        let pushed = self.batch.take().unwrap_or(0);
        let backlog = core.queue.len();
        if pushed > 0 && backlog > 1 && core.outlook.is_worth_help(backlog) {
            self.shared.notify(self.index);
        }
    }
}
