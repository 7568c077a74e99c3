//! How much the word can count.

/// The sizes that ship.
#[cfg(not(loom))]
mod sizes {
    pub(in crate::tasks::state) const WAKE_BITS: u32 = 28;
    pub(in crate::tasks::state) const SEEN_MAX: u64 = 1 << 20;
    pub(in crate::tasks::state) const CUT_TO: u64 = 1 << 21;
    pub(in crate::tasks::state) const CROWDED: u64 = 1 << 27;
}

/// Tiny sizes in the same proportions, so that a model reaches all of them.
#[cfg(loom)]
mod sizes {
    pub(in crate::tasks::state) const WAKE_BITS: u32 = 5;
    pub(in crate::tasks::state) const SEEN_MAX: u64 = 2;
    pub(in crate::tasks::state) const CUT_TO: u64 = 4;
    pub(in crate::tasks::state) const CROWDED: u64 = 8;
}

pub(super) use sizes::{CROWDED, CUT_TO, SEEN_MAX, WAKE_BITS};

/// More references than any program can hold without leaking them; beyond it the count might wrap.
pub(super) const REFS_MAX: u64 = 1 << 26;

/// A program that leaks 2^26 wakers of one task would free it too early: like `Arc`, stop first.
#[cold]
pub(super) fn too_many_references() -> ! {
    eprintln!("sheave: more than 2^26 references to one task; its wakers are being leaked");
    std::process::abort()
}
