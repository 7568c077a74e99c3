//! Waiters that are told only that something has happened, and look for themselves what it is.

use super::{Find, Key, poll_held};
use sheave_facade::sync::BriefMutex;
use std::ops::ControlFlow;
use std::task::{Context, Poll, ready};

/// [`poll_answer`](super::poll_answer) for one who is told to look again: ready with what `look` finds.
///
/// `look` sees the state as it is at this poll, not as it was when the waiter was told: what came since
/// is found too, and what has gone since is waited for again.
#[inline]
pub(crate) fn poll_look<S, T>(
    state: &BriefMutex<S>,
    list: Find<S, (), ()>,
    key: &mut Option<Key>,
    cx: &mut Context<'_>,
    mut look: impl FnMut(&mut S) -> Option<T>,
) -> Poll<T> {
    loop {
        let mut found = None;
        let at_once = |state: &mut S| {
            found = look(state);
            match found {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        };
        let ((), mut held) = ready!(poll_held(&mut None, state, list, key, cx, at_once));
        // One that was told has not looked yet.
        if let Some(found) = found.or_else(|| look(&mut held)) {
            return Poll::Ready(found);
        }
    }
}
