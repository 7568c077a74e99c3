//! What both ends of a channel share: the messages that somebody has not received yet, and who waits.
//!
//! Each message has a number. A receiver remembers the number it wants next, and each message how many
//! receivers want it still. Receivers take them in order, so the messages nobody wants any more are the
//! oldest ones.
//!
//! | receiver wants        | call                  | receiver wants | messages                              |
//! |-----------------------|-----------------------|----------------|---------------------------------------|
//! | one that is kept      | `pop`                 | the next one   | dropped, if nobody else wants it      |
//! | one that was given up | `pop`                 | the oldest     | as before; it has lagged              |
//! | the one to come       | `pop`, a sender left  | the same       | waits                                 |
//! | the one to come       | `pop`, no sender left | the same       | the end                               |
//! | any                   | `send`, a free place  | the same       | one more                              |
//! | any                   | `send`, no free place | the same       | one more, and the oldest is given up  |
//! | –                     | `subscribe`           | the one to come | as before                            |
//! | any                   | dropped               | –              | wanted by one fewer                   |

use super::message::Message;
use crate::sync::wait_list::{Key, WaitList, poll_look, wake};
use crate::util::waits::{SyncKind, noting};
use sheave_facade::seeded;
use sheave_facade::sync::BriefMutex;
use std::collections::VecDeque;
use std::task::{Context, Poll};

/// See the [module documentation](self).
pub(super) struct Channel<T> {
    state: BriefMutex<State<T>>,
}

struct State<T> {
    /// Each has as many shares as receivers want it; these clone it without the lock, for that is code of
    /// the user (W10).
    kept: VecDeque<Message<T>>,
    /// The number of the oldest message that is kept, or of the one to come.
    oldest: u64,
    capacity: usize,
    receivers: usize,
    /// Senders that keep the channel open, and those that do not.
    strong: usize,
    weak: usize,
    /// Receivers that wait for a message or the end.
    waiters: WaitList<(), ()>,
    /// Senders that wait for the last receiver to be dropped.
    watchers: WaitList<(), ()>,
}

/// What a receiver gets.
pub(super) enum Popped<T> {
    Message(Message<T>),
    Lagged(u64),
    Nothing,
    End,
}

impl<T> Channel<T> {
    /// A channel with one sender.
    #[track_caller]
    pub(super) fn new(capacity: usize, receivers: usize) -> Self {
        let most = usize::MAX >> 1;
        assert!(
            (1..=most).contains(&capacity),
            "a channel keeps between 1 and {most} messages, not {capacity}"
        );
        let state = State {
            kept: VecDeque::new(),
            oldest: 0,
            capacity,
            receivers,
            strong: 1,
            weak: 0,
            waiters: WaitList::new(),
            watchers: WaitList::new(),
        };
        Self { state: BriefMutex::new(state) }
    }

    /// Keeps the message for all receivers, and says how many these are; without any it comes back.
    pub(super) fn send(&self, value: T) -> Result<usize, T> {
        let mut message = Message::new(value);
        let mut state = self.state.lock();
        let receivers = state.receivers;
        if receivers == 0 {
            drop(state);
            return Err(message.into_inner());
        }
        let given_up = if state.kept.len() == state.capacity { state.drop_oldest() } else { None };
        message.want(receivers);
        state.kept.push_back(message);
        let waiting = state.waiters.answer_all(());
        drop(state);
        if !seeded::on("broadcast_send_wakes_nobody") {
            wake(waiting);
        }
        // Last: a message may panic when it is dropped, which must not cost a wake.
        drop(given_up);
        Ok(receivers)
    }

    /// Takes the message that a receiver wants next.
    #[inline]
    pub(super) fn pop(&self, next: &mut u64) -> Popped<T> {
        self.state.lock().pop(next)
    }

    /// Waits for something to pop.
    pub(super) fn poll_pop(
        &self,
        next: &mut u64,
        key: &mut Option<Key>,
        cx: &mut Context<'_>,
    ) -> Poll<Popped<T>> {
        let look = |state: &mut State<T>| match state.pop(next) {
            Popped::Nothing => None,
            popped => Some(popped),
        };
        let polled = poll_look(&self.state, |state| &mut state.waiters, key, cx, look);
        noting(SyncKind::BroadcastReceiver, self, polled)
    }

    /// A receiver that waited for a message is dropped.
    pub(super) fn stop_waiting(&self, key: Key) {
        let left = self.state.lock().waiters.leave(key);
        drop(left);
    }

    /// Another receiver, and the number of the message to come.
    pub(super) fn subscribe(&self) -> u64 {
        let mut state = self.state.lock();
        state.receivers += 1;
        state.to_come()
    }

    /// A receiver is dropped that wants the messages from `next` on.
    pub(super) fn unsubscribe(&self, next: u64) {
        let mut state = self.state.lock();
        let received = next.saturating_sub(state.oldest) as usize;
        let unwanted: Vec<_> = state.kept.iter_mut().skip(received).map(Message::share).collect();
        while state.kept.front().is_some_and(|message| message.shares() == 0) {
            state.drop_oldest();
        }
        state.receivers -= 1;
        let watchers =
            if state.receivers == 0 { state.watchers.answer_all(()) } else { Vec::new() };
        drop(state);
        wake(watchers);
        drop(unwanted);
    }

    /// Waits until there is no receiver.
    pub(super) fn poll_deserted(&self, key: &mut Option<Key>, cx: &mut Context<'_>) -> Poll<()> {
        let look = |state: &mut State<T>| (state.receivers == 0).then_some(());
        let polled = poll_look(&self.state, |state| &mut state.watchers, key, cx, look);
        noting(SyncKind::BroadcastSender, self, polled)
    }

    /// A future that waited for the last receiver to go is dropped.
    pub(super) fn stop_watching(&self, key: Key) {
        let left = self.state.lock().watchers.leave(key);
        drop(left);
    }

    /// Another sender.
    pub(super) fn add_strong(&self) {
        self.state.lock().strong += 1;
    }

    /// A sender is dropped. The last one wakes the receivers.
    pub(super) fn remove_strong(&self) {
        let mut state = self.state.lock();
        state.strong -= 1;
        let waiting = if state.strong == 0 { state.waiters.answer_all(()) } else { Vec::new() };
        drop(state);
        if !seeded::on("broadcast_last_sender_wakes_nobody") {
            wake(waiting);
        }
    }

    /// Another weak sender.
    pub(super) fn add_weak(&self) {
        self.state.lock().weak += 1;
    }

    /// A weak sender is dropped.
    pub(super) fn remove_weak(&self) {
        self.state.lock().weak -= 1;
    }

    /// A weak sender wants to be a strong one: possible while there is another.
    pub(super) fn upgrade(&self) -> bool {
        let mut state = self.state.lock();
        let is_open = state.strong > 0;
        state.strong += usize::from(is_open);
        is_open
    }

    /// How many senders there are, strong and weak.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.strong, state.weak)
    }

    /// How many receivers there are.
    pub(super) fn receivers(&self) -> usize {
        self.state.lock().receivers
    }

    /// How many messages are kept.
    pub(super) fn len(&self) -> usize {
        self.state.lock().kept.len()
    }

    /// How many messages come before the one to come, from `next` on, given up or not.
    pub(super) fn len_from(&self, next: u64) -> usize {
        (self.state.lock().to_come() - next) as usize
    }
}

impl<T> State<T> {
    /// The number of the next message that is sent.
    fn to_come(&self) -> u64 {
        self.oldest + self.kept.len() as u64
    }

    /// Takes the oldest message off, to be dropped unlocked if it has shares.
    fn drop_oldest(&mut self) -> Option<Message<T>> {
        let oldest = self.kept.pop_front();
        self.oldest += u64::from(oldest.is_some());
        oldest
    }

    #[inline]
    fn pop(&mut self, next: &mut u64) -> Popped<T> {
        if *next < self.oldest {
            let missed = self.oldest - *next;
            *next = self.oldest;
            return Popped::Lagged(missed);
        }
        let place = (*next - self.oldest) as usize;
        let Some(message) = self.kept.get_mut(place) else {
            return if self.strong == 0 { Popped::End } else { Popped::Nothing };
        };
        *next += 1;
        let share = message.share();
        if message.shares() == 0 && !seeded::on("broadcast_received_is_kept") {
            // Who wants a newer one has received this one: it is the oldest.
            self.drop_oldest();
        }
        Popped::Message(share)
    }
}
