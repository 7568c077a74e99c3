//! A multi-threaded, work-stealing async runtime.

mod util;
