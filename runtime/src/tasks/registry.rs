//! All tasks that have not completed, for shutdown and for dumps.
//!
//! Each worker has a *roster* of its own, and a few serve threads that are no workers. A roster is
//! rows of seats, one word each. Its *usher* fills it, one thread at a time, and needs no
//! read-modify-write for that: it walks along the row to the next empty seat. Completing a task
//! empties its seat by one exchange, from whatever thread. A seat owns a reference to its task.
//!
//! Rows are never moved or freed before the registry, so a task keeps a pointer to its seat. A row
//! that is found to be more than half full once around is left for one twice as long, so that a walk
//! is short on average.
//!
//! | call           | on a registry that is | does                                                    |
//! |----------------|-----------------------|---------------------------------------------------------|
//! | `bind`, `bind_outside` | open          | seats the task                                          |
//! | `bind`         | closed meanwhile      | seats the task, marks it unless that was done, and aborts it |
//! | `bind`, `bind_outside` | closed        | gives the reference back                                |
//! | `close`        | either                | closes it; tasks that sit there stay                    |
//! | `usher_out`    | closed                | counts and marks the tasks of one roster; once for each |
//! | `abort_all`    | closed                | aborts the tasks of one roster                          |
//! | `remove`       | either                | empties the seat; if it was marked, counts one departure |
//!
//! **No task slips through.** A worker seats a task and then looks whether the registry has closed;
//! who closes it marks it as closed and then looks at the seats; a `fence(SeqCst)` stands between the
//! two on either side. One of them sees the other, and marking is done once. Who seats a task too late
//! aborts it in any case: the round of `abort_all` may be over by then. A thread that is no worker
//! looks under its usher's lock, which `usher_out` passes through before it looks at the seats.
//!
//! **When is everybody gone?** `departures` starts at the number of rosters. `usher_out` adds one for
//! each task it marks, and takes its roster's own one away at the end; a marked task takes one away
//! when it leaves. So it is 0 when every roster has been ushered out and every task has left. A worker
//! that binds late does so inside a task, which sits there itself until it has left, or after that (in
//! the drop of its output, a waker, a hook), and then it looks again before it leaves. So the number may
//! come to 0 more than once, but never for the last time before everybody is gone.

use super::TaskRef;
use super::seat::{Seat, Vacated, Visit};
use crossbeam_utils::CachePadded;
use sheave_facade::seeded;
use sheave_facade::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*, fence};
use sheave_facade::sync::{Mutex, OnceLock};
use std::cell::Cell;
use std::fmt;
use std::ptr::NonNull;

/// Rows of a roster, each twice as long as the one before, and the seats of the first.
#[cfg(not(loom))]
mod sizes {
    pub(super) const ROWS: usize = 32;
    pub(super) const FIRST_ROW: usize = 64;
}

/// Few and short rows, so that a model reaches the second.
#[cfg(loom)]
mod sizes {
    pub(super) const ROWS: usize = 2;
    pub(super) const FIRST_ROW: usize = 2;
}

use sizes::{FIRST_ROW, ROWS};

/// All tasks that are bound and have not completed.
pub(crate) struct Registry {
    rosters: Box<[CachePadded<Roster>]>,
    /// The ushers of the last rosters, for threads that are no workers.
    outside: Box<[CachePadded<Mutex<Usher>>]>,
    is_closed: AtomicBool,
    /// Rosters that have not been ushered out, and tasks that were marked and have not left.
    departures: AtomicUsize,
}

struct Roster {
    rows: [OnceLock<Box<[Seat]>>; ROWS],
}

/// The right to fill one roster. Moves between threads, with its worker.
pub(crate) struct Usher {
    roster: usize,
    row: Cell<usize>,
    next: Cell<usize>,
    /// Empty seats found since the beginning of the row.
    found: Cell<usize>,
    /// Tasks that other threads had seated.
    from_outside: Cell<u64>,
}

/// What became of a task's place.
pub(crate) enum Removal {
    /// It had none.
    NotBound,
    /// It is given up; the reference was the registry's.
    Left(TaskRef),
    /// As `Left`, and everybody is gone now.
    LastLeft(TaskRef),
}

/// Whether a closed registry waits for anybody.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Remaining {
    Some,
    Nobody,
}

impl Registry {
    /// An open registry with rosters for `workers`, whose ushers are returned, and `outside` more for
    /// other threads.
    ///
    /// # Panics
    /// If `outside` is zero.
    pub(crate) fn new(workers: usize, outside: usize) -> (Self, Vec<Usher>) {
        assert!(outside > 0, "somebody must register what other threads spawn");
        let rosters = workers + outside;
        let usher = |roster| CachePadded::new(Mutex::new(Usher::new(roster)));
        let registry = Self {
            rosters: (0..rosters).map(|_| CachePadded::new(Roster::new())).collect(),
            outside: (workers..rosters).map(usher).collect(),
            is_closed: AtomicBool::new(false),
            departures: AtomicUsize::new(rosters),
        };
        (registry, (0..workers).map(Usher::new).collect())
    }

    /// Adds a task that nobody else knows yet. For the worker that has the usher.
    ///
    /// # Errors
    /// The task itself, if the registry is closed.
    pub(crate) fn bind(&self, usher: &Usher, task: TaskRef) -> Result<(), TaskRef> {
        if self.is_closed() {
            return Err(task);
        }
        let seat = self.seat(usher, task);
        if !seeded::on("registry_no_fence") {
            // ORDERING: the seat before this fence, or the mark of `close` after it: one of them is
            // seen. Partner: the fence in `close`.
            fence(SeqCst);
        }
        if self.is_closed() {
            self.end_late(seat);
        }
        Ok(())
    }

    /// Adds a task that nobody else knows yet. For threads that are no workers; `spread` chooses
    /// between their rosters.
    ///
    /// # Errors
    /// The task itself, if the registry is closed.
    pub(crate) fn bind_outside(&self, spread: usize, task: TaskRef) -> Result<(), TaskRef> {
        let usher = self.outside[spread % self.outside.len()].lock();
        if self.is_closed() && !seeded::on("registry_open_gate") {
            return Err(task);
        }
        self.seat(&usher, task);
        usher.from_outside.set(usher.from_outside.get() + 1);
        Ok(())
    }

    /// How many tasks `bind_outside` has added.
    pub(crate) fn bound_outside(&self) -> u64 {
        self.outside.iter().map(|usher| usher.lock().from_outside.get()).sum()
    }

    fn seat(&self, usher: &Usher, task: TaskRef) -> &Seat {
        let seat = self.rosters[usher.roster].next_empty(usher);
        let place = Some(NonNull::from(seat));
        // SAFETY: T5, the task is not shared yet, and nobody reads its place before it is.
        task.raw().trailer().seat.with_mut(|to| unsafe { *to = place });
        seat.take(task);
        seat
    }

    fn is_closed(&self) -> bool {
        // ORDERING: Relaxed; the fences of `bind` and `close`, or the usher's lock, decide who sees
        // whom. An early look may be out of date.
        self.is_closed.load(Relaxed)
    }

    /// Removes a task that has completed.
    pub(crate) fn remove(&self, task: &TaskRef) -> Removal {
        // SAFETY: T5, written before the task was shared and never again.
        let place = task.raw().trailer().seat.with(|place| unsafe { *place });
        let Some(seat) = place else { return Removal::NotBound };
        // SAFETY: rows live as long as the registry, which its caller borrows.
        let vacated = unsafe { seat.as_ref() }.vacate();
        // SAFETY: the reference that the seat owned; a task is removed once, by who completes it.
        let owned = unsafe { TaskRef::from_raw(task.raw().as_ptr()) };
        match vacated {
            Vacated::Leaving if self.depart() == Remaining::Nobody => Removal::LastLeft(owned),
            Vacated::Leaving | Vacated::Taken => Removal::Left(owned),
        }
    }

    /// Closes the gate. To be followed by [`usher_out`](Self::usher_out), once for each roster.
    pub(crate) fn close(&self) {
        // ORDERING: Relaxed store, and the fence below.
        self.is_closed.store(true, Relaxed);
        // ORDERING: the closer's side; partner: the fence in `bind`.
        fence(SeqCst);
    }

    /// How many rosters there are.
    pub(crate) fn rosters(&self) -> usize {
        self.rosters.len()
    }

    /// Counts every task of a roster as one that must leave, once the registry has closed. Once for
    /// each roster.
    pub(crate) fn usher_out(&self, roster: usize) -> Remaining {
        self.settled_seats(roster).for_each(|seat| drop(self.count_out(seat)));
        self.depart()
    }

    /// Aborts every task of a roster, once the registry has closed.
    pub(crate) fn abort_all(&self, roster: usize) {
        self.settled_seats(roster).for_each(abort);
    }

    /// The seats of a roster, after those have sat down who found the gate open under its lock.
    fn settled_seats(&self, roster: usize) -> impl Iterator<Item = &Seat> {
        let workers = self.rosters.len() - self.outside.len();
        if let Some(usher) = roster.checked_sub(workers) {
            drop(self.outside[usher].lock());
        }
        self.rosters[roster].seats()
    }

    /// Counts and marks the task on a seat, unless that was done before. Returns it if it was not.
    fn count_out(&self, seat: &Seat) -> Option<TaskRef> {
        // ORDERING: Relaxed; published by the mark that follows, see `Seat::visit`.
        seat.visit(Visit::UsherOut, || {
            self.departures.fetch_add(1, Relaxed);
        })
    }

    /// Ends a task that has sat down as the registry closed, whether or not it was counted meanwhile.
    fn end_late(&self, seat: &Seat) {
        match self.count_out(seat) {
            Some(task) => task.abort(),
            None if seeded::on("registry_late_task_stays") => {}
            None => abort(seat),
        }
    }

    /// One less to wait for.
    fn depart(&self) -> Remaining {
        // ORDERING: AcqRel; whoever takes the last one away has seen every other departure, and what
        // those threads did before it.
        if self.departures.fetch_sub(1, AcqRel) == 1 { Remaining::Nobody } else { Remaining::Some }
    }

    /// Whether every roster has been ushered out and every task has left.
    pub(crate) fn remaining(&self) -> Remaining {
        // ORDERING: Acquire pairs with `depart`: what the departed did has happened.
        if self.departures.load(Acquire) == 0 { Remaining::Nobody } else { Remaining::Some }
    }

    /// How many tasks there are, by a look at every seat.
    pub(crate) fn len(&self) -> usize {
        self.seats().filter(|seat| !seat.is_empty()).count()
    }

    /// Shows each task to `look`. A task that completes meanwhile may be shown all the same.
    pub(crate) fn for_each(&self, look: impl FnMut(TaskRef)) {
        self.seats().filter_map(|seat| seat.visit(Visit::Look, || ())).for_each(look);
    }

    fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.rosters.iter().flat_map(|roster| roster.seats())
    }
}

/// Aborts the task on a seat, if there is one.
fn abort(seat: &Seat) {
    if let Some(task) = seat.visit(Visit::Look, || ()) {
        task.abort();
    }
}

impl Roster {
    fn new() -> Self {
        Self { rows: std::array::from_fn(|_| OnceLock::new()) }
    }

    fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.rows.iter().map_while(OnceLock::get).flat_map(|row| row.iter())
    }

    /// A row, added if it is not there. For the usher.
    fn row(&self, row: usize) -> &[Seat] {
        let place = &self.rows[row];
        if place.get().is_none() {
            let seats = (0..FIRST_ROW << row).map(|_| Seat::new()).collect();
            assert!(place.set(seats).is_ok(), "one thread at a time has the usher");
        }
        place.get().expect("set above")
    }

    /// Walks to the next empty seat.
    fn next_empty(&self, usher: &Usher) -> &Seat {
        loop {
            let row = self.row(usher.row.get());
            while let Some(seat) = row.get(usher.next.get()) {
                usher.next.set(usher.next.get() + 1);
                if seat.is_empty() {
                    usher.found.set(usher.found.get() + 1);
                    return seat;
                }
            }
            let is_crowded = 2 * usher.found.get() < row.len();
            usher.walk_on(usher.row.get() + usize::from(is_crowded && usher.row.get() + 1 < ROWS));
        }
    }
}

impl Usher {
    fn new(roster: usize) -> Self {
        let (row, next, found) = (Cell::new(0), Cell::new(0), Cell::new(0));
        Self { roster, row, next, found, from_outside: Cell::new(0) }
    }

    fn walk_on(&self, row: usize) {
        self.row.set(row);
        self.next.set(0);
        self.found.set(0);
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        // Only what never was ushered out can still sit here. Its seat is looked up from the task, so
        // that the reference is given up once.
        self.for_each(|task| drop(self.remove(&task)));
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("rosters", &self.rosters.len()).finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom;
