//! A signal without data: one waiter or all of them may go on.
//!
//! One word holds the stored permit, says whether somebody is queued, and counts the calls of
//! `notify_waiters`. The list of waiters and its lock are for waiting only.
//!
//! | waiter   | call             | waiter   | word                                                  |
//! |----------|------------------|----------|-------------------------------------------------------|
//! | none     | `notify_one`     | none     | PERMIT                                                |
//! | queued   | `notify_one`     | answered | the one who waits longest is chosen                   |
//! | queued   | `notify_last`    | answered | the one who came last is chosen                       |
//! | created  | `notify_waiters` | passed   | one more CALL; also those that were never polled      |
//! | queued   | `notify_waiters` | answered | one more CALL, not QUEUED                             |
//! | –        | polled           | ready    | not PERMIT, if it was                                 |
//! | –        | polled           | queued   | QUEUED, under the lock, if not PERMIT                 |
//! | answered | dropped          | –        | a `notify_one` is passed on, a `notify_waiters` is not |
//!
//! Under its lock the list has waiters only if the word is QUEUED, and a QUEUED word changes under that
//! lock only. PERMIT and QUEUED exclude each other, so a signal that finds neither is kept by one change
//! of the word. A word stays QUEUED when the last waiter is answered or dropped: the next one may come
//! soon, and a signal that finds nobody makes it PERMIT.

mod wait;

pub use wait::{Notified, OwnedNotified};

use super::wait_list::{Key, Left, Told, WaitList, wake};
use sheave_facade::seeded;
use sheave_facade::sync::atomic::AtomicUsize;
use sheave_facade::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use sheave_facade::sync::{Arc, BriefMutex};
use std::ops::ControlFlow;
use std::panic::{RefUnwindSafe, UnwindSafe};

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
    word: AtomicUsize,
    told: Told,
    waiters: BriefMutex<Waiters>,
}

type Waiters = WaitList<(), Answer>;

/// A `notify_one` that nobody has taken.
const PERMIT: usize = 1;
/// Somebody is in the list.
const QUEUED: usize = 2;
/// One call of `notify_waiters`: who was created before the latest goes on.
const CALL: usize = 4;

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

// No code of the user runs under its lock.
impl UnwindSafe for Notify {}
impl RefUnwindSafe for Notify {}

impl Notify {
    /// A signal that nobody has given.
    #[must_use]
    pub fn new() -> Self {
        Self::const_new()
    }

    sheave_facade::const_fn! {
        /// [`new`](Self::new) for statics.
        #[must_use]
        pub fn const_new() -> Self {
            Self {
                word: AtomicUsize::new(0),
                told: Told::new(),
                waiters: BriefMutex::new(WaitList::new()),
            }
        }
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
        Notified::of(self)
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
        OwnedNotified::of(self)
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
        let mut waiters = self.waiters.lock();
        self.count_call();
        let all = waiters.answer_all(Answer::All);
        self.nobody_is_queued();
        drop(waiters);
        wake(all);
    }

    #[inline]
    fn notify(&self, whom: Answer) {
        if !self.keep() {
            self.choose(whom);
        }
    }

    /// Lets one waiter go on, if there is one still.
    #[cold]
    fn choose(&self, whom: Answer) {
        let mut waiters = self.waiters.lock();
        let chosen = match whom {
            Answer::Last => waiters.answer_last(whom),
            Answer::First | Answer::All => self.told.answer_first(&mut waiters, whom),
        };
        let is_kept = chosen.is_none() && self.keep_instead();
        drop(waiters);
        match chosen {
            Some(waker) => wake([waker]),
            None if is_kept => (),
            None => self.notify(whom),
        }
    }

    /// A future that waited is dropped.
    fn leave(&self, key: Key) {
        let mut waiters = self.waiters.lock();
        let left = self.told.leave(&mut waiters, key);
        drop(waiters);
        match left {
            Left::Answered(whom @ (Answer::First | Answer::Last)) => {
                if !seeded::on("notify_not_passed_on") {
                    self.notify(whom);
                }
            }
            Left::Answered(Answer::All) => (),
            Left::Waiting(waker) => drop(waker),
        }
    }
}

/// The looks at the word, and its changes.
impl Notify {
    #[inline]
    fn look(&self) -> usize {
        // ORDERING: Acquire; pairs with the release of `count_call`: who was passed by a call sees
        // what was done before it.
        self.word.load(Acquire)
    }

    /// How often `notify_waiters` was called.
    #[inline]
    fn calls(&self) -> usize {
        self.look() / CALL
    }

    /// Keeps a signal for the next one to wait, unless somebody is queued.
    #[inline]
    fn keep(&self) -> bool {
        let mut word = self.look();
        while word & QUEUED == 0 {
            // ORDERING: Release, also if there is a permit already: pairs with the acquire of
            // `try_go`, whose task sees what was done before each signal. Acquire, for a word that
            // is QUEUED; then the lock orders.
            match self.word.compare_exchange_weak(word, word | PERMIT, AcqRel, Acquire) {
                Ok(_) => return true,
                Err(newer) => word = newer,
            }
        }
        false
    }

    /// Goes on if there was a call since `since`, or takes the permit. Otherwise, and under the lock, sets
    /// `queued`: `QUEUED`, or 0 without the lock.
    #[inline]
    fn try_go(&self, since: Option<usize>, queued: usize) -> ControlFlow<Answer> {
        let mut word = self.look();
        loop {
            if since.is_some_and(|calls| calls != word / CALL)
                && !seeded::on("notify_created_forgotten")
            {
                return ControlFlow::Break(Answer::All);
            }
            let next = if word & PERMIT == 0 { word | queued } else { word & !PERMIT };
            if next == word {
                return ControlFlow::Continue(());
            }
            // ORDERING: Acquire; pairs with the release of `keep`.
            match self.word.compare_exchange_weak(word, next, AcqRel, Acquire) {
                Ok(_) if word & PERMIT != 0 => return ControlFlow::Break(Answer::First),
                Ok(_) => return ControlFlow::Continue(()),
                Err(newer) => word = newer,
            }
        }
    }

    /// Under the lock.
    fn count_call(&self) {
        // ORDERING: Release; pairs with the acquire of `look`.
        self.word.fetch_add(CALL, AcqRel);
    }

    /// Under the lock, with a list that is empty: a QUEUED word says so. Nobody else changes one.
    fn nobody_is_queued(&self) {
        self.unqueue(0);
    }

    /// Under the lock, with a list that is empty: a QUEUED word becomes PERMIT.
    fn keep_instead(&self) -> bool {
        self.unqueue(PERMIT)
    }

    fn unqueue(&self, permit: usize) -> bool {
        let word = self.look();
        let is_queued = word & QUEUED != 0;
        if is_queued {
            // ORDERING: Release, for `look` and `try_go`: publishes the signal, and what was read from
            // `count_call` stays published.
            self.word.store((word & !QUEUED) | permit, Release);
        }
        is_queued
    }
}

#[cfg(all(test, loom))]
mod loom;
