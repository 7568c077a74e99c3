//! Where the timers live: a slab of slots, and the lists that run through it.
//!
//! A slot is *taken* (it holds a value, and its serial is that of its key) or *vacant* (no value,
//! serial 0, linked into the stack of vacant slots by `next`). Serials count the insertions of the
//! whole slab and are never given twice, so a key cannot come to mean another timer: not after its
//! slot is reused, and not after the slab has shrunk and grown again.

use crate::tick::Tick;
use std::num::NonZeroU64;

/// The end of a list.
const NIL: u32 = u32::MAX;

/// Names one timer of one wheel, also after it has fired or been removed: then the key is *stale*
/// and every method answers that there is no such timer.
///
/// A key is only meaningful to the wheel that gave it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    index: u32,
    serial: NonZeroU64,
}

#[derive(Debug)]
pub(crate) struct Slot<T> {
    /// When the timer is to fire.
    pub(crate) deadline: Tick,
    /// The tick under which the wheel has linked it: at most `deadline`, less after a lazy reset.
    pub(crate) filed: Tick,
    serial: u64,
    prev: u32,
    next: u32,
    value: Option<T>,
}

#[derive(Debug)]
pub(crate) struct Slots<T> {
    slots: Vec<Slot<T>>,
    vacant: u32,
    taken: usize,
    last_serial: u64,
}

impl<T> Slots<T> {
    pub(crate) const fn new() -> Self {
        Slots { slots: Vec::new(), vacant: NIL, taken: 0, last_serial: 0 }
    }

    /// Takes a slot for `value`. The caller links it.
    ///
    /// # Panics
    /// If 2^32 - 1 timers are held already.
    #[track_caller]
    pub(crate) fn take_slot(&mut self, deadline: Tick, value: T) -> (u32, Key) {
        // At one insertion a nanosecond this count overflows after 584 years.
        self.last_serial += 1;
        let serial = self.last_serial;
        let value = Some(value);
        let slot = Slot { deadline, filed: deadline, serial, prev: NIL, next: NIL, value };
        let index = self.vacant;
        if index == NIL {
            let index = self.slots.len() as u32;
            assert!(
                self.slots.len() < NIL as usize,
                "a wheel holds at most 4294967295 timers: spread them over several wheels"
            );
            self.slots.push(slot);
            self.taken += 1;
            return (index, Key::new(index, serial));
        }
        let place = &mut self.slots[index as usize];
        self.vacant = place.next;
        *place = slot;
        self.taken += 1;
        (index, Key::new(index, serial))
    }

    /// Gives back the slot at `index`, which is linked into no list any more.
    pub(crate) fn vacate(&mut self, index: u32) -> T {
        let slot = &mut self.slots[index as usize];
        let value = slot.value.take().expect("only a taken slot is vacated");
        slot.serial = 0;
        slot.next = self.vacant;
        self.vacant = index;
        self.taken -= 1;
        value
    }

    /// The slot that `key` names, unless the key is stale.
    pub(crate) fn find(&self, key: Key) -> Option<u32> {
        let slot = self.slots.get(key.index as usize)?;
        (slot.serial == key.serial.get()).then_some(key.index)
    }

    pub(crate) fn slot(&self, index: u32) -> &Slot<T> {
        &self.slots[index as usize]
    }

    pub(crate) fn slot_mut(&mut self, index: u32) -> &mut Slot<T> {
        &mut self.slots[index as usize]
    }

    pub(crate) fn value(&self, key: Key) -> Option<&T> {
        self.slot(self.find(key)?).value.as_ref()
    }

    pub(crate) fn value_mut(&mut self, key: Key) -> Option<&mut T> {
        let index = self.find(key)?;
        self.slot_mut(index).value.as_mut()
    }

    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    pub(crate) fn capacity(&self) -> usize {
        self.slots.capacity()
    }

    /// Hands over every value together with the memory. All keys become stale.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> + use<T> {
        let slots = std::mem::take(&mut self.slots);
        self.vacant = NIL;
        self.taken = 0;
        slots.into_iter().filter_map(|slot| slot.value)
    }

    /// Gives the vacant slots behind the last taken one back to the allocator.
    ///
    /// Afterwards the lowest vacant slot is taken first, so that a slab that is used on is
    /// filled from the front and the next call has more to give back.
    pub(crate) fn shrink_to_fit(&mut self) {
        let used = self.slots.iter().rposition(|slot| slot.serial != 0).map_or(0, |last| last + 1);
        self.slots.truncate(used);
        self.slots.shrink_to_fit();
        self.vacant = NIL;
        for (index, slot) in self.slots.iter_mut().enumerate().rev() {
            if slot.serial == 0 {
                slot.next = self.vacant;
                self.vacant = index as u32;
            }
        }
    }
}

impl Key {
    #[inline]
    fn new(index: u32, serial: u64) -> Key {
        Key { index, serial: NonZeroU64::new(serial).expect("serials begin at 1") }
    }
}

/// A queue of taken slots, linked both ways so that any of them can leave in constant time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    head: u32,
    tail: u32,
}

impl List {
    pub(crate) const EMPTY: List = List { head: NIL, tail: NIL };

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head == NIL
    }

    pub(crate) fn push_back<T>(&mut self, slots: &mut Slots<T>, index: u32) {
        let slot = slots.slot_mut(index);
        slot.prev = self.tail;
        slot.next = NIL;
        match self.tail {
            NIL => self.head = index,
            tail => slots.slot_mut(tail).next = index,
        }
        self.tail = index;
    }

    pub(crate) fn pop_front<T>(&mut self, slots: &mut Slots<T>) -> Option<u32> {
        let index = self.head;
        if index == NIL {
            return None;
        }
        self.unlink(slots, index);
        Some(index)
    }

    /// Takes `index`, which is in this list, out of it.
    pub(crate) fn unlink<T>(&mut self, slots: &mut Slots<T>, index: u32) {
        let Slot { prev, next, .. } = *slots.slot(index);
        match prev {
            NIL => self.head = next,
            prev => slots.slot_mut(prev).next = next,
        }
        match next {
            NIL => self.tail = prev,
            next => slots.slot_mut(next).prev = prev,
        }
    }

    #[cfg(test)]
    pub(crate) fn indices<T>(self, slots: &Slots<T>) -> Vec<u32> {
        let mut found = Vec::new();
        let (mut before, mut index) = (NIL, self.head);
        while index != NIL {
            assert_eq!(slots.slot(index).prev, before, "the way back is the way there");
            assert_ne!(slots.slot(index).serial, 0, "only taken slots are linked");
            found.push(index);
            (before, index) = (index, slots.slot(index).next);
        }
        assert_eq!(self.tail, before, "the tail is where the list ends");
        found
    }
}
