//! A place where so many meet before any of them goes on.
//!
//! | those who wait | call              | those who wait | and                                          |
//! |----------------|-------------------|----------------|----------------------------------------------|
//! | fewer than n-1 | `wait` polled     | one more       | waits                                        |
//! | n-1            | `wait` polled     | none           | leads, and all go on; the next round begins  |
//! | some           | `wait` dropped    | one fewer      | it has not come                              |
//! | –              | answered, dropped | –              | the others go on as if it had                |

use super::wait_list::{Key, WaitList, poll_answer, wake};
use crate::coop;
use crate::util::waits::{SyncKind, noting};
use sheave_facade::seeded;
use sheave_facade::sync::BriefMutex;
use std::fmt;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::task::{Context, Poll, Waker, ready};

/// A place where so many tasks meet before any of them goes on, again and again.
///
/// # Differences from asyncio
/// It has tokio's methods, and is never broken: there is no `abort` and no `reset`. Who gives up has not
/// come, and the others wait on; to have all give up, wait within
/// [`run_until_cancelled`](crate::cancel::CancellationToken::run_until_cancelled). Of each round one is
/// the leader, where asyncio numbers all. It may be used again at once: who comes early to the next round
/// does not wait until all have left the former one.
///
/// # Examples
/// ```
/// use sheave::sync::Barrier;
/// use std::sync::Arc;
///
/// # #[sheave::main]
/// # async fn main() {
/// let barrier = Arc::new(Barrier::new(3));
/// let runners: sheave::task::JoinSet<bool> = (0..3)
///     .map(|_| {
///         let barrier = barrier.clone();
///         async move { barrier.wait().await.is_leader() }
///     })
///     .collect();
/// let leaders = runners.join_all().await.into_iter().filter(|is_leader| *is_leader);
/// assert_eq!(leaders.count(), 1);
/// # }
/// ```
pub struct Barrier {
    n: usize,
    waiters: BriefMutex<WaitList<(), ()>>,
}

/// What [`Barrier::wait`] returns: whether this one completed the round.
#[derive(Clone, Debug)]
pub struct BarrierWaitResult(bool);

impl Barrier {
    /// A barrier for `n` tasks. One for none is one for one task, which never waits.
    #[must_use]
    pub fn new(n: usize) -> Self {
        Self { n: n.max(1), waiters: BriefMutex::new(WaitList::new()) }
    }

    /// Waits until `n` tasks wait. The last one to come leads.
    ///
    /// # Cancel safety
    /// Strict: a future that is dropped while it waits has not come, and does not count.
    pub async fn wait(&self) -> BarrierWaitResult {
        let mut wait = Wait { barrier: self, key: None };
        poll_fn(|cx| wait.poll(cx)).await
    }
}

impl BarrierWaitResult {
    /// Whether this task was the last to come. Of each round one is.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

/// Waits for the others; its place is given up on drop.
struct Wait<'a> {
    barrier: &'a Barrier,
    key: Option<Key>,
}

impl Wait<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<BarrierWaitResult> {
        let progress = ready!(coop::poll_proceed(cx));
        let Self { barrier, key } = self;
        let mut others: Option<Vec<Waker>> = None;
        let at_once = |waiters: &mut WaitList<(), ()>| {
            if waiters.len() + 1 < barrier.n {
                return ControlFlow::Continue(());
            }
            others = Some(waiters.answer_all(()));
            ControlFlow::Break(())
        };
        let polled = poll_answer(&barrier.waiters, |waiters| waiters, key, cx, at_once);
        ready!(noting(SyncKind::Barrier, *barrier, polled));
        progress.made_progress();
        let is_leader = others.is_some();
        if !seeded::on("barrier_leader_wakes_nobody") {
            wake(others.into_iter().flatten());
        }
        Poll::Ready(BarrierWaitResult(is_leader))
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            if !seeded::on("barrier_quitter_counts") {
                let left = self.barrier.waiters.lock().leave(key);
                drop(left);
            }
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.waiters.lock().len();
        f.debug_struct("Barrier").field("n", &self.n).field("waiting", &waiting).finish()
    }
}

#[cfg(all(test, loom))]
mod loom;
