//! `async with`: a resource whose acquisition and release are awaited.
//!
//! | from   | event                       | to      | and                                             |
//! |--------|-----------------------------|---------|-------------------------------------------------|
//! | –      | `enter` has succeeded       | Inside  | the body runs                                   |
//! | Inside | the body returns or panics  | Leaving | `exit` is awaited here, shielded                |
//! | Inside | a scope around is cancelled | Left    | `exit` runs in a task of its own, awaited here, shielded |
//! | Inside | dropped                     | Left    | `exit` runs in a task of its own                |
//! | Leaving| `exit` ends                 | Left    |                                                 |
//! | Leaving| dropped                     | Left    | what is left of `exit` runs in a task of its own |

use crate::cancel::{CancelScope, CancellationToken, current_scope};
use crate::front::spawn::with_current;
use crate::scheduler::Shared;
use crate::tasks::Spec;
use crate::time::timeout;
use crate::util::contain::{Payload, catch, discard};
use crate::util::report;
use sheave_facade::sync::Arc;
use std::any::type_name;
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{Location, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Poll, ready};
use std::time::Duration;

/// A resource that is entered and left by awaiting: Python's `__aenter__` and `__aexit__`. For
/// [`async_with`].
///
/// What is left without awaiting needs no context manager: implement [`Drop`].
///
/// # Differences from asyncio
/// `enter` returns a guard, and `exit` consumes it: a manager that was not entered cannot be left, nor
/// one be left twice. `exit` cannot swallow the error of the body; whoever awaits
/// [`async_with`] can. The guard must be `'static`, because `exit` may outlive the caller.
///
/// # Examples
/// ```
/// use sheave::asyncio::{AsyncContextManager, ExitReason, async_with};
/// use std::io;
///
/// struct Database;
///
/// struct Connection {
///     rows: u32,
/// }
///
/// impl AsyncContextManager for Database {
///     type Guard = Connection;
///     type Error = io::Error;
///
///     async fn enter(self) -> io::Result<Connection> {
///         sheave::task::yield_now().await; // Connects.
///         Ok(Connection { rows: 6666 })
///     }
///
///     async fn exit(connection: Connection, reason: ExitReason<'_>) -> io::Result<()> {
///         assert!(matches!(reason, ExitReason::Ok));
///         sheave::task::yield_now().await; // Says goodbye to the server.
///         drop(connection);
///         Ok(())
///     }
/// }
///
/// # #[sheave::main]
/// # async fn main() {
/// let rows = async_with(Database, async |connection| Ok::<_, io::Error>(connection.rows)).await;
/// assert_eq!(rows.unwrap(), 6666);
/// # }
/// ```
pub trait AsyncContextManager: Sized + 'static {
    /// What the body works with: Python's `as` value.
    type Guard: Send + 'static;
    /// Why it could not be entered or left.
    type Error: Error + Send + Sync + 'static;
    /// How long an `exit` may take for which nobody waits any more, or a cancelled scope does. What is
    /// not done by then is dropped, and reported on stderr.
    const CLEANUP_TIMEOUT: Duration = Duration::from_secs(30);

    /// Acquires the resource. If it fails, or is dropped before it ends, `exit` is not called.
    fn enter(self) -> impl Future<Output = Result<Self::Guard, Self::Error>> + Send;

    /// Releases the resource. Called exactly once if `enter` succeeded.
    fn exit(
        guard: Self::Guard,
        reason: ExitReason<'_>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// How the body of [`async_with`] ended.
#[derive(Clone, Copy, Debug)]
pub enum ExitReason<'a> {
    /// It returned `Ok`.
    Ok,
    /// It returned an error, which [`async_with`] will return.
    Err(&'a (dyn Error + Send + Sync + 'static)),
    /// It panicked. The panic goes on after `exit`.
    Panic,
    /// It was dropped where it was: by a time-out, an abort, or a cancelled
    /// [`CancelScope`].
    Cancelled,
}

/// Why [`async_with`] has no value.
#[derive(Debug)]
pub enum AsyncWithError<B, M> {
    /// The manager could not be entered; the body has not run.
    Enter(M),
    /// The body failed; perhaps to leave failed too.
    Body {
        /// What the body returned.
        error: B,
        /// What `exit` returned, if it failed.
        exit: Option<M>,
    },
    /// The body returned `Ok`, but the manager could not be left.
    Exit(M),
}

/// Enters `manager`, runs `body` with its guard, and leaves it, whatever happens to the body: Python's
/// `async with`.
///
/// - When the body returns or panics, `exit` is awaited; then the value is returned, or the panic
///   goes on. It is [shielded](CancelScope::shielded).
/// - When a [`CancelScope`] around is cancelled, the body is dropped, and the scope waits for `exit`.
/// - When this future is dropped within the body or within `exit` (by a time-out, an abort, a
///   `select!`), `exit` runs, or goes on, in a task of its own on the runtime on which it was entered.
///   A runtime that drains waits for it like for any task. One that has already closed its gate drops
///   the guard instead, and its destructor is all that runs.
///
/// A detached `exit` that fails, or takes longer than
/// [`CLEANUP_TIMEOUT`](AsyncContextManager::CLEANUP_TIMEOUT), is reported on stderr.
///
/// # Errors
/// See [`AsyncWithError`]. The error of the body is the first one if there are two.
///
/// # Cancel safety
/// Consumes, but releases: the body is lost, the resource is not.
///
/// # Panics
/// When polled outside of a runtime, or again after a scope that had only borrowed it was cancelled. With
/// what the body panics with.
///
/// # Differences from asyncio
/// A second cancellation does not interrupt `exit`. Dropping is not waiting: code after a `timeout`
/// may run while `exit` still does. With a scope, as [`fail_after`](crate::cancel::fail_after), it
/// does not.
///
/// # Examples
/// See [`AsyncContextManager`].
#[track_caller]
pub fn async_with<M, T, E>(
    manager: M,
    body: impl AsyncFnOnce(&mut M::Guard) -> Result<T, E>,
) -> impl Future<Output = Result<T, AsyncWithError<E, M::Error>>>
where
    M: AsyncContextManager,
    E: Error + Send + Sync + 'static,
{
    enter_and_leave(Location::caller(), manager, body)
}

async fn enter_and_leave<M, T, E>(
    caller: &'static Location<'static>,
    manager: M,
    body: impl AsyncFnOnce(&mut M::Guard) -> Result<T, E>,
) -> Result<T, AsyncWithError<E, M::Error>>
where
    M: AsyncContextManager,
    E: Error + Send + Sync + 'static,
{
    let runtime = with_current(Arc::clone);
    let guard = manager.enter().await.map_err(AsyncWithError::Enter)?;
    let mut entered = Entered::<M, E> { stage: Stage::Inside(guard), runtime, caller };
    match run(entered.guard(), body).await {
        Ended::Returned(Ok(value)) => match entered.leave(How::Ok).await {
            (Ok(()), _) => Ok(value),
            (Err(error), _) => Err(AsyncWithError::Exit(error)),
        },
        Ended::Returned(Err(error)) => match entered.leave(How::Err(error)).await {
            (exit, Some(error)) => Err(AsyncWithError::Body { error, exit: exit.err() }),
            (_, None) => unreachable!("what was lent to `exit` comes back"),
        },
        Ended::Panicked(payload) => {
            if let (Err(error), _) = entered.leave(How::Panic).await {
                report::warn(format_args!(
                    "`exit` of {}, after a panic: {error}",
                    type_name::<M>()
                ));
            }
            resume_unwind(payload)
        }
        Ended::Cancelled => {
            CancelScope::shielded(entered.detach()).await;
            // The scope drops this now.
            poll_fn(|_| {
                assert!(
                    current_scope().is_some_and(|scope| scope.is_ending()),
                    "`async_with` was awaited again after a scope had cancelled its body"
                );
                Poll::Pending
            })
            .await
        }
    }
}

/// How the body ended.
enum Ended<R> {
    Returned(R),
    Panicked(Payload),
    Cancelled,
}

/// Runs the body until it ends, or until the scope around is cancelled and what the body shields has ended.
async fn run<G, T, E>(
    guard: &mut G,
    body: impl AsyncFnOnce(&mut G) -> Result<T, E>,
) -> Ended<Result<T, E>> {
    // Who waits for a scope is polled before the scope drops anything.
    let mut around = current_scope().map(|scope| (scope.cancelled(), scope));
    // A closure that panics before there is a future is to panic in the poll.
    let scope = CancelScope::hidden();
    let mut body = pin!(Some(scope.run(async { body(guard).await })));
    let ended = poll_fn(|cx| {
        let running = body.as_mut().as_pin_mut().expect("polled until it has ended");
        match catch(|| running.poll(cx)) {
            Ok(Poll::Ready(ran)) => {
                Poll::Ready(Ended::Returned(ran.expect("nobody knows of its scope")))
            }
            Err(payload) => Poll::Ready(Ended::Panicked(payload)),
            Ok(Poll::Pending) => match &mut around {
                Some((cancelled, around)) if !scope.has_sections() => {
                    ready!(cancelled.poll_unbudgeted(cx));
                    // One that has left had only borrowed this.
                    if around.is_ending() { Poll::Ready(Ended::Cancelled) } else { Poll::Pending }
                }
                _ => Poll::Pending,
            },
        }
    })
    .await;
    match (ended, catch(|| body.set(None))) {
        (ended, Ok(())) => ended,
        (Ended::Panicked(first), Err(second)) => {
            discard(second);
            Ended::Panicked(first)
        }
        (_, Err(payload)) => Ended::Panicked(payload),
    }
}

/// [`ExitReason`] with what it refers to.
enum How<E> {
    Ok,
    Err(E),
    Panic,
    Cancelled,
}

type Leaving<M, E> = Pin<Box<dyn Future<Output = Left<M, E>> + Send>>;

/// What `exit` returned, and the error that was lent to it.
type Left<M, E> = (Result<(), <M as AsyncContextManager>::Error>, Option<E>);

/// A manager that was entered.
struct Entered<M: AsyncContextManager, E: Error + Send + Sync + 'static> {
    stage: Stage<M, E>,
    runtime: Arc<Shared>,
    caller: &'static Location<'static>,
}

enum Stage<M: AsyncContextManager, E> {
    Inside(M::Guard),
    Leaving(Leaving<M, E>),
    Left,
}

impl<M: AsyncContextManager, E: Error + Send + Sync + 'static> Entered<M, E> {
    fn guard(&mut self) -> &mut M::Guard {
        match &mut self.stage {
            Stage::Inside(guard) => guard,
            Stage::Leaving(_) | Stage::Left => unreachable!("it is left after the body"),
        }
    }

    /// Awaits `exit` here.
    async fn leave(&mut self, how: How<E>) -> Left<M, E> {
        if let Stage::Inside(guard) = std::mem::replace(&mut self.stage, Stage::Left) {
            self.stage = Stage::Leaving(exit::<M, E>(guard, how));
        }
        let Self { stage, .. } = self;
        let left = CancelScope::shielded(poll_fn(|cx| {
            let Stage::Leaving(leaving) = stage else { unreachable!("it is left once") };
            catch(|| leaving.as_mut().poll(cx)).unwrap_or_else(|payload| {
                // Not to be polled again.
                *stage = Stage::Left;
                resume_unwind(payload)
            })
        }))
        .await;
        self.stage = Stage::Left;
        left
    }

    /// Lets `exit` run, or go on, in a task of its own. The future is ready when that has ended.
    fn detach(&mut self) -> impl Future<Output = ()> + Send + use<M, E> {
        let leaving = match std::mem::replace(&mut self.stage, Stage::Left) {
            Stage::Inside(guard) => Some(exit::<M, E>(guard, How::Cancelled)),
            Stage::Leaving(leaving) => Some(leaving),
            Stage::Left => None,
        };
        let has_ended = CancellationToken::new();
        if let Some(leaving) = leaving {
            let guard = has_ended.clone().drop_guard();
            let cleanup = async move {
                let _guard = guard;
                match timeout(M::CLEANUP_TIMEOUT, leaving).await {
                    Ok((Ok(()), _)) => {}
                    Ok((Err(error), _)) => report::warn(format_args!(
                        "`exit` of {}, after a cancellation: {error}",
                        type_name::<M>()
                    )),
                    Err(_) => report::warn(format_args!(
                        "`exit` of {} took longer than {:?}, and was dropped",
                        type_name::<M>(),
                        M::CLEANUP_TIMEOUT
                    )),
                }
            };
            drop(self.runtime.spawn(cleanup, Spec::at(self.caller)));
        } else {
            has_ended.cancel();
        }
        has_ended.cancelled_owned()
    }
}

impl<M: AsyncContextManager, E: Error + Send + Sync + 'static> Drop for Entered<M, E> {
    fn drop(&mut self) {
        if !matches!(self.stage, Stage::Left) {
            drop(self.detach());
        }
    }
}

/// Calls `exit` with an error that is kept beside it.
fn exit<M, E>(guard: M::Guard, how: How<E>) -> Leaving<M, E>
where
    M: AsyncContextManager,
    E: Error + Send + Sync + 'static,
{
    Box::pin(async move {
        match how {
            How::Ok => (M::exit(guard, ExitReason::Ok).await, None),
            How::Panic => (M::exit(guard, ExitReason::Panic).await, None),
            How::Cancelled => (M::exit(guard, ExitReason::Cancelled).await, None),
            How::Err(error) => {
                let exited = M::exit(guard, ExitReason::Err(&error)).await;
                (exited, Some(error))
            }
        }
    })
}

impl<B: fmt::Display, M: fmt::Display> fmt::Display for AsyncWithError<B, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enter(error) => write!(f, "could not enter: {error}"),
            Self::Body { error, exit: None } => error.fmt(f),
            Self::Body { error, exit: Some(exit) } => {
                write!(f, "{error}; nor could it leave: {exit}")
            }
            Self::Exit(error) => write!(f, "could not leave: {error}"),
        }
    }
}

impl<B: Error + 'static, M: Error + 'static> Error for AsyncWithError<B, M> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Enter(error) | Self::Exit(error) => Some(error),
            Self::Body { error, .. } => Some(error),
        }
    }
}
