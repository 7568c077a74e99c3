//! `gather!`: a gather of different types.
//!
//! The states are those of [`gather`](super::gather()). A dozen tasks at most are simply polled in turn.

use super::operand::Operand;
use crate::tasks::{JoinError, JoinHandle};
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The future of [`gather!`](crate::gather!).
///
/// With `ALL`, after [`return_exceptions`](GatherTuple::return_exceptions), it yields a tuple of
/// `Result`s; without, a `Result` of a tuple.
#[must_use = "nothing starts until it is awaited"]
pub struct GatherTuple<O: Operands, const ALL: bool = false> {
    operands: Option<O>,
    posts: Option<O::Posts>,
    caller: &'static Location<'static>,
    /// The first one, while the others end.
    error: Option<JoinError>,
    aborts_on_error: bool,
}

// Operands are moved until they are tasks, and nothing is ever pinned.
impl<O: Operands, const ALL: bool> Unpin for GatherTuple<O, ALL> {}

impl<O: Operands> GatherTuple<O> {
    #[doc(hidden)]
    #[track_caller]
    pub fn new(operands: O) -> Self {
        Self {
            operands: Some(operands),
            posts: None,
            caller: Location::caller(),
            error: None,
            aborts_on_error: false,
        }
    }

    /// As [`Gather::abort_on_error`](super::Gather::abort_on_error).
    pub fn abort_on_error(mut self) -> Self {
        self.aborts_on_error = true;
        self
    }

    /// As [`Gather::return_exceptions`](super::Gather::return_exceptions).
    ///
    /// # Panics
    /// If it has been polled.
    ///
    /// # Examples
    /// ```
    /// # #[sheave::main]
    /// # async fn main() {
    /// let divide = |by: u32| async move { 12 / by };
    /// let (fine, failed) =
    ///     sheave::gather!(divide(4), divide(0)).return_exceptions().await;
    /// assert_eq!(fine.unwrap(), 3);
    /// assert!(failed.unwrap_err().is_panic());
    /// # }
    /// ```
    #[track_caller]
    pub fn return_exceptions(mut self) -> GatherTuple<O, true> {
        let operands = self.operands.take();
        assert!(operands.is_some(), "`return_exceptions` must be called before the first poll");
        let caller = self.caller;
        GatherTuple { operands, posts: None, caller, error: None, aborts_on_error: false }
    }

    /// Aborts all tasks and waits until they have ended. `None` if one of them was cancelled by this, or was
    /// never started; otherwise what the gather would have yielded. As
    /// [`Gather::cancel`](super::Gather::cancel).
    ///
    /// # Cancel safety
    /// Consumes: all are aborted at the call, dropping the future gives up the wait for them.
    pub fn cancel(mut self) -> impl Future<Output = Option<<Self as Future>::Output>> {
        let before = self.abort_and_count();
        poll_fn(move |cx| {
            let uncut = ready!(self.poll_cut(before, cx));
            Poll::Ready(uncut.map(|mut posts| {
                let mut error = self.error.take();
                let _all_have_ended = posts.poll_all(cx, Some(&mut error));
                error.map_or_else(|| Ok(posts.values()), Err)
            }))
        })
    }
}

impl<O: Operands> GatherTuple<O, true> {
    /// As without `return_exceptions`.
    ///
    /// # Cancel safety
    /// Consumes: all are aborted at the call, dropping the future gives up the wait for them.
    pub fn cancel(mut self) -> impl Future<Output = Option<<Self as Future>::Output>> {
        let before = self.abort_and_count();
        poll_fn(move |cx| {
            self.poll_cut(before, cx).map(|uncut| uncut.map(|mut posts| posts.outcomes()))
        })
    }
}

impl<O: Operands, const ALL: bool> GatherTuple<O, ALL> {
    /// Asks those that have started to end. Returns how many were cancelled before.
    fn abort_and_count(&self) -> usize {
        let before = self.posts.as_ref().map_or(0, Posts::cancelled);
        self.abort_all();
        before
    }

    /// Waits until all have ended. `None` if more than `before` were cancelled.
    fn poll_cut(&mut self, before: usize, cx: &mut Context<'_>) -> Poll<Option<O::Posts>> {
        if let Some(posts) = &mut self.posts {
            ready!(posts.poll_all(cx, None));
        }
        Poll::Ready(self.posts.take().filter(|posts| posts.cancelled() == before))
    }

    /// Asks those that have started to end.
    fn abort_all(&self) {
        if let Some(posts) = &self.posts {
            posts.abort_all();
        }
    }

    /// Waits until all have ended or, if errors are of interest, until the first error ends the wait.
    fn poll_ended(&mut self, cx: &mut Context<'_>, stops: bool) -> Poll<Option<JoinError>> {
        if let Some(operands) = self.operands.take() {
            self.posts = Some(operands.start(self.caller));
        }
        let posts = self.posts.as_mut().expect("polled after it had returned its output");
        let ended = posts.poll_all(cx, stops.then_some(&mut self.error));
        if self.error.is_some() && !self.aborts_on_error {
            return Poll::Ready(self.error.take());
        }
        if self.error.is_some() {
            posts.abort_all();
        }
        ended.map(|()| self.error.take())
    }
}

impl<O: Operands> Future for GatherTuple<O> {
    type Output = Result<<O::Posts as Posts>::Values, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let error = ready!(self.poll_ended(cx, true));
        let mut posts = self.posts.take().expect("polled above");
        Poll::Ready(match error {
            Some(error) => Err(error),
            None => Ok(posts.values()),
        })
    }
}

impl<O: Operands> Future for GatherTuple<O, true> {
    type Output = <O::Posts as Posts>::Outcomes;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(self.poll_ended(cx, false));
        Poll::Ready(self.posts.take().expect("polled above").outcomes())
    }
}

impl<O: Operands, const ALL: bool> Drop for GatherTuple<O, ALL> {
    fn drop(&mut self) {
        self.abort_all();
    }
}

impl<O: Operands, const ALL: bool> fmt::Debug for GatherTuple<O, ALL> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatherTuple")
            .field("has_started", &self.posts.is_some())
            .finish_non_exhaustive()
    }
}

/// A tuple of operands.
#[doc(hidden)]
pub trait Operands {
    type Posts: Posts;

    fn start(self, caller: &'static Location<'static>) -> Self::Posts;
}

/// A tuple of [`Post`]s.
#[doc(hidden)]
pub trait Posts {
    type Values;
    type Outcomes;

    /// Polls those that run. Given a place for it, the first error goes there.
    fn poll_all(&mut self, cx: &mut Context<'_>, error: Option<&mut Option<JoinError>>)
    -> Poll<()>;

    fn abort_all(&self);

    /// How many have ended as cancelled, of those whose outcome is here.
    fn cancelled(&self) -> usize;

    /// The values. For when all have ended well.
    fn values(&mut self) -> Self::Values;

    /// What all have ended with.
    fn outcomes(&mut self) -> Self::Outcomes;
}

/// A task, and then its outcome.
#[doc(hidden)]
#[derive(Debug)]
pub struct Post<T> {
    /// `None` when it has ended.
    task: Option<JoinHandle<T>>,
    /// `None` while the task runs, and once it was taken.
    outcome: Option<Result<T, JoinError>>,
}

impl<T> Post<T> {
    fn new(task: JoinHandle<T>) -> Self {
        Self { task: Some(task), outcome: None }
    }

    /// Whether the task has ended.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(task) = &mut self.task else { return true };
        let Poll::Ready(outcome) = Pin::new(task).poll(cx) else { return false };
        self.task = None;
        self.outcome = Some(outcome);
        true
    }

    /// Hands the error over, if the task has failed.
    fn give_error(&mut self, to: &mut Option<JoinError>) {
        if to.is_none() && matches!(self.outcome, Some(Err(_))) {
            *to = self.outcome.take().and_then(Result::err);
        }
    }

    fn abort(&self) {
        self.task.iter().for_each(JoinHandle::abort);
    }

    fn was_cancelled(&self) -> bool {
        matches!(&self.outcome, Some(Err(error)) if error.is_cancelled())
    }

    fn take(&mut self) -> Result<T, JoinError> {
        self.outcome.take().expect("the task has ended")
    }
}

macro_rules! tuples {
    ($(($($place:ident $at:tt),*))*) => {$(
        impl<$($place: Operand),*> Operands for ($($place,)*) {
            type Posts = ($(Post<$place::Value>,)*);

            #[allow(clippy::unused_unit, unused_variables)]
            fn start(self, caller: &'static Location<'static>) -> Self::Posts {
                ($(Post::new(self.$at.start(caller)),)*)
            }
        }

        #[allow(clippy::unused_unit, unused_variables, unused_mut)]
        impl<$($place),*> Posts for ($(Post<$place>,)*) {
            type Values = ($($place,)*);
            type Outcomes = ($(Result<$place, JoinError>,)*);

            fn poll_all(
                &mut self,
                cx: &mut Context<'_>,
                mut error: Option<&mut Option<JoinError>>,
            ) -> Poll<()> {
                let mut have_all_ended = true;
                $(
                    have_all_ended &= self.$at.poll(cx);
                    if let Some(error) = &mut error {
                        self.$at.give_error(error);
                    }
                )*
                if have_all_ended { Poll::Ready(()) } else { Poll::Pending }
            }

            fn abort_all(&self) {
                $(self.$at.abort();)*
            }

            fn cancelled(&self) -> usize {
                0 $(+ usize::from(self.$at.was_cancelled()))*
            }

            fn values(&mut self) -> Self::Values {
                ($(self.$at.take().expect("an error would have been handed over"),)*)
            }

            fn outcomes(&mut self) -> Self::Outcomes {
                ($(self.$at.take(),)*)
            }
        }
    )*};
}

tuples! {
    ()
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
}
