//! Runs that somebody may stop from outside: asyncio's `loop.stop()`.
//!
//! | from  | call     | to    | then                                                              |
//! |-------|----------|-------|-------------------------------------------------------------------|
//! | –     | `begin`  | Going | if no stop is left from before                                    |
//! | –     | `begin`  | Asked | if one is: it is used up, and the caller sees to it that `end` follows |
//! | Going | `ask`    | Asked | all runs at once; the caller sees to it that `end` follows for each |
//! | Asked | `ask`    | Asked | nothing                                                           |
//! | Asked | `end`    | Ended | its waker is woken                                                |
//! | Going, Asked | `listen` | –  | the waker is kept                                              |
//! | Ended | `listen` | –     | ready                                                             |
//! | any   | `leave`  | –     | the run is over                                                   |
//!
//! An `ask` that finds no run is left for the next one. All of it happens under one lock.
//!
//! On the current-thread flavour `end` is called by a task of its own, spawned by whoever asks. So what
//! is queued by then runs before, and what that queues does not: the turn of the driver ends there.

use super::{Listener, Shared};
use crate::tasks::Spec;
use sheave_facade::seeded;
use sheave_facade::sync::{Arc, Mutex};
use std::future::{Future, poll_fn};
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Poll, Waker};

/// See the [module documentation](self).
#[derive(Default)]
pub(crate) struct Halt(Mutex<State>);

#[derive(Default)]
struct State {
    /// A stop was asked for while there was no run.
    is_left: bool,
    runs: Vec<Run>,
    /// Numbers given so far.
    numbers: u64,
}

struct Run {
    number: u64,
    stage: Stage,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Going,
    Asked,
    Ended,
}

impl State {
    fn run(&mut self, number: u64) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.number == number)
    }
}

impl Halt {
    /// A run begins. Returns its number, and whether it is to be ended.
    fn begin(&self) -> (u64, bool) {
        let mut state = self.0.lock();
        let is_asked = mem::take(&mut state.is_left);
        state.numbers += 1;
        let number = state.numbers;
        let stage = if is_asked { Stage::Asked } else { Stage::Going };
        state.runs.push(Run { number, stage, waker: None });
        (number, is_asked)
    }

    /// Somebody wants all runs to stop. Returns those that are to be ended.
    fn ask(&self) -> Vec<u64> {
        let mut state = self.0.lock();
        if state.runs.is_empty() {
            state.is_left = !seeded::on("halt_forgets_an_early_stop");
        }
        let going = state.runs.iter_mut().filter(|run| run.stage == Stage::Going);
        going
            .map(|run| {
                run.stage = Stage::Asked;
                run.number
            })
            .collect()
    }

    /// A run is to stop now, if it is still there.
    fn end(&self, number: u64) {
        let mut state = self.0.lock();
        let Some(run) = state.run(number) else { return };
        run.stage = Stage::Ended;
        let waker = run.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Ready once the run has to stop; until then `waker` is kept.
    fn listen(&self, number: u64, waker: &Waker) -> Poll<()> {
        let is_ended =
            |state: &mut State| state.run(number).is_none_or(|run| run.stage == Stage::Ended);
        if is_ended(&mut self.0.lock()) {
            return Poll::Ready(());
        }
        // To clone and to drop a waker is user code (W10).
        let waker = waker.clone();
        let mut state = self.0.lock();
        if is_ended(&mut state) && !seeded::on("halt_unheard") {
            return Poll::Ready(());
        }
        let former = state.run(number).and_then(|run| run.waker.replace(waker));
        drop(state);
        drop(former);
        Poll::Pending
    }

    fn leave(&self, number: u64) {
        let mut state = self.0.lock();
        let place = state.runs.iter().position(|run| run.number == number);
        let left = place.map(|place| state.runs.swap_remove(place));
        drop(state);
        drop(left);
    }
}

/// A run that is going on.
struct Going<'a>(&'a Halt, u64);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        self.0.leave(self.1);
    }
}

/// Ends a run: when the task that holds it has its turn, or when the runtime drops the task.
struct LastTurn {
    halt: Arc<Halt>,
    number: u64,
}

impl Drop for LastTurn {
    fn drop(&mut self) {
        self.halt.end(self.number);
    }
}

impl Shared {
    /// Stops the runs of this runtime, or the next one if there is none.
    #[track_caller]
    pub(crate) fn stop(self: &Arc<Self>) {
        let location = Location::caller();
        self.halt.ask().into_iter().for_each(|number| self.end_run(number, location));
    }

    fn end_run(self: &Arc<Self>, number: u64, location: &'static Location<'static>) {
        let last = LastTurn { halt: self.halt.clone(), number };
        // Several workers have no turns that could end.
        if self.is_current_thread() {
            let turn = async move {
                drop(last);
                super::context::end_turn();
            };
            drop(self.spawn(turn, Spec::at(location)));
        }
    }

    /// Drives `root` on this thread until it is ready, or until somebody stops the runtime: then `None`.
    #[track_caller]
    pub(crate) fn run_until<F: Future>(
        self: &Arc<Self>,
        mut root: Pin<&mut F>,
    ) -> Option<F::Output> {
        let (number, is_asked) = self.halt.begin();
        let going = Going(&self.halt, number);
        if is_asked {
            self.end_run(number, Location::caller());
        }
        self.block_on(poll_fn(|cx| match root.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => going.0.listen(number, cx.waker()).map(|()| None),
        }))
    }

    /// Drives the runtime on this thread until somebody stops it or it shuts down.
    #[track_caller]
    pub(crate) fn run_forever(self: &Arc<Self>) {
        let mut listener = Listener::default();
        let closing = poll_fn(|cx| self.closing.listen(&mut listener, cx.waker()));
        let _ = self.run_until(std::pin::pin!(closing));
        self.closing.leave(&mut listener);
    }
}

#[cfg(all(test, loom))]
mod loom;
