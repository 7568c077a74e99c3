//! A flag that is set once, for a tree of holders, and that can be awaited.
//!
//! | token     | call            | token     | and                                                  |
//! |-----------|-----------------|-----------|------------------------------------------------------|
//! | open      | `child_token`   | open      | the child is open, and in the tree                   |
//! | open      | `cancel`        | cancelled | with all below; then their waiters are woken         |
//! | open      | `cancelled`     | open      | polled: the future waits in the token's list         |
//! | cancelled | `child_token`   | cancelled | the child is born cancelled, and in no tree          |
//! | cancelled | `cancel`        | cancelled | nothing                                              |
//! | cancelled | `cancelled`     | cancelled | ready                                                |
//! | open      | `lead_to`       | open      | once cancelled, cancels a token of another tree       |
//! | cancelled | `lead_to`       | cancelled | that token is cancelled now                           |
//! | any       | last clone dropped | –      | leaves the tree; what is below stays there           |
//!
//! Two locks, always in this order: the tree's, then a token's own. The tree's is taken to make a
//! child, to cancel and to drop; to wait and to look takes only the token's own, or none.

use super::Cancelled;
use super::guard::{DropGuard, DropGuardRef};
use super::told::Told;
use super::tree::Links;
use super::wait::{WaitForCancellationFuture, WaitForCancellationFutureOwned};
use crate::sync::wait_list::WaitList;
use sheave_facade::seeded;
use sheave_facade::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};
use sheave_facade::sync::{Arc, BriefMutex, Mutex, Weak};
use std::fmt;
use std::future::{Future, poll_fn};
use std::hash::{Hash, Hasher};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::pin;
use std::task::{Poll, Waker};

/// Tells tasks, threads and whole trees of them that they shall end.
///
/// A token is cancelled once and stays cancelled: who looks late sees it too. Clones are the same
/// token. A [child](Self::child_token) is cancelled with its parent, but not the parent with its
/// child. The one who is told decides what to do about it: a task that does not look is not stopped,
/// unlike by [`abort`](crate::task::JoinHandle::abort).
///
/// As in tokio-util. Needs no runtime. asyncio has nothing like it: `Task.cancel` there throws an
/// exception into the task once, which the task may lose; this is a level that stays.
///
/// # Examples
/// ```
/// use sheave::cancel::CancellationToken;
///
/// # #[sheave::main]
/// # async fn main() {
/// let token = CancellationToken::new();
/// let served = token.child_token();
/// let server = sheave::spawn(async move {
///     let mut requests = 0;
///     while served.run_until_cancelled(sheave::task::yield_now()).await.is_some() {
///         requests += 1;
///     }
///     requests // There is time to say goodbye.
/// });
/// token.cancel();
/// server.await.unwrap();
/// # }
/// ```
pub struct CancellationToken {
    node: Arc<Node>,
}

/// One token, whatever the number of its clones.
pub(super) struct Node {
    /// Set under the locks of the tree and of `state`, read without.
    is_cancelled: AtomicBool,
    state: BriefMutex<State>,
    tree: Arc<Mutex<Links>>,
    /// In the tree, as long as this is not cancelled.
    place: usize,
}

struct State {
    cause: Option<Cancelled>,
    waiters: WaitList<(), ()>,
    /// A token of another tree, to be cancelled with this one.
    follower: Option<CancellationToken>,
}

impl CancellationToken {
    /// A token without a parent.
    #[must_use]
    pub fn new() -> Self {
        let tree = Arc::new(Mutex::new(Links::default()));
        let node = Node::add(&tree, &mut tree.lock(), Links::add_root);
        Self { node }
    }

    /// A token that is cancelled when this one is, now or later, and that can be cancelled alone.
    ///
    /// It hears of this token's ancestors also after this token has been dropped. Making and dropping
    /// a child takes constant time.
    ///
    /// # Examples
    /// ```
    /// let parent = sheave::cancel::CancellationToken::new();
    /// let (one, two) = (parent.child_token(), parent.child_token());
    /// one.cancel();
    /// assert!(!parent.is_cancelled() && !two.is_cancelled());
    /// parent.cancel();
    /// assert!(two.is_cancelled() && parent.child_token().is_cancelled());
    /// ```
    #[must_use]
    pub fn child_token(&self) -> Self {
        Self { node: self.node.child() }
    }

    /// Cancels this token and all that descend from it. Those who wait for them are woken.
    ///
    /// When this returns, all of them are cancelled, whoever called first.
    ///
    /// # Examples
    /// ```
    /// let token = sheave::cancel::CancellationToken::new();
    /// token.clone().cancel();
    /// token.cancel(); // Does nothing more.
    /// assert!(token.is_cancelled());
    /// ```
    #[track_caller]
    pub fn cancel(&self) {
        self.cancel_because(Cancelled::by(Location::caller(), None)).wake();
    }

    /// Whether this token or one of its ancestors was cancelled. Costs one load.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled()
    }

    /// Waits until this token is cancelled. Ready at once if it is already.
    ///
    /// # Cancel safety
    /// Strict: dropping the future and waiting again is as if never dropped.
    ///
    /// # Examples
    /// ```
    /// # async fn some_work() {}
    /// # futures_lite::future::block_on(async {
    /// let token = sheave::cancel::CancellationToken::new();
    /// sheave::select! {
    ///     () = token.cancelled() => unreachable!("nobody cancels"),
    ///     () = some_work() => {}
    /// }
    /// # });
    /// ```
    pub fn cancelled(&self) -> WaitForCancellationFuture<'_> {
        WaitForCancellationFuture::new(self)
    }

    /// [`cancelled`](Self::cancelled) without a lifetime.
    ///
    /// # Cancel safety
    /// As [`cancelled`](Self::cancelled).
    ///
    /// # Examples
    /// ```
    /// # #[sheave::main]
    /// # async fn main() {
    /// let token = sheave::cancel::CancellationToken::new();
    /// let waiting = sheave::spawn(token.clone().cancelled_owned());
    /// token.cancel();
    /// waiting.await.unwrap();
    /// # }
    /// ```
    pub fn cancelled_owned(self) -> WaitForCancellationFutureOwned {
        WaitForCancellationFutureOwned::new(self)
    }

    /// Cancels this token when the guard is dropped, also by a panic.
    ///
    /// # Examples
    /// ```
    /// let token = sheave::cancel::CancellationToken::new();
    /// drop(token.clone().drop_guard());
    /// assert!(token.is_cancelled());
    /// ```
    #[must_use = "dropping the guard cancels the token"]
    pub fn drop_guard(self) -> DropGuard {
        DropGuard::new(self)
    }

    /// [`drop_guard`](Self::drop_guard) that borrows the token.
    #[must_use = "dropping the guard cancels the token"]
    pub fn drop_guard_ref(&self) -> DropGuardRef<'_> {
        DropGuardRef::new(self)
    }

    /// Runs `fut` until it is ready, or until this token is cancelled: then `fut` is dropped, and the
    /// result is `None`.
    ///
    /// If the token is cancelled before the first poll, `fut` is not polled. Later, an output that
    /// is there wins.
    ///
    /// # Cancel safety
    /// That of `fut`.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let token = sheave::cancel::CancellationToken::new();
    /// assert_eq!(token.run_until_cancelled(async { 7 }).await, Some(7));
    /// token.cancel();
    /// assert_eq!(token.run_until_cancelled(async { 7 }).await, None);
    /// # });
    /// ```
    pub async fn run_until_cancelled<F: Future>(&self, fut: F) -> Option<F::Output> {
        if self.is_cancelled() {
            return None;
        }
        let mut cancelled = self.cancelled();
        let mut fut = pin!(fut);
        poll_fn(|cx| match fut.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // `fut` may use up the budget in every poll.
            Poll::Pending => cancelled.poll_unbudgeted(cx).map(|()| None),
        })
        .await
    }

    /// [`run_until_cancelled`](Self::run_until_cancelled) of an owned token.
    ///
    /// # Cancel safety
    /// That of `fut`.
    pub async fn run_until_cancelled_owned<F: Future>(self, fut: F) -> Option<F::Output> {
        self.run_until_cancelled(fut).await
    }

    /// As [`cancel`](Self::cancel), but for those to wake, who are returned: this runs no code of a
    /// user, and may be called under a lock.
    pub(super) fn cancel_because(&self, cause: Cancelled) -> Told {
        self.node.cancel(&cause)
    }

    /// Why it was cancelled.
    pub(super) fn cause(&self) -> Option<Cancelled> {
        self.node.state.lock().cause.clone()
    }

    /// Cancels `follower`, of another tree, with this token, now or later.
    pub(super) fn lead_to(&self, follower: CancellationToken) {
        let mut state = self.node.state.lock();
        let cause = state.cause.clone();
        let Some(cause) = cause.filter(|_| !seeded::on("cancel_follower_not_told")) else {
            state.follower = Some(follower);
            return;
        };
        drop(state);
        follower.cancel_because(cause).wake();
    }
}

impl Node {
    /// Makes a node and puts it into `links` with `add`, which inserts at the next place.
    fn add(
        tree: &Arc<Mutex<Links>>,
        links: &mut Links,
        add: impl FnOnce(&mut Links, Weak<Self>),
    ) -> Arc<Self> {
        Arc::new_cyclic(|node| {
            let place = links.next_place();
            add(links, node.clone());
            Self::with(None, tree.clone(), place)
        })
    }

    fn with(cause: Option<Cancelled>, tree: Arc<Mutex<Links>>, place: usize) -> Self {
        Self {
            is_cancelled: AtomicBool::new(cause.is_some()),
            state: BriefMutex::new(State { cause, waiters: WaitList::new(), follower: None }),
            tree,
            place,
        }
    }

    fn is_cancelled(&self) -> bool {
        // ORDERING: Acquire, with the Release in `mark`: who sees the flag sees what the canceller
        // did before. Weaker, and a task would stop without the data that explains why.
        self.is_cancelled.load(Acquire)
    }

    fn child(&self) -> Arc<Self> {
        let mut links = self.tree.lock();
        if self.is_cancelled() && !seeded::on("cancel_child_not_told") {
            drop(links);
            let cause = self.state.lock().cause.clone();
            return Arc::new(Self::with(cause, self.tree.clone(), usize::MAX));
        }
        Self::add(&self.tree, &mut links, |links, child| links.add(self.place, child))
    }

    fn cancel(&self, cause: &Cancelled) -> Told {
        let (mut told, mut followers) = (Told::default(), Vec::new());
        let mut links = self.tree.lock();
        if !self.is_cancelled() {
            told.nodes = links.cut(self.place);
            for node in &told.nodes {
                followers.extend(node.mark(cause, &mut told.wakers));
            }
        }
        // That of another tree may be taken now.
        drop(links);
        for follower in followers {
            told.extend(follower.cancel_because(cause.clone()));
        }
        told
    }

    /// Returns who is to be cancelled with it.
    fn mark(&self, cause: &Cancelled, wakers: &mut Vec<Waker>) -> Option<CancellationToken> {
        let mut state = self.state.lock();
        state.cause = Some(cause.clone());
        // ORDERING: Release, with the Acquire in `is_cancelled`.
        self.is_cancelled.store(true, Release);
        wakers.extend(std::iter::from_fn(|| state.waiters.answer_first(())));
        state.follower.take()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if !self.is_cancelled() {
            self.tree.lock().release(self.place, self);
        }
    }
}

impl Clone for CancellationToken {
    fn clone(&self) -> Self {
        Self { node: self.node.clone() }
    }
}

impl Default for CancellationToken {
    fn default() -> Self {
        Self::new()
    }
}

/// Clones are equal, for they are one token.
impl PartialEq for CancellationToken {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node)
    }
}

impl Eq for CancellationToken {}

impl Hash for CancellationToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.node).hash(state);
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken").field("is_cancelled", &self.is_cancelled()).finish()
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("place", &self.place).finish_non_exhaustive()
    }
}

// No code of a user runs while a token is half changed.
impl UnwindSafe for CancellationToken {}
impl RefUnwindSafe for CancellationToken {}

#[cfg(all(test, loom))]
mod loom;
#[cfg(all(test, not(loom)))]
mod tests;
mod waiting;
