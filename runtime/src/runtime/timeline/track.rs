//! What one thread did: marks, the last so many of them, and what it does now.

use crate::tasks::{Id, Runnable};
use std::collections::{HashMap, VecDeque};
use std::panic::Location;

/// Names that a track keeps; tasks with further ones are called after where they were spawned.
const NAMES: usize = 1024;

/// Nanoseconds since the recording began.
pub(super) type Nanos = u64;

/// See the [module documentation](self).
#[derive(Clone, Debug)]
pub(super) struct Track {
    /// In the order of their ends.
    pub(super) marks: VecDeque<Mark>,
    capacity: usize,
    /// Marks that were given up for newer ones.
    pub(super) lost: u64,
    /// What the thread does now.
    pub(super) open: Option<Open>,
    /// The poll that was handed on last.
    handed_on: Option<Open>,
    pub(super) names: Names,
}

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// When it began.
    pub(super) at: Nanos,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Something that took a while.
    Slice {
        length: Nanos,
        what: Doing,
    },
    /// A task was queued; in the slice that covers the mark, if `inside`.
    Queues {
        task: u64,
        inside: bool,
    },
    /// A poll was left behind in `block_in_place`.
    HandsOn,
    Steals {
        from: usize,
    },
    TakesOver {
        worker: usize,
        tasks: usize,
    },
    StandInBegins {
        stand_in: usize,
        worker: usize,
    },
    StandInEnds,
}

/// What takes a while.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doing {
    Poll { task: u64, label: Label },
    Job { task: u64, label: Label },
    Sleep,
}

/// What has begun and not ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) since: Nanos,
    pub(super) what: Doing,
}

/// What a task is called.
#[derive(Clone, Copy, Debug)]
pub(super) enum Label {
    Name(usize),
    At(&'static Location<'static>),
}

/// The names of tasks, each kept once.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    list: Vec<Box<str>>,
    numbers: HashMap<Box<str>, usize>,
}

impl Names {
    fn label(&mut self, task: &Runnable) -> Label {
        let Some(name) = task.name() else { return Label::At(task.location()) };
        if let Some(number) = self.numbers.get(name) {
            return Label::Name(*number);
        }
        if self.list.len() == NAMES {
            return Label::At(task.location());
        }
        self.list.push(name.into());
        self.numbers.insert(name.into(), self.list.len() - 1);
        Label::Name(self.list.len() - 1)
    }

    /// What a label says.
    pub(super) fn text(&self, label: Label) -> String {
        match label {
            Label::Name(number) => self.list[number].to_string(),
            Label::At(location) => location.to_string(),
        }
    }
}

impl Track {
    /// A track that keeps so many marks.
    pub(super) fn new(capacity: usize) -> Self {
        let (marks, names) = (VecDeque::new(), Names::default());
        Self { marks, capacity, lost: 0, open: None, handed_on: None, names }
    }

    /// Whether the thread polls a task or runs a job.
    pub(super) fn is_in_a_task(&self) -> bool {
        self.open.is_some_and(|open| !matches!(open.what, Doing::Sleep))
    }

    pub(super) fn mark(&mut self, at: Nanos, kind: Kind) {
        if self.marks.len() == self.capacity {
            self.marks.pop_front();
            self.lost += 1;
        }
        self.marks.push_back(Mark { at, kind });
    }

    pub(super) fn begin_poll(&mut self, at: Nanos, task: &Runnable) {
        let what = Doing::Poll { task: task.id().as_u64(), label: self.names.label(task) };
        self.begin(at, what);
    }

    pub(super) fn begin_job(&mut self, at: Nanos, task: &Runnable) {
        let what = Doing::Job { task: task.id().as_u64(), label: self.names.label(task) };
        self.begin(at, what);
    }

    /// Whatever was not seen to end has ended by now.
    pub(super) fn begin(&mut self, at: Nanos, what: Doing) {
        self.end(at);
        self.open = Some(Open { since: at, what });
    }

    /// Ends what is open. Nothing is, if it had begun before the recording.
    pub(super) fn end(&mut self, at: Nanos) {
        if let Some(Open { since, what }) = self.open.take() {
            self.mark(since, Kind::Slice { length: at - since, what });
        }
    }

    /// Ends the poll of this task, if that is what is open.
    pub(super) fn end_poll(&mut self, at: Nanos, id: Id) {
        let is_open =
            |open: Open| matches!(open.what, Doing::Poll { task, .. } if task == id.as_u64());
        if self.open.is_some_and(is_open) {
            self.end(at);
        }
    }

    /// The poll goes on elsewhere, and the worker without it.
    pub(super) fn hand_on(&mut self, at: Nanos) {
        self.handed_on = self.open;
        self.end(at);
        self.mark(at, Kind::HandsOn);
    }

    /// The poll goes on here after all.
    pub(super) fn take_back(&mut self, at: Nanos) {
        if let Some(Open { what, .. }) = self.handed_on.take() {
            self.begin(at, what);
        }
    }
}
