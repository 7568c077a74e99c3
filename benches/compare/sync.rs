//! What do locks, signals and channels cost, whoever runs the tasks?
//!
//! Every contestant does the same work in the same executor, so only the primitive differs: tokio's
//! are of `tokio::sync`, smol's of `async-lock`, `async-channel` and `async-broadcast`, where these
//! have one. The rows are
//!
//! - *alone*: one future on one thread, nobody waits;
//! - *in turn*: several futures on one thread, which wait for each other in a fixed order;
//! - *2 workers*: tasks of a sheave runtime, which meet as they happen to. Those that share a lock begin
//!   at the same moment.
//!
//! The first two do the same steps in each run, so their figures hardly vary. The third are what a busy
//! machine disturbs most.

#[path = "sync/asyncio.rs"]
mod asyncio;
#[path = "sync/channels.rs"]
mod channels;
#[path = "sync/locks.rs"]
mod locks;
#[path = "sync/signals.rs"]
mod signals;

use crate::clocks::wall;
use crate::contest::{Contest, Entrant, Spec};
use crate::latch::Latch;
use crate::rt::{Rt, Sheave};
use futures_lite::future::block_on;
use sheave_benches::Target;
use std::future::Future;

/// Operations per round.
const TIMES: usize = 50_000;

pub(crate) fn run(contest: &mut Contest) {
    locks::run(contest);
    signals::run(contest);
    channels::run(contest);
    asyncio::run(contest);
}

/// Measures a row: never slower than tokio, and never much slower than smol.
fn row(contest: &mut Contest, name: &'static str, mut entrants: Vec<Entrant<'_>>) {
    if contest.wants(name) {
        let against_smol = Target { peer: "smol", ratio: 0.8 };
        contest.compete(Spec { against_smol, ..Spec::wall(name, 1.0) }, &mut entrants);
    }
}

/// A future in a bare `block_on`, which does [`TIMES`] operations.
fn bare<'a>(name: &'static str, mut work: impl AsyncFnMut() + 'a) -> Entrant<'a> {
    (name, Box::new(move || wall(TIMES, || block_on(work()))))
}

/// Tasks of one runtime, which do [`TIMES`] operations together.
fn tasks<F: Future<Output = ()> + Send + 'static>(
    name: &'static str,
    rt: &'static Sheave,
    start: impl Fn() -> Vec<F> + 'static,
) -> Entrant<'static> {
    let measure = move || {
        let futures = start();
        wall(TIMES, || {
            let (latch, waiter) = Latch::new(futures.len());
            for future in futures {
                rt.detach(async move {
                    future.await;
                    latch.hit();
                });
            }
            waiter.wait();
        })
    };
    (name, Box::new(measure))
}
