//! The macros of the runtime, and what their expansions call.
//!
//! `join!`, `try_join!` and `select!` are one-line wrappers around the procedural macros in
//! `sheave-macros`: the wrapper gives the macro its documentation, its place in this crate and
//! `$crate`. `pin!` and `task_local!` need no procedural macro.

mod gather;
#[cfg(feature = "macros")]
mod join;
mod pin;
#[cfg(feature = "macros")]
mod select;
#[doc(hidden)]
pub mod support;
pub mod task_local;
#[cfg(feature = "macros")]
mod try_join;
