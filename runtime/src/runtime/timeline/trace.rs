//! Writes tracks in the trace event format.
//!
//! Source: "Trace Event Format", the document of the Chromium project. Times are in µs; `X` is a slice
//! with its duration, `i` an instant, `s` and `f` the ends of an arrow, which bind to the slices that
//! cover them, `M` says what a lane is called.

use super::recorder::Recording;
use super::track::{Doing, Kind, Mark, Nanos, Open, Track};
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};

/// When and in which lanes the tasks were polled, each in the order of time.
type Polls = HashMap<u64, Vec<(Nanos, usize)>>;

/// Writes a JSON object with all events of the recording.
pub(super) fn write(recording: &Recording, out: impl Write) -> io::Result<()> {
    let mut trace = Trace { out, is_first: true, arrows: 0, polls: polls(recording) };
    trace.out.write_all(b"{\"traceEvents\":[\n")?;
    trace.event(format_args!(
        r#""ph":"M","pid":1,"name":"process_name","args":{{"name":"sheave"}}"#
    ))?;
    for (lane, name, track) in &recording.tracks {
        trace.lane(*lane, name, track, recording.end)?;
    }
    trace.out.write_all(b"\n],\"displayTimeUnit\":\"ns\"}\n")
}

fn polls(recording: &Recording) -> Polls {
    let mut polls = Polls::new();
    for (lane, _, track) in &recording.tracks {
        let ended = track.marks.iter().filter_map(|mark| match mark.kind {
            Kind::Slice { what, .. } => Some((mark.at, what)),
            _ => None,
        });
        for (at, what) in ended.chain(track.open.map(|open| (open.since, open.what))) {
            if let Doing::Poll { task, .. } = what {
                polls.entry(task).or_default().push((at, *lane));
            }
        }
    }
    polls.values_mut().for_each(|times| times.sort_unstable());
    polls
}

struct Trace<W> {
    out: W,
    is_first: bool,
    arrows: u64,
    polls: Polls,
}

impl<W: Write> Trace<W> {
    fn lane(&mut self, lane: usize, name: &str, track: &Track, end: Nanos) -> io::Result<()> {
        if track.marks.is_empty() && track.open.is_none() {
            return Ok(());
        }
        let (text, lost) = (Text(name), track.lost);
        self.event(format_args!(
            r#""ph":"M","pid":1,"tid":{lane},"name":"thread_name","args":{{"name":{text},"lost":{lost}}}"#
        ))?;
        self.event(format_args!(
            r#""ph":"M","pid":1,"tid":{lane},"name":"thread_sort_index","args":{{"sort_index":{lane}}}"#
        ))?;
        for Mark { at, kind } in &track.marks {
            self.mark(lane, *at, *kind, track)?;
        }
        let Some(Open { since, what }) = track.open else { return Ok(()) };
        self.slice(lane, since, end.saturating_sub(since), what, track, true)
    }

    fn mark(&mut self, lane: usize, at: Nanos, kind: Kind, track: &Track) -> io::Result<()> {
        match kind {
            Kind::Slice { length, what } => self.slice(lane, at, length, what, track, false),
            Kind::Queues { task, inside } => self.arrow(lane, at, task, inside),
            Kind::HandsOn => self.instant(lane, at, "blocks in place", ""),
            Kind::Steals { from } => {
                self.instant(lane, at, "steals", &format!(r#""from worker":{from}"#))
            }
            Kind::TakesOver { worker, tasks } => {
                let arguments = format!(r#""stuck worker":{worker},"tasks":{tasks}"#);
                self.instant(lane, at, "takes over", &arguments)
            }
            Kind::StandInBegins { stand_in, worker } => {
                let arguments = format!(r#""stuck worker":{worker},"stand-in":{stand_in}"#);
                self.instant(lane, at, "sends a stand-in", &arguments)
            }
            Kind::StandInEnds => self.instant(lane, at, "is relieved", ""),
        }
    }

    fn slice(
        &mut self,
        lane: usize,
        at: Nanos,
        length: Nanos,
        what: Doing,
        track: &Track,
        goes_on: bool,
    ) -> io::Result<()> {
        let (category, name, task) = match what {
            Doing::Poll { task, label } => ("poll", track.names.text(label), task),
            Doing::Job { task, label } => ("job", track.names.text(label), task),
            Doing::Sleep => ("sleep", "asleep".into(), 0),
        };
        let (at, length, name) = (Micros(at), Micros(length), Text(&name));
        self.event(format_args!(
            r#""ph":"X","pid":1,"tid":{lane},"ts":{at},"dur":{length},"cat":"{category}","name":{name},"args":{{"task":{task},"goes on":{goes_on}}}"#
        ))
    }

    fn instant(&mut self, lane: usize, at: Nanos, name: &str, arguments: &str) -> io::Result<()> {
        let at = Micros(at);
        self.event(format_args!(
            r#""ph":"i","pid":1,"tid":{lane},"ts":{at},"s":"t","name":"{name}","args":{{{arguments}}}"#
        ))
    }

    /// From where a task was queued to its next poll, if that was recorded.
    fn arrow(&mut self, lane: usize, at: Nanos, task: u64, inside: bool) -> io::Result<()> {
        let times = self.polls.get(&task).map_or(&[][..], Vec::as_slice);
        let next = times.partition_point(|(begin, _)| *begin < at);
        let target = times.get(next).copied();
        let from = Micros(at);
        if !inside {
            // An arrow begins in a slice, and a reactor, a timer or a thread outside has none.
            self.event(format_args!(
                r#""ph":"X","pid":1,"tid":{lane},"ts":{from},"dur":0.001,"cat":"wake","name":"wakes","args":{{"task":{task}}}"#
            ))?;
        }
        let Some((begin, target)) = target else { return Ok(()) };
        self.arrows += 1;
        let (id, to) = (self.arrows, Micros(begin));
        self.event(format_args!(
            r#""ph":"s","pid":1,"tid":{lane},"ts":{from},"id":{id},"cat":"wake","name":"wake""#
        ))?;
        self.event(format_args!(
            r#""ph":"f","bp":"e","pid":1,"tid":{target},"ts":{to},"id":{id},"cat":"wake","name":"wake""#
        ))
    }

    fn event(&mut self, fields: fmt::Arguments<'_>) -> io::Result<()> {
        let comma = if std::mem::take(&mut self.is_first) { "" } else { ",\n" };
        write!(self.out, "{comma}{{{fields}}}")
    }
}

/// Nanoseconds, written as microseconds.
struct Micros(Nanos);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// A text, written as a JSON string.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                control if control < ' ' => write!(f, "\\u{:04x}", u32::from(control))?,
                other => write!(f, "{other}")?,
            }
        }
        f.write_str("\"")
    }
}
