//! The tasks behind one `gather` or `as_completed`: taken from an input, joined as they complete.
//!
//! | from    | call                          | to      | and                                            |
//! |---------|-------------------------------|---------|------------------------------------------------|
//! | Input   | `poll_next`, there is room    | Running | made a task; its key is handed in, to be polled |
//! | Running | `poll_next` takes its key, pending | Running | its waker hands the key in again         |
//! | Running | `poll_next` takes its key, ended | –    | its outcome is returned                        |
//! | Running | `abort_all`                   | Running | it will end as cancelled                       |
//! | Running | drop of the crew              | –       | aborted                                        |
//! | Running | `disband`                     | –       | runs on without us                             |
//! | Input   | `abort_all`, `disband`, drop  | –       | never taken                                    |
//!
//! What a completion costs does not depend on how many tasks there are.

use super::IntoTask;
use crate::coop;
use crate::tasks::{JoinError, JoinHandle};
use crate::util::ReadyKeys;
use sheave_facade::seeded;
use slab::Slab;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// The tasks, and the input of which more will be made.
pub(super) struct Crew<I, T> {
    /// `None` when nothing will be taken from it any more.
    input: Option<I>,
    /// How many were taken from it.
    taken: usize,
    /// How many may run at once.
    limit: usize,
    caller: &'static Location<'static>,
    running: Slab<Member<T>>,
    /// Keys of members that may have ended.
    ended: ReadyKeys,
}

struct Member<T> {
    /// Its place in the input.
    index: usize,
    task: JoinHandle<T>,
    /// Hands in this member's key.
    waker: Waker,
}

impl<I, T> Crew<I, T> {
    #[track_caller]
    pub(super) fn new(input: I) -> Self {
        Self {
            input: Some(input),
            taken: 0,
            limit: usize::MAX,
            caller: Location::caller(),
            running: Slab::new(),
            ended: ReadyKeys::new(),
        }
    }

    /// Lets at most `limit` run at once.
    #[track_caller]
    pub(super) fn limit_to(&mut self, limit: usize) {
        assert!(limit > 0, "a limit of 0 would run nothing and wait for ever: let at least 1 run");
        self.limit = limit;
    }

    /// Whether nothing has been taken from the input.
    pub(super) fn is_fresh(&self) -> bool {
        self.taken == 0
    }

    /// Whether nothing will be taken from the input any more.
    pub(super) fn has_taken_all(&self) -> bool {
        self.input.is_none()
    }

    /// Asks all to end and takes no more from the input.
    pub(super) fn abort_all(&mut self) {
        self.running.iter().for_each(|(_, member)| member.task.abort());
        // Last: the drop of the input is code of the user, and may panic.
        self.input = None;
    }

    /// Lets go of all, which run on, and takes no more from the input.
    pub(super) fn disband(&mut self) {
        let running = std::mem::take(&mut self.running);
        // A drop of the input that panics must not leave them here, to be aborted.
        drop(running);
        self.input = None;
    }

    /// The outcome of the member with this key. `Pending` if there is no such member, or if it runs on.
    fn poll_member(&mut self, key: usize) -> Poll<(usize, Result<T, JoinError>)> {
        let Some(Member { index, task, waker }) = self.running.get_mut(key) else {
            // A late wake, of a member that has been joined.
            return Poll::Pending;
        };
        let index = *index;
        // The join as a whole is charged, not each look at a member.
        let polled = coop::without_budget(|| Pin::new(task).poll(&mut Context::from_waker(waker)));
        let outcome = ready!(polled);
        self.running.remove(key);
        Poll::Ready((index, outcome))
    }
}

impl<I: Iterator, T> Crew<I, T>
where
    I::Item: IntoTask<T>,
{
    /// Waits for the next that ends: its place in the input, and its outcome. `None` when the input is
    /// used up and all have been joined.
    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(usize, Result<T, JoinError>)>> {
        self.refill();
        if self.running.is_empty() {
            return Poll::Ready(None);
        }
        let progress = ready!(coop::poll_proceed(cx));
        loop {
            let key = ready!(self.ended.poll_pop(cx));
            if let Poll::Ready(ended) = self.poll_member(key) {
                progress.made_progress();
                return Poll::Ready(Some(ended));
            }
        }
    }

    /// Makes tasks of the input while there is room.
    fn refill(&mut self) {
        while self.running.len() < self.limit {
            let Some(input) = &mut self.input else { return };
            let Some(next) = input.next() else {
                self.input = None;
                return;
            };
            self.add(next);
        }
    }

    fn add(&mut self, next: I::Item) {
        let task = next.into_task_at(self.caller);
        let entry = self.running.vacant_entry();
        let waker = self.ended.waker(entry.key());
        // A first poll would register the waker, and for a task that has ended it would return the
        // outcome; handing the key in makes the next `poll_next` do either.
        waker.wake_by_ref();
        entry.insert(Member { index: self.taken, task, waker });
        self.taken += 1;
    }
}

impl<I, T> Drop for Crew<I, T> {
    fn drop(&mut self) {
        if !seeded::on("gather_drop_forgets_abort") {
            self.abort_all();
        }
    }
}

impl<I, T> fmt::Debug for Crew<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew")
            .field("taken", &self.taken)
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom;
