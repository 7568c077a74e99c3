//! What both ends of a channel share: the queue, who waits for room in it, who waits for messages.
//!
//! A bounded channel has `limit` slots. Each is at any time *free*, *reserved* (by a permit, or by a
//! grant that its sender has not seen yet) or *filled*; the reserved ones are what the other two leave.
//!
//! | slot     | call                       | slot     | and                                           |
//! |----------|----------------------------|----------|-----------------------------------------------|
//! | free     | `try_push`, `Push`         | filled   | if nobody waits, who would be overtaken       |
//! | free     | `try_reserve`, `Reserve`   | reserved | the same                                      |
//! | reserved | `push_reserved`, `Push`    | filled   | wakes the receiver; a gone one: free          |
//! | reserved | `unreserve`                | free     | granted to the sender that waits longest      |
//! | filled   | `pop`                      | free     | granted to the sender that waits longest      |
//!
//! An unbounded channel is one whose slots never run out. Its receiver takes all messages at once, into a
//! batch of its own, and comes for more when that is empty. When the receiver closes the channel, senders
//! that wait are refused, and the messages and permits that are left come to it before the end does.

mod room;

pub(super) use room::{Push, Reserve};

use crate::sync::wait_list::{Key, WaitList, poll_alone, poll_answer, wake};
use crate::util::waits::{SyncKind, noting};
use sheave_facade::seeded;
use sheave_facade::sync::{BriefMutex, MutexGuard};
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::task::{Context, Poll, Waker};

/// See the [module documentation](self).
pub(super) struct Channel<T> {
    state: BriefMutex<State<T>>,
    /// The same as in the state, without the lock.
    limit: usize,
}

struct State<T> {
    queue: VecDeque<T>,
    limit: usize,
    /// Slots that are neither filled nor reserved.
    free: usize,
    /// The receiver takes what is left, and nothing new.
    is_closed: bool,
    /// The receiver takes nothing any more.
    is_deserted: bool,
    /// Senders that keep the channel open, and those that do not.
    strong: usize,
    weak: usize,
    receiver: Option<Waker>,
    /// Who waits for how many slots.
    senders: WaitList<usize, Answer>,
    /// Who waits for the channel to close.
    watchers: WaitList<(), ()>,
}

/// What a sender hears that waited for slots.
#[derive(Clone, Copy)]
enum Answer {
    Granted,
    Closed,
}

/// Why there was no slot at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Full,
    Closed,
}

/// Why there was no message at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nothing {
    Yet,
    EverAgain,
}

impl<T> Channel<T> {
    /// The most slots of a bounded channel.
    pub(super) const MAX: usize = usize::MAX >> 3;
    /// What an unbounded channel is limited to.
    pub(super) const UNLIMITED: usize = usize::MAX;

    /// A channel with `limit` slots and one sender.
    pub(super) fn new(limit: usize) -> Self {
        let state = State {
            queue: VecDeque::new(),
            limit,
            free: limit,
            is_closed: false,
            is_deserted: false,
            strong: 1,
            weak: 0,
            receiver: None,
            senders: WaitList::new(),
            watchers: WaitList::new(),
        };
        Self { state: BriefMutex::new(state), limit }
    }

    /// How many slots there are.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Fills a free slot, or hands the message back.
    #[inline]
    pub(super) fn try_push(&self, message: T) -> Result<(), (Refusal, T)> {
        let mut state = self.state.lock();
        match state.reserve(1) {
            Ok(()) => {
                self.fill(state, message);
                Ok(())
            }
            Err(refusal) => {
                drop(state);
                Err((refusal, message))
            }
        }
    }

    /// Fills a reserved slot. If nobody will receive it, the message is dropped.
    pub(super) fn push_reserved(&self, message: T) {
        drop(self.fill_reserved(self.state.lock(), message));
    }

    /// Fills a reserved slot. If nobody will receive it, the message comes back.
    #[inline]
    fn fill_reserved(&self, state: MutexGuard<'_, State<T>>, message: T) -> Result<(), T> {
        if state.is_deserted && !seeded::on("mpsc_fills_for_nobody") {
            drop(state);
            self.unreserve(1);
            return Err(message);
        }
        self.fill(state, message);
        Ok(())
    }

    #[inline]
    fn fill(&self, mut state: MutexGuard<'_, State<T>>, message: T) {
        state.queue.push_back(message);
        let receiver = state.receiver.take();
        drop(state);
        if !seeded::on("mpsc_push_wakes_nobody") {
            wake(receiver);
        }
    }

    /// Reserves `count` slots if that overtakes nobody.
    pub(super) fn try_reserve(&self, count: usize) -> Result<(), Refusal> {
        self.state.lock().reserve(count)
    }

    /// Waits for `count` slots.
    pub(super) fn reserve(&self, count: usize) -> Reserve<'_, T> {
        Reserve::new(self, count)
    }

    /// Waits for a slot, and fills it.
    pub(super) fn push(&self, message: T) -> Push<'_, T> {
        Push::new(self, message)
    }

    /// Frees reserved slots that are not going to be filled.
    pub(super) fn unreserve(&self, count: usize) {
        let mut state = self.state.lock();
        state.free += count;
        let granted = state.grant_all();
        // The last permit of a closed channel: the receiver hears of the end.
        let receiver = if state.is_closed { state.receiver.take() } else { None };
        drop(state);
        wake(granted);
        wake(receiver);
    }

    /// Takes the oldest message: of `batch`, or of the queue when that is empty.
    pub(super) fn try_pop(&self, batch: &mut VecDeque<T>) -> Result<T, Nothing> {
        if let Some(message) = batch.pop_front() {
            return Ok(message);
        }
        let mut state = self.state.lock();
        let (message, granted) = state.pop(batch)?;
        drop(state);
        wake(granted);
        Ok(message)
    }

    /// Waits for a message, as [`try_pop`](Self::try_pop) takes it. `None` is the end.
    #[inline]
    pub(super) fn poll_pop(
        &self,
        cx: &mut Context<'_>,
        batch: &mut VecDeque<T>,
    ) -> Poll<Option<T>> {
        if let Some(message) = batch.pop_front() {
            return Poll::Ready(Some(message));
        }
        let look = |state: &mut State<T>| match state.pop(batch) {
            Ok(popped) => Some(Some(popped)),
            Err(Nothing::EverAgain) => Some(None),
            Err(Nothing::Yet) => None,
        };
        let polled = poll_alone(&self.state, |state| &mut state.receiver, cx, look);
        noting(SyncKind::MpscReceiver, self, polled).map(|popped| {
            let (message, granted) = popped?;
            wake(granted);
            Some(message)
        })
    }

    /// Waits for messages and moves up to `at_most` to `buffer`, those of `batch` first. 0 is the end.
    pub(super) fn poll_pop_many(
        &self,
        cx: &mut Context<'_>,
        batch: &mut VecDeque<T>,
        buffer: &mut Vec<T>,
        at_most: usize,
    ) -> Poll<usize> {
        let batched = batch.len().min(at_most);
        buffer.extend(batch.drain(..batched));
        let look = |state: &mut State<T>| {
            let count = state.queue.len().min(at_most - batched);
            if batched + count == 0 {
                return state.is_at_end().then(|| (0, Vec::new()));
            }
            buffer.extend(state.queue.drain(..count));
            state.free += count;
            Some((batched + count, state.grant_all()))
        };
        let polled = poll_alone(&self.state, |state| &mut state.receiver, cx, look);
        noting(SyncKind::MpscReceiver, self, polled).map(|(count, granted)| {
            wake(granted);
            count
        })
    }

    /// Refuses new messages and those who wait to send some.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        let refused = state.senders.answer_all(Answer::Closed);
        let watchers = state.watchers.answer_all(());
        drop(state);
        wake(refused);
        wake(watchers);
    }

    /// The receiver is dropped.
    pub(super) fn desert(&self, batch: &mut VecDeque<T>) {
        self.close();
        let mut state = self.state.lock();
        state.is_deserted = true;
        let own = state.receiver.take();
        let unreceived = std::mem::take(&mut state.queue);
        state.free += unreceived.len();
        drop(state);
        // To drop a message is code of the user (W10).
        drop((own, std::mem::take(batch), unreceived));
    }

    /// Waits until the channel is closed.
    pub(super) fn poll_closed(&self, key: &mut Option<Key>, cx: &mut Context<'_>) -> Poll<()> {
        let at_once = |state: &mut State<T>| match state.is_closed {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let polled = poll_answer(&self.state, |state| &mut state.watchers, key, cx, at_once);
        noting(SyncKind::MpscSender, self, polled)
    }

    /// A future that waited for the end is dropped.
    pub(super) fn stop_watching(&self, key: Key) {
        let left = self.state.lock().watchers.leave(key);
        drop(left);
    }

    /// Another sender.
    pub(super) fn add_strong(&self) {
        self.state.lock().strong += 1;
    }

    /// A sender is dropped. The last one wakes the receiver.
    pub(super) fn remove_strong(&self) {
        let mut state = self.state.lock();
        state.strong -= 1;
        let receiver = if state.strong == 0 { state.receiver.take() } else { None };
        drop(state);
        if !seeded::on("mpsc_last_sender_wakes_nobody") {
            wake(receiver);
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

    /// How many slots are free.
    pub(super) fn free(&self) -> usize {
        self.state.lock().free
    }

    /// How many messages wait.
    pub(super) fn len(&self) -> usize {
        self.state.lock().queue.len()
    }

    /// Whether the receiver takes nothing new.
    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().is_closed
    }

    /// Whether no message can come any more.
    pub(super) fn is_ending(&self) -> bool {
        let state = self.state.lock();
        state.is_closed || state.strong == 0
    }
}

impl<T> State<T> {
    #[inline]
    fn reserve(&mut self, count: usize) -> Result<(), Refusal> {
        if self.is_closed {
            return Err(Refusal::Closed);
        }
        if count > self.free || !self.senders.is_empty() {
            return Err(Refusal::Full);
        }
        self.free -= count;
        Ok(())
    }

    /// The oldest message, and the sender that gets its slot. The others of an unbounded channel go to
    /// `batch`, which is empty.
    #[inline]
    fn pop(&mut self, batch: &mut VecDeque<T>) -> Result<(T, Option<Waker>), Nothing> {
        let oldest = if self.limit == Channel::<T>::UNLIMITED {
            self.free += self.queue.len();
            std::mem::swap(&mut self.queue, batch);
            batch.pop_front()
        } else {
            let oldest = self.queue.pop_front();
            self.free += usize::from(oldest.is_some());
            oldest
        };
        let Some(message) = oldest else {
            return Err(if self.is_at_end() { Nothing::EverAgain } else { Nothing::Yet });
        };
        // One slot serves one sender at most: there were too few for the first before.
        Ok((message, self.grant()))
    }

    /// With an empty queue: whether it stays so.
    fn is_at_end(&self) -> bool {
        let reserved = self.limit - self.free - self.queue.len();
        self.queue.is_empty() && (self.strong == 0 || self.is_closed && reserved == 0)
    }

    /// Reserves slots for the sender that waits longest, if they suffice.
    #[inline]
    fn grant(&mut self) -> Option<Waker> {
        let count = *self.senders.first_request()?;
        if count > self.free {
            return None;
        }
        self.free -= count;
        self.senders.answer_first(Answer::Granted)
    }

    fn grant_all(&mut self) -> Vec<Waker> {
        std::iter::from_fn(|| self.grant()).collect()
    }
}
