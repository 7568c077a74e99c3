//! A multi-threaded, work-stealing async runtime.

mod coop;
mod reactor;
mod task;
mod util;

#[doc(hidden)]
pub mod macros;
#[cfg(feature = "macros")]
pub use sheave_macros::{main, test};
