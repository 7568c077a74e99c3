//! What does it cost to run a closure on the blocking pool: one at a time, and many at once?

use crate::clocks::wall;
use crate::contest::{Spec, Work};
use crate::latch::Latch;
use crate::rt::Rt;
use sheave_benches::Sample;

/// A task waits for each closure before it sends the next one.
pub(crate) struct RoundTrip;

impl RoundTrip {
    const TIMES: usize = 2_000;
}

impl Work for RoundTrip {
    const SPEC: Spec = Spec::wall("spawn_blocking round trip", 1.3);

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        wall(Self::TIMES, || {
            let (latch, waiter) = Latch::new(1);
            rt.detach(async move {
                for number in 0..Self::TIMES {
                    assert_eq!(R::spawn_blocking(move || number).await, number);
                }
                latch.hit();
            });
            waiter.wait();
        })
    }
}

/// A task sends all closures and then waits for all of them.
pub(crate) struct Batch;

impl Batch {
    const CLOSURES: usize = 10_000;
}

impl Work for Batch {
    const SPEC: Spec = Spec::wall("10k spawn_blocking at once", 1.5);

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        wall(Self::CLOSURES, || {
            let (latch, waiter) = Latch::new(1);
            rt.detach(async move {
                let all: Vec<_> =
                    (0..Self::CLOSURES).map(|number| R::spawn_blocking(move || number)).collect();
                for (number, closure) in all.into_iter().enumerate() {
                    assert_eq!(closure.await, number);
                }
                latch.hit();
            });
            waiter.wait();
        })
    }
}
