//! What Ctrl-C does to a runner.
//!
//! | from        | event       | to          | then                                              |
//! |-------------|-------------|-------------|---------------------------------------------------|
//! | Idle        | a run begins | Running    | –                                                 |
//! | Running     | Ctrl-C      | Interrupted | the run drops its future at the next suspension   |
//! | Running     | a run ends  | Idle        | –                                                 |
//! | Interrupted | a run ends  | Idle        | –                                                 |
//! | Idle, Interrupted | Ctrl-C | –          | the process ends, as it does without a handler    |
//!
//! One bit will do: whether the next Ctrl-C ends the process. The signal handler sets it.

use crate::front::aside::Aside;
use crate::signal::unix::{SignalKind, signal};
use crate::util::waits::unnoted;
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::SeqCst};
use signal_hook::SigId;
use signal_hook::low_level::{emulate_default_handler, register, unregister};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;

const SIGINT: i32 = SignalKind::interrupt().as_raw_value();

/// See the [module documentation](self).
pub(super) struct CtrlC {
    ends_process: Arc<AtomicBool>,
    action: SigId,
}

impl CtrlC {
    /// Idle.
    pub(super) fn listen() -> io::Result<Self> {
        let ends_process = Arc::new(AtomicBool::new(true));
        let bit = ends_process.clone();
        let interrupt = move || {
            // ORDERING: SeqCst; one bit, and nothing hangs on its order with others.
            if bit.swap(true, SeqCst) {
                let _ = emulate_default_handler(SIGINT);
            }
        };
        // SAFETY: `register` wants an action that may run in a signal handler. This one swaps an atomic
        // and calls a function that is made for signal handlers.
        let action = unsafe { register(SIGINT, interrupt) }?;
        Ok(Self { ends_process, action })
    }

    /// Ends the process as Ctrl-C does.
    pub(super) fn end_process() -> ! {
        let _ = emulate_default_handler(SIGINT);
        unreachable!("SIGINT ends the process by default");
    }

    /// Runs a future, until Ctrl-C: then `None`. Inside a runtime.
    pub(super) async fn run<F: Future>(&self, future: F) -> io::Result<Option<F::Output>> {
        // Before the run begins: the Ctrl-C that this one would miss still ends the process.
        let mut interrupts = signal(SignalKind::interrupt())?;
        let _running = Running::begin(self);
        let mut future = pin!(future);
        let output = poll_fn(|cx| {
            let aside = Aside::begin();
            match future.as_mut().poll(cx) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                // What the future waits for is what a dump shows.
                Poll::Pending => unnoted(|| aside.poll(|| interrupts.poll_recv(cx))).map(|_| None),
            }
        });
        Ok(output.await)
    }
}

impl Drop for CtrlC {
    fn drop(&mut self) {
        unregister(self.action);
    }
}

impl fmt::Debug for CtrlC {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CtrlC").finish_non_exhaustive()
    }
}

/// A run, until it is dropped.
struct Running<'a>(&'a CtrlC);

impl<'a> Running<'a> {
    fn begin(ctrl_c: &'a CtrlC) -> Self {
        // ORDERING: SeqCst, see `listen`.
        ctrl_c.ends_process.store(false, SeqCst);
        Self(ctrl_c)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // ORDERING: SeqCst, see `listen`.
        self.0.ends_process.store(true, SeqCst);
    }
}
