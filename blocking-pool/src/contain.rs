//! The wall between user code and the pool: a panic in a job, a hook or a handler stops here.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a piece of user code ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Normally,
    ByPanic,
}

/// Runs user code and swallows its panic, which the panic hook has already reported.
pub(crate) fn contain(code: impl FnOnce()) -> Ended {
    ask(code).map_or(Ended::ByPanic, |()| Ended::Normally)
}

/// What user code answers; `None` if it panics, which the panic hook has already reported.
pub(crate) fn ask<R>(code: impl FnOnce() -> R) -> Option<R> {
    // Unwind safety: the code owns what it captures, and the pool keeps no state in it.
    let payload = match catch_unwind(AssertUnwindSafe(code)) {
        Ok(answer) => return Some(answer),
        Err(payload) => payload,
    };
    // A payload may panic once more when it is dropped; that second one is leaked, not dropped.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
    None
}
