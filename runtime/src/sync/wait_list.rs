//! Who waits for a primitive, in the order of arrival.
//!
//! Plain data: it stands beside the primitive's state under the primitive's lock. An entry belongs to
//! the future that made it, and only that future removes it, so a key is never stale. (Where all go on
//! at once, and hear of it by other means, `dismiss_all` makes an end of all keys.)
//!
//! | entry    | call                          | entry    | returns                                  |
//! |----------|-------------------------------|----------|------------------------------------------|
//! | –        | `join`                        | Waiting  | its key                                  |
//! | Waiting  | `change_waker`                | Waiting  | its former waker, to be dropped unlocked |
//! | Waiting  | `answer_first`, `answer_last` | Answered | its waker, to be woken unlocked          |
//! | Waiting  | `take_answer`                 | Waiting  | `None`                                   |
//! | Answered | `take_answer`                 | –        | the answer                               |
//! | Waiting  | `leave`                       | –        | its waker, to be dropped unlocked        |
//! | Waiting  | `dismiss_all`                 | –        | its waker, to be woken unlocked          |
//! | Answered | `leave`                       | –        | the answer, which the primitive passes on |
//!
//! A list may have flags outside the lock, by which waiters hear of their answers: see [`told`].
//!
//! Absent: (Answered, `answer_*`), an answered entry is in no order any more; (Answered,
//! `change_waker`), a poll takes its answer first.

mod look;
mod told;

pub(crate) use look::poll_look;
pub(crate) use told::Told;

use crate::util::contain::contain;
use sheave_facade::sync::{BriefMutex, MutexGuard};
use slab::Slab;
use std::ops::ControlFlow;
use std::task::{Context, Poll, Waker};

/// Slots that an empty list keeps for its next waiters.
const KEPT: usize = 64;

/// Waiters that ask for an `R` and are answered with an `A`.
#[derive(Debug)]
pub(crate) struct WaitList<R, A> {
    entries: Slab<Entry<R, A>>,
    first: Option<usize>,
    last: Option<usize>,
    /// How many wait for an answer.
    len: usize,
}

/// Names the entry of one future.
#[derive(Debug)]
pub(crate) struct Key(usize);

#[derive(Debug)]
enum Entry<R, A> {
    Waiting(Waiter<R>),
    Answered(A),
}

#[derive(Debug)]
struct Waiter<R> {
    request: R,
    waker: Waker,
    before: Option<usize>,
    after: Option<usize>,
}

/// What a future leaves behind that is dropped before it is ready.
#[must_use = "a waker is dropped without the lock, an answer is passed on"]
pub(crate) enum Left<A> {
    Waiting(Waker),
    Answered(A),
}

impl<R, A> WaitList<R, A> {
    /// A list without waiters. Allocates nothing.
    pub(crate) const fn new() -> Self {
        Self { entries: Slab::new(), first: None, last: None, len: 0 }
    }

    /// Whether nobody waits for an answer.
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// How many wait for an answer.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// What the one who waits longest asks for.
    pub(crate) fn first_request(&self) -> Option<&R> {
        self.first.map(|at| &self.waiter(at).request)
    }

    /// Answers the one who waits longest.
    pub(crate) fn answer_first(&mut self, answer: A) -> Option<Waker> {
        self.first.map(|at| self.answer(at, answer))
    }

    /// Answers the one who came last.
    pub(crate) fn answer_last(&mut self, answer: A) -> Option<Waker> {
        self.last.map(|at| self.answer(at, answer))
    }

    /// Answers all who wait now.
    pub(crate) fn answer_all(&mut self, answer: A) -> Vec<Waker>
    where
        A: Clone,
    {
        let mut wakers = Vec::with_capacity(self.len);
        (self.len, self.last) = (0, None);
        let mut next = self.first.take();
        while let Some(at) = next {
            let (waker, after) = self.set_answer(at, answer.clone());
            wakers.push(waker);
            next = after;
        }
        wakers
    }

    /// Removes all, answered or not, and returns the wakers of those who waited in their order. Their
    /// keys are not to be used any more.
    pub(crate) fn dismiss_all(&mut self) -> Vec<Waker>
    where
        A: Default + Clone,
    {
        let wakers = self.answer_all(A::default());
        self.entries.clear();
        self.shrink();
        wakers
    }

    /// Removes the entry if it is answered.
    pub(crate) fn take_answer(&mut self, key: &mut Option<Key>) -> Option<A> {
        let at = key.as_ref()?.0;
        if matches!(self.entries[at], Entry::Waiting(_)) {
            return None;
        }
        *key = None;
        match self.remove(at) {
            Entry::Answered(answer) => Some(answer),
            Entry::Waiting(_) => unreachable!("looked above"),
        }
    }

    /// Whether the entry would wake the task of `waker`.
    pub(crate) fn would_wake(&self, key: &Key, waker: &Waker) -> bool {
        self.waiter(key.0).waker.will_wake(waker)
    }

    /// Queues at the end.
    pub(crate) fn join(&mut self, request: R, waker: Waker) -> Key {
        let waiter = Waiter { request, waker, before: self.last, after: None };
        let at = self.entries.insert(Entry::Waiting(waiter));
        match self.last.replace(at) {
            Some(before) => self.waiter_mut(before).after = Some(at),
            None => self.first = Some(at),
        }
        self.len += 1;
        Key(at)
    }

    /// Stays in place and has another waker from now on.
    pub(crate) fn change_waker(&mut self, key: &Key, waker: Waker) -> Waker {
        std::mem::replace(&mut self.waiter_mut(key.0).waker, waker)
    }

    /// What the entry's future hears. `None` asks for a clone of its waker; the former one is left in
    /// its place, to be dropped unlocked.
    fn poll_entry(
        &mut self,
        key: &mut Option<Key>,
        cx: &Context<'_>,
        clone: &mut Option<Waker>,
    ) -> Option<Poll<A>> {
        if let Some(answer) = self.take_answer(key) {
            return Some(Poll::Ready(answer));
        }
        let key = key.as_ref()?;
        if !self.would_wake(key, cx.waker()) {
            let waker = clone.take()?;
            *clone = Some(self.change_waker(key, waker));
        }
        Some(Poll::Pending)
    }

    /// Removes the entry of a future that is dropped.
    pub(crate) fn leave(&mut self, Key(at): Key) -> Left<A> {
        if matches!(self.entries[at], Entry::Waiting(_)) {
            self.unlink(at);
        }
        match self.remove(at) {
            Entry::Waiting(waiter) => Left::Waiting(waiter.waker),
            Entry::Answered(answer) => Left::Answered(answer),
        }
    }

    fn answer(&mut self, at: usize, answer: A) -> Waker {
        self.unlink(at);
        self.set_answer(at, answer).0
    }

    /// Returns the waker, and who comes after.
    fn set_answer(&mut self, at: usize, answer: A) -> (Waker, Option<usize>) {
        match std::mem::replace(&mut self.entries[at], Entry::Answered(answer)) {
            Entry::Waiting(waiter) => (waiter.waker, waiter.after),
            Entry::Answered(_) => unreachable!("an answered entry is in no order"),
        }
    }

    fn unlink(&mut self, at: usize) {
        let Waiter { before, after, .. } = *self.waiter(at);
        match before {
            Some(before) => self.waiter_mut(before).after = after,
            None => self.first = after,
        }
        match after {
            Some(after) => self.waiter_mut(after).before = before,
            None => self.last = before,
        }
        self.len -= 1;
    }

    fn remove(&mut self, at: usize) -> Entry<R, A> {
        let entry = self.entries.remove(at);
        self.shrink();
        entry
    }

    /// A crowd that has passed leaves no memory behind.
    fn shrink(&mut self) {
        if self.entries.is_empty() && self.entries.capacity() > KEPT {
            self.entries = Slab::new();
        }
    }

    fn waiter(&self, at: usize) -> &Waiter<R> {
        match &self.entries[at] {
            Entry::Waiting(waiter) => waiter,
            Entry::Answered(_) => unreachable!("only those who wait are in the order"),
        }
    }

    fn waiter_mut(&mut self, at: usize) -> &mut Waiter<R> {
        match &mut self.entries[at] {
            Entry::Waiting(waiter) => waiter,
            Entry::Answered(_) => unreachable!("only those who wait are in the order"),
        }
    }
}

/// Wakes those who were answered, to be called without any lock. A waker that panics does not cost the
/// others their wake (T13).
pub(crate) fn wake(wakers: impl IntoIterator<Item = Waker>) {
    wakers.into_iter().for_each(|waker| contain(|| waker.wake()));
}

/// Finds the list in what its lock protects.
type Find<S, R, A> = fn(&mut S) -> &mut WaitList<R, A>;

/// Polls one waiter of the list that `list` finds in `state`.
///
/// `at_once` is asked as long as the waiter is not in the list: it breaks with an answer, or goes on
/// with the request to queue. The waker is cloned and dropped without the lock (W10), and `at_once` is
/// asked again after that, because what it waits for may have come meanwhile.
#[inline]
pub(crate) fn poll_answer<S, R, A>(
    state: &BriefMutex<S>,
    list: Find<S, R, A>,
    key: &mut Option<Key>,
    cx: &mut Context<'_>,
    at_once: impl FnMut(&mut S) -> ControlFlow<A, R>,
) -> Poll<A> {
    poll_held(&mut None, state, list, key, cx, at_once).map(|(answer, _held)| answer)
}

/// [`poll_answer`] of a list with flags, for one who is likely to queue, and brings a clone of its waker:
/// `at_once` is asked at most once, and what it goes on with is queued at that moment.
///
/// One who may have been [told](Told::take) asks for that first.
#[inline]
pub(crate) fn poll_told<R, A>(
    mut clone: Option<Waker>,
    told: &Told,
    list: &BriefMutex<WaitList<R, A>>,
    key: &mut Option<Key>,
    cx: &mut Context<'_>,
    mut at_once: impl FnMut(&mut WaitList<R, A>) -> ControlFlow<A, R>,
) -> Poll<A> {
    let place = key.as_ref().map(|key| key.0);
    let at_once = |list: &mut WaitList<R, A>| {
        at_once(list).map_continue(|request| {
            told.sweep(list);
            request
        })
    };
    poll_held(&mut clone, list, |list| list, key, cx, at_once).map(|(answer, _held)| {
        if let Some(place) = place {
            told.forget(place);
        }
        answer
    })
}

/// [`poll_answer`] for one who goes on under the lock, which is still held when the answer comes.
///
/// `clone` may bring a clone of the waker, for one who is likely to queue. What is left there is to be
/// dropped unlocked.
#[inline]
pub(crate) fn poll_held<'s, S, R, A>(
    clone: &mut Option<Waker>,
    state: &'s BriefMutex<S>,
    list: Find<S, R, A>,
    key: &mut Option<Key>,
    cx: &mut Context<'_>,
    mut at_once: impl FnMut(&mut S) -> ControlFlow<A, R>,
) -> Poll<(A, MutexGuard<'s, S>)> {
    loop {
        let mut held = state.lock();
        if key.is_some() {
            match list(&mut held).poll_entry(key, cx, clone) {
                Some(Poll::Ready(answer)) => return Poll::Ready((answer, held)),
                Some(Poll::Pending) => return Poll::Pending,
                None => (),
            }
        } else {
            match at_once(&mut held) {
                ControlFlow::Break(answer) => return Poll::Ready((answer, held)),
                ControlFlow::Continue(request) => {
                    if let Some(waker) = clone.take() {
                        *key = Some(list(&mut held).join(request, waker));
                        return Poll::Pending;
                    }
                }
            }
        }
        drop(held);
        *clone = Some(cx.waker().clone());
    }
}

/// Polls a waiter that is alone in its place, such as the receiver of a channel.
///
/// `look` says what it waits for, if that has come; it is asked under the lock.
#[inline]
pub(crate) fn poll_alone<S, T>(
    state: &BriefMutex<S>,
    place: fn(&mut S) -> &mut Option<Waker>,
    cx: &mut Context<'_>,
    mut look: impl FnMut(&mut S) -> Option<T>,
) -> Poll<T> {
    let mut clone: Option<Waker> = None;
    loop {
        let mut held = state.lock();
        if let Some(found) = look(&mut held) {
            return Poll::Ready(found);
        }
        let place = place(&mut held);
        if place.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        if let Some(waker) = clone.take() {
            let former = place.replace(waker);
            drop(held);
            drop(former);
            return Poll::Pending;
        }
        drop(held);
        clone = Some(cx.waker().clone());
    }
}

#[cfg(all(test, loom))]
mod loom;
