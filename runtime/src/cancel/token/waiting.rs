//! The list of those who wait for a token.

use super::{CancellationToken, State};
use crate::sync::wait_list::{Key, Left, poll_answer};
use crate::util::waits::{SyncKind, noting};
use sheave_facade::seeded;
use std::ops::ControlFlow;
use std::task::{Context, Poll};

impl CancellationToken {
    /// Waits in the list at `key`.
    pub(in crate::cancel) fn poll_cancelled(
        &self,
        key: &mut Option<Key>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if self.is_cancelled() {
            return Poll::Ready(());
        }
        let at_once = |state: &mut State| match state.cause {
            Some(_) if !seeded::on("cancel_waiter_looks_once") => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let polled = poll_answer(&self.node.state, |state| &mut state.waiters, key, cx, at_once);
        noting(SyncKind::CancellationToken, &self.node.state, polled)
    }

    /// Takes the entry of a future that is dropped from the list.
    pub(in crate::cancel) fn leave(&self, key: &mut Option<Key>) {
        if let Some(key) = key.take() {
            let left = self.node.state.lock().waiters.leave(key);
            if let Left::Waiting(waker) = left {
                drop(waker);
            }
        }
    }
}
