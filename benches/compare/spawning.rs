//! What does it cost to make a task: from a task, from outside, in a chain, and to wait for one?

use crate::clocks::wall;
use crate::contest::{Spec, Work};
use crate::latch::Latch;
use crate::rt::Rt;
use sheave_benches::Sample;

const TASKS: usize = 10_000;

/// One task spawns all the others.
pub(crate) struct FromWorker;

impl Work for FromWorker {
    const SPEC: Spec = Spec::wall("spawn 10k from a worker", 3.0);

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        wall(TASKS, || {
            let (latch, waiter) = Latch::new(TASKS);
            rt.detach(async move {
                for _ in 0..TASKS {
                    rt.detach_within(async { latch.hit() });
                }
            });
            waiter.wait();
        })
    }
}

/// A thread that is no worker spawns all tasks.
pub(crate) struct FromOutside;

impl Work for FromOutside {
    const SPEC: Spec = Spec::wall("spawn 10k from outside", 2.0);

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        wall(TASKS, || {
            let (latch, waiter) = Latch::new(TASKS);
            for _ in 0..TASKS {
                rt.detach(async { latch.hit() });
            }
            waiter.wait();
        })
    }
}

/// Each task spawns the next one and ends.
pub(crate) struct Chained;

impl Work for Chained {
    const SPEC: Spec = Spec::wall("chained spawn", 4.0);

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        wall(TASKS, || {
            let (latch, waiter) = Latch::new(1);
            rt.detach(async move { link(rt, latch, TASKS) });
            waiter.wait();
        })
    }
}

fn link<R: Rt>(rt: &'static R, latch: &'static Latch, left: usize) {
    if left == 0 {
        latch.hit();
    } else {
        rt.detach_within(async move { link(rt, latch, left - 1) });
    }
}

/// A task spawns another one and waits for it, again and again.
pub(crate) struct SpawnAndJoin;

impl Work for SpawnAndJoin {
    const SPEC: Spec = Spec::wall("spawn + join", 2.5);

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        wall(TASKS, || {
            let (latch, waiter) = Latch::new(1);
            rt.detach(async move {
                for _ in 0..TASKS {
                    rt.spawn_within(async {}).await;
                }
                latch.hit();
            });
            waiter.wait();
        })
    }
}
