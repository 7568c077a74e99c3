//! A future that is ready at a moment.
//!
//! | from    | call         | to      | and                                                      |
//! |---------|--------------|---------|----------------------------------------------------------|
//! | Fresh   | poll         | Filed   | pending, without a look at the clock: see [`State::Fresh`] |
//! | Unfiled | poll, due    | Elapsed | ready                                                    |
//! | Unfiled | poll         | Filed   | pending; panics if the runtime has shut down             |
//! | Filed   | poll         | Filed   | pending, with the present waker                          |
//! | Filed   | poll, fired  | Elapsed | ready                                                    |
//! | Filed   | poll, closed | Unfiled | goes on as Unfiled                                       |
//! | Elapsed | poll         | Elapsed | ready again                                              |
//! | Filed   | `reset`      | Filed   | wakes the waker of the last poll at the new moment       |
//! | Filed   | `reset`, fired | Unfiled | the waker of the last poll was woken, so there is a poll to come |
//! | Filed   | `reset` to an earlier moment that has come | Elapsed | taken out; wakes the waker of the last poll |
//! | Yielding | poll        | Unfiled | pending, and wakes the task: it goes to the tail         |
//! | Fresh, Yielding, Elapsed | `reset` | Unfiled | the next poll files it                                   |
//! | Filed   | drop         | –       | taken out; its waker is dropped                          |

use super::Instant;
use crate::coop;
use crate::scheduler::context::{NO_RUNTIME, current_timers, is_owner_of, own_timers};
use crate::timers::{FiledBy, Renewal, Timers};
use crate::util::contain::contain;
use crate::util::waits::{self, Wait};
use sheave_facade::sync::Arc;
use sheave_timer_wheel::Key;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

const SHUT_DOWN: &str = "the runtime of this timer has shut down: nobody would fire it. Keep the \
                         `Runtime` until everything that waits for its timers is done";

/// Waits for `duration`.
///
/// Never ready too early; late by the time it takes to wake a thread, and a little more: see the
/// [module](super). A duration of zero files no timer, and is over as soon as the other
/// tasks have had a turn, as after [`yield_now`](crate::task::yield_now). One that is too long to add to the
/// present counts as 30 years.
///
/// # Cancel safety
/// Strict: dropping the future and sleeping again for what is left is as if never dropped. To go on
/// with the same deadline use [`sleep_until`], or poll a `&mut Sleep`.
///
/// # Panics
/// If there is no runtime on this thread. When polled, if the runtime has shut down meanwhile.
///
/// # Examples
/// ```
/// use sheave::time::{Duration, sleep};
/// # #[sheave::main]
/// # async fn main() {
/// sleep(Duration::from_millis(1)).await;
/// # }
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    let mut sleep = Sleep::after(duration);
    if duration.is_zero() {
        sleep.state = State::Yielding;
    }
    sleep
}

/// Waits until `deadline`; as [`sleep`] otherwise.
///
/// # Cancel safety
/// Strict: dropping the future and waiting for the same deadline again is as if never dropped.
///
/// # Panics
/// As [`sleep`].
///
/// # Examples
/// ```
/// use sheave::time::{Duration, Instant, sleep_until};
/// # #[sheave::main]
/// # async fn main() {
/// let deadline = Instant::now() + Duration::from_millis(1);
/// sleep_until(deadline).await;
/// assert!(Instant::now() >= deadline);
/// # }
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { deadline, timers: timers_of_this_thread(), state: State::Unfiled }
}

#[track_caller]
fn timers_of_this_thread() -> Arc<Timers> {
    match current_timers() {
        Some(timers) => timers,
        None => panic!("{NO_RUNTIME}"),
    }
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// It is `Unpin`: in a loop with `select!`, poll `&mut sleep`. It may be polled and dropped on any
/// thread, in or outside of its runtime. Polled after it was ready, it is ready again, until it is
/// [`reset`](Self::reset).
///
/// # Examples
/// One time-out for several things:
/// ```
/// use sheave::time::{Duration, sleep};
/// # async fn some_work() {}
/// # #[sheave::main]
/// # async fn main() {
/// let mut deadline = sleep(Duration::from_secs(1));
/// for _ in 0..3 {
///     sheave::select! {
///         () = &mut deadline => break,
///         () = some_work() => {}
///     }
/// }
/// # }
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    deadline: Instant,
    /// Where the timer is filed, or would be. While unfiled: the timers of the thread where it was
    /// made, which hold the clock.
    timers: Arc<Timers>,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    /// Not filed, and the deadline lay ahead a moment ago, when the future was made. The first poll
    /// mostly follows at once, so it spares a clock read, a quarter of what filing costs. If time
    /// has passed after all, the timer is filed in the past and fires at the worker's next look.
    Fresh,
    /// Not filed, and over as soon as the other tasks have had a turn.
    Yielding,
    /// Not filed.
    Unfiled,
    Filed(Key),
    Elapsed,
}

impl Sleep {
    /// As [`sleep`]; but a duration of zero is over at the first poll.
    #[track_caller]
    pub(crate) fn after(duration: Duration) -> Self {
        let timers = timers_of_this_thread();
        let deadline = Instant::from_std(timers.clock().now()).later(duration);
        let state = if duration.is_zero() { State::Unfiled } else { State::Fresh };
        Self { deadline, timers, state }
    }

    /// The moment this future waits for.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether that moment has come. The wake follows within a tick.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        matches!(self.state, State::Elapsed) || self.now() >= self.deadline
    }

    /// Waits for another moment from here on, earlier or later, also after this one has come.
    ///
    /// If the future was polled and is pending, that task will be woken at the new moment: it need
    /// not be polled again. If it is earlier than the former moment and has come, the next poll is ready.
    /// Moving a deadline further away, as an idle time-out does with every message, writes one word, and
    /// does not look at the clock.
    ///
    /// # Examples
    /// ```
    /// use sheave::time::{Duration, Instant, sleep};
    /// # #[sheave::main]
    /// # async fn main() {
    /// let mut idle = sleep(Duration::from_secs(60));
    /// std::pin::Pin::new(&mut idle).reset(Instant::now() + Duration::from_millis(1));
    /// idle.await;
    /// # }
    /// ```
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.get_mut().move_to(deadline);
    }

    /// The present moment on the clock of this future's runtime.
    pub(crate) fn now(&self) -> Instant {
        Instant::from_std(self.timers.clock().now())
    }

    /// See [`reset`](Self::reset).
    pub(super) fn move_to(&mut self, deadline: Instant) {
        let is_earlier = deadline < std::mem::replace(&mut self.deadline, deadline);
        self.state = match self.state {
            State::Filed(key) if is_earlier && self.now() >= deadline => self.elapse(key),
            State::Filed(key) => {
                match self.timers.reset(key, deadline.into_std(), self.filed_by()) {
                    Renewal::Filed => State::Filed(key),
                    Renewal::Fired | Renewal::Closed => State::Unfiled,
                }
            }
            State::Fresh | State::Yielding | State::Unfiled | State::Elapsed => State::Unfiled,
        };
    }

    /// The moment has come before the wheel knows of it. If the wheel has fired, the next poll finds out.
    fn elapse(&self, key: Key) -> State {
        self.timers.remove(key).map_or(State::Unfiled, |waker| {
            contain(|| waker.wake());
            State::Elapsed
        })
    }

    /// Waits for another moment as if newly made: nobody is woken before the next poll.
    pub(super) fn start_over(&mut self, deadline: Instant) {
        self.withdraw();
        self.deadline = deadline;
        self.state = State::Unfiled;
    }

    fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Yielding = self.state {
            self.state = State::Unfiled;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let State::Filed(key) = self.state {
            match self.timers.renew(key, cx.waker()) {
                Renewal::Filed => {
                    self.note();
                    return Poll::Pending;
                }
                Renewal::Fired => self.state = State::Elapsed,
                Renewal::Closed => self.state = State::Unfiled,
            }
        }
        if self.is_due() {
            self.state = State::Elapsed;
            return Poll::Ready(());
        }
        self.state = State::Filed(self.file(cx));
        self.note();
        Poll::Pending
    }

    fn note(&self) {
        let nanos = self.timers.clock().nanos(self.deadline.into_std());
        waits::note(Wait::Timer { nanos });
    }

    /// Whether a poll that finds no timer filed is ready.
    fn is_due(&self) -> bool {
        match self.state {
            State::Elapsed => true,
            // Reading a clock that tests move costs nothing, and they look closely.
            State::Fresh if !self.timers.clock().is_manual() => false,
            _ => self.now() >= self.deadline,
        }
    }

    /// Files the timer with the worker on this thread, if it is of the same runtime, or else where
    /// the future was made.
    fn file(&mut self, cx: &mut Context<'_>) -> Key {
        let mut filed_by = self.filed_by();
        if filed_by == FiledBy::Stranger {
            if let Some(own) = own_timers().filter(|own| own.is_of_same_runtime(&self.timers)) {
                self.timers = own;
                filed_by = FiledBy::Owner;
            }
        }
        let key = self.timers.file(self.deadline.into_std(), cx.waker().clone(), filed_by);
        key.unwrap_or_else(|_closed| panic!("{SHUT_DOWN}"))
    }

    fn filed_by(&self) -> FiledBy {
        if is_owner_of(&self.timers) { FiledBy::Owner } else { FiledBy::Stranger }
    }

    fn withdraw(&mut self) {
        if let State::Filed(key) = self.state {
            drop(self.timers.remove(key));
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        let polled = self.get_mut().poll_elapsed(cx);
        if polled.is_ready() {
            progress.made_progress();
        }
        polled
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.withdraw();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
