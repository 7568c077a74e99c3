//! The jobs that wait: one queue per lane, and the rule that says whose job is next.
//!
//! Being in a queue *is* being queued: whoever removes a job, under the pool's lock, owns it and
//! alone runs or cancels it (W8). Jobs carry ascending numbers, so that one can be found again.
//!
//! The default lane (number 0) may use every thread. Another lane uses at most its own limit, and
//! all of them together leave one thread to the default lane. Where both have jobs to run, the
//! default lane is served at least every second time.

use crate::job::{Job, JobOrigin};
use sheave_facade::time::Instant;
use std::collections::VecDeque;

/// The lane of [`crate::Pool::submit`].
pub(crate) const DEFAULT_LANE: usize = 0;

/// Names one accepted job of one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    lane: usize,
    number: u64,
}

/// A job in the hand of the thread that will run it.
pub(crate) struct Work {
    pub(crate) lane: usize,
    pub(crate) job: Box<dyn Job>,
    /// For the roster.
    pub(crate) record: Option<Record>,
}

/// What a report says about a job.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) origin: JobOrigin,
    pub(crate) submitted: Instant,
}

struct Entry {
    number: u64,
    job: Box<dyn Job>,
    record: Record,
}

/// One lane's jobs and limits.
pub(crate) struct LaneQueue {
    pub(crate) name: String,
    pub(crate) max_threads: usize,
    pub(crate) queue_limit: Option<usize>,
    pub(crate) running: usize,
    entries: VecDeque<Entry>,
}

impl LaneQueue {
    pub(crate) fn new(name: String, max_threads: usize, queue_limit: Option<usize>) -> Self {
        Self { name, max_threads, queue_limit, running: 0, entries: VecDeque::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many more jobs of this lane may run.
    pub(crate) fn spare(&self) -> usize {
        self.max_threads.saturating_sub(self.running)
    }

    fn runnable(&self) -> usize {
        self.entries.len().min(self.spare())
    }
}

/// Which side gives way at the next choice.
#[derive(Clone, Copy)]
enum Turn {
    Default,
    Lanes,
}

/// All lanes of a pool.
pub(crate) struct Queues {
    lanes: Vec<LaneQueue>,
    next_number: u64,
    turn: Turn,
    /// Where the search among the other lanes begins.
    next_lane: usize,
    /// How many threads all lanes but the default one may use together.
    lanes_ceiling: usize,
    lanes_running: usize,
}

impl Queues {
    pub(crate) fn new(max_threads: usize, queue_limit: Option<usize>) -> Self {
        Self {
            lanes: vec![LaneQueue::new("default".into(), usize::MAX, queue_limit)],
            next_number: 0,
            turn: Turn::Default,
            next_lane: 1,
            lanes_ceiling: (max_threads - 1).max(1),
            lanes_running: 0,
        }
    }

    pub(crate) fn lane(&self, lane: usize) -> &LaneQueue {
        &self.lanes[lane]
    }

    /// The lane of that name, added if there is none yet.
    pub(crate) fn lane_named(&mut self, fresh: LaneQueue) -> usize {
        let known = self.lanes.iter().skip(1).position(|lane| lane.name == fresh.name);
        known.map_or_else(
            || {
                self.lanes.push(fresh);
                self.lanes.len() - 1
            },
            |index| index + 1,
        )
    }

    pub(crate) fn push(&mut self, lane: usize, job: Box<dyn Job>, record: Record) -> Ticket {
        let number = self.next_number;
        self.next_number += 1;
        self.lanes[lane].entries.push_back(Entry { number, job, record });
        Ticket { lane, number }
    }

    /// Takes the job that should run next and counts it as running.
    pub(crate) fn take(&mut self) -> Option<Work> {
        let lane = match self.turn {
            Turn::Default => self.default_lane().or_else(|| self.other_lane()),
            Turn::Lanes => self.other_lane().or_else(|| self.default_lane()),
        }?;
        let entry = self.lanes[lane].entries.pop_front()?;
        self.lanes[lane].running += 1;
        if lane == DEFAULT_LANE {
            self.turn = Turn::Lanes;
        } else {
            self.turn = Turn::Default;
            self.next_lane = lane + 1;
            self.lanes_running += 1;
        }
        Some(Work { lane, job: entry.job, record: Some(entry.record) })
    }

    fn default_lane(&self) -> Option<usize> {
        (self.lanes[DEFAULT_LANE].len() > 0).then_some(DEFAULT_LANE)
    }

    fn other_lane(&self) -> Option<usize> {
        if self.lanes_running >= self.lanes_ceiling {
            return None;
        }
        let after = self.next_lane..self.lanes.len();
        after.chain(1..self.lanes.len()).find(|&lane| self.lanes[lane].runnable() > 0)
    }

    /// A job that [`Queues::take`] gave out has ended.
    pub(crate) fn ended(&mut self, lane: usize) {
        self.lanes[lane].running -= 1;
        if lane != DEFAULT_LANE {
            self.lanes_running -= 1;
        }
    }

    /// Takes one particular job, if it is still here.
    pub(crate) fn withdraw(&mut self, ticket: Ticket) -> Option<Box<dyn Job>> {
        let entries = &mut self.lanes.get_mut(ticket.lane)?.entries;
        let index = entries.binary_search_by_key(&ticket.number, |entry| entry.number).ok()?;
        entries.remove(index).map(|entry| entry.job)
    }

    /// Takes the job that has waited longest, whatever its lane's limit says.
    pub(crate) fn take_oldest(&mut self) -> Option<Box<dyn Job>> {
        let waiting = self.lanes.iter_mut().filter(|lane| lane.len() > 0);
        let oldest = waiting.min_by_key(|lane| lane.entries[0].number)?;
        oldest.entries.pop_front().map(|entry| entry.job)
    }

    /// Takes everything, oldest first within each lane.
    pub(crate) fn take_all(&mut self) -> Vec<(Box<dyn Job>, Record)> {
        let entries = self.lanes.iter_mut().flat_map(|lane| lane.entries.drain(..));
        entries.map(|entry| (entry.job, entry.record)).collect()
    }

    pub(crate) fn queued(&self) -> usize {
        self.lanes.iter().map(LaneQueue::len).sum()
    }

    pub(crate) fn running(&self) -> usize {
        self.lanes.iter().map(|lane| lane.running).sum()
    }

    /// How many queued jobs another thread could run now.
    pub(crate) fn runnable(&self) -> usize {
        let of_lanes: usize = self.lanes[1..].iter().map(LaneQueue::runnable).sum();
        let room = self.lanes_ceiling.saturating_sub(self.lanes_running);
        self.lanes[DEFAULT_LANE].len() + of_lanes.min(room)
    }
}
