//! asyncio's composition, items 38, 39, 40 and 43 to 46 of its vocabulary, as a user sees it.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, missing_docs)]

#[path = "asyncio_compose/as_completed.rs"]
mod as_completed;
#[path = "asyncio_compose/ends.rs"]
mod ends;
#[path = "asyncio_compose/gather.rs"]
mod gather;
#[path = "asyncio_compose/gather_macro.rs"]
mod gather_macro;
#[path = "asyncio_compose/linear.rs"]
mod linear;
#[path = "asyncio_compose/run.rs"]
mod run;
#[path = "asyncio_compose/support.rs"]
mod support;
#[path = "asyncio_compose/timeouts.rs"]
mod timeouts;
#[path = "asyncio_compose/wait.rs"]
mod wait;
