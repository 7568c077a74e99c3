//! Long random programs against an ordered map.

use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

/// One step of a random program. `which` picks among the keys given out so far, stale or not.
#[derive(Clone, Copy, Debug)]
enum Step {
    Insert { after: i128 },
    Remove { which: usize },
    Reset { which: usize, after: i128 },
    Nudge { which: usize, by: i128 },
    Advance { by: u64, limit: usize },
    AdvanceToNext { limit: usize },
    Shrink,
    Drain,
}

/// Distances of every magnitude, from a tick to millions of years.
fn distance() -> impl Strategy<Value = u64> {
    (0u32..64, any::<u64>()).prop_map(|(bits, noise)| noise >> (63 - bits))
}

/// Distances as programs have them: many within a few levels, some just past, some far away.
fn offset() -> impl Strategy<Value = i128> {
    prop_oneof![
        4 => (0u64..300).prop_map(i128::from),
        4 => (0u64..300_000).prop_map(i128::from),
        1 => (0u64..300).prop_map(|passed| -i128::from(passed)),
        2 => distance().prop_map(i128::from),
    ]
}

fn limit() -> impl Strategy<Value = usize> {
    prop_oneof![2 => 1usize..5, 1 => Just(usize::MAX)]
}

fn step() -> impl Strategy<Value = Step> {
    let which = any::<usize>;
    prop_oneof![
        12 => offset().prop_map(|after| Step::Insert { after }),
        4 => which().prop_map(|which| Step::Remove { which }),
        3 => (which(), offset()).prop_map(|(which, after)| Step::Reset { which, after }),
        3 => (which(), -100i128..100).prop_map(|(which, by)| Step::Nudge { which, by }),
        3 => (prop_oneof![Just(1u64), 0u64..100, 0u64..100_000], limit())
            .prop_map(|(by, limit)| Step::Advance { by, limit }),
        1 => ((0u32..52, any::<u64>()), limit())
            .prop_map(|((bits, noise), limit)| Step::Advance { by: noise >> (63 - bits), limit }),
        4 => limit().prop_map(|limit| Step::AdvanceToNext { limit }),
        1 => prop_oneof![9 => Just(Step::Shrink), 1 => Just(Step::Drain)],
    ]
}

#[derive(Clone, Copy)]
struct Armed {
    deadline: u64,
    /// The tick at which it is expected: the deadline, or the present of when it was set.
    effective: u64,
    reset: bool,
}

/// The wheel, and beside it the obvious program that has the same answers.
struct Run {
    wheel: Wheel<u64>,
    /// What the clock says. Ahead of the wheel after a batch.
    clock: u64,
    armed: HashMap<u64, Armed>,
    queue: BTreeSet<(u64, u64)>,
    issued: Vec<(Key, u64)>,
}

impl Run {
    fn new(origin: u64) -> Run {
        let (armed, queue, issued) = Default::default();
        Run { wheel: Wheel::new(Tick(origin)), clock: origin, armed, queue, issued }
    }

    fn at(&self, after: i128) -> u64 {
        (i128::from(self.clock) + after).clamp(0, i128::from(u64::MAX)) as u64
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Insert { after } => self.insert(self.at(after)),
            Step::Remove { which } => self.remove(which),
            Step::Reset { which, after } => self.reset(which, self.at(after)),
            Step::Nudge { which, by } => {
                let Some((_, id)) = self.pick(which) else { return };
                let Some(armed) = self.armed.get(&id) else { return };
                let deadline = (i128::from(armed.deadline) + by).clamp(0, i128::from(u64::MAX));
                self.reset(which, deadline as u64);
            }
            Step::Advance { by, limit } => self.advance(self.clock.saturating_add(by), limit),
            Step::AdvanceToNext { limit } => {
                if let Some(next) = self.wheel.next_deadline() {
                    self.advance(next.0.max(self.clock), limit);
                }
            }
            Step::Shrink => self.wheel.shrink_to_fit(),
            Step::Drain => {
                let drained: BTreeSet<u64> = self.wheel.drain().collect();
                assert_eq!(drained, self.queue.iter().map(|&(_, id)| id).collect());
                self.armed.clear();
                self.queue.clear();
            }
        }
        self.compare();
    }

    fn pick(&self, which: usize) -> Option<(Key, u64)> {
        (!self.issued.is_empty()).then(|| self.issued[which % self.issued.len()])
    }

    fn insert(&mut self, deadline: u64) {
        let id = self.issued.len() as u64;
        let key = self.wheel.insert(Tick(deadline), id);
        let effective = deadline.max(self.wheel.now().0);
        self.issued.push((key, id));
        self.queue.insert((effective, id));
        self.armed.insert(id, Armed { deadline, effective, reset: false });
    }

    fn remove(&mut self, which: usize) {
        let Some((key, id)) = self.pick(which) else { return };
        let expected = self.armed.remove(&id).map(|armed| {
            self.queue.remove(&(armed.effective, id));
            id
        });
        assert_eq!(self.wheel.remove(key), expected);
    }

    fn reset(&mut self, which: usize, deadline: u64) {
        let Some((key, id)) = self.pick(which) else { return };
        assert_eq!(self.wheel.reset(key, Tick(deadline)), self.armed.contains_key(&id));
        let Some(armed) = self.armed.get_mut(&id) else { return };
        self.queue.remove(&(armed.effective, id));
        let effective = deadline.max(self.wheel.now().0);
        *armed = Armed { deadline, effective, reset: true };
        self.queue.insert((effective, id));
    }

    /// Checks number, time and order of what fires.
    fn advance(&mut self, to: u64, limit: usize) {
        self.clock = to;
        let fired = self.wheel.take_due(to, limit);
        let due = self.queue.range(..=(to, u64::MAX)).take(limit);
        let expected: Vec<u64> = due.map(|&(tick, _)| tick).collect();
        let armed: Vec<Armed> = fired
            .iter()
            .map(|id| self.armed.remove(id).expect("fires once, and only if armed"))
            .collect();
        let ticks: Vec<u64> = armed.iter().map(|armed| armed.effective).collect();
        assert_eq!(ticks, expected, "all that is due, in the order of deadlines");
        let unmoved = armed.iter().zip(&fired).filter(|(armed, _)| !armed.reset);
        let unmoved: Vec<(u64, u64)> = unmoved.map(|(armed, id)| (armed.effective, *id)).collect();
        assert!(unmoved.is_sorted(), "those of one tick in the order of insertion");
        for (armed, id) in armed.iter().zip(&fired) {
            self.queue.remove(&(armed.effective, *id));
        }
    }

    fn compare(&self) {
        self.wheel.check();
        assert_eq!(self.wheel.len(), self.queue.len());
        assert_eq!(self.wheel.is_empty(), self.queue.is_empty());
        let first = self.queue.first().map(|&(tick, _)| Tick(tick.max(self.wheel.now().0)));
        let next = self.wheel.next_deadline();
        assert_eq!(next.is_some(), first.is_some());
        assert!(next <= first, "told {next:?}, but {first:?} comes before");
        assert!(next.is_none_or(|next| next >= self.wheel.now()));
        for (key, id) in &self.issued {
            let armed = self.armed.get(id);
            assert_eq!(self.wheel.get(*key), armed.map(|_| id));
            assert_eq!(self.wheel.deadline(*key), armed.map(|armed| Tick(armed.deadline)));
        }
    }

    /// Sleeps from answer to answer until all have fired, each on its tick, without idling.
    fn run_out(&mut self) {
        self.advance(self.clock, usize::MAX);
        // A wake in vain moves the timers of a bucket down one level, or files one whose deadline
        // was moved where it now belongs: eleven levels, twice.
        let mut wakes = (self.wheel.len() + 1) * LEVELS * 2;
        while let Some(next) = self.wheel.next_deadline() {
            self.advance(next.0, usize::MAX);
            self.compare();
            wakes = wakes.checked_sub(1).expect("gets closer with every wake");
        }
        assert!(self.queue.is_empty());
    }
}

proptest! {
    #[test]
    fn agrees_with_an_ordered_map(
        origin in prop_oneof![Just(0), distance(), Just(u64::MAX - 5_000)],
        program in prop::collection::vec(step(), 1..250),
    ) {
        let mut run = Run::new(origin);
        for step in program {
            run.step(step);
        }
        run.run_out();
    }
}
