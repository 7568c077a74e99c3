//! `asyncio.TaskGroup`: tasks that end before the code that started them goes on.
//!
//! The group's future, which polls the body:
//!
//! | body    | group        | event                    | body | and                                        |
//! |---------|--------------|--------------------------|------|--------------------------------------------|
//! | –       |              | first poll               | runs | its closure is called with the group       |
//! | –       |              | that panics              | over | the group is cut, waits for the members    |
//! | runs    | Open, Closing | it is ready with a value | over | waits for the members                     |
//! | runs    | any          | it fails or panics       | over | the group is cut, waits for the members    |
//! | runs    | Cut          | poll                     | over | it is dropped, waits for the members       |
//! | any     | Closing      | the grace is over        | same | the group is cut                           |
//! | over    | any          | the last member leaves   | over | the group is Over, ready                   |
//! | any     | any          | dropped                  | –    | the group is abandoned, members are aborted |
//!
//! What the group is, beside its body, says `state`.

mod child;
mod error;
mod handle;
mod member;
mod state;

pub use error::{
    GroupTaskError, SpawnError, SpawnErrorKind, StartError, TaskFailure, TaskGroupError,
};
pub use handle::TaskGroup;
pub use member::{GroupTask, Readiness};

use crate::front::aside::Aside;
use crate::sync::wait_list::poll_alone;
use crate::sync::{Notify, Semaphore};
use crate::time::{self, Sleep};
use crate::util::contain::{Payload, catch, discard};
use crate::util::waits::{SyncKind, noting};
use pin_project_lite::pin_project;
use sheave_facade::sync::{Arc, BriefMutex};
use state::{State, Todo};
use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Runs `body` with a group in which it can spawn tasks, and waits until all of them have ended.
///
/// - The body runs in the task that awaits and may borrow from it. What it spawns runs as tasks of their
///   own, in parallel, and must be `'static`.
/// - When the body is done the group waits for its members, which may go on spawning more. After the
///   last has ended nothing can be spawned.
/// - The first failure, of the body or of a member, an `Err` or a panic, ends the group: the body is
///   dropped at its next `.await`, the members are aborted, and **all have ended** when the group yields
///   its [`TaskGroupError`], with every failure there was. A member that was aborted has not failed.
/// - [`TaskGroup::cancel`] ends it without a failure.
/// - Dropping the future aborts all members. A drop cannot wait for them;
///   [`TaskGroup::closed`], of a clone, does. A panic of a member that comes later is one that nobody
///   reads, and is [reported](crate::runtime::Builder::on_unhandled_panic).
/// - A panic of the body goes on in the caller, after the members have been aborted and have ended. One of
///   a member is a [`TaskFailure::Panic`], or goes on too with
///   [`propagate_panics`](GroupFuture::propagate_panics).
///
/// # Differences from asyncio
/// `async with TaskGroup() as tg`. Members cannot borrow from the body. What they and the body
/// fail with has one type, `E`. An outside cancellation drops the group and does not wait for its members;
/// nor does an outer group, in whose body or member this one is awaited, when it is ended.
///
/// # Cancel safety
/// Consumes: dropping it drops the body and aborts the members.
///
/// # Errors
/// A [`TaskGroupError`] with all failures. Without any, if the group was cancelled before its body had a
/// value.
///
/// # Panics
/// If the body panics, or the closure that makes it; when polled after it was ready.
///
/// # Examples
/// ```
/// use sheave::asyncio::{TaskGroup, task_group};
///
/// # #[sheave::main]
/// # async fn main() {
/// let sum = task_group(|group: TaskGroup<std::num::ParseIntError>| async move {
///     let six = group.spawn(async { "6".parse::<u32>() }).expect("the group is open");
///     let seven = group.spawn(async { "7".parse::<u32>() }).expect("the group is open");
///     Ok(six.await.unwrap() + seven.await.unwrap())
/// });
/// assert_eq!(sum.await.unwrap(), 13);
/// # }
/// ```
pub fn task_group<E, R, F, B>(body: F) -> GroupFuture<F, B, R, E>
where
    F: FnOnce(TaskGroup<E>) -> B,
    B: Future<Output = Result<R, E>>,
{
    GroupFuture {
        start: Some(body),
        limit: None,
        propagates_panics: false,
        group: None,
        body: None,
        end: None,
        grace: None,
    }
}

/// What the group's future, its handles and its members share.
struct Shared<E> {
    state: BriefMutex<State<E>>,
    /// Rings when the group is asked to end, or ends.
    ending: Notify,
    /// Rings when the group is over and its last member has ended.
    closed: Notify,
    slots: Option<std::sync::Arc<Semaphore>>,
}

impl<E> Shared<E> {
    fn new(limit: Option<usize>) -> Self {
        Self {
            state: BriefMutex::new(State::new()),
            ending: Notify::new(),
            closed: Notify::new(),
            slots: limit.map(|limit| std::sync::Arc::new(Semaphore::new(limit))),
        }
    }

    /// Changes the state and does what that entails.
    fn change(&self, change: impl FnOnce(&mut State<E>) -> Todo) {
        let (todo, is_ending, is_closed) = {
            let mut state = self.state.lock();
            let todo = change(&mut state);
            (todo, state.is_ending(), state.is_closed())
        };
        todo.run();
        if is_ending {
            self.slots.iter().for_each(|slots| slots.close());
            self.ending.notify_waiters();
        }
        if is_closed {
            self.closed.notify_waiters();
        }
    }

    /// A member has failed. The failure comes back if nobody will read it here.
    fn fail(&self, failure: TaskFailure<E>) -> Option<TaskFailure<E>> {
        let mut unread = None;
        self.change(|state| {
            state.fail(failure).unwrap_or_else(|failure| {
                unread = Some(failure);
                Todo::default()
            })
        });
        unread
    }

    /// Nobody is in it: it is over, unless somebody is.
    fn poll_finish(&self, cx: &mut Context<'_>) -> Poll<()> {
        let look = |state: &mut State<E>| state.try_finish().then_some(());
        let polled = poll_alone(&self.state, |state| &mut state.waiter, cx, look);
        ready!(noting(SyncKind::TaskGroup, self, polled));
        self.change(|_| Todo::default());
        Poll::Ready(())
    }
}

/// What became of the body.
enum End<R, E> {
    Value(R),
    Error(E),
    Panic(Payload),
    /// The group was cut before.
    Dropped,
}

pin_project! {
    /// The future of [`task_group`].
    #[must_use = "nothing starts until it is awaited"]
    pub struct GroupFuture<F, B, R, E> {
        start: Option<F>,
        limit: Option<usize>,
        propagates_panics: bool,
        group: Option<Arc<Shared<E>>>,
        #[pin]
        body: Option<B>,
        // `None` while the body runs.
        end: Option<End<R, E>>,
        grace: Option<Sleep>,
    }

    impl<F, B, R, E> PinnedDrop for GroupFuture<F, B, R, E> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(group) = this.project().group {
                group.change(State::abandon);
            }
        }
    }
}

impl<F, B, R, E> GroupFuture<F, B, R, E> {
    /// Lets at most `limit` members run at once: beyond that [`TaskGroup::spawn`] refuses, and
    /// [`TaskGroup::spawn_when_free`] waits.
    ///
    /// # Differences from asyncio
    /// no such thing.
    ///
    /// # Panics
    /// If `limit` is 0.
    ///
    /// # Examples
    /// ```
    /// use sheave::asyncio::{TaskGroup, task_group};
    /// use sheave::time::{Duration, sleep};
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let polite = task_group(|group: TaskGroup<()>| async move {
    ///     for _ in 0..100 {
    ///         let request = async { Ok(sleep(Duration::from_micros(10)).await) };
    ///         group.spawn_when_free(request).await.expect("none fails");
    ///         assert!(group.len() <= 8);
    ///     }
    ///     Ok(())
    /// });
    /// polite.with_limit(8).await.unwrap();
    /// # }
    /// ```
    #[track_caller]
    pub fn with_limit(mut self, limit: usize) -> Self {
        assert!(limit > 0, "a limit of 0 would run nothing and wait for ever: let at least 1 run");
        self.limit = Some(limit);
        self
    }

    /// Continues the first panic of a member in the caller, when all have ended.
    ///
    /// # Differences from asyncio
    /// no such thing; a panic is an exception there.
    pub fn propagate_panics(mut self) -> Self {
        self.propagates_panics = true;
        self
    }
}

impl<F, B, R, E> GroupFuture<F, B, R, E>
where
    F: FnOnce(TaskGroup<E>) -> B,
    B: Future<Output = Result<R, E>>,
{
    /// Calls the body, the first time.
    fn enter(mut self: Pin<&mut Self>) -> Arc<Shared<E>> {
        let mut this = self.as_mut().project();
        if let Some(group) = this.group {
            return group.clone();
        }
        let start = this.start.take();
        let start = start.expect("a `GroupFuture` was polled after it had returned its output");
        let group = Arc::new(Shared::new(*this.limit));
        *this.group = Some(group.clone());
        match catch(|| start(TaskGroup::new(group.clone()))) {
            Ok(body) => this.body.set(Some(body)),
            Err(payload) => self.end_body(&group, End::Panic(payload)),
        }
        group
    }

    /// Drives the body until it is over.
    fn poll_body(mut self: Pin<&mut Self>, group: &Shared<E>, cx: &mut Context<'_>) {
        let mut this = self.as_mut().project();
        let Some(body) = this.body.as_mut().as_pin_mut() else { return };
        let mut end = if group.state.lock().is_cut() {
            End::Dropped
        } else {
            match catch(|| body.poll(cx)) {
                Ok(Poll::Pending) => return,
                Ok(Poll::Ready(Ok(value))) => End::Value(value),
                Ok(Poll::Ready(Err(error))) => End::Error(error),
                Err(payload) => End::Panic(payload),
            }
        };
        if let Err(payload) = catch(|| this.body.set(None)) {
            match &end {
                End::Panic(_) => discard(payload),
                _ => end = End::Panic(payload),
            }
        }
        self.end_body(group, end);
    }

    fn end_body(self: Pin<&mut Self>, group: &Shared<E>, end: End<R, E>) {
        let has_failed = matches!(end, End::Error(_) | End::Panic(_));
        *self.project().end = Some(end);
        group.change(|state| {
            state.end_body();
            if has_failed { state.cut() } else { Todo::default() }
        });
    }

    /// Cuts the group when the grace is over. Ready if it did so just now.
    fn poll_grace(
        self: Pin<&mut Self>,
        group: &Shared<E>,
        aside: &Aside,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let this = self.project();
        let (grace, is_cut) = {
            let state = group.state.lock();
            (state.grace(), state.is_cut())
        };
        let Some(grace) = grace.filter(|_| !is_cut) else { return Poll::Pending };
        let sleep = this.grace.get_or_insert_with(|| time::sleep(grace));
        ready!(aside.poll(|| Pin::new(sleep).poll(cx)));
        group.change(State::cut);
        Poll::Ready(())
    }

    /// What it yields. It is not to be polled again.
    fn finish(self: Pin<&mut Self>, group: &Shared<E>) -> Result<R, TaskGroupError<E>> {
        let this = self.project();
        *this.group = None;
        let mut errors = group.state.lock().take_errors();
        if *this.propagates_panics {
            let panic = errors.iter().position(|error| matches!(error, TaskFailure::Panic(_)));
            if let Some(TaskFailure::Panic(error)) = panic.map(|at| errors.swap_remove(at)) {
                resume_unwind(error.into_panic());
            }
        }
        match this.end.take().expect("the body is over") {
            End::Panic(payload) => resume_unwind(payload),
            End::Value(value) if errors.is_empty() => Ok(value),
            End::Value(_) | End::Dropped => Err(TaskGroupError::new(errors, None)),
            End::Error(error) => Err(TaskGroupError::new(errors, Some(error))),
        }
    }
}

impl<F, B, R, E> Future for GroupFuture<F, B, R, E>
where
    F: FnOnce(TaskGroup<E>) -> B,
    B: Future<Output = Result<R, E>>,
{
    type Output = Result<R, TaskGroupError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let aside = Aside::begin();
        let group = self.as_mut().enter();
        loop {
            self.as_mut().poll_body(&group, cx);
            if self.as_mut().poll_grace(&group, &aside, cx).is_ready() {
                continue;
            }
            if self.end.is_some() {
                ready!(group.poll_finish(cx));
                return Poll::Ready(self.finish(&group));
            }
            ready!(group.poll_ending(self.grace.is_some(), cx));
        }
    }
}

impl<E> Shared<E> {
    /// While the body runs: ready if it is to end, or if a grace was asked for that is not `known`.
    fn poll_ending(&self, known: bool, cx: &mut Context<'_>) -> Poll<()> {
        let look = |state: &mut State<E>| {
            (state.is_cut() || (state.grace().is_some() && !known)).then_some(())
        };
        poll_alone(&self.state, |state| &mut state.waiter, cx, look)
    }
}

impl<F, B, R, E> fmt::Debug for GroupFuture<F, B, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupFuture").finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom;
