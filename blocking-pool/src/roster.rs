//! Who works here: one seat per thread, a stack of those that wait, and the join handles.
//!
//! A seat is freed when both its creator has returned from creating the thread and the thread has
//! gone; either may be first.
//!
//! | thread    | creator | event           | then                                            |
//! |-----------|---------|-----------------|-------------------------------------------------|
//! | Expected  | any     | arrive          | Here                                            |
//! | Expected  | Present | abandon         | Abandoned; the creator settles it               |
//! | Expected  | Left    | abandon         | seat free; the caller settles it                |
//! | Abandoned | Present | creator leaves  | seat free; the creator settles it               |
//! | Exp./Here | Present | creator leaves  | handle kept in the seat                         |
//! | Here      | Present | depart          | Gone                                            |
//! | Gone      | Present | creator leaves  | seat free; the creator joins the handle         |
//! | Here      | Left    | depart          | seat free; handle passed on to the next to join |

use crate::queues::Record;
use sheave_facade::sync::{Arc, TimedCondvar};
use sheave_facade::thread::JoinHandle;

/// Index of a thread's seat.
pub(crate) type SeatId = usize;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Expected,
    Here,
    Abandoned,
    Gone,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Creator {
    Present,
    Left,
}

struct Seat {
    /// Rung by whoever claims the waiting thread. Reused by the seat's next owner.
    bell: Arc<TimedCondvar>,
    /// Set by the claimer, cleared by the thread, both under the pool's lock.
    claimed: bool,
    thread: Presence,
    creator: Creator,
    handle: Option<JoinHandle<()>>,
    /// The job that the thread runs.
    job: Option<Record>,
}

/// What a creator finds when it returns from creating a thread.
#[must_use]
pub(crate) enum Creation {
    /// The thread is there or will come.
    Succeeded,
    /// The thread has come and gone: join it outside the lock.
    Over(Option<JoinHandle<()>>),
    /// Nothing will ever run on this seat.
    Abandoned,
}

/// Who must settle the loss of a thread that never ran.
#[must_use]
pub(crate) enum Settler {
    Creator,
    Caller,
}

/// All threads of a pool.
#[derive(Default)]
pub(crate) struct Roster {
    seats: Vec<Seat>,
    free: Vec<SeatId>,
    /// Waiting, unclaimed threads; the last to sit down is the first to be claimed.
    waiting: Vec<SeatId>,
    /// The last thread that went; the next one joins it, or the shutdown does.
    departed: Option<JoinHandle<()>>,
}

impl Roster {
    pub(crate) fn reserve(&mut self) -> SeatId {
        let (thread, creator) = (Presence::Expected, Creator::Present);
        if let Some(seat) = self.free.pop() {
            let reused = &mut self.seats[seat];
            (reused.thread, reused.creator, reused.claimed) = (thread, creator, false);
            return seat;
        }
        let bell = Arc::new(TimedCondvar::new());
        self.seats.push(Seat { bell, claimed: false, thread, creator, handle: None, job: None });
        self.seats.len() - 1
    }

    pub(crate) fn arrive(&mut self, seat: SeatId) {
        self.seats[seat].thread = Presence::Here;
    }

    pub(crate) fn abandon(&mut self, seat: SeatId) -> Settler {
        match self.seats[seat].creator {
            Creator::Present => {
                self.seats[seat].thread = Presence::Abandoned;
                Settler::Creator
            }
            Creator::Left => {
                self.free.push(seat);
                Settler::Caller
            }
        }
    }

    pub(crate) fn creator_leaves(
        &mut self,
        seat: SeatId,
        handle: Option<JoinHandle<()>>,
    ) -> Creation {
        let here = &mut self.seats[seat];
        here.creator = Creator::Left;
        match here.thread {
            Presence::Expected | Presence::Here => {
                here.handle = handle;
                Creation::Succeeded
            }
            Presence::Gone => {
                self.free.push(seat);
                Creation::Over(handle)
            }
            Presence::Abandoned => {
                self.free.push(seat);
                Creation::Abandoned
            }
        }
    }

    /// The thread goes. Returns the thread that went before it, to be joined outside the lock.
    pub(crate) fn depart(&mut self, seat: SeatId) -> Option<JoinHandle<()>> {
        let here = &mut self.seats[seat];
        here.thread = Presence::Gone;
        if here.creator == Creator::Present {
            return None;
        }
        let own = here.handle.take();
        self.free.push(seat);
        // A thread made by a custom handler has no join handle: leave the earlier one in place.
        own.and_then(|own| self.departed.replace(own))
    }

    /// The thread runs a job from now on, or none.
    pub(crate) fn occupy(&mut self, seat: SeatId, job: Option<Record>) {
        self.seats[seat].job = job;
    }

    /// The jobs that run.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Record> {
        self.seats.iter().filter_map(|seat| seat.job.as_ref())
    }

    /// The last thread that went, to be joined outside the lock.
    pub(crate) fn last_departed(&mut self) -> Option<JoinHandle<()>> {
        self.departed.take()
    }

    /// The thread sits down to wait; it then waits on the bell.
    pub(crate) fn sit(&mut self, seat: SeatId) -> Arc<TimedCondvar> {
        self.waiting.push(seat);
        self.seats[seat].bell.clone()
    }

    /// Claims the thread that sat down last. The caller rings the bell after unlocking.
    pub(crate) fn claim(&mut self) -> Option<Arc<TimedCondvar>> {
        let seat = self.waiting.pop()?;
        self.seats[seat].claimed = true;
        Some(self.seats[seat].bell.clone())
    }

    /// Whether the thread was claimed; asking gives the claim up.
    pub(crate) fn answer_claim(&mut self, seat: SeatId) -> bool {
        std::mem::take(&mut self.seats[seat].claimed)
    }

    /// The thread gets up unclaimed.
    pub(crate) fn stand_up(&mut self, seat: SeatId) {
        self.waiting.retain(|&other| other != seat);
    }

    /// How many threads wait unclaimed.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
