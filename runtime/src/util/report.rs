//! What the runtime has to say when nobody has asked: one line each.
//!
//! It goes to `tracing` if that feature is on and the program has a subscriber, else to stderr: a
//! program that says nothing about a stuck runtime is worse than one that says a line too many.

use std::fmt;
use std::io::{self, Write};

/// Says a line. Never panics, as `eprintln!` does once stderr is closed.
pub(crate) fn warn(message: fmt::Arguments<'_>) {
    if !tracing::warn(message) {
        // One write, so that lines of several threads do not mix.
        let line = format!("sheave: {message}\n");
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

#[cfg(feature = "tracing")]
mod tracing {
    use crate::util::contain::contain;
    use ::tracing::{dispatcher, warn};
    use std::fmt;

    /// Gives a warning to the subscriber. Returns whether there is one.
    pub(super) fn warn(message: fmt::Arguments<'_>) -> bool {
        let is_heard = dispatcher::has_been_set();
        if is_heard {
            // A subscriber is code of a user.
            contain(|| warn!(target: "sheave", "{message}"));
        }
        is_heard
    }
}

#[cfg(not(feature = "tracing"))]
mod tracing {
    use std::fmt;

    /// Nobody is there to hear it.
    pub(super) fn warn(_: fmt::Arguments<'_>) -> bool {
        false
    }
}
