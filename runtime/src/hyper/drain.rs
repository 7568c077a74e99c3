//! Telling all connections to finish or to stop, and waiting until they have.
//!
//! | from           | call                  | to        | then                                  |
//! |----------------|-----------------------|-----------|---------------------------------------|
//! | Serving        | `finish`              | Finishing | every kept waker is woken             |
//! | any            | `cut_off`             | CutOff    | every kept waker is woken             |
//! | any            | `Guard::poll_beyond`  | –         | ready if beyond the given stage; the waker is kept if not |
//! | any            | last `Guard` dropped  | –         | who waits in `finished` is woken      |

use sheave_facade::sync::{Arc, Mutex};
use slab::Slab;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

/// How far the server has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    #[default]
    Serving,
    /// Answer what is in flight, and close.
    Finishing,
    /// Close now.
    CutOff,
}

#[derive(Default)]
struct State {
    stage: Stage,
    connections: Slab<Option<Waker>>,
    finished: Option<Waker>,
}

/// The accept loop's end.
#[derive(Clone, Default)]
pub(super) struct Drain(Arc<Mutex<State>>);

/// A connection's end. Dropping it says that the connection is gone.
pub(super) struct Guard {
    drain: Drain,
    key: usize,
}

impl Drain {
    /// One more connection.
    pub(super) fn enter(&self) -> Guard {
        let key = self.0.lock().connections.insert(None);
        Guard { drain: self.clone(), key }
    }

    /// Asks every connection to finish.
    pub(super) fn finish(&self) {
        self.advance(Stage::Finishing);
    }

    /// Ends every connection that is left.
    pub(super) fn cut_off(&self) {
        self.advance(Stage::CutOff);
    }

    fn advance(&self, stage: Stage) {
        let wakers: Vec<Waker> = {
            let mut state = self.0.lock();
            state.stage = stage;
            state.connections.iter_mut().filter_map(|(_, waker)| waker.take()).collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How many connections there are.
    pub(super) fn connections(&self) -> usize {
        self.0.lock().connections.len()
    }

    /// Waits until no connection is left.
    pub(super) async fn finished(&self) {
        poll_fn(|cx| {
            let fresh = cx.waker().clone();
            let mut state = self.0.lock();
            if state.connections.is_empty() {
                return Poll::Ready(());
            }
            let old = state.finished.replace(fresh);
            drop(state);
            drop(old);
            Poll::Pending
        })
        .await;
    }
}

impl Guard {
    /// Ready with the server's stage once that is beyond `seen`; keeps the waker if not.
    pub(super) fn poll_beyond(&self, seen: Stage, cx: &mut Context<'_>) -> Poll<Stage> {
        // Clone and drop of a waker are user code: outside the lock.
        let mut fresh = None;
        loop {
            let mut state = self.drain.0.lock();
            if state.stage > seen {
                return Poll::Ready(state.stage);
            }
            let kept = &mut state.connections[self.key];
            if kept.as_ref().is_some_and(|kept| kept.will_wake(cx.waker())) {
                return Poll::Pending;
            }
            if let Some(fresh) = fresh.take() {
                let old = kept.replace(fresh);
                drop(state);
                drop(old);
                return Poll::Pending;
            }
            drop(state);
            fresh = Some(cx.waker().clone());
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let (waker, finished) = {
            let mut state = self.drain.0.lock();
            let waker = state.connections.remove(self.key);
            let finished = state.connections.is_empty().then(|| state.finished.take()).flatten();
            (waker, finished)
        };
        drop(waker);
        if let Some(finished) = finished {
            finished.wake();
        }
    }
}
