//! Puts what the runtime's observer hears on the tracks.

use super::track::{Doing, Kind, Nanos, Track};
use crate::scheduler::{Event, Lane, Observer};
use sheave_facade::sync::Mutex;
use sheave_facade::thread::ThreadId;
use sheave_facade::time::{Instant, now};

/// Threads of the pool that are told apart. Jobs of further ones are not recorded.
const POOL_THREADS: usize = 1024;

/// See the [module documentation](self). Each worker writes on its own track, so that nobody waits for a
/// lock but while a copy is made.
pub(super) struct Recorder {
    start: Instant,
    capacity: usize,
    workers: Box<[Mutex<Track>]>,
    /// How many of them are stand-ins.
    stand_ins: usize,
    monitor: Mutex<Track>,
    outside: Mutex<Outside>,
}

/// Threads that are no workers.
struct Outside {
    pool: Vec<(ThreadId, Track)>,
    others: Track,
}

/// All tracks at one moment, or nearly so.
pub(super) struct Recording {
    /// When the copy was made.
    pub(super) end: Nanos,
    /// Each with the number and the name of its lane.
    pub(super) tracks: Vec<(usize, String, Track)>,
}

impl Recorder {
    /// No marks, for so many workers and stand-ins.
    pub(super) fn new((workers, stand_ins): (usize, usize), capacity: usize) -> Self {
        let track = || Track::new(capacity);
        Self {
            start: now(),
            capacity,
            workers: (0..workers + stand_ins).map(|_| Mutex::new(track())).collect(),
            stand_ins,
            monitor: Mutex::new(track()),
            outside: Mutex::new(Outside { pool: Vec::new(), others: track() }),
        }
    }

    fn nanos(&self, at: Instant) -> Nanos {
        at.saturating_duration_since(self.start).as_nanos() as Nanos
    }

    /// Copies the tracks one after the other.
    pub(super) fn copy(&self) -> Recording {
        let mut tracks = Vec::new();
        let mut add = |name: String, track: Track| tracks.push((tracks.len() + 1, name, track));
        let workers = self.workers.len() - self.stand_ins;
        for (index, track) in self.workers.iter().enumerate() {
            let track = track.lock().clone();
            match index.checked_sub(workers) {
                None => add(format!("worker {index}"), track),
                Some(stand_in) => add(format!("stand-in {stand_in}"), track),
            }
        }
        add("monitor".into(), self.monitor.lock().clone());
        let outside = self.outside.lock();
        let (pool, others) = (outside.pool.clone(), outside.others.clone());
        drop(outside);
        add("other threads".into(), others);
        for (number, (_, track)) in pool.into_iter().enumerate() {
            add(format!("blocking thread {number}"), track);
        }
        Recording { end: self.nanos(now()), tracks }
    }
}

impl Observer for Recorder {
    fn observe(&self, lane: Lane, at: Instant, event: Event<'_>) {
        let at = self.nanos(at);
        match lane {
            Lane::Worker(index) => note(&mut self.workers[index].lock(), at, event),
            Lane::Monitor => note(&mut self.monitor.lock(), at, event),
            Lane::Outside => {
                let mut outside = self.outside.lock();
                if let Some(track) = outside.track(&event, self.capacity) {
                    note(track, at, event);
                }
            }
        }
    }
}

impl Outside {
    /// The calling thread's track: a thread of the pool has its own from its first job on. The jobs of
    /// one that has none are on no other either, for that would show them as one thread's.
    fn track(&mut self, event: &Event<'_>, capacity: usize) -> Option<&mut Track> {
        let me = ThreadId::current();
        if let Some(at) = self.pool.iter().position(|(thread, _)| *thread == me) {
            return Some(&mut self.pool[at].1);
        }
        match event {
            Event::JobBegins(_) if self.pool.len() < POOL_THREADS => {
                self.pool.push((me, Track::new(capacity)));
                self.pool.last_mut().map(|(_, track)| track)
            }
            Event::JobBegins(_) | Event::JobEnds => None,
            _ => Some(&mut self.others),
        }
    }
}

fn note(track: &mut Track, at: Nanos, event: Event<'_>) {
    match event {
        Event::PollBegins(task) => track.begin_poll(at, task),
        Event::PollEnds(task) => track.end_poll(at, task),
        Event::JobBegins(task) => track.begin_job(at, task),
        Event::Parks => track.begin(at, Doing::Sleep),
        Event::JobEnds | Event::Unparks => track.end(at),
        Event::HandsOn => track.hand_on(at),
        Event::TakesBack => track.take_back(at),
        Event::Queues(task) => {
            let inside = track.is_in_a_task();
            track.mark(at, Kind::Queues { task: task.id().as_u64(), inside });
        }
        Event::Steals { from } => track.mark(at, Kind::Steals { from }),
        Event::TakesOver { worker, tasks } => track.mark(at, Kind::TakesOver { worker, tasks }),
        Event::StandInBegins { stand_in, worker } => {
            track.mark(at, Kind::StandInBegins { stand_in, worker });
        }
        Event::StandInEnds => track.mark(at, Kind::StandInEnds),
    }
}
