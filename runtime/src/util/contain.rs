//! Runs code of a user in places that must not unwind (T9).

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic carries.
pub(crate) type Payload = Box<dyn Any + Send + 'static>;

/// Runs `user_code` and hands back the payload if it panics.
///
/// `AssertUnwindSafe`: every caller drops, or never looks again at, what the code may have left half
/// done.
pub(crate) fn catch<R>(user_code: impl FnOnce() -> R) -> Result<R, Payload> {
    catch_unwind(AssertUnwindSafe(user_code))
}

/// Runs `user_code`; a panic has been reported by the panic hook and ends here.
pub(crate) fn contain(user_code: impl FnOnce()) {
    if let Err(payload) = catch(user_code) {
        discard(payload);
    }
}

/// Drops a payload, whose own drop may panic too.
pub(crate) fn discard(payload: Payload) {
    if let Err(worse) = catch(|| drop(payload)) {
        // A payload that panics with a payload that may panic: leaking it ends the regress.
        std::mem::forget(worse);
    }
}
