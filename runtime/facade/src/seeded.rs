//! Seeded bugs: the controls that show a model can fail.
//!
//! `if !seeded::on("task_lost_wake") { … }` marks one duty of a protocol. The condition is the
//! constant `false` in a normal build; in a model build `model::must_catch` runs a model
//! once more with the duty neglected and demands that it fails with the expected words.

/// Whether the named bug is switched on. Constant `false` outside model builds.
#[cfg(not(loom))]
#[inline(always)]
#[must_use]
pub const fn on(_bug: &str) -> bool {
    false
}

#[cfg(loom)]
std::thread_local! {
    // loom runs every modelled thread on one OS thread, so this is one switch per model.
    static BUG: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

/// Whether the named bug is switched on. Constant `false` outside model builds.
#[cfg(loom)]
#[must_use]
pub fn on(bug: &str) -> bool {
    BUG.with(|b| *b.borrow() == bug)
}

/// Switches one bug on for the models of this thread.
#[cfg(loom)]
pub(crate) fn set(bug: &str) {
    BUG.with(|b| bug.clone_into(&mut b.borrow_mut()));
}
