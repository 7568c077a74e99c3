//! How `join!`, `try_join!`, `select!`, `pin!` and `task_local!` behave, on any executor.

// Test helpers are counted by the standard library's atomics: nothing here is modelled.
#![allow(clippy::disallowed_types)]

#[path = "macros/allocation.rs"]
mod allocation;
#[path = "macros/join.rs"]
mod join;
#[path = "macros/select.rs"]
mod select;
#[path = "macros/support.rs"]
mod support;
#[path = "macros/task_local.rs"]
mod task_local;
