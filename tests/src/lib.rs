//! What the behaviour tests share: a watchdog, bounded waiting, drop witnesses, an event that works
//! on any runtime, and a census of the process.

mod census;
mod drops;
mod flag;
mod flavours;
mod patience;

pub use census::Census;
pub use drops::{Drops, Witness};
pub use flag::{Flag, FlagWait};
pub use flavours::{in_a_task, runtimes};
pub use patience::{eventually, panic_text, watchdog};

/// The programs of the page for those who come from Python, which are compiled as they stand.
#[cfg(doctest)]
#[doc = include_str!("../../docs/src/from-python.md")]
struct FromPython;
