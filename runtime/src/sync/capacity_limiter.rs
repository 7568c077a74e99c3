//! A limit on how many may do something at once, which can be changed while they do: anyio's
//! `CapacityLimiter`.
//!
//! | waiter  | call                                | waiter  | borrowed tokens                         |
//! |---------|-------------------------------------|---------|-----------------------------------------|
//! | –       | `acquire` polled, a token is free   | –       | one more                                |
//! | –       | `acquire` polled, none is free      | queued  | –                                       |
//! | queued  | a token comes back, the total rises | granted | one more, first come first served       |
//! | queued  | dropped                             | –       | –                                       |
//! | granted | polled                              | –       | its is the caller's                     |
//! | granted | dropped                             | –       | one less, so that the next is granted    |
//!
//! No token is free while somebody is queued. After the total was lowered, more may be borrowed than
//! there are: then nobody is granted until enough came back.

use super::wait_list::{Key, Left, WaitList, poll_answer, wake};
use crate::coop;
use crate::util::waits::{SyncKind, noting};
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, BriefMutex};
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// A limit on how many may do something at once: anyio's `CapacityLimiter`.
///
/// Unlike a [`Semaphore`](super::Semaphore)'s, its total can be raised and lowered at any time, and it can
/// say who has borrowed. It bounds blocking work per kind: see
/// [`ToThread::limiter`](crate::task::ToThread::limiter). Tokens are given first come first served. A clone is
/// the same limiter.
///
/// # Differences from anyio
/// A token is given back when its [`CapacityToken`] is dropped. Tokens belong to nobody in particular, so a
/// task may hold two; a borrower is a name, and only
/// [`acquire_on_behalf_of`](Self::acquire_on_behalf_of) has one.
///
/// # Examples
/// ```
/// use sheave::sync::CapacityLimiter;
///
/// # #[sheave::main]
/// # async fn main() {
/// let database = CapacityLimiter::new(2);
/// let rows = sheave::to_thread(|| vec![1, 2, 3]).limiter(&database).await;
/// assert_eq!((rows.len(), database.borrowed_tokens()), (3, 0));
/// # }
/// ```
#[derive(Clone)]
pub struct CapacityLimiter {
    state: Arc<BriefMutex<State>>,
}

struct State {
    total: usize,
    borrowed: usize,
    waiters: WaitList<(), ()>,
    /// Those with a name, and whether they hold a token or wait for one.
    borrowers: BTreeMap<Arc<str>, Stake>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stake {
    Waits,
    Holds,
}

impl State {
    fn waiters(&mut self) -> &mut WaitList<(), ()> {
        &mut self.waiters
    }

    /// Takes a token if one is free.
    fn take(&mut self) -> bool {
        let is_free = self.waiters.is_empty() && self.borrowed < self.total;
        self.borrowed += usize::from(is_free);
        is_free
    }

    /// Grants what is free to those who wait. Returns whom to wake, without the lock.
    fn grant(&mut self) -> Vec<Waker> {
        let mut granted = Vec::new();
        while self.borrowed < self.total {
            let Some(waker) = self.waiters.answer_first(()) else { break };
            self.borrowed += 1;
            granted.push(waker);
        }
        granted
    }
}

impl CapacityLimiter {
    /// A limiter with `total_tokens` tokens. With 0, everybody waits until there are more.
    #[must_use]
    pub fn new(total_tokens: usize) -> Self {
        let (waiters, borrowers) = (WaitList::new(), BTreeMap::new());
        let state = State { total: total_tokens, borrowed: 0, waiters, borrowers };
        Self { state: Arc::new(BriefMutex::new(state)) }
    }

    /// How many tokens there are.
    #[must_use]
    pub fn total_tokens(&self) -> usize {
        self.state.lock().total
    }

    /// Changes how many tokens there are. More are given out at once to those who wait; with fewer, nobody
    /// gets one until enough have come back.
    ///
    /// # Examples
    /// ```
    /// let limiter = sheave::sync::CapacityLimiter::new(2);
    /// let tokens = [limiter.try_acquire().unwrap(), limiter.try_acquire().unwrap()];
    /// limiter.set_total_tokens(1);
    /// assert_eq!((limiter.borrowed_tokens(), limiter.available_tokens()), (2, 0));
    /// drop(tokens);
    /// assert_eq!(limiter.available_tokens(), 1);
    /// ```
    pub fn set_total_tokens(&self, total_tokens: usize) {
        let mut state = self.state.lock();
        state.total = total_tokens;
        let granted = state.grant();
        drop(state);
        wake(granted);
    }

    /// How many tokens are in use.
    #[must_use]
    pub fn borrowed_tokens(&self) -> usize {
        self.state.lock().borrowed
    }

    /// How many tokens could be had now.
    #[must_use]
    pub fn available_tokens(&self) -> usize {
        let state = self.state.lock();
        state.total.saturating_sub(state.borrowed)
    }

    /// Takes a token if one is free and nobody waits. anyio's `acquire_nowait`.
    ///
    /// # Examples
    /// ```
    /// let limiter = sheave::sync::CapacityLimiter::new(1);
    /// let token = limiter.try_acquire();
    /// assert!(token.is_some() && limiter.try_acquire().is_none());
    /// ```
    #[must_use = "a token that is dropped at once limits nothing"]
    pub fn try_acquire(&self) -> Option<CapacityToken> {
        self.state.lock().take().then(|| CapacityToken { limiter: self.clone(), borrower: None })
    }

    /// Waits for a token.
    ///
    /// # Cancel safety
    /// Strict: a token that was granted to a dropped future goes to the next one. The place in the queue is
    /// lost.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let limiter = sheave::sync::CapacityLimiter::new(1);
    /// let token = limiter.acquire().await;
    /// assert_eq!(limiter.borrowed_tokens(), 1);
    /// drop(token);
    /// assert_eq!(limiter.borrowed_tokens(), 0);
    /// # });
    /// ```
    pub fn acquire(&self) -> AcquireToken {
        AcquireToken { limiter: self.clone(), key: None }
    }

    /// Waits for a token for someone with a name, who can have one at a time.
    ///
    /// # Errors
    /// If that borrower has a token already, or waits for one: it would wait for itself.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let limiter = sheave::sync::CapacityLimiter::new(10);
    /// let token = limiter.acquire_on_behalf_of("importer").await.unwrap();
    /// assert!(limiter.acquire_on_behalf_of("importer").await.is_err());
    /// assert_eq!(limiter.statistics().borrowers, ["importer"]);
    /// # drop(token);
    /// # });
    /// ```
    pub async fn acquire_on_behalf_of(
        &self,
        borrower: impl Into<String>,
    ) -> Result<CapacityToken, AlreadyBorrowed> {
        let borrower = Borrower::register(self, borrower.into())?;
        let mut token = self.acquire().await;
        self.state.lock().borrowers.insert(borrower.name.clone(), Stake::Holds);
        token.borrower = Some(borrower);
        Ok(token)
    }

    /// One consistent look at the limiter.
    ///
    /// # Examples
    /// ```
    /// let limiter = sheave::sync::CapacityLimiter::new(3);
    /// let _token = limiter.try_acquire();
    /// let statistics = limiter.statistics();
    /// assert_eq!((statistics.total_tokens, statistics.borrowed_tokens), (3, 1));
    /// ```
    #[must_use]
    pub fn statistics(&self) -> CapacityStatistics {
        let state = self.state.lock();
        let holding = state.borrowers.iter().filter(|(_, stake)| **stake == Stake::Holds);
        CapacityStatistics {
            total_tokens: state.total,
            borrowed_tokens: state.borrowed,
            borrowers: holding.map(|(name, _)| name.to_string()).collect(),
            tasks_waiting: state.waiters.len(),
        }
    }

    /// A token comes back.
    fn give_back(&self) {
        let mut state = self.state.lock();
        state.borrowed -= 1;
        let granted = state.grant();
        drop(state);
        if !seeded::on("limiter_wakes_nobody") {
            wake(granted);
        }
    }

    /// A future that waited is dropped.
    fn leave(&self, key: Key) {
        let left = self.state.lock().waiters.leave(key);
        match left {
            Left::Answered(()) if !seeded::on("limiter_grant_not_passed_on") => self.give_back(),
            Left::Answered(()) => (),
            Left::Waiting(waker) => drop(waker),
        }
    }
}

impl fmt::Debug for CapacityLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapacityLimiter").field("statistics", &self.statistics()).finish()
    }
}

/// What a [`CapacityLimiter`] is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CapacityStatistics {
    /// How many tokens there are.
    pub total_tokens: usize,
    /// How many are in use.
    pub borrowed_tokens: usize,
    /// Who has one, as far as they have names.
    pub borrowers: Vec<String>,
    /// How many wait for one.
    pub tasks_waiting: usize,
}

/// The borrower has a token of this limiter already, or waits for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlreadyBorrowed {
    borrower: String,
}

impl fmt::Display for AlreadyBorrowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "borrower {:?} has a token of this limiter already, or waits for one: it would wait for itself",
            self.borrower
        )
    }
}

impl std::error::Error for AlreadyBorrowed {}

/// A name in the list, until dropped.
struct Borrower {
    limiter: CapacityLimiter,
    name: Arc<str>,
}

impl Borrower {
    fn register(limiter: &CapacityLimiter, name: String) -> Result<Self, AlreadyBorrowed> {
        let mut state = limiter.state.lock();
        if state.borrowers.contains_key(name.as_str()) {
            return Err(AlreadyBorrowed { borrower: name });
        }
        let name: Arc<str> = name.into();
        state.borrowers.insert(name.clone(), Stake::Waits);
        Ok(Self { limiter: limiter.clone(), name })
    }
}

impl Drop for Borrower {
    fn drop(&mut self) {
        self.limiter.state.lock().borrowers.remove(&self.name);
    }
}

/// A token of a [`CapacityLimiter`], given back on drop.
#[must_use = "a token that is dropped at once limits nothing"]
pub struct CapacityToken {
    limiter: CapacityLimiter,
    borrower: Option<Borrower>,
}

impl Drop for CapacityToken {
    fn drop(&mut self) {
        // The name first: whoever is granted the token may have the same one.
        drop(self.borrower.take());
        self.limiter.give_back();
    }
}

impl fmt::Debug for CapacityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let borrower = self.borrower.as_ref().map(|borrower| &*borrower.name);
        f.debug_struct("CapacityToken").field("borrower", &borrower).finish_non_exhaustive()
    }
}

/// Future of [`CapacityLimiter::acquire`].
#[must_use = "futures do nothing unless polled"]
pub struct AcquireToken {
    limiter: CapacityLimiter,
    key: Option<Key>,
}

impl Future for AcquireToken {
    type Output = CapacityToken;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CapacityToken> {
        let progress = ready!(coop::poll_proceed(cx));
        let Self { limiter, key } = self.get_mut();
        let at_once = |state: &mut State| match state.take() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let polled = poll_answer(&limiter.state, State::waiters, key, cx, at_once);
        ready!(noting(SyncKind::CapacityLimiter, &limiter.state, polled));
        progress.made_progress();
        Poll::Ready(CapacityToken { limiter: limiter.clone(), borrower: None })
    }
}

impl Drop for AcquireToken {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.limiter.leave(key);
        }
    }
}

impl fmt::Debug for AcquireToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireToken").field("limiter", &self.limiter).finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom;
