//! A thread that writes a dump when a signal comes.
//!
//! A thread of its own, because dumps are asked for when no worker has time.

use super::{Builder, Handle};
use crate::scheduler::Driving;
use crate::signal::unix::{SignalKind, listen};
use sheave_facade::sync::{Arc, Mutex, TimedCondvar};
use sheave_facade::thread;
use signal_hook::SigId;
use signal_hook::low_level;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long the end of a runtime waits for a dump that is being written.
const PATIENCE: Duration = Duration::from_secs(1);

impl Builder {
    /// Writes a [dump](super::Handle::dump) to the standard error output whenever such a signal comes,
    /// customarily `SIGUSR1`. A thread of its own does so, hence also while all workers are stuck. Default:
    /// no signal is listened for.
    ///
    /// Several runtimes may listen for the same signal. Its default action is replaced for the rest of
    /// the life of the process.
    ///
    /// ```
    /// use sheave::runtime::Builder;
    /// use sheave::signal::unix::SignalKind;
    ///
    /// let runtime = Builder::new_multi_thread()
    ///     .worker_threads(2)
    ///     .dump_on_signal(SignalKind::user_defined1())
    ///     .build()?;
    /// // From here on, `kill -USR1` shows what every task does.
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`build`](Self::build) fails for signals that
    /// [cannot be listened for](crate::signal::unix::signal).
    #[must_use]
    pub fn dump_on_signal(mut self, kind: SignalKind) -> Self {
        self.dump_on = Some(kind);
        self
    }
}

/// Dumps until it is dropped.
pub(super) struct Dumper {
    listener: SigId,
    end: Arc<End>,
}

/// Whether the thread has ended.
#[derive(Default)]
struct End {
    is_over: Mutex<bool>,
    changed: TimedCondvar,
}

/// Says so when it is dropped, by the thread or instead of it.
struct Ended(Arc<End>);

impl Drop for Ended {
    fn drop(&mut self) {
        *self.0.is_over.lock() = true;
        self.0.changed.notify_all();
    }
}

impl Dumper {
    pub(super) fn start(kind: SignalKind, runtime: Handle) -> io::Result<Self> {
        let (receiver, sender) = UnixStream::pair()?;
        sender.set_nonblocking(true)?;
        let dumper = Self { listener: listen(kind, sender)?, end: Arc::default() };
        let ended = Ended(dumper.end.clone());
        thread::Builder::new().name("sheave-dump".to_string()).spawn(move || {
            dump_on_each_byte(&receiver, &runtime);
            drop((runtime, ended));
        })?;
        Ok(dumper)
    }
}

/// Until the other end of the pipe is gone.
fn dump_on_each_byte(mut pipe: &UnixStream, runtime: &Handle) {
    // Signals that come meanwhile ask for one dump.
    let mut asked = [0; 64];
    loop {
        match pipe.read(&mut asked) {
            Ok(0) => return,
            Ok(_) => {
                let dump = runtime.dump().to_string();
                // If nobody reads it, there is nobody to tell.
                let _ = io::stderr().lock().write_all(dump.as_bytes());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

impl Drop for Dumper {
    fn drop(&mut self) {
        // Closes the pipe.
        low_level::unregister(self.listener);
        if Driving::is_on() {
            return;
        }
        let mut is_over = self.end.is_over.lock();
        while !*is_over {
            // Somebody may have stopped to read what it writes.
            if self.end.changed.wait_at_most(&mut is_over, PATIENCE).timed_out() {
                return;
            }
        }
    }
}
