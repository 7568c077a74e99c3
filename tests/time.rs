//! `sheave::time` as a user sees it.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, missing_docs)]

#[path = "time/moving.rs"]
mod moving;
#[path = "time/panics.rs"]
mod panics;
#[path = "time/paused.rs"]
mod paused;
#[path = "time/punctual.rs"]
mod punctual;
#[path = "time/shutdown.rs"]
mod shutdown;
