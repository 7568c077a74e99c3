//! Polling something beside a body that may not leave it a budget: its time limit, a call to end.

use crate::coop::{has_budget_remaining, without_budget};
use crate::util::waits;

/// For what is polled after a body, in the same poll.
#[derive(Debug)]
pub(crate) struct Aside {
    had_budget: bool,
}

impl Aside {
    /// To be called before the body is polled.
    #[inline]
    pub(crate) fn begin() -> Self {
        Self { had_budget: has_budget_remaining() }
    }

    /// Runs `poll`, which has its turn also if the body uses up the budget in every poll. If there was none
    /// before the body, it has to wait like the body: a loop over such pairs must let the others run.
    ///
    /// In dumps, what the body waits for comes first.
    #[inline]
    pub(crate) fn poll<R>(&self, poll: impl FnOnce() -> R) -> R {
        if self.had_budget && !has_budget_remaining() {
            return without_budget(|| waits::secondary(poll));
        }
        waits::secondary(poll)
    }
}
