//! Puts what the runtime's observer hears on the tracks.

use super::track::{Doing, Kind, Nanos, Track};
use crate::scheduler::{Event, Lane, Observer};
use sheave_facade::sync::{Arc, Mutex};
use sheave_facade::thread::ThreadId;
use sheave_facade::time::{Instant, now};

/// See the [module documentation](self). Each worker writes on its own track, so that nobody waits for a
/// lock but while a copy is made.
pub(super) struct Recorder {
    start: Instant,
    capacity: usize,
    workers: Box<[Mutex<Track>]>,
    /// How many of them are stand-ins.
    stand_ins: usize,
    monitor: Mutex<Track>,
    /// One for each job that runs at the same time as others, and who has it. So there are never more
    /// than the pool has threads at a time, whichever threads those are.
    jobs: Mutex<Vec<(Option<ThreadId>, Shared)>>,
    others: Mutex<Track>,
}

/// A track whose list is not locked while it is copied.
type Shared = Arc<Mutex<Track>>;

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
            jobs: Mutex::new(Vec::new()),
            others: Mutex::new(track()),
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
        add("other threads".into(), self.others.lock().clone());
        let jobs: Vec<Shared> = self.jobs.lock().iter().map(|(_, track)| track.clone()).collect();
        for (number, track) in jobs.into_iter().enumerate() {
            add(format!("blocking jobs {number}"), track.lock().clone());
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
            Lane::Outside => match self.job(&event) {
                Some(track) => note(&mut track.lock(), at, event),
                None => note(&mut self.others.lock(), at, event),
            },
        }
    }
}

impl Recorder {
    /// The track of the job that the calling thread runs, begins or ends.
    fn job(&self, event: &Event<'_>) -> Option<Shared> {
        let me = ThreadId::current();
        let mut jobs = self.jobs.lock();
        let mine = jobs.iter().position(|(holder, _)| *holder == Some(me));
        let (at, holder) = match (event, mine) {
            (Event::JobBegins(_), None) => (jobs.iter().position(|job| job.0.is_none()), Some(me)),
            (Event::JobEnds, mine) => (mine, None),
            (_, mine) => (mine, Some(me)),
        };
        let at = match (event, at) {
            (Event::JobBegins(_), None) => {
                jobs.push((None, Arc::new(Mutex::new(Track::new(self.capacity)))));
                jobs.len() - 1
            }
            (_, at) => at?,
        };
        jobs[at].0 = holder;
        Some(jobs[at].1.clone())
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
