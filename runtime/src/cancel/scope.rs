//! A block that can be cancelled as a whole, as trio and anyio have it.

mod run;
mod sections;
mod shared;

pub use run::Run;
pub use sections::Shielded;

use super::{CancellationToken, Cancelled, WaitForCancellationFutureOwned};
use crate::time::Instant;
use shared::{Kind, Shared};
use sheave_facade::sync::Arc;
use std::fmt;
use std::future::Future;
use std::panic::Location;

/// A block that can be cancelled as a whole: from outside, from inside, or by a deadline.
///
/// [`run`](Self::run) runs a future in the scope. Once the scope is cancelled, each `.await` in that
/// future that would wait ends it: it is dropped, and `run` gives [`Cancelled`], with the reason. So
/// a cancellation is a level: code that goes on after it is cancelled again at its next `.await`.
///
/// - **Scopes nest** where they run, wherever they were made. When an outer one is cancelled, the inner ones
///   are dropped with their futures. Of several that are cancelled, the outermost ends all: code between them
///   does not go on.
/// - **Code may look**: [`is_cancelled`](Self::is_cancelled) and [`cancelled`](Self::cancelled), of
///   this scope or of [`current_scope`]. If somebody waits for [`cancelled`](Self::cancelled), the
///   future is polled once more before it is dropped, so that one who waits always gets to act.
/// - **Shielded code is finished first.** While a [`shielded`](Self::shielded) section has begun
///   somewhere in the future, the future is not dropped; it is, at its next `.await` after the end of
///   the section. What runs beside the section in the same future goes on meanwhile.
/// - **It costs nothing to be cancelled.** The task is woken once, not again and again until it obeys.
///
/// A scope ends where the future ends: a task that the future has *spawned* goes on. Hand it a
/// [`child_token`](Self::child_token). A [task group](crate::asyncio::task_group) is dropped like any other
/// future, and does not wait for the members that it aborts. An
/// [`abort`](crate::task::JoinHandle::abort) of the task, and the end of the runtime, take no notice
/// of scopes and shields.
///
/// A scope belongs to the scope in which it runs, from the first poll of [`run`](Self::run) on; clones are
/// the same scope. A deadline is a moment, and counts from the first poll on, too: a scope that is run after
/// its deadline ends at its first `.await` that would wait. Without a deadline it needs no runtime.
///
/// *asyncio* has nothing like it: `Task.cancel` throws once. *trio* and *anyio* throw `Cancelled`,
/// which `finally` blocks see; here the future is dropped, and its destructors run. Code that must
/// await on its way out waits for [`cancelled`](Self::cancelled) and is
/// [`shielded`](Self::shielded) from then on.
///
/// # Examples
/// ```
/// use sheave::cancel::CancelScope;
///
/// # #[sheave::main]
/// # async fn main() {
/// let scope = CancelScope::new();
/// let button = scope.clone();
/// sheave::spawn(async move { button.cancel_with_reason("the user pressed it") });
///
/// let download = scope.run(async {
///     scope.cancelled().await; // Or `select!` it with the work.
///     CancelScope::shielded(async {
///         sheave::task::yield_now().await; // Say goodbye: this is finished.
///     })
///     .await;
///     std::future::pending::<()>().await // Here the future is dropped.
/// });
/// assert_eq!(download.await.unwrap_err().reason(), Some("the user pressed it"));
/// assert!(scope.cancelled_caught());
/// # }
/// ```
#[derive(Clone)]
pub struct CancelScope {
    shared: Arc<Shared>,
}

/// The innermost scope in which the calling code runs, up to the nearest shield.
///
/// # Examples
/// ```
/// use sheave::cancel::{CancelScope, current_scope};
///
/// # futures_lite::future::block_on(async {
/// assert!(current_scope().is_none());
/// let scope = CancelScope::new();
/// let ran = scope.run(async {
///     current_scope().expect("it runs in one").cancel();
///     current_scope().expect("it still does").is_cancelled()
/// });
/// assert!(ran.await.unwrap(), "there was no `.await`, so the output wins");
/// # });
/// ```
#[must_use]
pub fn current_scope() -> Option<CancelScope> {
    sections::current()?.visible().map(|shared| CancelScope { shared })
}

impl CancelScope {
    /// A scope without a deadline.
    #[must_use]
    pub fn new() -> Self {
        Self::make(None, Kind::Open)
    }

    /// A scope that is cancelled at `deadline`, if it still runs then.
    ///
    /// # Examples
    /// ```
    /// use sheave::cancel::CancelScope;
    /// use sheave::time::{Duration, Instant};
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let scope = CancelScope::with_deadline(Instant::now() + Duration::from_millis(1));
    /// let cancelled = scope.run(std::future::pending::<()>()).await.unwrap_err();
    /// assert!(cancelled.is_deadline());
    /// # }
    /// ```
    #[must_use]
    pub fn with_deadline(deadline: Instant) -> Self {
        Self::make(Some(deadline), Kind::Open)
    }

    /// Makes of this scope one that does not hear of the scopes around it, and that they wait for:
    /// what runs in it is [`shielded`](Self::shielded), up to its own deadline.
    ///
    /// Cancel or clone a scope after this call, not before: it returns another one.
    ///
    /// # Examples
    /// Cleaning up, but not for ever:
    /// ```
    /// use sheave::cancel::CancelScope;
    /// use sheave::time::{Duration, Instant};
    ///
    /// # async fn flush() {}
    /// # #[sheave::main]
    /// # async fn main() {
    /// let outer = CancelScope::new();
    /// let flushed = outer.run(async {
    ///     outer.cancel();
    ///     let grace = Instant::now() + Duration::from_secs(5);
    ///     CancelScope::with_deadline(grace).shield().run(flush()).await.is_ok()
    /// });
    /// assert_eq!(flushed.await.ok(), Some(true));
    /// # }
    /// ```
    #[must_use]
    pub fn shield(self) -> Self {
        Self::make(self.deadline(), Kind::Shielded)
    }

    /// A scope that users do not see: it is part of the one around.
    pub(crate) fn hidden() -> Self {
        Self::make(None, Kind::Hidden)
    }

    /// Whether something is shielded in what runs in this scope.
    pub(crate) fn has_sections(&self) -> bool {
        self.shared.has_sections()
    }

    /// Whether this scope, or one around it, will drop what runs in it: it is cancelled and runs.
    pub(crate) fn is_ending(&self) -> bool {
        self.shared.is_ending()
    }

    fn make(deadline: Option<Instant>, kind: Kind) -> Self {
        Self { shared: Arc::new(Shared::new(kind, deadline)) }
    }

    /// Runs `future` in this scope.
    ///
    /// # Errors
    /// [`Cancelled`] if the scope was cancelled and the future would have had to wait. An output that
    /// is there wins.
    ///
    /// # Cancel safety
    /// That of `future`, which is dropped with the returned future, shielded or not.
    ///
    /// # Panics
    /// When polled, if this scope, or a clone of it, already runs or has run another future. With a
    /// deadline, as [`sleep`](crate::time::sleep()).
    ///
    /// # Examples
    /// ```
    /// use sheave::cancel::CancelScope;
    ///
    /// # futures_lite::future::block_on(async {
    /// assert_eq!(CancelScope::new().run(async { 7 }).await.unwrap(), 7);
    /// # });
    /// ```
    pub fn run<F: Future>(&self, future: F) -> Run<F> {
        Run::new(self.shared.clone(), future)
    }

    /// Runs `future` so that the scopes around it wait for its end before they drop anything.
    ///
    /// It begins with its first poll. Inside, [`current_scope`] is `None`. It protects from scopes,
    /// not from [`abort`](crate::task::JoinHandle::abort) nor from whoever else drops the future:
    /// for what must outlive its task, spawn it.
    ///
    /// *asyncio*'s `shield` is another thing: it spawns, and lets the awaiting task be cancelled.
    ///
    /// # Cancel safety
    /// That of `future`.
    ///
    /// # Examples
    /// ```
    /// use sheave::cancel::CancelScope;
    /// use sheave::task::yield_now;
    ///
    /// # futures_lite::future::block_on(async {
    /// let scope = CancelScope::new();
    /// let mut is_saved = false;
    /// let run = scope.run(async {
    ///     CancelScope::shielded(async {
    ///         scope.cancel();
    ///         yield_now().await;
    ///         is_saved = true;
    ///     })
    ///     .await;
    ///     yield_now().await;
    ///     unreachable!("cancelled above");
    /// });
    /// assert!(run.await.is_err() && is_saved);
    /// # });
    /// ```
    pub fn shielded<F: Future>(future: F) -> Shielded<F> {
        Shielded::new(future)
    }

    /// Cancels this scope and those in it. Those who wait are woken, once.
    ///
    /// Only the first call counts. From any thread, and before [`run`](Self::run) too: the future is
    /// then dropped at its first `.await` that would wait.
    #[track_caller]
    pub fn cancel(&self) {
        self.shared.cancel(Cancelled::by(Location::caller(), None));
    }

    /// As [`cancel`](Self::cancel), for a reason that [`Cancelled`] will tell.
    #[track_caller]
    pub fn cancel_with_reason(&self, reason: impl Into<Arc<str>>) {
        self.shared.cancel(Cancelled::by(Location::caller(), Some(reason.into())));
    }

    /// Whether this scope is cancelled, or past its deadline, or one around it is; for code that
    /// computes without an `.await`.
    ///
    /// # Examples
    /// ```
    /// let scope = sheave::cancel::CancelScope::new();
    /// assert!(!scope.is_cancelled());
    /// scope.cancel();
    /// assert!(scope.is_cancelled());
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled()
    }

    /// Waits until this scope, or one around it while it runs, is cancelled. A deadline counts as soon as the
    /// future that runs in the scope has been polled after it.
    ///
    /// # Cancel safety
    /// Strict.
    pub fn cancelled(&self) -> WaitForCancellationFutureOwned {
        self.shared.token().cancelled_owned()
    }

    /// A token that is cancelled with this scope, or with one around it, for spawned tasks and for threads.
    /// To cancel it does not cancel the scope. One that was taken while the scope ran hears of the scopes
    /// around it after its end, too.
    ///
    /// # Examples
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let scope = sheave::cancel::CancelScope::new();
    /// let token = scope.child_token();
    /// scope.cancel();
    /// token.cancelled().await;
    /// # });
    /// ```
    #[must_use]
    pub fn child_token(&self) -> CancellationToken {
        self.shared.token().child_token()
    }

    /// Whether this scope itself was cancelled, rather than one around it.
    #[must_use]
    pub fn cancel_called(&self) -> bool {
        self.shared.own_cause().is_some()
    }

    /// Whether the future of this scope was dropped because this scope was cancelled. `false` if it
    /// had an output nevertheless, and as long as it runs.
    #[must_use]
    pub fn cancelled_caught(&self) -> bool {
        self.shared.is_caught()
    }

    /// Why this scope was cancelled, or the one around it.
    #[must_use]
    pub fn cause(&self) -> Option<Cancelled> {
        self.shared.cause()
    }

    /// When this scope is cancelled by itself.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.shared.deadline()
    }

    /// Moves the deadline, earlier or later, or removes it. From any thread, also while the scope
    /// runs. A scope that is already cancelled stays so.
    ///
    /// # Examples
    /// ```
    /// use sheave::cancel::{current_scope, move_on_after};
    /// use sheave::time::{Duration, Instant, sleep};
    ///
    /// # #[sheave::main]
    /// # async fn main() {
    /// let patient = move_on_after(Duration::from_millis(5), async {
    ///     current_scope().unwrap().set_deadline(None);
    ///     sleep(Duration::from_millis(10)).await;
    ///     "done"
    /// });
    /// assert_eq!(patient.await, Some("done"));
    /// # }
    /// ```
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        self.shared.set_deadline(deadline);
    }
}

impl Default for CancelScope {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancelScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelScope")
            .field("deadline", &self.deadline())
            .field("cause", &self.cause())
            .finish_non_exhaustive()
    }
}
