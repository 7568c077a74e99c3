//! A recording of what the threads of a runtime did, for a trace viewer.
//!
//! `Timeline` appoints a `Recorder` as the runtime's observer; the recorder keeps a bounded `Track` of
//! marks per lane; `trace` writes the tracks in the trace event format.

mod recorder;
mod trace;
mod track;

use super::{Builder, Handle};
use crate::scheduler::Shared;
use crate::util::report;
use recorder::Recorder;
use sheave_facade::sync::Arc;
use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Marks that each lane's track keeps by default: three megabytes, when it is full.
const CAPACITY: usize = 1 << 16;

/// Records what the workers and the blocking pool of a runtime do, from its making until it is dropped.
///
/// The recording is a flight recorder: of each lane it keeps the last 65,536 things that happened
/// (about 48 bytes each), so it may run for as long as the program does. At any moment
/// [`save`](Self::save) or [`write_to`](Self::write_to) writes it as JSON in the *trace event format*,
/// which <https://ui.perfetto.dev> and `chrome://tracing` show:
///
/// * a lane for each worker and stand-in, and as many for the blocking pool as jobs ran at a time;
/// * a slice for each poll and each job, with the task's name, or where it was spawned, and its id; a
///   poll or job that has not ended is there too, up to the moment of writing;
/// * a slice for each sleep;
/// * an arrow from where a task was spawned or woken to the poll that this led to;
/// * steals in the thief's lane, and services of stuck workers and stand-ins in the monitor's.
///
/// While it records, a poll costs two looks at the clock and a lock that nobody else wants. While
/// nobody records, it costs one branch on a word of the worker.
///
/// ```
/// use sheave::runtime::{Runtime, Timeline};
///
/// let runtime = Runtime::new()?;
/// let timeline = Timeline::start(runtime.handle())?;
/// runtime.block_on(async { sheave::spawn(async { 42 }).await })?;
/// let mut trace = Vec::new();
/// timeline.write_to(&mut trace)?;
/// assert!(trace.starts_with(b"{\"traceEvents\":["));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the recording ends when the timeline is dropped"]
pub struct Timeline {
    shared: Arc<Shared>,
    recorder: Arc<Recorder>,
}

impl Timeline {
    /// Starts to record. Workers that are in a poll are seen from their next poll on.
    ///
    /// # Errors
    /// If another timeline records this runtime.
    pub fn start(runtime: &Handle) -> Result<Self, AlreadyRecordingError> {
        Self::with_capacity(runtime, CAPACITY)
    }

    /// As [`start`](Self::start), and keeps so many marks of each lane.
    ///
    /// # Errors
    /// If another timeline records this runtime.
    ///
    /// # Panics
    /// If `marks` is 0.
    #[track_caller]
    pub fn with_capacity(runtime: &Handle, marks: usize) -> Result<Self, AlreadyRecordingError> {
        assert!(marks > 0, "a timeline that keeps no marks shows nothing: give it at least 1");
        let shared = runtime.shared.clone();
        let workers = (shared.config.workers, shared.config.max_stand_ins);
        let recorder = Arc::new(Recorder::new(workers, marks));
        if !shared.try_appoint_observer(recorder.clone()) {
            return Err(AlreadyRecordingError(()));
        }
        Ok(Self { shared, recorder })
    }

    /// Writes what was recorded so far. Recording goes on; each thread waits while its own track is
    /// copied, and not while that is written.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(&self, out: impl Write) -> io::Result<()> {
        trace::write(&self.recorder.copy(), out)
    }

    /// Writes what was recorded so far to a file, which is replaced if it exists. Blocks as files do.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        self.write_to(&mut out)?;
        out.flush()
    }
}

impl Drop for Timeline {
    fn drop(&mut self) {
        self.shared.dismiss_observer();
    }
}

impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline").finish_non_exhaustive()
    }
}

/// Another [`Timeline`] records this runtime already.
#[derive(Debug)]
pub struct AlreadyRecordingError(());

impl fmt::Display for AlreadyRecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a timeline records this runtime already: drop that one first, or use it")
    }
}

impl Error for AlreadyRecordingError {}

impl From<AlreadyRecordingError> for io::Error {
    fn from(error: AlreadyRecordingError) -> Self {
        Self::new(io::ErrorKind::AlreadyExists, error)
    }
}

impl Builder {
    /// Records a [`Timeline`] of the runtime's whole life, and writes it to this file when the runtime
    /// has shut down. Default: nothing is recorded. If the file cannot be written, a warning says so.
    ///
    /// ```
    /// # let dir = std::env::temp_dir();
    /// let path = dir.join(format!("trace-{}.json", std::process::id()));
    /// let builder = sheave::runtime::Builder::new_multi_thread().record_timeline(&path);
    /// let runtime = builder.build()?;
    /// runtime.block_on(async { sheave::spawn(async {}).await })?;
    /// drop(runtime);
    /// assert!(std::fs::read_to_string(&path)?.contains("\"traceEvents\""));
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn record_timeline(mut self, path: impl Into<PathBuf>) -> Self {
        self.timeline = Some(path.into());
        self
    }
}

/// A timeline that is saved when it is dropped.
#[derive(Debug)]
pub(super) struct SavedTimeline {
    timeline: Timeline,
    path: PathBuf,
}

impl SavedTimeline {
    /// Starts to record a runtime that is new.
    pub(super) fn start(runtime: &Handle, path: PathBuf) -> Result<Self, AlreadyRecordingError> {
        Ok(Self { timeline: Timeline::start(runtime)?, path })
    }
}

impl Drop for SavedTimeline {
    fn drop(&mut self) {
        let Self { timeline, path } = self;
        if let Err(error) = timeline.save(&*path) {
            report::warn(format_args!("no timeline was written to {}: {error}", path.display()));
        }
    }
}
