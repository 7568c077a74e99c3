//! One worker's timers: a wheel behind a lock, and the tick its owner may sleep until.
//!
//! Fire, drop and reset of one timer meet under the lock of its wheel, so each timer is in exactly
//! one of two states: filed, or gone. A timer fires at most once because firing takes it out (W6);
//! it is never early because deadlines round up and the clock rounds down. Wakers are taken under
//! the lock and called after it (W10).
//!
//! | from  | call            | to    | returns                                        |
//! |-------|-----------------|-------|------------------------------------------------|
//! | –     | `file`          | filed | a key; the owner is unparked if it must wake earlier |
//! | filed | `fire_due`      | gone  | its waker is woken                             |
//! | filed | `renew`         | filed | `Filed`: new waker, same deadline              |
//! | gone  | `renew`         | gone  | `Fired`                                        |
//! | filed | `remove`        | gone  | its waker is dropped, outside the lock         |
//! | gone  | `remove`        | gone  | nothing: the key is stale                      |

use super::Clock;
use crate::park::Parker;
use crate::util::WakeBatch;
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

/// What became of a filed timer.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Renewal {
    /// It is filed and will wake the new waker.
    Filed,
    /// It has fired.
    Fired,
}

/// See the [module documentation](self).
pub(crate) struct Timers {
    wheel: Mutex<Wheel<Waker>>,
    /// The wheel's next deadline, in ticks. Stored under the lock; read by the owner before it
    /// sleeps, and by anyone who looks whether something is due.
    next: AtomicU64,
    clock: Arc<Clock>,
    owner: Arc<Parker>,
}

impl Timers {
    pub(crate) fn new(clock: Arc<Clock>, owner: Arc<Parker>) -> Self {
        let wheel = Mutex::new(Wheel::new(clock.floor(clock.now())));
        Self { wheel, next: AtomicU64::new(NEVER), clock, owner }
    }

    /// The clock that this wheel follows.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Files a timer for `deadline`. If the owner would sleep past it, it is unparked, unless the
    /// caller is the owner, who looks before it sleeps.
    pub(crate) fn file(&self, deadline: Instant, waker: Waker, filed_by: FiledBy) -> Key {
        let tick = self.clock.ceil(deadline);
        let mut wheel = self.wheel.lock();
        let key = wheel.insert(tick, waker);
        let is_first = self.note_deadline(tick);
        drop(wheel);
        if is_first && filed_by == FiledBy::Stranger {
            self.owner.unpark();
        }
        key
    }

    /// Gives a filed timer another waker. `waker` is cloned only if it differs.
    pub(crate) fn renew(&self, key: Key, waker: &Waker) -> Renewal {
        let mut wheel = self.wheel.lock();
        let Some(filed) = wheel.get_mut(key) else { return Renewal::Fired };
        if filed.will_wake(waker) {
            return Renewal::Filed;
        }
        drop(wheel);
        // Cloning and dropping wakers is user code: both happen outside the lock (W10). In between
        // the timer may fire, and says so.
        let mut fresh = waker.clone();
        let mut wheel = self.wheel.lock();
        let renewal = match wheel.get_mut(key) {
            Some(filed) => {
                std::mem::swap(filed, &mut fresh);
                Renewal::Filed
            }
            None => Renewal::Fired,
        };
        drop(wheel);
        drop(fresh);
        renewal
    }

    /// Moves a filed timer to another deadline.
    pub(crate) fn reset(&self, key: Key, deadline: Instant, filed_by: FiledBy) -> Renewal {
        let tick = self.clock.ceil(deadline);
        let mut wheel = self.wheel.lock();
        if !wheel.reset(key, tick) {
            return Renewal::Fired;
        }
        let is_first = self.note_deadline(tick);
        drop(wheel);
        if is_first && filed_by == FiledBy::Stranger {
            self.owner.unpark();
        }
        Renewal::Filed
    }

    /// Takes a timer out. Does nothing if it has fired.
    pub(crate) fn remove(&self, key: Key) {
        let waker = self.wheel.lock().remove(key);
        drop(waker);
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

    /// How long the owner may sleep; `None` without timers.
    pub(crate) fn time_to_next(&self) -> Option<Duration> {
        self.next_tick().map(|tick| self.clock.until(tick, self.clock.now()))
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
        let mut wheel = self.wheel.lock();
        while batch.has_room() {
            match wheel.pop_due(tick) {
                Some(waker) => batch.push(waker),
                None => break,
            }
        }
        let next = wheel.next_deadline().map_or(NEVER, |next| next.0);
        // ORDERING: Release, as in `note_deadline`.
        self.next.store(next, Release);
        if wheel.capacity() > SPARE_CAPACITY && wheel.len() * 4 < wheel.capacity() {
            wheel.shrink_to_fit();
        }
    }

    /// Takes out every timer and wakes it: the runtime shuts down.
    pub(crate) fn close(&self) {
        let wakers: Vec<_> = self.wheel.lock().drain().collect();
        wakers.into_iter().for_each(Waker::wake);
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
