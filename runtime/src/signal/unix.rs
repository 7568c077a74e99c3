//! Unix signals, by kind.

mod kind;

pub use kind::SignalKind;

use crate::reactor::{Direction, Interest, Io};
use crate::scheduler::context::current_reactor;
use signal_hook::SigId;
use signal_hook::consts::FORBIDDEN;
use signal_hook::low_level;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll, ready};

/// Listens for signals of one kind with the current runtime.
///
/// Signals that arrive from now on are seen by [`Signal::recv`], also before its first call.
///
/// # Errors
/// For kinds that cannot be caught (`SIGKILL`, `SIGSTOP`) or after whose handler the program cannot
/// go on (`SIGILL`, `SIGFPE`, `SIGSEGV`), and for numbers that are no signal. Outside a runtime,
/// after its shutdown, or if no descriptor is left for the listener's pipe.
///
/// # Examples
/// ```
/// use sheave::signal::unix::{SignalKind, signal};
///
/// # fn main() -> std::io::Result<()> { sheave::runtime::Runtime::new()?.block_on(async {
/// let mut hangups = signal(SignalKind::hangup())?;
/// # signal_hook::low_level::raise(1)?;
/// // … somebody sends SIGHUP …
/// hangups.recv().await;
/// println!("reading the configuration again");
/// # Ok(()) }) }
/// ```
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    let (receiver, sender) = UnixStream::pair()?;
    receiver.set_nonblocking(true)?;
    sender.set_nonblocking(true)?;
    let pipe = Io::with_interest(receiver, Interest::READABLE, current_reactor);
    // Now rather than at the first wait, so that a missing runtime is this function's error.
    pipe.register()?;
    let listener = listen(kind, sender)?;
    Ok(Signal { kind, listener, pipe })
}

/// Adds a handler that writes a byte to `sender`, which must not block, for each signal.
///
/// # Errors
/// If such a signal cannot be listened for.
pub(crate) fn listen(kind: SignalKind, sender: UnixStream) -> io::Result<SigId> {
    let number = kind.as_raw_value();
    if FORBIDDEN.contains(&number) {
        let message =
            format!("signal {number} cannot be listened for: it cannot be handled safely");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let process = std::process::id();
    let tell = move || {
        // A forked child shares the pipe with its parent, to whom its signals are no news.
        if std::process::id() == process {
            // Full means that the listener has enough to notice.
            let _ = (&sender).write(&[1]);
        }
    };
    // SAFETY: `register` wants an action that may run in a signal handler. This one makes two
    // system calls, `getpid` and `write`, does not allocate, lock or panic, and the handler
    // preserves `errno`.
    unsafe { low_level::register(number, tell) }
}

/// A listener for one kind of signals, made by [`signal`].
///
/// Signals that arrive faster than they are received are merged into one. Dropping the listener
/// ends the listening, but does not bring back the signal's default action.
#[must_use = "a listener that is dropped hears nothing"]
pub struct Signal {
    kind: SignalKind,
    listener: SigId,
    pipe: Io<UnixStream>,
}

impl Signal {
    /// Waits for the next signal. `None` means that the runtime was shut down and none will come.
    ///
    /// # Cancel safety
    /// Strict: a signal that is not returned is returned by the next call.
    pub async fn recv(&mut self) -> Option<()> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Polls for the next signal, see [`recv`](Self::recv).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        let mut buf = [0; 64];
        let mut read = |mut pipe: &UnixStream| pipe.read(&mut buf);
        let got = ready!(self.pipe.poll_transfer(cx, Direction::Read, 64, &mut read));
        let mut got = match got {
            Ok(got) => got,
            Err(_shut_down) => return Poll::Ready(None),
        };
        // More signals than that: merge them all.
        while got == 64 {
            got = self.pipe.try_io(Direction::Read, &mut read).unwrap_or(0);
        }
        Poll::Ready(Some(()))
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        // Before the pipe is closed, and not until running handlers have left the action.
        low_level::unregister(self.listener);
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal").field("kind", &self.kind).finish_non_exhaustive()
    }
}
