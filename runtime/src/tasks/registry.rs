//! All tasks that have not completed, for shutdown and for dumps.
//!
//! One list per shard, a task's shard being the worker that spawned it, so that a shard's lock is
//! contended only by completions elsewhere. A shard is a ring that runs through the tasks themselves:
//! binding allocates nothing. The ring owns one reference to each of its tasks.
//!
//! | call        | on a shard that is | does                                                  |
//! |-------------|--------------------|-------------------------------------------------------|
//! | `bind`      | open               | links the task, owns the reference                    |
//! | `bind`      | closed             | gives the reference back                              |
//! | `remove`    | either             | unlinks, gives the reference back, if it is linked    |
//! | `close`     | either             | closes; later `bind`s fail, linked tasks stay linked  |
//! | `abort_all` | either             | aborts all that were linked when it began             |

use super::TaskRef;
use super::header::{Header, Raw};
use crossbeam_utils::CachePadded;
use sheave_facade::cell::UnsafeCell;
use sheave_facade::seeded;
use sheave_facade::sync::Mutex;
use std::fmt;
use std::ptr::NonNull;

/// How many tasks are aborted between two holds of a shard's lock.
const BATCH: usize = 32;

/// All tasks that are bound and have not completed.
pub(crate) struct Registry {
    shards: Box<[CachePadded<Mutex<Ring>>]>,
}

/// A task's place in its shard's ring (T5).
#[derive(Debug)]
pub(super) struct Links {
    place: UnsafeCell<Place>,
}

/// Two words: there is no end to mark, so null says `Unlinked`.
#[derive(Clone, Copy, Debug)]
enum Place {
    Unlinked,
    Linked { previous: NonNull<Header>, next: NonNull<Header> },
}

impl Links {
    pub(super) fn new() -> Self {
        Self { place: UnsafeCell::new(Place::Unlinked) }
    }

    fn get(&self, _proof: &Ring) -> Place {
        // SAFETY: `&Ring` is under the shard's lock (T5), and no reference into the cell remains.
        self.place.with(|place| unsafe { *place })
    }

    fn set(&self, _proof: &mut Ring, to: Place) {
        // SAFETY: `&mut Ring` is under the shard's lock (T5), and no reference into it remains.
        self.place.with_mut(|place| unsafe { *place = to });
    }
}

/// A ring of tasks, each with one counted reference that the ring owns.
struct Ring {
    /// The oldest task, or where the last [`rotate`](Ring::rotate) left off.
    head: Option<NonNull<Header>>,
    len: usize,
    gate: Gate,
}

enum Gate {
    Open,
    Closed,
}

// SAFETY: the pointers are references that the ring owns, and a `TaskRef` is `Send`.
unsafe impl Send for Ring {}

impl Registry {
    /// An open registry.
    ///
    /// # Panics
    /// If `shards` is zero.
    pub(crate) fn new(shards: usize) -> Self {
        assert!(shards > 0, "a registry needs at least one shard");
        let shard = |_| CachePadded::new(Mutex::new(Ring::new()));
        Self { shards: (0..shards).map(shard).collect() }
    }

    /// Adds a task that was made for `shard`.
    ///
    /// # Errors
    /// The task itself, if the registry is closed.
    pub(crate) fn bind(&self, shard: u32, task: TaskRef) -> Result<(), TaskRef> {
        debug_assert_eq!(shard, task.shard(), "a task is bound to the shard it was made for");
        let mut ring = self.shard(&task).lock();
        match ring.gate {
            Gate::Closed if !seeded::on("registry_open_gate") => Err(task),
            Gate::Closed | Gate::Open => {
                ring.push(task);
                Ok(())
            }
        }
    }

    /// Removes a task and returns the registry's reference; `None` if it is not in here.
    pub(crate) fn remove(&self, task: &TaskRef) -> Option<TaskRef> {
        self.shard(task).lock().remove(task.raw())
    }

    /// Closes the gate: after this call has returned, every [`bind`](Self::bind) fails. A `bind`
    /// that came before is seen by a later [`abort_all`](Self::abort_all).
    pub(crate) fn close(&self) {
        for shard in &self.shards {
            shard.lock().gate = Gate::Closed;
        }
    }

    /// Aborts all tasks that are in `shard` at the time of the call.
    pub(crate) fn abort_all(&self, shard: usize) {
        let shard = &self.shards[shard];
        let mut left = shard.lock().len;
        let mut batch = Vec::with_capacity(left.min(BATCH));
        while left > 0 {
            let wanted = left.min(BATCH);
            {
                let mut ring = shard.lock();
                // Whatever completes or is bound meanwhile, the tasks that were there at first pass
                // the head within `left` turns: new ones are linked behind them.
                batch.extend((0..wanted).map_while(|_| ring.rotate()));
            }
            left = if batch.len() < wanted { 0 } else { left - wanted };
            // Outside the lock (W10): an abort schedules, and a reference may be the last one.
            for task in batch.drain(..) {
                task.abort();
            }
        }
    }

    /// How many shards there are.
    pub(crate) fn shards(&self) -> usize {
        self.shards.len()
    }

    /// How many tasks there are, shard after shard.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len).sum()
    }

    /// Whether there is no task, shard after shard.
    pub(crate) fn is_empty(&self) -> bool {
        self.shards.iter().all(|shard| shard.lock().len == 0)
    }

    /// Shows each task to `look`, outside the lock. A task that completes meanwhile is shown all
    /// the same.
    pub(crate) fn for_each(&self, mut look: impl FnMut(&TaskRef)) {
        for shard in &self.shards {
            let tasks: Vec<TaskRef> = {
                let mut ring = shard.lock();
                // A full turn: the head ends where it was.
                (0..ring.len).map_while(|_| ring.rotate()).collect()
            };
            tasks.iter().for_each(&mut look);
        }
    }

    fn shard(&self, task: &TaskRef) -> &Mutex<Ring> {
        &self.shards[task.shard() as usize]
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for shard in &self.shards {
            // The guard ends with the condition, so that no reference is dropped under the lock.
            while let Some(task) = { shard.lock().pop() } {
                drop(task);
            }
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("shards", &self.shards.len()).finish_non_exhaustive()
    }
}

impl Ring {
    const fn new() -> Self {
        Self { head: None, len: 0, gate: Gate::Open }
    }

    /// The task behind a pointer that this ring holds.
    fn task(&self, header: NonNull<Header>) -> Raw {
        // SAFETY: the ring owns a reference to each task that it points to.
        unsafe { Raw::new(header) }
    }

    fn neighbours(&self, task: Raw) -> Option<(Raw, Raw)> {
        match task.trailer().links.get(self) {
            Place::Linked { previous, next } => Some((self.task(previous), self.task(next))),
            Place::Unlinked => None,
        }
    }

    /// Adds a task behind all others, which is before the head.
    fn push(&mut self, task: TaskRef) {
        let this = task.raw();
        let head = *self.head.get_or_insert(task.into_raw());
        let head = self.task(head);
        let tail = self.neighbours(head).map_or(this, |(tail, _)| tail);
        self.link(tail, this);
        self.link(this, head);
        self.len += 1;
    }

    /// Unlinks; the reference that the ring owned is the caller's.
    fn remove(&mut self, task: Raw) -> Option<TaskRef> {
        let (previous, next) = self.neighbours(task)?;
        self.link(previous, next);
        task.trailer().links.set(self, Place::Unlinked);
        self.len -= 1;
        if self.head == Some(task.as_ptr()) {
            self.head = (self.len > 0).then(|| next.as_ptr());
        }
        // SAFETY: the reference that `push` took in, given out once because the task was linked.
        Some(unsafe { TaskRef::from_raw(task.as_ptr()) })
    }

    fn pop(&mut self) -> Option<TaskRef> {
        let head = self.task(self.head?);
        self.remove(head)
    }

    /// Turns the ring by one and returns a reference to the task that was at the head.
    fn rotate(&mut self) -> Option<TaskRef> {
        let head = self.task(self.head?);
        let (_, next) = self.neighbours(head)?;
        self.head = Some(next.as_ptr());
        if !seeded::on("registry_ref_uncounted") {
            head.state().ref_inc();
        }
        // SAFETY: counted just now.
        Some(unsafe { TaskRef::from_raw(head.as_ptr()) })
    }

    /// Makes `next` follow `previous`, in both directions.
    fn link(&mut self, previous: Raw, next: Raw) {
        let (before, after) = (previous.as_ptr(), next.as_ptr());
        let outer = match previous.trailer().links.get(self) {
            Place::Linked { previous, .. } => previous,
            Place::Unlinked => before,
        };
        let place = Place::Linked { previous: outer, next: after };
        previous.trailer().links.set(self, place);
        let outer = match next.trailer().links.get(self) {
            Place::Linked { next, .. } => next,
            Place::Unlinked => after,
        };
        next.trailer().links.set(self, Place::Linked { previous: before, next: outer });
    }
}

#[cfg(all(test, loom))]
mod loom;
