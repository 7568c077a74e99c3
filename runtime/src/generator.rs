//! Generators: functions that hand out values, take values, and go on where they were.
//!
//! A [`Gen`] is Python's generator: an async block that hands out values by
//! [`co.yield_(value).await`](Co::yield_), and is sent the answers. It waits for nothing but its
//! caller, so it needs no runtime. For one that waits for other things too, an async generator, see
//! [`stream::generator`](crate::stream::generator()), which uses the same [`Co`].
//!
//! Python's `yield from` is an `.await` of a function that is passed the `&mut Co`.
//!
//! | slot     | call                     | slot     | and                                          |
//! |----------|--------------------------|----------|----------------------------------------------|
//! | Empty, Resumed | first poll of `yield_` | Yielded | the block waits                           |
//! | Yielded  | first poll of another `yield_` | same | the block waits, and this one is polled again |
//! | Yielded  | the block has been polled| Empty    | the value goes to the caller                 |
//! | Empty    | the caller goes on       | Resumed  | the block is polled                          |
//! | Resumed  | next poll of `yield_`    | Empty    | the block goes on with the answer            |
//!
//! (The module is not called `gen`, which is a keyword of Rust since edition 2024.)

use sheave_facade::sync::{Arc, Mutex};
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// A generator: yields `Y`s, is sent `S`s, and returns the output of `F`.
///
/// | Python                 | here                                                            |
/// |------------------------|-----------------------------------------------------------------|
/// | `g = f()`              | [`Gen::new`], which runs nothing yet                            |
/// | `next(g)`, `g.send(None)` at first | [`start`](Self::start)                              |
/// | `g.send(x)`            | [`resume(x)`](Self::resume)                                     |
/// | `for y in g`           | `for y in g`, if it is sent `()` and returns `()`               |
/// | `StopIteration.value`  | [`GeneratorState::Complete`]                                    |
/// | `TypeError`: a value for a fresh generator | a panic that says to `start` it             |
/// | `StopIteration` again after the end | a panic, as with the standard library's coroutines |
/// | `g.close()`            | drop it: destructors run, and the block cannot refuse            |
/// | `g.throw(e)`           | nothing: send a `Result`                                         |
///
/// # Examples
/// ```
/// use sheave::generator::{Gen, GeneratorState::{Complete, Yielded}};
///
/// let mut averages = Gen::new(|mut co| async move {
///     let (mut sum, mut count) = (0.0, 0.0);
///     let mut average = 0.0;
///     while let Some(value) = co.yield_(average).await {
///         sum += value;
///         count += 1.0;
///         average = sum / count;
///     }
///     sum
/// });
/// assert_eq!(averages.start(), Yielded(0.0));
/// assert_eq!(averages.resume(Some(1.0)), Yielded(1.0));
/// assert_eq!(averages.resume(Some(4.0)), Yielded(2.5));
/// assert_eq!(averages.resume(None), Complete(5.0));
/// ```
pub struct Gen<Y, S, F: Future> {
    body: Pin<Box<F>>,
    slot: Arc<Slot<Y, S>>,
    stage: Stage,
}

/// What a generator does when it comes back to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GeneratorState<Y, R> {
    /// It has handed out a value and waits to be resumed.
    Yielded(Y),
    /// It has returned.
    Complete(R),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Fresh,
    Suspended,
    Complete,
}

impl<Y, S, F: Future> Gen<Y, S, F> {
    /// Makes a generator of an async block, which gets the [`Co`] that it yields through.
    ///
    /// Nothing of the block runs before [`start`](Self::start).
    pub fn new(body: impl FnOnce(Co<Y, S>) -> F) -> Self {
        let slot = Arc::new(Slot::new());
        let body = Box::pin(body(Co { slot: slot.clone() }));
        Self { body, slot, stage: Stage::Fresh }
    }

    /// Runs the generator to its first `yield_`: Python's priming `send(None)`.
    ///
    /// # Panics
    /// If it was started before. As [`resume`](Self::resume).
    #[track_caller]
    pub fn start(&mut self) -> GeneratorState<Y, F::Output> {
        assert!(
            self.stage == Stage::Fresh,
            "this generator was started before: go on with `resume`"
        );
        self.advance()
    }

    /// Goes on where the generator was: its `yield_` gives it `answer`.
    ///
    /// # Panics
    /// If it was not started, or is complete. If its block waited for something but `yield_`. With
    /// what its block panics with.
    #[track_caller]
    pub fn resume(&mut self, answer: S) -> GeneratorState<Y, F::Output> {
        assert!(
            self.stage != Stage::Fresh,
            "a fresh generator has no `yield_` that could take a value: call `start` first"
        );
        assert!(self.stage == Stage::Suspended, "this generator is complete: make another one");
        self.slot.answer(answer);
        self.advance()
    }

    /// Whether the generator has returned.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stage == Stage::Complete
    }

    #[track_caller]
    fn advance(&mut self) -> GeneratorState<Y, F::Output> {
        // A block that panics is complete.
        self.stage = Stage::Complete;
        if let Poll::Ready(output) =
            self.body.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        {
            return GeneratorState::Complete(output);
        }
        let Some(value) = self.slot.take_yielded() else {
            panic!(
                "a generator waited for something other than `yield_`: only an async generator \
                 can, see `stream::generator`"
            );
        };
        self.stage = Stage::Suspended;
        GeneratorState::Yielded(value)
    }
}

/// A generator that is sent nothing and returns nothing is an iterator.
///
/// # Examples
/// ```
/// let countdown = sheave::generator::Gen::new(|mut co| async move {
///     for n in (1..=3).rev() {
///         co.yield_(n).await;
///     }
/// });
/// assert_eq!(countdown.collect::<Vec<_>>(), [3, 2, 1]);
/// ```
impl<Y, F: Future<Output = ()>> Iterator for Gen<Y, (), F> {
    type Item = Y;

    fn next(&mut self) -> Option<Y> {
        let state = match self.stage {
            Stage::Fresh => self.start(),
            Stage::Suspended => self.resume(()),
            Stage::Complete => return None,
        };
        match state {
            GeneratorState::Yielded(value) => Some(value),
            GeneratorState::Complete(()) => None,
        }
    }
}

impl<Y, S, F: Future> fmt::Debug for Gen<Y, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gen").field("stage", &self.stage).finish_non_exhaustive()
    }
}

/// The end of a generator that its own block holds.
pub struct Co<Y, S = ()> {
    slot: Arc<Slot<Y, S>>,
}

impl<Y, S> Co<Y, S> {
    pub(crate) fn new(slot: Arc<Slot<Y, S>>) -> Self {
        Self { slot }
    }

    /// Hands out `value`, and waits for the answer.
    ///
    /// Await it at once, in the generator's own block: elsewhere nobody answers.
    ///
    /// # Cancel safety
    /// Consumes: the value is handed out by the first poll, and an answer to a dropped future is dropped.
    /// While the value of a dropped future has not been taken, the next one waits.
    pub fn yield_(&mut self, value: Y) -> Yield<'_, Y, S> {
        Yield { slot: &self.slot, value: Some(value) }
    }
}

impl<Y, S> fmt::Debug for Co<Y, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Co").finish_non_exhaustive()
    }
}

/// Future of [`Co::yield_`].
#[must_use = "a value is yielded by `.await`"]
pub struct Yield<'a, Y, S> {
    slot: &'a Slot<Y, S>,
    value: Option<Y>,
}

impl<Y, S> Unpin for Yield<'_, Y, S> {}

impl<Y, S> Future for Yield<'_, Y, S> {
    type Output = S;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<S> {
        if let Some(value) = self.value.take() {
            self.value = self.slot.offer(value);
            return Poll::Pending;
        }
        self.slot.take_answer().map_or(Poll::Pending, Poll::Ready)
    }
}

impl<Y, S> fmt::Debug for Yield<'_, Y, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yield").finish_non_exhaustive()
    }
}

/// What passes between a block and the one who polls it. They take turns, on whatever threads, so
/// that the lock is free whenever it is taken.
pub(crate) struct Slot<Y, S>(Mutex<State<Y, S>>);

enum State<Y, S> {
    Empty,
    Yielded(Y),
    Resumed(S),
}

impl<Y, S> Slot<Y, S> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State::Empty))
    }

    /// What the block has handed out.
    pub(crate) fn take_yielded(&self) -> Option<Y> {
        let mut state = self.0.lock();
        match mem::replace(&mut *state, State::Empty) {
            State::Yielded(value) => Some(value),
            other => {
                *state = other;
                None
            }
        }
    }

    /// The block hands out a value. It comes back if there is one, of a future that was dropped: the caller
    /// takes that first, and then polls the block again.
    fn offer(&self, value: Y) -> Option<Y> {
        let mut state = self.0.lock();
        if matches!(*state, State::Yielded(_)) {
            return Some(value);
        }
        let former = mem::replace(&mut *state, State::Yielded(value));
        drop(state);
        // An answer that nobody took: code of a user.
        drop(former);
        None
    }

    /// The caller goes on.
    pub(crate) fn answer(&self, answer: S) {
        let former = mem::replace(&mut *self.0.lock(), State::Resumed(answer));
        // An answer that nobody took: code of a user, so not under the lock.
        drop(former);
    }

    fn take_answer(&self) -> Option<S> {
        let mut state = self.0.lock();
        match mem::replace(&mut *state, State::Empty) {
            State::Resumed(answer) => Some(answer),
            other => {
                *state = other;
                None
            }
        }
    }
}
