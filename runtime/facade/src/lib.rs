//! The one place where sheave names its concurrency primitives.
//!
//! A normal build gets `std` atomics, `parking_lot` locks and `crossbeam-deque` queues, re-exported
//! at no cost. A build with `--cfg loom` gets the same names backed by [loom], so that the code that
//! is model-checked is the code that ships. The workspace bans the originals by lint.
//!
//! | need | normal build | under loom | what loom does not see |
//! |---|---|---|---|
//! | [`sync::atomic`], `fence` | `std` | loom | `SeqCst` *accesses* are `AcqRel` there: write handshakes with `fence(SeqCst)` on both sides |
//! | [`sync::Mutex`], [`sync::RwLock`], [`sync::Condvar`] | `parking_lot` | loom | spurious wake-ups |
//! | [`sync::BriefMutex`] | `parking_lot`, with more patience | the same as `Mutex` | how one waits |
//! | [`sync::TimedCondvar`] | `parking_lot` | a list of waiters with two kinds of time-out | real time |
//! | [`cell::UnsafeCell`] | `std`, no cost | loom, and it counts its own drop as a write | plain memory beside it |
//! | [`alloc`] | `Box` | tracked and quarantined | leaks of a plain `Box` |
//! | [`deque`] | `crossbeam-deque` | stand-in with equally weak emptiness | its internals |
//! | [`thread`] | `std` | loom, at most four beside the model's main | `park`, on purpose absent |
//! | [`thread::ThreadId`] | a number in a thread-local | the same, per modelled thread | – |
//! | [`time::now`] | monotonic clock | virtual clock moved by the model | – |
//! | [`sync::OnceLock`] | `std` | `std` behind a loom flag | a wait for the one who sets it |
//! | [`sync::Arc`] | `std` | `std` | its own counts |
//! | [`sync::TrackedArc`] | `std` | `std` beside loom's counts of those who left | – |
//!
//! [loom]: https://docs.rs/loom
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

#[cfg(not(loom))]
mod real;
#[cfg(not(loom))]
pub use real::{alloc, cell, deque, hint, sync, thread, time};

#[cfg(loom)]
mod modelled;
#[cfg(loom)]
pub use modelled::{alloc, cell, deque, hint, sync, thread, time};

#[cfg(loom)]
pub mod model;
pub mod seeded;
mod thread_id;

#[doc(hidden)]
#[cfg(loom)]
pub use loom as __loom;

/// A thread-local with a constant initialiser, or loom's own under loom.
#[cfg(not(loom))]
#[macro_export]
macro_rules! thread_local {
    ($(#[$attr:meta])* $vis:vis static $name:ident: $ty:ty = $init:expr;) => {
        ::std::thread_local! { $(#[$attr])* $vis static $name: $ty = const { $init }; }
    };
}

/// A thread-local with a constant initialiser, or loom's own under loom.
#[cfg(loom)]
#[macro_export]
macro_rules! thread_local {
    ($(#[$attr:meta])* $vis:vis static $name:ident: $ty:ty = $init:expr;) => {
        $crate::__loom::thread_local! { $(#[$attr])* $vis static $name: $ty = $init; }
    };
}

/// A function that is `const`, but not under loom, whose locks and atomics are made at run time.
#[cfg(not(loom))]
#[macro_export]
macro_rules! const_fn {
    ($(#[$attr:meta])* $vis:vis fn $($function:tt)*) => { $(#[$attr])* $vis const fn $($function)* };
}

/// A function that is `const`, but not under loom, whose locks and atomics are made at run time.
#[cfg(loom)]
#[macro_export]
macro_rules! const_fn {
    ($(#[$attr:meta])* $vis:vis fn $($function:tt)*) => { $(#[$attr])* $vis fn $($function)* };
}
