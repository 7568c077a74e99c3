//! A lock whose holders can wait for each other's news.
//!
//! | waiter    | call                  | waiter    | and                                             |
//! |-----------|-----------------------|-----------|-------------------------------------------------|
//! | –         | `wait` polled         | queued    | then the lock is opened, so no notify is missed |
//! | queued    | `notify`              | notified  | those who wait longest first                    |
//! | queued    | `notify_all`          | notified  | like all others                                 |
//! | queued    | dropped               | –         |                                                 |
//! | notified  | polled                | locking   | queues for the lock                             |
//! | notified  | dropped               | –         | a `notify` goes to the next one                 |
//! | locking   | the lock is granted   | –         | `wait` returns with the lock                    |
//! | locking   | dropped               | –         | as notified; a grant of the lock goes on too    |

use super::lock::{Lock, LockGuard};
use super::wait_list::{Key, Left, Told, WaitList, poll_told, wake};
use crate::coop;
use crate::util::waits::{SyncKind, noting};
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, BriefMutex};
use std::fmt;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::task::{Context, Poll, Waker, ready};

/// A [`Lock`] whose holders can wait until another holder [notifies](ConditionGuard::notify) them, as
/// asyncio has it.
///
/// # Differences from asyncio
/// `wait`, `wait_for`, `notify` and `notify_all` are methods of the guard: to call them without the
/// lock, a `RuntimeError` there, does not compile here. `wait` takes the guard and returns it with the
/// lock held again. Dropped meanwhile it leaves the lock to others: asyncio must take the lock once
/// more even if cancelled, because a block around would release it. It works on any thread and in any
/// executor, and belongs to no loop.
///
/// # Examples
/// ```
/// use sheave::sync::Condition;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// # #[sheave::main]
/// # async fn main() {
/// let shared = Arc::new((Condition::new(), AtomicU32::new(0)));
/// let cook = shared.clone();
/// let cook = sheave::spawn(async move {
///     let (kitchen, pancakes) = &*cook;
///     for _ in 0..3 {
///         let kitchen = kitchen.acquire().await;
///         pancakes.fetch_add(1, Ordering::Relaxed);
///         kitchen.notify(1);
///     }
/// });
/// let (kitchen, pancakes) = &*shared;
/// let guard = kitchen.acquire().await;
/// let guard = guard.wait_for(|| pancakes.load(Ordering::Relaxed) == 3).await;
/// pancakes.store(0, Ordering::Relaxed); // Eaten, with the lock held.
/// drop(guard);
/// cook.await.unwrap();
/// # }
/// ```
pub struct Condition {
    lock: Arc<Lock>,
    told: Told,
    waiters: BriefMutex<Waiters>,
}

type Waiters = WaitList<(), Answer>;

/// Holds the lock of a [`Condition`] until it is dropped.
#[must_use = "a lock that is opened at once protects nothing"]
pub struct ConditionGuard<'a> {
    condition: &'a Condition,
    held: LockGuard<'a>,
}

/// Which call let a waiter go on.
#[derive(Clone, Copy, Debug)]
enum Answer {
    One,
    All,
}

impl Default for Condition {
    fn default() -> Self {
        Self::new()
    }
}

impl Condition {
    /// A condition with a lock of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::with_lock(Arc::default())
    }

    /// A condition that shares its lock with others. Who holds the lock for one of them gets on to
    /// another by [`holding`](Self::holding).
    #[must_use]
    pub fn with_lock(lock: Arc<Lock>) -> Self {
        Self { lock, told: Told::new(), waiters: BriefMutex::new(WaitList::new()) }
    }

    /// Waits for the lock.
    ///
    /// # Cancel safety
    /// As [`Lock::acquire`].
    pub async fn acquire(&self) -> ConditionGuard<'_> {
        ConditionGuard { condition: self, held: self.lock.acquire().await }
    }

    /// Takes a guard of the lock, or of another condition that [shares](Self::with_lock) it, for one of
    /// this condition. The lock is held all the while.
    ///
    /// # Panics
    /// If the guard is that of another lock.
    ///
    /// # Examples
    /// Two conditions of one buffer:
    /// ```
    /// use sheave::sync::{Condition, Lock};
    /// use std::cell::Cell;
    /// use std::sync::Arc;
    ///
    /// let lock = Arc::new(Lock::new());
    /// let (not_empty, not_full) = (Condition::with_lock(lock.clone()), Condition::with_lock(lock));
    /// let stock = Cell::new(3);
    /// # futures_lite::future::block_on(async {
    /// let guard = not_empty.acquire().await;
    /// let guard = guard.wait_for(|| stock.get() > 0).await;
    /// stock.set(stock.get() - 1);
    /// not_full.holding(guard).notify(1);
    /// # });
    /// ```
    #[track_caller]
    pub fn holding<'a>(&'a self, guard: impl Into<LockGuard<'a>>) -> ConditionGuard<'a> {
        let held: LockGuard<'a> = guard.into();
        assert!(
            std::ptr::eq(held.lock(), &*self.lock),
            "`Condition::holding` was given a guard of another lock: make the conditions with one lock, \
             by `Condition::with_lock`"
        );
        ConditionGuard { condition: self, held }
    }

    /// Whether somebody holds the lock.
    #[must_use]
    pub fn locked(&self) -> bool {
        self.lock.locked()
    }

    /// Lets up to `n` go on, in the order of arrival.
    fn notify(&self, n: usize) {
        let mut waiters = self.waiters.lock();
        let mut next = || self.told.answer_first(&mut waiters, Answer::One);
        if n == 1 {
            let notified = next();
            drop(waiters);
            return wake(notified);
        }
        let notified: Vec<Waker> = std::iter::from_fn(next).take(n).collect();
        drop(waiters);
        wake(notified);
    }
}

impl<'a> ConditionGuard<'a> {
    /// Opens the lock, waits until it is notified, and takes the lock again.
    ///
    /// Whatever the others wait for may be true or not when it returns: somebody else may have had the
    /// lock in between. [`wait_for`](Self::wait_for) looks.
    ///
    /// # Cancel safety
    /// Strict as to notifications: one that a dropped wait had received goes to the next waiter. The
    /// place in the queue is lost, and the lock is left to others.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use futures_lite::future::poll_once;
    ///
    /// let condition = sheave::sync::Condition::new();
    /// let mut waiting = Box::pin(condition.acquire().await.wait());
    /// assert!(poll_once(&mut waiting).await.is_none());
    /// condition.acquire().await.notify(1); // The lock is open meanwhile.
    /// let _guard = waiting.await;
    /// assert!(condition.locked());
    /// # });
    /// ```
    pub async fn wait(self) -> ConditionGuard<'a> {
        let Self { condition, held } = self;
        let mut wait = Wait { condition, held: Some(held), key: None, heard: None };
        poll_fn(|cx| wait.poll(cx)).await;
        let held = condition.lock.acquire().await;
        wait.heard = None;
        Self { condition, held }
    }

    /// [Waits](Self::wait) until `predicate` holds, which is asked with the lock held. Returns at once
    /// if it holds now.
    ///
    /// # Cancel safety
    /// As [`wait`](Self::wait).
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let condition = sheave::sync::Condition::new();
    /// let guard = condition.acquire().await;
    /// let guard = guard.wait_for(|| true).await;
    /// # drop(guard);
    /// # });
    /// ```
    pub async fn wait_for(self, mut predicate: impl FnMut() -> bool) -> ConditionGuard<'a> {
        let mut guard = self;
        while !predicate() {
            guard = guard.wait().await;
        }
        guard
    }

    /// Lets up to `n` of those go on that wait now, in the order in which they came. They have the
    /// lock one after the other, once this guard is dropped. Nothing is kept for those who come later.
    pub fn notify(&self, n: usize) {
        self.condition.notify(n);
    }

    /// Lets all go on that wait now.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use futures_lite::future::{poll_once, zip};
    ///
    /// let condition = sheave::sync::Condition::new();
    /// let wait = async || drop(condition.acquire().await.wait().await);
    /// let mut both = Box::pin(zip(wait(), wait()));
    /// assert!(poll_once(&mut both).await.is_none());
    /// condition.acquire().await.notify_all();
    /// both.await;
    /// # });
    /// ```
    pub fn notify_all(&self) {
        let notified = self.condition.waiters.lock().answer_all(Answer::All);
        wake(notified);
    }
}

/// The lock stays held, and whoever waits for the condition waits on.
impl<'a> From<ConditionGuard<'a>> for LockGuard<'a> {
    fn from(guard: ConditionGuard<'a>) -> Self {
        guard.held
    }
}

/// Waits for a notification, and passes on one that it received in vain.
struct Wait<'a> {
    condition: &'a Condition,
    /// The lock, until this waiter has queued.
    held: Option<LockGuard<'a>>,
    key: Option<Key>,
    heard: Option<Answer>,
}

impl Wait<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        if seeded::on("condition_opens_before_it_queues") {
            self.held = None;
        }
        // Only those are told whom `notify` has chosen.
        let polled = match self.condition.told.take(&mut self.key) {
            true => Poll::Ready(Answer::One),
            false => self.poll_queued(cx),
        };
        self.held = None;
        self.heard = Some(ready!(polled));
        progress.made_progress();
        Poll::Ready(())
    }

    #[cold]
    fn poll_queued(&mut self, cx: &mut Context<'_>) -> Poll<Answer> {
        let Condition { told, waiters, .. } = self.condition;
        let clone = self.key.is_none().then(|| cx.waker().clone());
        let queue = |_: &mut Waiters| ControlFlow::Continue(());
        let polled = poll_told(clone, told, waiters, &mut self.key, cx, queue);
        noting(SyncKind::Condition, self.condition, polled)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let heard = match self.key.take() {
            None => self.heard,
            Some(key) => {
                let Condition { told, waiters, .. } = self.condition;
                let left = told.leave(&mut waiters.lock(), key);
                match left {
                    Left::Answered(answer) => Some(answer),
                    Left::Waiting(_) => None,
                }
            }
        };
        if matches!(heard, Some(Answer::One)) && !seeded::on("condition_notify_not_passed_on") {
            self.condition.notify(1);
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").field("locked", &self.locked()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ConditionGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConditionGuard").field("held", &self.held).finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom;
