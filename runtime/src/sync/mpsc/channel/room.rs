//! Waiting for room.

use super::{Answer, Channel, Refusal, State};
use crate::sync::wait_list::{Key, Left, poll_held};
use crate::util::waits::{SyncKind, noting};
use sheave_facade::seeded;
use sheave_facade::sync::MutexGuard;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// Future of [`Channel::reserve`]: strict, and dropped with a grant it passes that on.
pub(in crate::sync::mpsc) struct Reserve<'a, T> {
    channel: &'a Channel<T>,
    count: usize,
    key: Option<Key>,
}

/// Future of [`Channel::push`]: the message is sent by the poll that says so, or not at all.
pub(in crate::sync::mpsc) struct Push<'a, T> {
    slot: Reserve<'a, T>,
    /// `None` once it was sent or handed back.
    message: Option<T>,
}

/// The message is moved by `take` only.
impl<T> Unpin for Push<'_, T> {}

impl<'a, T> Reserve<'a, T> {
    pub(super) fn new(channel: &'a Channel<T>, count: usize) -> Self {
        Self { channel, count, key: None }
    }

    /// The slots are reserved when this is ready, and the lock is held still. `None`: the channel is closed.
    ///
    /// What is left in `clone` is to be dropped unlocked.
    fn poll_slots(
        &mut self,
        cx: &mut Context<'_>,
        clone: &mut Option<Waker>,
    ) -> Poll<Option<MutexGuard<'a, State<T>>>> {
        let Self { channel, count, key } = self;
        let channel: &'a Channel<T> = channel;
        let at_once = |state: &mut State<T>| match state.reserve(*count) {
            Ok(()) => ControlFlow::Break(Answer::Granted),
            Err(Refusal::Closed) => ControlFlow::Break(Answer::Closed),
            Err(Refusal::Full) => ControlFlow::Continue(*count),
        };
        let polled = poll_held(clone, &channel.state, |state| &mut state.senders, key, cx, at_once);
        noting(SyncKind::MpscSender, channel, polled).map(|(answer, state)| match answer {
            Answer::Granted => Some(state),
            Answer::Closed => None,
        })
    }
}

impl<'a, T> Push<'a, T> {
    pub(super) fn new(channel: &'a Channel<T>, message: T) -> Self {
        Self { slot: Reserve::new(channel, 1), message: Some(message) }
    }
}

impl<T> Future for Reserve<'_, T> {
    /// Whether the slots are reserved; `Err` if the channel is closed.
    type Output = Result<(), ()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_slots(cx, &mut None).map(|slots| slots.map(drop).ok_or(()))
    }
}

impl<T> Future for Push<'_, T> {
    /// The message comes back if the channel is closed.
    type Output = Result<(), T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // There was no room a moment ago. Dropped last, without the lock.
        let mut clone = self.slot.key.is_none().then(|| cx.waker().clone());
        let slot = ready!(self.slot.poll_slots(cx, &mut clone));
        let message = self.message.take().expect("a message is sent once");
        Poll::Ready(match slot {
            Some(state) => self.slot.channel.fill_reserved(state, message),
            None => Err(message),
        })
    }
}

impl<T> Drop for Reserve<'_, T> {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else { return };
        let left = self.channel.state.lock().senders.leave(key);
        let unused = match left {
            Left::Answered(Answer::Granted) if seeded::on("mpsc_grant_not_passed_on") => 0,
            Left::Answered(Answer::Granted) => self.count,
            Left::Answered(Answer::Closed) | Left::Waiting(_) => 0,
        };
        // Also without slots of its own: those behind a large request may be content with what is free.
        self.channel.unreserve(unused);
        drop(left);
    }
}
