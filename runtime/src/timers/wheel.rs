//! One worker's timers: a wheel behind a lock, and the tick its owner may sleep until.
//!
//! Fire, drop and reset of one timer meet under the lock of its wheel, so each timer is in exactly
//! one of two states: filed, or gone. A timer fires at most once because firing takes it out (W6);
//! it is never early because deadlines round up and the clock rounds down. Wakers are taken under
//! the lock and called after it (W10).
//!
//! | from  | call       | to    | returns                                                        |
//! |-------|------------|-------|----------------------------------------------------------------|
//! | –     | `file`     | filed | a key; the owner is unparked if it must wake earlier           |
//! | –     | `file`     | –     | `Closed`, after `close`                                        |
//! | filed | `fire_due` | gone  | its waker is woken, once the lock is released                  |
//! | filed | `renew`    | filed | `Filed`: new waker, same deadline                              |
//! | filed | `reset`    | filed | `Filed`: same waker, new deadline; the owner is unparked if it must wake earlier |
//! | filed | `remove`   | gone  | its waker, which nobody wakes any more                         |
//! | filed | `close`    | gone  | its waker is woken, once the lock is released                  |
//! | gone  | `renew`, `reset` | gone | `Fired`, or `Closed` after `close`                        |
//! | gone  | `remove`   | gone  | nothing: its waker was woken or is about to be                 |

use super::Clock;
use crate::park::Parker;
use crate::util::WakeBatch;
use sheave_facade::seeded;
use sheave_facade::sync::atomic::{AtomicU64, Ordering::*};
use sheave_facade::sync::{Arc, Mutex};
use sheave_facade::time::Instant;
use sheave_timer_wheel::{Key, Tick, Wheel};
use std::task::Waker;
use std::time::Duration;

/// In `next`: no timer is filed.
const NEVER: u64 = u64::MAX;

/// A wheel with room for more timers than this gives memory back when most of it is unused.
const SPARE_CAPACITY: usize = 1024;

/// How far apart an idle owner's wakes for timers are kept while they come thick and fast, in ticks:
/// about 200 µs. Waking a thread costs as much as firing dozens of timers.
const CROWDED: u64 = 24;

/// What became of a filed timer.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Renewal {
    /// It is filed and will wake the new waker.
    Filed,
    /// It has fired.
    Fired,
    /// Its owner has left: nobody serves this wheel any more.
    Closed,
}

/// The owner of a wheel has left: nobody would fire what is filed there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Closed;

/// See the [module documentation](self).
pub(crate) struct Timers {
    filed: Mutex<Filed>,
    /// The wheel's next deadline, in ticks. Stored under the lock; read by the owner before it
    /// sleeps, and by anyone who looks whether something is due.
    next: AtomicU64,
    /// In ticks: while timers fire in quick succession, the owner does not wake for one before this.
    /// Stored by who fires, read by the owner before it sleeps.
    not_before: AtomicU64,
    clock: Arc<Clock>,
    owner: Arc<Parker>,
}

/// What the lock guards.
struct Filed {
    wheel: Wheel<Waker>,
    is_closed: bool,
    /// When a timer last fired.
    last_fired: Tick,
    /// Timers that went since memory was last given back. That takes time for each timer there is
    /// room for, so that many must have gone first.
    gone: usize,
}

impl Filed {
    /// What it means that a key is stale.
    fn why_gone(&self) -> Renewal {
        if self.is_closed { Renewal::Closed } else { Renewal::Fired }
    }

    /// Counts a timer that went, and gives memory back after a burst.
    fn note_gone(&mut self) {
        self.gone += 1;
        let room = self.wheel.capacity();
        if room > SPARE_CAPACITY && self.gone >= room && self.wheel.len() * 4 < room {
            self.gone = 0;
            self.wheel.shrink_to_fit();
        }
    }
}

impl Timers {
    pub(crate) fn new(clock: Arc<Clock>, owner: Arc<Parker>) -> Self {
        let wheel = Wheel::new(clock.floor(clock.now()));
        let last_fired = wheel.now();
        let filed = Mutex::new(Filed { wheel, is_closed: false, last_fired, gone: 0 });
        let (next, not_before) = (AtomicU64::new(NEVER), AtomicU64::new(0));
        Self { filed, next, not_before, clock, owner }
    }

    /// The clock that this wheel follows.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether both follow the clock of one runtime.
    pub(crate) fn is_of_same_runtime(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.clock, &other.clock)
    }

    /// Files a timer for `deadline`. If the owner would sleep past it, it is unparked, unless the
    /// caller is the owner, who looks before it sleeps.
    ///
    /// # Errors
    /// If the owner has left.
    pub(crate) fn file(
        &self,
        deadline: Instant,
        waker: Waker,
        filed_by: FiledBy,
    ) -> Result<Key, Closed> {
        let tick = self.clock.ceil(deadline);
        let mut filed = self.filed.lock();
        if filed.is_closed {
            // The waker is dropped after the guard, which was declared later (W10).
            return Err(Closed);
        }
        let key = filed.wheel.insert(tick, waker);
        let is_first = self.note_deadline(tick);
        drop(filed);
        if is_first && filed_by == FiledBy::Stranger {
            self.wake_owner();
        }
        Ok(key)
    }

    /// Gives a filed timer another waker. `waker` is cloned only if it differs.
    pub(crate) fn renew(&self, key: Key, waker: &Waker) -> Renewal {
        let mut filed = self.filed.lock();
        match filed.wheel.get_mut(key) {
            Some(known) if known.will_wake(waker) => return Renewal::Filed,
            Some(_) => {}
            None => return filed.why_gone(),
        }
        drop(filed);
        // Cloning and dropping wakers is user code: both happen outside the lock (W10). In between
        // the timer may fire, and says so.
        let mut fresh = waker.clone();
        let mut filed = self.filed.lock();
        let renewal = match filed.wheel.get_mut(key) {
            Some(known) => {
                std::mem::swap(known, &mut fresh);
                Renewal::Filed
            }
            None if seeded::on("timers_renew_late") => Renewal::Filed,
            None => filed.why_gone(),
        };
        drop(filed);
        drop(fresh);
        renewal
    }

    /// Moves a filed timer to another deadline.
    pub(crate) fn reset(&self, key: Key, deadline: Instant, filed_by: FiledBy) -> Renewal {
        let tick = self.clock.ceil(deadline);
        let mut filed = self.filed.lock();
        if !filed.wheel.reset(key, tick) {
            return filed.why_gone();
        }
        let is_first = self.note_deadline(tick);
        drop(filed);
        if is_first && filed_by == FiledBy::Stranger {
            self.wake_owner();
        }
        Renewal::Filed
    }

    /// Takes a timer out. Whoever gets its waker knows that nobody wakes it, and drops it without a
    /// lock in hand. `None` if the timer is gone: then the waker was woken, or is about to be.
    #[must_use = "dropping a waker is user code: see where that happens"]
    pub(crate) fn remove(&self, key: Key) -> Option<Waker> {
        let mut filed = self.filed.lock();
        let waker = filed.wheel.remove(key)?;
        filed.note_gone();
        Some(waker)
    }

    /// The owner may sleep past the first deadline, which was just lowered: it must look again.
    fn wake_owner(&self) {
        if !seeded::on("timers_no_unpark") {
            self.owner.unpark();
        }
    }

    /// Lowers `next` to `tick`; the caller holds the lock. Returns whether it was lowered.
    fn note_deadline(&self, tick: Tick) -> bool {
        // ORDERING: Relaxed load, all stores happen under the lock that the caller holds.
        let is_first = tick.0 < self.next.load(Relaxed);
        if is_first {
            // ORDERING: Release pairs with the Acquire in `next_tick`. The owner that misses this
            // store is unparked after it, and looks again.
            self.next.store(tick.0, Release);
        }
        is_first
    }

    /// The tick of the next deadline, or an earlier one.
    pub(crate) fn next_tick(&self) -> Option<Tick> {
        // ORDERING: Acquire pairs with the stores of `next`.
        Some(self.next.load(Acquire)).filter(|next| *next != NEVER).map(Tick)
    }

    /// How long the owner may sleep from `now` on; `None` without timers. Timers that are due shortly after others
    /// have fired wait for each other, so that a crowd of them costs a few wakes and not one each.
    pub(crate) fn time_to_next(&self, now: Instant) -> Option<Duration> {
        // ORDERING: Relaxed; a stale value makes a wake earlier or later by what this is about.
        let not_before = Tick(self.not_before.load(Relaxed));
        self.next_tick().map(|next| next.max(not_before)).map(|tick| self.clock.until(tick, now))
    }

    /// As [`time_to_next`](Self::time_to_next), but timers that were removed do not count any more:
    /// for clocks that jump, where waking too early is not for free.
    pub(crate) fn time_to_first(&self) -> Option<Duration> {
        let filed = self.filed.lock();
        let first = filed.wheel.next_deadline()?;
        let first = (first.0 != NEVER).then_some(first)?;
        drop(filed);
        Some(self.clock.until(first, self.clock.now()))
    }

    /// Whether a timer is due at `now`.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.next_tick().is_some_and(|next| next <= self.clock.floor(now))
    }

    /// Fires what is due at `now`. Returns how many wakers were woken.
    pub(crate) fn fire_due(&self, now: Instant) -> usize {
        let mut fired = 0;
        if !self.is_due(now) {
            return fired;
        }
        let tick = self.clock.floor(now);
        let mut batch = WakeBatch::new();
        loop {
            self.take_due(tick, &mut batch);
            let more = !batch.has_room();
            fired += batch.len();
            batch.wake_all();
            if !more {
                return fired;
            }
        }
    }

    /// Moves wakers of due timers into the batch, as many as fit.
    fn take_due(&self, tick: Tick, batch: &mut WakeBatch) {
        let mut filed = self.filed.lock();
        let former = filed.last_fired;
        while batch.has_room() {
            match filed.wheel.pop_due(tick) {
                Some(waker) => {
                    filed.note_gone();
                    filed.last_fired = tick;
                    batch.push(waker);
                }
                None => break,
            }
        }
        if batch.len() > 0 && tick != former {
            let is_crowded = tick.0.saturating_sub(former.0) < 2 * CROWDED;
            let not_before = if is_crowded { tick.saturating_add(CROWDED).0 } else { 0 };
            // ORDERING: Relaxed, see `time_to_next`.
            self.not_before.store(not_before, Relaxed);
        }
        let next = filed.wheel.next_deadline().map_or(NEVER, |next| next.0);
        let _held = (!seeded::on("timers_next_after_unlock")).then_some(filed);
        // ORDERING: Release, as in `note_deadline`.
        self.next.store(next, Release);
    }

    /// Takes out every timer and wakes it, and refuses new ones: the owner leaves for good. Whoever
    /// is woken finds [`Renewal::Closed`].
    pub(crate) fn close(&self) {
        let mut filed = self.filed.lock();
        filed.is_closed = !seeded::on("timers_close_open");
        let wakers: Vec<_> = filed.wheel.drain().collect();
        // ORDERING: Release, as in `note_deadline`.
        self.next.store(NEVER, Release);
        drop(filed);
        let mut batch = WakeBatch::new();
        for waker in wakers {
            if !batch.has_room() {
                batch.wake_all();
            }
            batch.push(waker);
        }
        batch.wake_all();
    }
}

/// Who files a timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FiledBy {
    /// The worker that owns the wheel.
    Owner,
    /// Another thread.
    Stranger,
}

#[cfg(all(test, loom))]
mod loom;
