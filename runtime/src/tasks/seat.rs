//! A task's seat in the registry: one word that says who sits there.
//!
//! The word is the task's address; its two low bits, free by alignment, are marks.
//!
//! | from            | call        | to              | by whom                 | pairs with          |
//! |-----------------|-------------|-----------------|-------------------------|---------------------|
//! | Empty           | `take`      | Taken           | the roster's usher      | `visit`             |
//! | Taken, Leaving  | `visit`     | Taken or Leaving, by way of Visited | anyone | `take`, `vacate` |
//! | Taken, Leaving  | `vacate`    | Empty           | who completes the task  | `visit`             |
//! | Visited         | `vacate`    | waits for the visitor, who is a few instructions from the end | |
//! | Visited         | `visit`     | waits likewise  |                         |                     |
//!
//! Absent: (Taken, `take`): only the usher fills a roster, and it looks before. Leaving never goes
//! back to Taken.

use super::TaskRef;
use super::header::Header;
use sheave_facade::hint::spin_loop;
use sheave_facade::seeded;
use sheave_facade::sync::atomic::{AtomicPtr, Ordering::*};
use sheave_facade::thread::yield_now;
use std::ptr::{self, NonNull};

/// A visitor is looking: the task stays where it is.
const VISITED: usize = 1;
/// The registry has closed and waits for this task.
const LEAVING: usize = 2;

/// Looks at a busy seat before the thread gives way: its visitor may have been preempted.
const PATIENCE: u32 = 64;

/// See the [module documentation](self).
pub(super) struct Seat(AtomicPtr<Header>);

/// What a visitor leaves behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Visit {
    /// Nothing.
    Look,
    /// The task is asked to leave. Not done twice.
    UsherOut,
}

/// How a task sat when it left.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Vacated {
    Taken,
    /// Somebody counts the tasks that leave.
    Leaving,
}

impl Seat {
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Whether nobody sits here. Exact for the usher, who alone fills seats.
    pub(super) fn is_empty(&self) -> bool {
        // ORDERING: Relaxed; who sat here has been told to go by a read-modify-write, and nothing
        // of that task is touched through the seat any more.
        self.0.load(Relaxed).is_null()
    }

    /// Seats a task. The seat owns the reference. For the usher, on an empty seat.
    pub(super) fn take(&self, task: TaskRef) {
        // ORDERING: Release publishes the task to visitors; pairs with the Acquire in `visit`.
        self.0.store(task.into_raw().as_ptr(), Release);
    }

    /// Lets the task go that sits here; the reference is the caller's. Waits for a visitor.
    pub(super) fn vacate(&self) -> Vacated {
        let mut looks = 0;
        // ORDERING: Relaxed; the exchange below synchronises.
        let mut seen = self.0.load(Relaxed);
        loop {
            if seen.addr() & VISITED != 0 && !seeded::on("seat_ignores_visitors") {
                seen = self.look_again(&mut looks);
                continue;
            }
            // ORDERING: Acquire pairs with the visitor's Release in `visit`: what it did to the task
            // comes before our reference is given up, and who finds `LEAVING` sees the closed gate.
            // Release, for the next exchange on this word. Relaxed on failure: we look again.
            match self.0.compare_exchange(seen, ptr::null_mut(), AcqRel, Relaxed) {
                Ok(_) if seen.addr() & LEAVING != 0 => return Vacated::Leaving,
                Ok(_) => return Vacated::Taken,
                Err(now) => seen = now,
            }
        }
    }

    /// A reference to the task that sits here. With [`Visit::UsherOut`] the task is marked, after
    /// `count_it` was called; a task that is marked already is not visited again.
    pub(super) fn visit(&self, visit: Visit, count_it: impl FnOnce()) -> Option<TaskRef> {
        let seen = self.enter(visit)?;
        let header = NonNull::new(seen.map_addr(|addr| addr & !LEAVING))?;
        // SAFETY: the seat owns a reference, which `vacate` cannot give up while it is visited.
        let owned = std::mem::ManuallyDrop::new(unsafe { TaskRef::from_raw(header) });
        let task = TaskRef::clone(&owned);
        let left = match visit {
            Visit::Look => seen,
            Visit::UsherOut => {
                count_it();
                seen.map_addr(|addr| addr | LEAVING)
            }
        };
        // ORDERING: Release pairs with the Acquire in `vacate`: the counted reference and the count
        // of the departure come before the task leaves. Nobody else stores while it is visited.
        self.0.store(left, Release);
        Some(task)
    }

    /// Marks the seat as visited and returns the word without that mark; `None` if there is nobody
    /// to visit.
    fn enter(&self, visit: Visit) -> Option<*mut Header> {
        let mut looks = 0;
        // ORDERING: Relaxed; the exchange below synchronises.
        let mut seen = self.0.load(Relaxed);
        loop {
            if seen.is_null() || (visit == Visit::UsherOut && seen.addr() & LEAVING != 0) {
                return None;
            }
            if seen.addr() & VISITED != 0 {
                seen = self.look_again(&mut looks);
                continue;
            }
            let visited = seen.map_addr(|addr| addr | VISITED);
            // ORDERING: Acquire pairs with `take`: the task's memory is there. Release, for the
            // next exchange on this word. Relaxed on failure: we look again.
            match self.0.compare_exchange(seen, visited, AcqRel, Relaxed) {
                Ok(_) => return Some(seen),
                Err(now) => seen = now,
            }
        }
    }

    fn look_again(&self, looks: &mut u32) -> *mut Header {
        *looks += 1;
        if *looks % PATIENCE == 0 {
            yield_now()
        } else {
            spin_loop()
        }
        // ORDERING: Relaxed, as the first look.
        self.0.load(Relaxed)
    }
}
