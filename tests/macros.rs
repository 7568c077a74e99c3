//! How `join!`, `try_join!`, `select!`, `pin!` and `task_local!` behave, on any executor.

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
