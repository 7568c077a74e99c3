//! Cases at the boundaries, and the structural invariants that every test checks.

use super::*;
use std::collections::BTreeSet;

mod oracle;

impl<T> Wheel<T> {
    /// Fails unless every structural invariant holds.
    fn check(&self) {
        let mut linked = 0;
        for index in self.due.indices(&self.slots) {
            assert!(self.slots.slot(index).filed <= self.now, "only what has come is due");
            linked += 1;
        }
        for (level, buckets) in self.levels.iter().enumerate() {
            assert_eq!(self.occupied >> level & 1 == 0, buckets.is_empty(), "level bit {level}");
            for bucket in 0..64 {
                let timers = buckets.bucket(bucket);
                let indices = timers.list.indices(&self.slots);
                assert_eq!(buckets.is_occupied(bucket), !indices.is_empty(), "bit {bucket}");
                linked += indices.len();
                for slot in indices.into_iter().map(|index| self.slots.slot(index)) {
                    assert!(slot.filed > self.now, "what has come is due");
                    assert_eq!(Place::of(self.now, slot.filed), Place { level, bucket });
                    assert!(timers.earliest <= slot.filed && slot.filed <= slot.deadline);
                }
            }
        }
        assert_eq!(linked, self.len(), "every timer is in one list");
    }

    fn take_due(&mut self, now: u64, limit: usize) -> Vec<T> {
        let mut fired = Vec::new();
        let flow = self.advance(Tick(now), |value| {
            fired.push(value);
            if fired.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert_eq!(flow.is_break(), fired.len() == limit, "it breaks off when told, and only then");
        fired
    }

    fn take_all_due(&mut self, now: u64) -> Vec<T> {
        self.take_due(now, usize::MAX)
    }
}

/// Ticks next to every power of 64, from which or to which levels change.
fn boundaries() -> impl Iterator<Item = u64> {
    let powers = (0..11).map(|level| 1u64 << (level * 6));
    powers.flat_map(|power| [power - 1, power, power.saturating_add(1), power * 15])
}

#[test]
fn fires_on_the_tick_and_not_before_at_every_boundary() {
    for origin in boundaries().chain([u64::MAX - 1]) {
        for distance in boundaries().chain([u64::MAX]).filter(|distance| *distance > 0) {
            let deadline = origin.saturating_add(distance);
            let mut wheel = Wheel::new(Tick(origin));
            wheel.insert(Tick(deadline), ());
            wheel.check();
            assert_eq!(wheel.next_deadline(), Some(Tick(deadline)));
            assert!(wheel.take_all_due(deadline - 1).is_empty(), "{origin} + {distance}: early");
            wheel.check();
            assert_eq!(wheel.next_deadline(), Some(Tick(deadline)));
            assert_eq!(wheel.take_all_due(deadline).len(), 1, "{origin} + {distance}: late");
            assert!(wheel.is_empty() && wheel.next_deadline().is_none());
        }
    }
}

#[test]
fn a_lone_timer_is_reached_by_walking_every_boundary_in_between() {
    for deadline in boundaries().chain([u64::MAX]).filter(|deadline| *deadline > 0) {
        let mut wheel = Wheel::new(Tick(0));
        wheel.insert(Tick(deadline), ());
        let mut stops: Vec<u64> = boundaries().filter(|stop| *stop < deadline).collect();
        stops.sort_unstable();
        for stop in stops {
            assert!(wheel.take_all_due(stop).is_empty());
            wheel.check();
        }
        assert_eq!(wheel.take_all_due(deadline).len(), 1);
    }
}

#[test]
fn what_has_passed_is_due_at_the_next_advance() {
    let mut wheel = Wheel::new(Tick(100));
    wheel.insert(Tick(100), "now");
    wheel.insert(Tick(3), "long ago");
    assert_eq!(wheel.next_deadline(), Some(Tick(100)));
    assert_eq!(wheel.take_all_due(100), ["now", "long ago"]);
}

#[test]
fn the_last_tick_is_a_tick_like_any_other() {
    let mut wheel = Wheel::new(Tick(0));
    wheel.insert(Tick::MAX, 1);
    assert!(wheel.take_all_due(u64::MAX - 1).is_empty());
    assert_eq!(wheel.take_all_due(u64::MAX), [1]);
    wheel.insert(Tick::MAX, 2);
    wheel.insert(Tick(0), 3);
    assert_eq!(wheel.take_all_due(u64::MAX), [2, 3]);
}

#[test]
fn a_clock_that_goes_back_neither_fires_nor_hides_anything() {
    let mut wheel = Wheel::new(Tick(0));
    wheel.insert(Tick(1_000), "far");
    assert!(wheel.take_all_due(500).is_empty());
    wheel.insert(Tick(400), "passed");
    assert_eq!(wheel.take_all_due(7), ["passed"]);
    assert_eq!(wheel.now(), Tick(500));
    assert_eq!(wheel.take_all_due(1_000), ["far"]);
}

#[test]
fn timers_of_one_tick_fire_in_the_order_of_insertion_whichever_way_they_came_down() {
    let mut wheel = Wheel::new(Tick(0));
    let deadline = 3 * 4096 + 5 * 64 + 7;
    let mut expected = Vec::new();
    for (number, stop) in [0, 1, 4096, 3 * 4096, 3 * 4096 + 5 * 64, deadline - 1].iter().enumerate()
    {
        assert!(wheel.take_all_due(*stop).is_empty());
        for value in [number * 2, number * 2 + 1] {
            wheel.insert(Tick(deadline), value);
            expected.push(value);
        }
    }
    assert_eq!(wheel.take_all_due(deadline), expected);
}

#[test]
fn a_jump_over_ages_fires_in_order_and_can_be_broken_off() {
    let mut wheel = Wheel::new(Tick(0));
    for number in (0..1_000u64).rev() {
        wheel.insert(Tick(number.pow(5) + 1), number);
    }
    let mut fired = Vec::new();
    loop {
        let batch = wheel.take_due(u64::MAX, 32);
        wheel.check();
        fired.extend_from_slice(&batch);
        if batch.len() < 32 {
            break;
        }
    }
    assert!(fired.into_iter().eq(0..1_000));
    assert_eq!(wheel.now(), Tick::MAX);
}

#[test]
fn what_is_armed_between_two_batches_is_neither_lost_nor_early() {
    let mut wheel = Wheel::new(Tick(0));
    let keys = [10, 10, 10, 20].map(|deadline| wheel.insert(Tick(deadline), deadline));
    assert_eq!(wheel.take_due(30, 1), [10]);
    assert_eq!(wheel.next_deadline(), Some(Tick(10)));
    wheel.insert(Tick(15), 15);
    wheel.insert(Tick(31), 31);
    assert!(wheel.reset(keys[1], Tick(40)), "it is due but has not fired");
    assert_eq!(wheel.remove(keys[2]), Some(10));
    wheel.check();
    assert_eq!(wheel.take_all_due(30), [15, 20]);
    assert_eq!(wheel.take_all_due(39), [31]);
    assert_eq!(wheel.take_all_due(40), [10]);
}

#[test]
fn a_reset_to_later_does_not_touch_the_lists() {
    let mut wheel = Wheel::new(Tick(0));
    let key = wheel.insert(Tick(50), ());
    for deadline in 51..10_000 {
        assert!(wheel.reset(key, Tick(deadline)));
    }
    assert_eq!(wheel.deadline(key), Some(Tick(9_999)));
    assert_eq!(wheel.next_deadline(), Some(Tick(50)), "filed where it was");
    assert!(wheel.take_all_due(50).is_empty());
    assert_eq!(wheel.next_deadline(), Some(Tick(9_999)), "filed anew when that tick came");
    assert!(wheel.take_all_due(9_998).is_empty());
    assert_eq!(wheel.take_all_due(9_999).len(), 1);
    assert!(!wheel.reset(key, Tick(20_000)), "it has fired");
}

#[test]
fn a_reset_to_earlier_counts_at_once() {
    let mut wheel = Wheel::new(Tick(0));
    let key = wheel.insert(Tick(1 << 40), ());
    assert!(wheel.reset(key, Tick(9)));
    assert_eq!(wheel.next_deadline(), Some(Tick(9)));
    assert!(wheel.take_all_due(8).is_empty());
    assert!(wheel.reset(key, Tick(2)), "a deadline that has passed");
    assert_eq!(wheel.take_all_due(8).len(), 1);
}

#[test]
fn a_burst_of_memory_is_given_back_and_its_keys_stay_stale() {
    let mut wheel = Wheel::new(Tick(0));
    let early = wheel.insert(Tick(5), 0);
    let keys: Vec<Key> = (1..100_000).map(|n| wheel.insert(Tick(n * 37), n)).collect();
    for key in &keys {
        assert!(wheel.remove(*key).is_some());
    }
    assert!(wheel.capacity() >= 100_000);
    wheel.shrink_to_fit();
    assert!(wheel.capacity() < 100, "{}", wheel.capacity());
    assert_eq!(wheel.get(early), Some(&0));
    let again: Vec<Key> = (1..1_000).map(|n| wheel.insert(Tick(n), n)).collect();
    assert!(keys.iter().all(|key| wheel.get(*key).is_none() && wheel.deadline(*key).is_none()));
    assert!(again.iter().all(|key| wheel.get(*key).is_some()));
    wheel.check();
}

#[test]
fn a_shrunken_slab_is_filled_from_the_front() {
    let mut wheel = Wheel::new(Tick(0));
    let keys: Vec<Key> = (0..1_000).map(|n| wheel.insert(Tick(n + 1), n)).collect();
    for key in &keys[..999] {
        wheel.remove(*key);
    }
    wheel.shrink_to_fit();
    let kept = wheel.capacity();
    assert!(kept >= 1_000, "the last timer holds what is in front of it");
    for n in 0..10 {
        wheel.insert(Tick(n + 1), n);
    }
    assert_eq!(wheel.capacity(), kept);
    wheel.remove(keys[999]);
    wheel.shrink_to_fit();
    assert!(wheel.capacity() < 100, "{}", wheel.capacity());
    assert_eq!(wheel.take_all_due(100).len(), 10);
}

#[test]
fn drain_hands_over_everything_and_leaves_a_wheel_that_works() {
    let mut wheel = Wheel::new(Tick(0));
    let keys = [0, 1, 70, 5_000, u64::MAX].map(|n| wheel.insert(Tick(n), n));
    let drained = wheel.drain();
    assert!(wheel.is_empty() && wheel.capacity() == 0 && wheel.next_deadline().is_none());
    wheel.check();
    let fresh = wheel.insert(Tick(3), 3);
    assert!(keys.iter().all(|key| wheel.remove(*key).is_none()));
    assert!(drained.collect::<BTreeSet<u64>>().into_iter().eq([0, 1, 70, 5_000, u64::MAX]));
    assert_eq!(wheel.get(fresh), Some(&3));
    assert_eq!(wheel.take_all_due(u64::MAX), [3]);
}

#[test]
fn a_panic_in_fire_loses_the_one_value_it_was_given() {
    let mut wheel = Wheel::new(Tick(0));
    for n in 0..3 {
        wheel.insert(Tick(9), n);
    }
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wheel.advance(Tick(9), |_| -> ControlFlow<()> { panic!("the user's") })
    }));
    assert!(panicked.is_err());
    wheel.check();
    assert_eq!(wheel.take_all_due(9), [1, 2]);
}

#[test]
fn get_mut_changes_the_value_that_fires() {
    let mut wheel = Wheel::new(Tick(0));
    let key = wheel.insert(Tick(1), 1);
    *wheel.get_mut(key).expect("it has not fired") = 2;
    assert_eq!(wheel.take_all_due(1), [2]);
    assert!(wheel.get_mut(key).is_none());
}
