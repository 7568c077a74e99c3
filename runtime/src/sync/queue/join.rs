//! Waiting until everything that was put is done.

use super::store::Store;
use super::{BaseQueue, State};
use crate::coop;
use crate::sync::wait_list::{Key, poll_held, wake};
use crate::util::waits::{SyncKind, noting};
use sheave_facade::seeded;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::task::{Context, Poll, Waker, ready};

impl<S: Store> BaseQueue<S> {
    /// Says that an item which was got is done, for [`join`](Self::join).
    ///
    /// # Panics
    /// If all items that were put are done. asyncio raises a `ValueError`.
    #[track_caller]
    pub fn task_done(&self) {
        let mut state = self.lock();
        let Some(left) = state.unfinished.checked_sub(1) else {
            drop(state);
            panic!("`task_done` was called more often than items were put: call it once per `get`");
        };
        let joined = state.finish(left);
        drop(state);
        wake(joined);
    }

    /// Waits until all items that were put are [done](Self::task_done). Ready at once if they are.
    ///
    /// # Cancel safety
    /// Strict: a dropped wait leaves nothing behind.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let queue = sheave::sync::Queue::new(0);
    /// queue.put_nowait("to do").unwrap();
    /// queue.get().await.unwrap();
    /// assert!(futures_lite::future::poll_once(queue.join()).await.is_none());
    /// queue.task_done();
    /// queue.join().await;
    /// # });
    /// ```
    pub async fn join(&self) {
        let mut join = Join { queue: self, key: None };
        poll_fn(|cx| join.poll(cx)).await;
    }
}

impl<S> State<S> {
    /// So many items are not done. Returns whom to wake, without the lock.
    pub(super) fn finish(&mut self, left: usize) -> Vec<Waker> {
        self.unfinished = left;
        let is_joined = left == 0 && !seeded::on("queue_join_not_woken");
        if is_joined { self.joiners.answer_all(()) } else { Vec::new() }
    }
}

/// Waits until all is done; its place in the list is given up on drop.
struct Join<'a, S: Store> {
    queue: &'a BaseQueue<S>,
    key: Option<Key>,
}

impl<S: Store> Join<'_, S> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        S::assert_not_comparing();
        let Self { queue, key } = self;
        let at_once = |state: &mut State<S>| match state.unfinished {
            0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        // Who joins is likely to wait. Dropped last, without the lock.
        let mut clone = key.is_none().then(|| cx.waker().clone());
        let polled =
            poll_held(&mut clone, &queue.state, |state| &mut state.joiners, key, cx, at_once);
        ready!(noting(SyncKind::QueueJoiner, *queue, polled.map(drop)));
        progress.made_progress();
        Poll::Ready(())
    }
}

impl<S: Store> Drop for Join<'_, S> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let left = self.queue.lock().joiners.leave(key);
            drop(left);
        }
    }
}
