//! What the runtime has to say when nobody has asked: one line each.

use std::fmt;
use std::io::{self, Write};

/// Says a line on stderr. Never panics, as `eprintln!` does once stderr is closed.
pub(crate) fn warn(message: fmt::Arguments<'_>) {
    // One write, so that lines of several threads do not mix.
    let line = format!("sheave: {message}\n");
    let _ = io::stderr().write_all(line.as_bytes());
}
