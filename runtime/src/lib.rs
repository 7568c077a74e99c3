//! A multi-threaded, work-stealing async runtime.

mod reactor;
mod util;

#[doc(hidden)]
pub mod macros;
#[cfg(feature = "macros")]
pub use sheave_macros::{main, test};
