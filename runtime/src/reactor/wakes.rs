//! The wakers of one reactor turn, woken when every source of the turn has been marked.

use crate::util::contain::contain;
use std::collections::VecDeque;
use std::task::Waker;

/// Wakers on their way out of the locks (W10). Unbounded, unlike `util::WakeBatch`, because a turn
/// must mark all its sources before the first waker runs: an edge is reported by the kernel only
/// once. Its memory is used again by the next turn.
#[derive(Default)]
pub(super) struct Wakes(VecDeque<Waker>);

impl Wakes {
    pub(super) fn extend(&mut self, waker: Option<Waker>) {
        self.0.extend(waker);
    }

    /// Wakes all in the order of their arrival, and returns how many there were. Must be called
    /// without any lock held. A waker that panics costs neither the others their wake nor the
    /// thread, which serves everybody, its life (T13).
    pub(super) fn wake_all(&mut self) -> usize {
        let count = self.0.len();
        while let Some(waker) = self.0.pop_front() {
            contain(|| waker.wake());
        }
        count
    }
}

impl Drop for Wakes {
    /// Wakes what is left, should the turn end early.
    fn drop(&mut self) {
        self.wake_all();
    }
}
