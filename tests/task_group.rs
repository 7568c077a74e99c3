//! asyncio's task groups, items 41 and 42 of its vocabulary, as a user sees them.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, missing_docs)]

#[path = "task_group/cancel.rs"]
mod cancel;
#[path = "task_group/ends.rs"]
mod ends;
#[path = "task_group/errors.rs"]
mod errors;
#[path = "task_group/life.rs"]
mod life;
#[path = "task_group/spawning.rs"]
mod spawning;
#[path = "asyncio_compose/support.rs"]
mod support;
