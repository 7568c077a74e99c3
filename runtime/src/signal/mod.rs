//! Waiting for signals of the operating system.
//!
//! Each listener has a pipe of its own, which the signal handler writes to and the listener's
//! runtime reads from. So several runtimes may listen for the same signal, each listener is told of
//! each signal, and a runtime that is dropped takes nothing away from the others. No thread is
//! involved.
//!
//! The first listener for a signal replaces the signal's default action for the rest of the life of
//! the process, even after the last listener is gone: once you have waited for
//! [`ctrl_c`], Ctrl-C no longer ends the program by itself.
//!
//! A forked child inherits the handler, but not the listeners: signals that it receives reach
//! nobody until it makes a runtime and listeners of its own. In particular they do not reach the
//! parent.

pub mod unix;

use std::io;

/// Waits for the next Ctrl-C (`SIGINT`).
///
/// Only signals that arrive after the first poll count. To be sure that none is missed between two
/// waits, keep a [`unix::Signal`] and call its `recv`.
///
/// # Errors
/// Outside a runtime, after its shutdown, or if no descriptor is left for the listener's pipe.
///
/// # Cancel safety
/// Restarts: a signal that arrives between the drop of this future and the first poll of the next
/// is not seen. [`unix::Signal::recv`] is strict.
///
/// # Examples
/// ```no_run
/// # fn main() -> std::io::Result<()> { sheave::runtime::Runtime::new()?.block_on(async {
/// sheave::signal::ctrl_c().await?;
/// println!("bye");
/// # Ok(()) }) }
/// ```
pub async fn ctrl_c() -> io::Result<()> {
    let mut interrupts = unix::signal(unix::SignalKind::interrupt())?;
    match interrupts.recv().await {
        Some(()) => Ok(()),
        None => Err(io::Error::other("the runtime was shut down")),
    }
}
