//! A signal without data: one waiter or all of them may go on.
//!
//! | waiter   | call             | waiter   | stored permit                                         |
//! |----------|------------------|----------|-------------------------------------------------------|
//! | none     | `notify_one`     | none     | there is one                                          |
//! | queued   | `notify_one`     | answered | as before; the one who waits longest is chosen        |
//! | queued   | `notify_last`    | answered | as before; the one who came last is chosen            |
//! | created  | `notify_waiters` | passed   | as before; also those that were never polled          |
//! | queued   | `notify_waiters` | answered | as before                                             |
//! | –        | polled           | ready    | taken, if there is one                                |
//! | answered | dropped          | –        | a `notify_one` is passed on, a `notify_waiters` is not |

use super::wait_list::{Key, Left, WaitList, poll_answer, wake};
use crate::coop;
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, Mutex};
use std::fmt;
use std::future::Future;
use std::ops::{ControlFlow, Deref};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// A signal without data.
///
/// [`notify_one`](Self::notify_one) lets one waiter go on, in the order in which they came, or is
/// kept for the next one if nobody waits. At most one such permit is kept.
/// [`notify_waiters`](Self::notify_waiters) lets all go on that wait now, and is kept for nobody.
///
/// # Examples
/// ```
/// use sheave::sync::Notify;
/// use std::sync::Arc;
///
/// # #[sheave::main]
/// # async fn main() {
/// let bell = Arc::new(Notify::new());
/// let waiter = bell.clone();
/// let waiter = sheave::spawn(async move { waiter.notified().await });
/// bell.notify_one(); // Is kept if the task does not wait yet.
/// waiter.await.unwrap();
/// # }
/// ```
#[derive(Debug)]
pub struct Notify {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// A `notify_one` that nobody has taken.
    has_permit: bool,
    /// How often `notify_waiters` was called: who was created before the latest call goes on.
    calls: u64,
    waiters: WaitList<(), Answer>,
}

/// Which call let a waiter go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    First,
    Last,
    All,
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}

impl Notify {
    /// A signal that nobody has given.
    #[must_use]
    pub fn new() -> Self {
        let state = State { has_permit: false, calls: 0, waiters: WaitList::new() };
        Self { state: Mutex::new(state) }
    }

    /// Waits for a signal.
    ///
    /// A permit kept by an earlier [`notify_one`](Self::notify_one) makes it ready at once. A
    /// [`notify_waiters`](Self::notify_waiters) after this call counts even before the first poll; a
    /// place in the queue is taken by the first poll or by [`Notified::enable`].
    ///
    /// # Cancel safety
    /// Strict as to signals: a `notify_one` that a dropped future had received goes to the next waiter.
    /// Its place in the queue is lost.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let bell = sheave::sync::Notify::new();
    /// bell.notify_one();
    /// bell.notified().await;
    /// # });
    /// ```
    pub fn notified(&self) -> Notified<'_> {
        Notified(Wait::new(self))
    }

    /// [`notified`](Self::notified) without a lifetime.
    ///
    /// # Cancel safety
    /// As [`notified`](Self::notified).
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let bell = Arc::new(sheave::sync::Notify::new());
    /// let waiting = bell.clone().notified_owned();
    /// bell.notify_waiters();
    /// waiting.await;
    /// # });
    /// ```
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        OwnedNotified(Wait::new(self))
    }

    /// Lets the one who waits longest go on, or keeps the signal for the next one to wait.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let bell = sheave::sync::Notify::new();
    /// bell.notify_one();
    /// bell.notify_one(); // One permit is kept, not two.
    /// bell.notified().await;
    /// assert!(futures_lite::future::poll_once(bell.notified()).await.is_none());
    /// # });
    /// ```
    pub fn notify_one(&self) {
        self.notify(Answer::First);
    }

    /// Lets the one go on who came last, or keeps the signal for the next one to wait.
    ///
    /// # Examples
    /// ```
    /// use futures_lite::future::poll_once;
    ///
    /// # futures_lite::future::block_on(async {
    /// let bell = sheave::sync::Notify::new();
    /// let (mut first, mut last) = (Box::pin(bell.notified()), Box::pin(bell.notified()));
    /// assert!(poll_once(&mut first).await.is_none());
    /// assert!(poll_once(&mut last).await.is_none());
    /// bell.notify_last();
    /// assert!(poll_once(&mut first).await.is_none());
    /// assert!(poll_once(&mut last).await.is_some());
    /// # });
    /// ```
    pub fn notify_last(&self) {
        self.notify(Answer::Last);
    }

    /// Lets all go on that wait now. Nothing is kept for those who come later.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let bell = sheave::sync::Notify::new();
    /// let (one, another) = (bell.notified(), bell.notified());
    /// bell.notify_waiters();
    /// one.await;
    /// another.await;
    /// # });
    /// ```
    pub fn notify_waiters(&self) {
        let mut state = self.state.lock();
        state.calls += 1;
        let all = state.waiters.answer_all(Answer::All);
        drop(state);
        wake(all);
    }

    fn notify(&self, whom: Answer) {
        let chosen = self.state.lock().notify(whom);
        wake(chosen);
    }

    /// A future that waited is dropped.
    fn leave(&self, key: Key) {
        let mut state = self.state.lock();
        let left = state.waiters.leave(key);
        let heir = match left {
            Left::Answered(whom @ (Answer::First | Answer::Last))
                if !seeded::on("notify_not_passed_on") =>
            {
                state.notify(whom)
            }
            Left::Answered(_) => None,
            Left::Waiting(waker) => {
                drop(state);
                drop(waker);
                return;
            }
        };
        drop(state);
        wake(heir);
    }
}

impl State {
    /// Chooses one waiter, whose waker is returned, or keeps the permit.
    fn notify(&mut self, whom: Answer) -> Option<Waker> {
        let waker = match whom {
            Answer::Last => self.waiters.answer_last(whom),
            Answer::First | Answer::All => self.waiters.answer_first(whom),
        };
        self.has_permit |= waker.is_none();
        waker
    }
}

/// How far a future has come.
#[derive(Debug)]
enum Stage {
    /// Not queued; goes on if `calls` has moved since.
    Created {
        calls: u64,
    },
    Queued(Option<Key>),
    Done,
}

#[derive(Debug)]
struct Wait<N: Deref<Target = Notify>> {
    notify: N,
    stage: Stage,
}

impl<N: Deref<Target = Notify>> Wait<N> {
    fn new(notify: N) -> Self {
        let calls = notify.state.lock().calls;
        Self { notify, stage: Stage::Created { calls } }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = match self.stage {
            Stage::Done => return Poll::Ready(()),
            Stage::Created { calls } => {
                self.stage = Stage::Queued(None);
                Some(calls)
            }
            Stage::Queued(_) => None,
        };
        let Stage::Queued(key) = &mut self.stage else { unreachable!("set above") };
        let at_once = |state: &mut State| {
            let is_passed = since.is_some_and(|calls| calls != state.calls);
            if is_passed && !seeded::on("notify_created_forgotten") {
                return ControlFlow::Break(Answer::All);
            }
            if std::mem::take(&mut state.has_permit) {
                return ControlFlow::Break(Answer::First);
            }
            ControlFlow::Continue(())
        };
        let notify: &Notify = &self.notify;
        ready!(poll_answer(&notify.state, |state| &mut state.waiters, key, cx, at_once));
        self.stage = Stage::Done;
        Poll::Ready(())
    }

    fn poll_fairly(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        ready!(self.poll(cx));
        progress.made_progress();
        Poll::Ready(())
    }

    fn enable(&mut self) -> bool {
        self.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }
}

impl<N: Deref<Target = Notify>> Drop for Wait<N> {
    fn drop(&mut self) {
        if let Stage::Queued(key) = &mut self.stage {
            if let Some(key) = key.take() {
                self.notify.leave(key);
            }
        }
    }
}

/// Future of [`Notify::notified`].
#[must_use = "futures do nothing unless polled"]
pub struct Notified<'a>(Wait<&'a Notify>);

/// Future of [`Notify::notified_owned`].
#[must_use = "futures do nothing unless polled"]
pub struct OwnedNotified(Wait<Arc<Notify>>);

impl Notified<'_> {
    /// Takes a place in the queue without waiting. Returns whether the future is ready.
    ///
    /// For those who look at a condition before they wait: what is signalled after `enable` is not
    /// missed, whatever happens between the look and the first poll.
    ///
    /// # Examples
    /// ```
    /// use std::pin::pin;
    ///
    /// # futures_lite::future::block_on(async {
    /// let bell = sheave::sync::Notify::new();
    /// let mut waiting = pin!(bell.notified());
    /// assert!(!waiting.as_mut().enable());
    /// bell.notify_one();
    /// waiting.await;
    /// # });
    /// ```
    pub fn enable(self: Pin<&mut Self>) -> bool {
        self.get_mut().0.enable()
    }
}

impl OwnedNotified {
    /// As [`Notified::enable`].
    pub fn enable(self: Pin<&mut Self>) -> bool {
        self.get_mut().0.enable()
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().0.poll_fairly(cx)
    }
}

impl Future for OwnedNotified {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().0.poll_fairly(cx)
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified").field("stage", &self.0.stage).finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnedNotified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedNotified").field("stage", &self.0.stage).finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom;
