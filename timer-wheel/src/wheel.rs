//! The wheel: files timers under their deadlines and hands them out when those have come.
//!
//! A timer is in exactly one list: in `due` if the tick under which it is filed has come
//! (`filed <= now`), else in the bucket [`Place::of`] computes from `now` and `filed`. It leaves
//! the lists by firing or by being removed; a *turn* moves the present to the next bucket and
//! re-files what is in it, one level or more further down.

use crate::level::{LEVELS, Level, Place};
use crate::slots::{Key, List, Slots};
use crate::tick::Tick;
use std::fmt;
use std::ops::ControlFlow;

#[cfg(test)]
mod tests;

/// A set of timers, each a value of type `T` under a deadline.
///
/// See the [crate documentation](crate) for what is promised and what it costs.
pub struct Wheel<T> {
    now: Tick,
    due: List,
    /// Bit `n` is set if and only if level `n` is not empty.
    occupied: u16,
    levels: Box<[Level; LEVELS]>,
    slots: Slots<T>,
}

impl<T> Wheel<T> {
    /// An empty wheel whose present is `now`.
    ///
    /// Allocates the 11 KiB of its buckets; the first timer allocates memory for timers.
    #[must_use]
    pub fn new(now: Tick) -> Self {
        Wheel {
            now,
            due: List::EMPTY,
            occupied: 0,
            levels: Box::new([const { Level::EMPTY }; LEVELS]),
            slots: Slots::new(),
        }
    }

    /// Adds a timer. One whose deadline is not after [`now`](Self::now) fires at the next
    /// [`advance`](Self::advance).
    ///
    /// Constant time, except when the memory for timers has to grow.
    ///
    /// # Panics
    /// If the wheel holds 2<sup>32</sup> - 1 timers already.
    #[track_caller]
    pub fn insert(&mut self, deadline: Tick, value: T) -> Key {
        let (index, key) = self.slots.take_slot(deadline, value);
        self.file(index);
        key
    }

    /// Takes a timer out before it fires, in constant time. `None` if it has fired or been removed.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let index = self.slots.find(key)?;
        self.unlink(index);
        Some(self.slots.vacate(index))
    }

    /// Moves a timer to another deadline, in constant time. `false` if it has fired or been
    /// removed.
    ///
    /// A move to a later deadline writes one word: the timer stays where it is filed and is filed
    /// anew when that tick comes, so that moving it a thousand times in between costs one re-filing.
    /// Until then [`next_deadline`](Self::next_deadline) may still answer the old deadline.
    #[must_use = "a timer that has fired is not armed again by a reset: insert it anew"]
    pub fn reset(&mut self, key: Key, deadline: Tick) -> bool {
        let Some(index) = self.slots.find(key) else { return false };
        let slot = self.slots.slot_mut(index);
        slot.deadline = deadline;
        if deadline < slot.filed {
            self.unlink(index);
            self.file(index);
        }
        true
    }

    /// The deadline of a timer, as last set. `None` if it has fired or been removed.
    #[must_use]
    pub fn deadline(&self, key: Key) -> Option<Tick> {
        Some(self.slots.slot(self.slots.find(key)?).deadline)
    }

    /// The value of a timer. `None` if it has fired or been removed.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&T> {
        self.slots.value(key)
    }

    /// The value of a timer, to be changed. `None` if it has fired or been removed.
    #[must_use]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.slots.value_mut(key)
    }

    /// The present: the tick up to which timers have been handed out.
    ///
    /// It never goes back. After an `advance` that was broken off it lags behind the tick that was
    /// asked for, so as not to pass timers that are still held.
    #[must_use]
    pub fn now(&self) -> Tick {
        self.now
    }

    /// The tick at which `advance` has to be called next. `None` if there is no timer.
    ///
    /// Never later than the earliest deadline, and never before [`now`](Self::now), which it is if
    /// a timer is due already. It is the earliest deadline itself, except after a removal, or a
    /// reset to later, of what was then the earliest timer of its bucket; an advance to the tick
    /// that was answered then gets closer. Constant time: two bit scans and a load.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Tick> {
        if !self.due.is_empty() {
            return Some(self.now);
        }
        let place = self.first_occupied()?;
        Some(self.levels[place.level].bucket(place.bucket).earliest)
    }

    /// Moves the present to `now` and calls `fire` with each value whose deadline has come, in the
    /// order of deadlines, until `fire` breaks off.
    ///
    /// `Continue` says that nothing with a deadline up to `now` is left. `Break` says that there
    /// may be more: the next call goes on where this one stopped, and nothing is lost, doubled or
    /// early, whatever was inserted, reset or removed in between. A `now` before the present counts
    /// as the present. A timer is out of the wheel when `fire` sees its value; if `fire` panics,
    /// that value is the only one gone.
    ///
    /// Takes time for the timers that fire and those in the buckets that are passed, never for the
    /// ticks in between: a jump over years costs the same as one over microseconds.
    pub fn advance<B>(
        &mut self,
        now: Tick,
        mut fire: impl FnMut(T) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        while let Some(value) = self.pop_due(now) {
            fire(value)?;
        }
        ControlFlow::Continue(())
    }

    /// Takes out the next value whose deadline has come by `now`: [`advance`](Self::advance), one
    /// timer at a time. `None` says that the present is `now` and nothing is due.
    pub fn pop_due(&mut self, now: Tick) -> Option<T> {
        loop {
            while let Some(index) = self.due.pop_front(&mut self.slots) {
                if self.slots.slot(index).deadline <= self.now {
                    return Some(self.slots.vacate(index));
                }
                // It was reset to later while it was filed here.
                self.file(index);
            }
            if !self.turn(now) {
                return None;
            }
        }
    }

    /// The number of timers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.taken()
    }

    /// Whether there is no timer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Empties the wheel and hands over all values, in no particular order.
    ///
    /// The wheel is empty, its keys stale and its memory for timers given away when this returns:
    /// the iterator borrows nothing, so that a lock round the wheel can be released before the
    /// values are looked at or dropped.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + use<T> {
        self.due = List::EMPTY;
        while let Some(place) = self.first_occupied() {
            self.take(place);
        }
        self.slots.drain()
    }

    /// For how many timers there is memory.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slots.capacity()
    }

    /// Gives back the memory behind the last timer, as after a burst.
    ///
    /// Nothing moves, since keys hold positions: a timer near the end keeps what is in front of it.
    /// The vacant positions in front are filled first from here on, and a later call gives back
    /// more. Takes time for every timer there is memory for.
    pub fn shrink_to_fit(&mut self) {
        self.slots.shrink_to_fit();
    }

    /// Links a timer where its deadline belongs. Due timers queue up in the order of filing.
    fn file(&mut self, index: u32) {
        let slot = self.slots.slot_mut(index);
        let filed = slot.deadline;
        slot.filed = filed;
        if filed <= self.now {
            return self.due.push_back(&mut self.slots, index);
        }
        let Place { level, bucket } = Place::of(self.now, filed);
        self.occupied |= 1 << level;
        self.levels[level].push(&mut self.slots, bucket, index, filed);
    }

    /// Takes a timer out of the list it is in.
    fn unlink(&mut self, index: u32) {
        let filed = self.slots.slot(index).filed;
        if filed <= self.now {
            return self.due.unlink(&mut self.slots, index);
        }
        let place = Place::of(self.now, filed);
        self.levels[place.level].unlink(&mut self.slots, place.bucket, index);
        self.note_if_empty(place.level);
    }

    /// Moves the present towards `now`: to the next bucket, if that has begun by then, or else all
    /// the way. `true` if there was a bucket, whose timers are now due or filed further down.
    ///
    /// `due` is empty before.
    fn turn(&mut self, now: Tick) -> bool {
        let begun = self.first_occupied().filter(|place| place.start(self.now) <= now);
        let Some(place) = begun else {
            self.now = self.now.max(now);
            return false;
        };
        let mut bucket = self.take(place);
        // Nothing is filed between the present and the earliest timer of the first bucket, so the
        // present can skip to it, and that timer skips the levels in between.
        self.now = bucket.earliest.min(now);
        if place.level == 0 {
            // A bucket of level 0 is one tick wide: all of it is due.
            self.due = bucket.list;
            return true;
        }
        while let Some(index) = bucket.list.pop_front(&mut self.slots) {
            self.file(index);
        }
        true
    }

    /// The bucket that begins before all others.
    fn first_occupied(&self) -> Option<Place> {
        if self.occupied == 0 {
            return None;
        }
        let level = self.occupied.trailing_zeros() as usize;
        Some(Place { level, bucket: self.levels[level].first() })
    }

    fn take(&mut self, place: Place) -> crate::level::Bucket {
        let bucket = self.levels[place.level].take(place.bucket);
        self.note_if_empty(place.level);
        bucket
    }

    fn note_if_empty(&mut self, level: usize) {
        if self.levels[level].is_empty() {
            self.occupied &= !(1 << level);
        }
    }
}

impl<T> fmt::Debug for Wheel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel")
            .field("now", &self.now)
            .field("len", &self.len())
            .field("next_deadline", &self.next_deadline())
            .finish_non_exhaustive()
    }
}
