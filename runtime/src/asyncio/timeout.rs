//! `asyncio.timeout`: a time limit that the code inside can look at and move.
//!
//! | phase    | event                              | phase    | and                                   |
//! |----------|------------------------------------|----------|---------------------------------------|
//! | Active   | poll, the body is ready            | Finished | ready with its output                 |
//! | Active   | poll, the deadline lies ahead      | Active   | a timer is filed for it               |
//! | Active   | poll, the deadline has come        | Expired  | the body is dropped, ready with `Elapsed` |
//! | Active   | `reschedule`                       | Active   | wakes the waiter, which moves its timer |
//! | Expired, Finished | `reschedule`              | same     | refused                               |
//! | Active   | the future is dropped              | Finished |                                       |

use crate::front::aside::Aside;
use crate::sync::wait_list::poll_alone;
use crate::time::error::Elapsed;
use crate::time::{Duration, Instant, Sleep, sleep, sleep_until};
use crate::util::contain::contain;
use sheave_facade::sync::{Arc, BriefMutex};
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Runs `body` for no longer than `delay`, which the body can look at and change through the
/// [`Timeout`] that it is given. `None` is no limit.
///
/// When the time is over the body is dropped where it stands, before this returns. The body is polled
/// first, so a value that is ready wins over a deadline that has come; a body that never waits is never
/// cut.
///
/// Without a need to move the deadline use [`time::timeout`](crate::time::timeout()), which allocates nothing.
/// A task that the body spawned and waits for runs on; see [`wait_for`](super::wait_for()).
///
/// # Differences from asyncio
/// `async with asyncio.timeout(delay) as t`. The body cannot catch the cancellation; what it has to
/// clean up it does in `Drop`. Of two that are due at the same moment, one inside of the other, the inner one
/// is first: its `Elapsed` goes to the code around it.
///
/// # Errors
/// [`Elapsed`] if the time was over.
///
/// # Cancel safety
/// That of the body.
///
/// # Panics
/// When polled, if the thread is in no runtime.
///
/// # Examples
/// ```
/// use sheave::asyncio::timeout;
/// use sheave::time::{Duration, Instant, sleep};
///
/// # #[sheave::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let outcome = timeout(Duration::from_secs(1), |limit| async move {
///     sleep(Duration::from_millis(900)).await; // A message comes: another second.
///     limit.reschedule(Instant::now() + Duration::from_secs(1)).unwrap();
///     sleep(Duration::from_millis(900)).await;
///     "done"
/// });
/// assert_eq!(outcome.await, Ok("done"));
/// # }
/// ```
pub fn timeout<F, B>(
    delay: impl Into<Option<Duration>>,
    body: F,
) -> impl Future<Output = Result<B::Output, Elapsed>>
where
    F: FnOnce(Timeout) -> B,
    B: Future,
{
    let delay = delay.into();
    async move { limited(delay.map(|delay| sleep(delay).deadline()), body).await }
}

/// Runs `body` for no longer than until `when`; as [`timeout`] otherwise.
///
/// # Differences from asyncio
/// `asyncio.timeout_at`.
///
/// # Errors
/// [`Elapsed`] if the time was over.
///
/// # Cancel safety
/// That of the body.
///
/// # Panics
/// When polled, if the thread is in no runtime.
///
/// # Examples
/// ```
/// use sheave::asyncio::timeout_at;
/// use sheave::time::{Duration, Instant};
///
/// # #[sheave::main]
/// # async fn main() {
/// let when = Instant::now() + Duration::from_millis(1);
/// let outcome = timeout_at(when, |limit| async move {
///     assert_eq!(limit.when(), Some(when));
///     std::future::pending::<()>().await
/// });
/// assert!(outcome.await.is_err());
/// # }
/// ```
pub fn timeout_at<F, B>(
    when: impl Into<Option<Instant>>,
    body: F,
) -> impl Future<Output = Result<B::Output, Elapsed>>
where
    F: FnOnce(Timeout) -> B,
    B: Future,
{
    let when = when.into();
    async move { limited(when, body).await }
}

async fn limited<F, B>(deadline: Option<Instant>, body: F) -> Result<B::Output, Elapsed>
where
    F: FnOnce(Timeout) -> B,
    B: Future,
{
    let state = State { phase: Phase::Active, deadline, is_moved: true, waiter: None };
    let shared = Arc::new(BriefMutex::new(state));
    let _finish = Finish(&shared);
    let mut body = pin!(Some(body(Timeout(shared.clone()))));
    let mut timer = Timer { shared: &shared, sleep: None };
    poll_fn(|cx| {
        let aside = Aside::begin();
        let running = body.as_mut().as_pin_mut().expect("polled until it is ready");
        if let Poll::Ready(output) = running.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        timer.poll_expired(&aside, cx).map(|()| {
            body.set(None);
            Err(Elapsed::new())
        })
    })
    .await
}

/// The limit of a [`timeout`], inside of it or, by a clone, in any other task.
#[derive(Clone)]
pub struct Timeout(Arc<BriefMutex<State>>);

struct State {
    phase: Phase,
    deadline: Option<Instant>,
    /// Whether the timer does not know the deadline yet.
    is_moved: bool,
    waiter: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Active,
    Expired,
    Finished,
}

impl Timeout {
    /// When the time is over. `None` if there is no limit.
    #[must_use]
    pub fn when(&self) -> Option<Instant> {
        self.0.lock().deadline
    }

    /// Moves the deadline, earlier or later; `None` takes it away. One that has passed cuts the body the
    /// next time it waits.
    ///
    /// # Errors
    /// [`RescheduleError`] if the time was over before, or the body is done.
    pub fn reschedule(&self, when: impl Into<Option<Instant>>) -> Result<(), RescheduleError> {
        let when = when.into();
        let waiter = {
            let mut state = self.0.lock();
            match state.phase {
                Phase::Active => {}
                Phase::Expired => return Err(RescheduleError::Expired),
                Phase::Finished => return Err(RescheduleError::Finished),
            }
            state.deadline = when;
            state.is_moved = true;
            state.waiter.take()
        };
        if let Some(waiter) = waiter {
            contain(|| waiter.wake());
        }
        Ok(())
    }

    /// Whether the time was over before the body was done.
    #[must_use]
    pub fn expired(&self) -> bool {
        self.0.lock().phase == Phase::Expired
    }
}

/// Waits for a deadline that moves.
struct Timer<'a> {
    shared: &'a BriefMutex<State>,
    sleep: Option<Sleep>,
}

impl Timer<'_> {
    /// Ready when the deadline has come; then it moves no more.
    fn poll_expired(&mut self, aside: &Aside, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let moved = poll_alone(self.shared, |state| &mut state.waiter, cx, State::take_move);
            if let Poll::Ready(deadline) = moved {
                self.set(deadline);
            }
            let Some(sleep) = &mut self.sleep else {
                if moved.is_ready() {
                    continue;
                }
                return Poll::Pending;
            };
            if aside.poll(|| Pin::new(sleep).poll(cx)).is_ready() {
                if self.shared.lock().expire() {
                    return Poll::Ready(());
                }
                // It was moved just now.
            } else if moved.is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn set(&mut self, deadline: Option<Instant>) {
        match (&mut self.sleep, deadline) {
            (_, None) => self.sleep = None,
            (Some(sleep), Some(deadline)) => Pin::new(sleep).reset(deadline),
            (none, Some(deadline)) => *none = Some(sleep_until(deadline)),
        }
    }
}

impl State {
    /// A deadline that the timer does not know.
    fn take_move(&mut self) -> Option<Option<Instant>> {
        std::mem::take(&mut self.is_moved).then_some(self.deadline)
    }

    /// From Active to Expired, unless the deadline was moved.
    fn expire(&mut self) -> bool {
        if !self.is_moved {
            self.phase = Phase::Expired;
        }
        !self.is_moved
    }
}

/// Ends the phase Active, however the body ends.
struct Finish<'a>(&'a BriefMutex<State>);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        let waiter = {
            let mut state = self.0.lock();
            if state.phase == Phase::Active {
                state.phase = Phase::Finished;
            }
            state.waiter.take()
        };
        drop(waiter);
    }
}

/// Why a deadline cannot be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RescheduleError {
    /// The time was over before.
    Expired,
    /// The body is done.
    Finished,
}

impl fmt::Display for RescheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "cannot move the deadline of an expired timeout",
            Self::Finished => "cannot move the deadline of a finished timeout",
        })
    }
}

impl Error for RescheduleError {}

impl fmt::Debug for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (phase, deadline) = {
            let state = self.0.lock();
            (state.phase, state.deadline)
        };
        // Without the lock: what is written to may be code of a user.
        f.debug_struct("Timeout").field("state", &phase).field("when", &deadline).finish()
    }
}
