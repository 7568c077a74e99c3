//! Waiters that are told only that something has happened, and look for themselves what it is.

use super::{Find, Key, poll_answer};
use sheave_facade::sync::BriefMutex;
use std::ops::ControlFlow;
use std::task::{Context, Poll};

/// [`poll_answer`] for one who is told to look again: ready with what `look` finds.
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
        match (poll_answer(state, list, key, cx, at_once), found) {
            (Poll::Pending, _) => return Poll::Pending,
            (Poll::Ready(()), Some(found)) => return Poll::Ready(found),
            // It was told; now it looks.
            (Poll::Ready(()), None) => (),
        }
    }
}
