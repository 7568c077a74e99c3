//! Those whom a cancellation found.

use super::token::Node;
use crate::sync::wait_list::wake;
use sheave_facade::sync::Arc;
use std::task::Waker;

/// Those whom a cancellation found, to be let go without a lock.
#[derive(Default)]
#[must_use = "they wait to be woken"]
pub(super) struct Told {
    pub(super) wakers: Vec<Waker>,
    /// Perhaps the last of their tokens, which look at the tree when they are dropped.
    pub(super) nodes: Vec<Arc<Node>>,
}

impl Told {
    /// Whether nobody waited.
    pub(super) fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.wakers.extend(more.wakers);
        self.nodes.extend(more.nodes);
    }

    pub(super) fn wake(self) {
        wake(self.wakers);
    }
}
