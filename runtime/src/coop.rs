//! Cooperation: a task that never waits still lets the others run.
//!
//! Each poll of a task comes with a budget of [`BUDGET`] units. Every operation of the runtime that
//! makes progress consumes one, and when none is left operations answer `Pending`, after having
//! woken the task: it goes to the tail of the queue and continues when the others had their turn.
//! Without this, a task that reads from a socket which is never empty would keep its worker.
//!
//! Operations of this crate take part by themselves. A future that is ready again and again for
//! other reasons takes part through [`consume_budget`] or [`cooperative`]. Outside a runtime, and
//! inside [`unconstrained`], the budget is without limit.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Units per poll.
const BUDGET: u8 = 128;

/// How many more operations may succeed in this poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Budget {
    Unlimited,
    Left(u8),
}

sheave_facade::thread_local! {
    static CURRENT: Cell<Budget> = Cell::new(Budget::Unlimited);
}

/// The budget of this thread's current poll. A thread that is ending has no limit.
#[inline]
fn current() -> Budget {
    CURRENT.try_with(Cell::get).unwrap_or(Budget::Unlimited)
}

#[inline]
fn set(budget: Budget) {
    // A thread that is ending has no poll whose budget could matter.
    let _ = CURRENT.try_with(|current| current.set(budget));
}

/// Puts the former budget back, also when a poll unwinds.
struct Former(Budget);

impl Drop for Former {
    fn drop(&mut self) {
        set(self.0);
    }
}

fn swap(budget: Budget) -> Former {
    let former = Former(current());
    set(budget);
    former
}

/// Runs `poll` with a fresh budget, and puts the former one back afterwards.
#[inline]
pub(crate) fn with_budget<R>(poll: impl FnOnce() -> R) -> R {
    let _former = swap(Budget::Left(BUDGET));
    poll()
}

/// Runs `work` without a limit, and puts the former budget back afterwards.
#[inline]
pub(crate) fn without_budget<R>(work: impl FnOnce() -> R) -> R {
    let _former = swap(Budget::Unlimited);
    work()
}

/// Whether this thread is in the poll of a task, which has a budget.
pub(crate) fn is_limited() -> bool {
    current() != Budget::Unlimited
}

/// Takes one unit of the budget, to be called before an operation is tried. If none is left, wakes
/// the task and returns `Pending`; the caller must return `Pending` too.
///
/// Call [`RestoreOnPending::made_progress`] on the result if the operation succeeds; dropped
/// without that, it gives the unit back.
///
/// # Examples
/// ```
/// use sheave::task::coop;
/// use std::task::{Context, Poll, ready};
///
/// fn poll_next(queue: &mut Vec<u32>, cx: &mut Context<'_>) -> Poll<u32> {
///     let progress = ready!(coop::poll_proceed(cx));
///     match queue.pop() {
///         Some(item) => {
///             progress.made_progress();
///             Poll::Ready(item)
///         }
///         None => Poll::Pending, // a real queue stores the waker here
///     }
/// }
/// # let mut cx = Context::from_waker(std::task::Waker::noop());
/// # assert_eq!(poll_next(&mut vec![7], &mut cx), Poll::Ready(7));
/// ```
#[inline]
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<RestoreOnPending> {
    match current() {
        Budget::Unlimited => Poll::Ready(RestoreOnPending(Cell::new(None))),
        Budget::Left(0) => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        Budget::Left(units) => {
            set(Budget::Left(units - 1));
            Poll::Ready(RestoreOnPending(Cell::new(Some(units))))
        }
    }
}

/// A unit of budget that is given back on drop unless the operation made progress. Returned by
/// [`poll_proceed`].
#[derive(Debug)]
#[must_use = "call `made_progress` if the operation succeeds, or the budget is never consumed"]
pub struct RestoreOnPending(Cell<Option<u8>>);

impl RestoreOnPending {
    /// The operation succeeded: the unit stays consumed.
    #[inline]
    pub fn made_progress(&self) {
        self.0.set(None);
    }
}

impl Drop for RestoreOnPending {
    #[inline]
    fn drop(&mut self) {
        if let Some(units) = self.0.get() {
            set(Budget::Left(units));
        }
    }
}

/// Whether the current poll may go on. `true` outside a runtime.
///
/// # Examples
/// ```
/// assert!(sheave::task::coop::has_budget_remaining());
/// ```
#[inline]
#[must_use]
pub fn has_budget_remaining() -> bool {
    current() != Budget::Left(0)
}

/// Ready if the current poll may go on; otherwise wakes the task. For what polls several futures, some
/// of which may not take part.
#[inline]
#[doc(hidden)]
pub fn poll_budget_available(cx: &mut Context<'_>) -> Poll<()> {
    if has_budget_remaining() {
        return Poll::Ready(());
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Consumes one unit of budget, and lets the others run if none is left.
///
/// For loops that compute without waiting for anything.
///
/// # Cancel safety
/// Strict.
///
/// # Examples
/// ```
/// # futures_lite::future::block_on(async {
/// let mut sum = 0u64;
/// for n in 0..1_000 {
///     sum += n;
///     sheave::task::coop::consume_budget().await;
/// }
/// assert_eq!(sum, 499_500);
/// # });
/// ```
pub async fn consume_budget() {
    poll_fn(|cx| {
        ready!(poll_proceed(cx)).made_progress();
        Poll::Ready(())
    })
    .await;
}

/// Lets `future` take part in cooperation: each time it is ready it consumes one unit of budget.
///
/// # Examples
/// ```
/// # futures_lite::future::block_on(async {
/// assert_eq!(sheave::task::coop::cooperative(async { 1 }).await, 1);
/// # });
/// ```
pub fn cooperative<F: Future>(future: F) -> Coop<F> {
    Coop { future }
}

/// Exempts `future` from cooperation: inside it the budget has no limit.
///
/// A future that is always ready can then keep a worker to itself; other workers steal what else
/// is queued there.
///
/// # Examples
/// ```
/// # futures_lite::future::block_on(async {
/// assert_eq!(sheave::task::coop::unconstrained(async { 1 }).await, 1);
/// # });
/// ```
pub fn unconstrained<F: Future>(future: F) -> Unconstrained<F> {
    Unconstrained { future }
}

pin_project_lite::pin_project! {
    /// Future of [`cooperative`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Coop<F> {
        #[pin]
        future: F,
    }
}

pin_project_lite::pin_project! {
    /// Future of [`unconstrained`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Unconstrained<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Coop<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let progress = ready!(poll_proceed(cx));
        let polled = self.project().future.poll(cx);
        if polled.is_ready() {
            progress.made_progress();
        }
        polled
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        without_budget(|| self.project().future.poll(cx))
    }
}

impl<F> fmt::Debug for Coop<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coop").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for Unconstrained<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unconstrained").finish_non_exhaustive()
    }
}
