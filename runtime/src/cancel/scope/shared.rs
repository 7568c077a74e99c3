//! The state of a scope, between the one who runs it and those who cancel it.
//!
//! | stage   | cause | sections | call                  | does                                           |
//! |---------|-------|----------|-----------------------|------------------------------------------------|
//! | New     | any   | 0        | `enter`               | Running, and hears of the scope around, unless shielded |
//! | New     | any   | 0        | `token`               | makes one that hears of this scope, and from `enter` on of those around |
//! | any     | none  | any      | `cancel`              | the cause is there; wakes the run and the token's waiters |
//! | any     | some  | any      | `cancel`              | nothing                                        |
//! | any     | none  | any      | `set_deadline`        | wakes the run, which moves its timer           |
//! | Running | any   | n        | `begin_section`       | n + 1, here and in all scopes around           |
//! | any     | none  | n        | `end_section`         | n − 1, here and in all scopes around           |
//! | any     | some  | 1        | `end_section`         | 0, and wakes the run                           |
//! | Running | none, or sections | | `poll_event`      | waits                                          |
//! | Running | some  | 0        | `poll_event`          | `Dropped`: the run drops its future            |
//! | Running | any   | any      | `leave`               | Left                                           |

use crate::cancel::told::Told;
use crate::cancel::{CancellationToken, Cancelled};
use crate::sync::wait_list::{poll_alone, wake};
use crate::time::{self, Instant};
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, BriefMutex};
use std::task::{Context, Poll, Waker};

/// What all clones of a scope share.
pub(super) struct Shared {
    kind: Kind,
    state: BriefMutex<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Shielded,
    /// Part of the one around, as far as users see.
    Hidden,
}

struct State {
    stage: Stage,
    /// Why this scope, and not only one around it, was cancelled.
    cause: Option<Cancelled>,
    /// Whether somebody waited for the token when the cause came.
    has_observers: bool,
    deadline: Option<Instant>,
    /// Tells those who wait. Made by `enter`, as a child of that of the scope around, or before, if
    /// somebody asks for it: then that one is led by the child, which takes its place.
    token: Option<CancellationToken>,
    /// The scope in which this one runs, from `enter` on.
    around: Option<Arc<Shared>>,
    /// Shielded sections that have begun in the future and have not ended.
    sections: usize,
    /// The task of the run, while it waits.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Running,
    Left { is_caught: bool },
}

impl State {
    /// The token is cancelled in the same hold of the lock: who sees the cause finds it cancelled.
    fn set_cause(&mut self, cause: Cancelled) -> Told {
        self.cause = Some(cause.clone());
        let token = self.token.as_ref();
        let told = token.map(|token| token.cancel_because(cause)).unwrap_or_default();
        self.has_observers = !told.is_empty();
        told
    }

    /// Takes `token` for that of this scope. Nobody waits for it yet.
    fn set_token(&mut self, token: CancellationToken) {
        if let Some(cause) = &self.cause {
            drop(token.cancel_because(cause.clone()));
        }
        self.token = Some(token);
    }

    /// Hears of the scope around, by a child of its token. Returns the token of this scope if there was one
    /// before: that one is not a child, and is to be led.
    fn hear_by(&mut self, child: CancellationToken) -> Option<CancellationToken> {
        let early = self.token.take();
        self.set_token(child);
        early
    }

    /// Whether nothing keeps the future, now that there is a cause.
    fn may_drop(&self) -> bool {
        let is_kept = self.sections > 0 && !seeded::on("scope_section_ignored");
        !is_kept && !seeded::on("scope_cause_not_seen")
    }
}

/// What a run that waits is told.
pub(super) enum Event {
    /// The deadline is no longer what it was.
    Deadline(Option<Instant>),
    /// The future shall be dropped. Those who wait in it for the cancellation, if there are any, are
    /// to be polled first.
    Dropped(Cancelled, bool),
}

impl Shared {
    pub(super) fn new(kind: Kind, deadline: Option<Instant>) -> Self {
        let state = State {
            stage: Stage::New,
            cause: None,
            has_observers: false,
            deadline,
            token: None,
            around: None,
            sections: 0,
            waker: None,
        };
        Self { kind, state: BriefMutex::new(state) }
    }

    /// The token of this scope.
    pub(super) fn token(&self) -> CancellationToken {
        let mut state = self.state.lock();
        if state.token.is_none() {
            state.set_token(CancellationToken::new());
        }
        state.token.clone().expect("made above")
    }

    /// Whether this scope was cancelled, or one around it, as far as it has heard.
    pub(super) fn is_told(&self) -> bool {
        let state = self.state.lock();
        state.cause.is_some() || state.token.as_ref().is_some_and(CancellationToken::is_cancelled)
    }

    pub(super) fn is_shielded(&self) -> bool {
        self.kind == Kind::Shielded
    }

    /// The innermost scope that users have made, from this one outwards.
    pub(super) fn visible(self: &Arc<Self>) -> Option<Arc<Self>> {
        self.outwards().find(|scope| scope.kind != Kind::Hidden)
    }

    /// The future is polled for the first time, in the scope `around`.
    ///
    /// # Panics
    /// If there was another future before.
    pub(super) fn enter(self: &Arc<Self>, around: Option<Arc<Self>>) {
        let heard = around.as_ref().filter(|_| !self.is_shielded());
        let child = heard.map(|around| around.token().child_token());
        let mut state = self.state.lock();
        let former = state.stage;
        let mut follower = None;
        if former == Stage::New {
            state.stage = Stage::Running;
            state.around = around;
            follower = child.clone().and_then(|child| state.hear_by(child));
        }
        drop(state);
        assert!(
            former == Stage::New,
            "a `CancelScope` runs one future: for another one, make another scope"
        );
        if let (Some(leader), Some(follower)) = (child, follower) {
            leader.lead_to(follower);
        }
    }

    /// The future is gone. `is_caught`: because of a cancellation of this scope.
    pub(super) fn leave(&self, is_caught: bool) {
        let mut state = self.state.lock();
        state.stage = Stage::Left { is_caught };
        let waker = state.waker.take();
        drop(state);
        drop(waker);
    }

    /// Cancels this scope, unless it is.
    pub(super) fn cancel(&self, cause: Cancelled) {
        let mut state = self.state.lock();
        if state.cause.is_some() {
            return;
        }
        let told = state.set_cause(cause);
        let waker = state.waker.take();
        drop(state);
        told.wake();
        wake(waker);
    }

    /// The timer that stood at `filed` has fired. For the run, which is not woken.
    pub(super) fn expire(&self, filed: Option<Instant>) {
        let mut state = self.state.lock();
        if state.cause.is_some() || state.deadline != filed {
            return;
        }
        let told = state.set_cause(Cancelled::by_deadline());
        let waker = state.waker.take();
        drop(state);
        told.wake();
        drop(waker);
    }

    pub(super) fn set_deadline(&self, deadline: Option<Instant>) {
        let mut state = self.state.lock();
        state.deadline = deadline;
        let waker = state.waker.take();
        drop(state);
        wake(waker);
    }

    /// Waits for an event, while the timer stands at `filed`.
    pub(super) fn poll_event(&self, filed: Option<Instant>, cx: &mut Context<'_>) -> Poll<Event> {
        let look = |state: &mut State| match &state.cause {
            Some(cause) if state.may_drop() => {
                Some(Event::Dropped(cause.clone(), state.has_observers))
            }
            Some(_) => None,
            None if state.deadline != filed => Some(Event::Deadline(state.deadline)),
            None => None,
        };
        poll_alone(&self.state, |state| &mut state.waker, cx, look)
    }

    /// The scopes from this one outwards.
    fn outwards(self: &Arc<Self>) -> impl Iterator<Item = Arc<Self>> {
        std::iter::successors(Some(self.clone()), |scope| scope.state.lock().around.clone())
    }

    /// A shielded section begins in the future of this scope.
    pub(super) fn begin_section(self: &Arc<Self>) {
        self.outwards().for_each(|scope| scope.state.lock().sections += 1);
    }

    /// Such a section has ended, or was dropped.
    pub(super) fn end_section(self: &Arc<Self>) {
        for scope in self.outwards() {
            let mut state = scope.state.lock();
            state.sections -= 1;
            let is_awaited = state.sections == 0 && state.cause.is_some();
            let is_told = is_awaited && !seeded::on("scope_section_end_not_told");
            let waker = if is_told { state.waker.take() } else { None };
            drop(state);
            wake(waker);
        }
    }

    pub(super) fn has_sections(&self) -> bool {
        self.state.lock().sections > 0
    }

    /// Whether the deadline has passed while there was still something to cancel.
    fn is_overdue(&self) -> bool {
        let state = self.state.lock();
        let has_left = matches!(state.stage, Stage::Left { .. });
        !has_left && state.deadline.is_some_and(|deadline| deadline <= time::Instant::now())
    }

    /// Whether this scope or one around it is cancelled; a deadline that has passed counts.
    pub(super) fn is_cancelled(self: &Arc<Self>) -> bool {
        self.hears_of(Self::is_told)
    }

    /// Whether this scope or one around it is cancelled and runs: it will drop its future. One that has left
    /// had only borrowed what still runs here.
    pub(super) fn is_ending(self: &Arc<Self>) -> bool {
        self.hears_of(|scope| {
            let state = scope.state.lock();
            state.stage == Stage::Running && state.cause.is_some()
        })
    }

    /// Asks this scope and those around it, up to the nearest shield, once deadlines that have passed are told.
    fn hears_of(self: &Arc<Self>, is_so: impl Fn(&Self) -> bool) -> bool {
        for scope in self.outwards() {
            if scope.is_overdue() {
                scope.cancel(Cancelled::by_deadline());
            }
            if is_so(&scope) {
                return true;
            }
            if scope.is_shielded() {
                break;
            }
        }
        false
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.state.lock().deadline
    }

    pub(super) fn own_cause(&self) -> Option<Cancelled> {
        self.state.lock().cause.clone()
    }

    /// Why this scope was cancelled, or one around it, as far as it has heard.
    pub(super) fn cause(&self) -> Option<Cancelled> {
        let (cause, token) = {
            let state = self.state.lock();
            (state.cause.clone(), state.token.clone())
        };
        cause.or_else(|| token?.cause())
    }

    /// Whether this scope, or one around it, drops its future as soon as that waits.
    pub(super) fn is_about_to_drop(self: &Arc<Self>) -> bool {
        self.outwards().any(|scope| {
            let state = scope.state.lock();
            state.stage == Stage::Running && state.cause.is_some() && state.sections == 0
        })
    }

    /// How many scopes there are from this one outwards.
    pub(super) fn depth(self: &Arc<Self>) -> usize {
        self.outwards().count()
    }

    pub(super) fn is_caught(&self) -> bool {
        self.state.lock().stage == Stage::Left { is_caught: true }
    }
}

#[cfg(all(test, loom))]
mod loom;
