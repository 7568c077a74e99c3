//! What does a sleep cost that fires, what one that is dropped, and how late does it wake?

use crate::clocks::{cpu, wall};
use crate::contest::{Spec, Work};
use crate::latch::Latch;
use crate::rt::Rt;
use futures_lite::future::poll_once;
use sheave_benches::{Sample, Spread, Target};
use std::pin::pin;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

/// Sleeps of every length within 400 ms, each in a task.
pub(crate) struct ManySleeps;

impl ManySleeps {
    const SLEEPS: usize = 100_000;
}

impl Work for ManySleeps {
    const SPEC: Spec = Spec::cpu("100k sleeps 0-400 ms, CPU", 2.0);

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        cpu(Self::SLEEPS, || {
            let (latch, waiter) = Latch::new(Self::SLEEPS);
            rt.detach(async move {
                for number in 0..Self::SLEEPS as u64 {
                    rt.detach_within(async move {
                        // A prime step spreads the deadlines evenly and out of order.
                        R::sleep(Duration::from_micros(number * 7919 % 400_000)).await;
                        latch.hit();
                    });
                }
            });
            waiter.wait();
        })
    }
}

/// Two tasks that start long sleeps and drop them, as timeouts that do not fire.
pub(crate) struct RegisterAndDrop;

impl RegisterAndDrop {
    const TASKS: usize = 2;
    const TIMES: usize = 50_000;
}

impl Work for RegisterAndDrop {
    const SPEC: Spec = Spec::wall("register + drop a 30 s sleep", 3.0);

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        wall(Self::TASKS * Self::TIMES, || {
            let (latch, waiter) = Latch::new(Self::TASKS);
            for _ in 0..Self::TASKS {
                rt.detach(async move {
                    for _ in 0..Self::TIMES {
                        let sleep = pin!(R::sleep(Duration::from_secs(30)));
                        assert!(poll_once(sleep).await.is_none());
                    }
                    latch.hit();
                });
            }
            waiter.wait();
        })
    }
}

/// The median of how much longer than 1 ms a sleep of 1 ms takes on an idle runtime.
pub(crate) struct Lateness;

impl Lateness {
    const SLEEPS: usize = 100;
}

impl Work for Lateness {
    const SPEC: Spec = Spec {
        against_smol: Target { peer: "smol", ratio: 1.0 },
        ..Spec::alone("sleep lateness p50 (1 ms sleeps)", "ns", 5.0)
    };

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        let (done, late) = sync_channel(1);
        rt.detach(async move {
            let mut late = Vec::with_capacity(Self::SLEEPS);
            for _ in 0..Self::SLEEPS {
                late.push(lateness::<R>().await);
            }
            done.send(late).expect("the row waits");
        });
        let mut late = late.recv_timeout(crate::latch::PATIENCE).expect("a sleep was lost");
        Sample { cost: Spread::percentile(&mut late, 50), beside: None }
    }
}

/// How much longer than 1 ms a sleep of 1 ms takes, in ns.
pub(crate) async fn lateness<R: Rt>() -> f64 {
    const SLEEP: Duration = Duration::from_millis(1);
    let start = Instant::now();
    R::sleep(SLEEP).await;
    let slept = start.elapsed();
    assert!(slept >= SLEEP, "{} woke early, after {slept:?}", R::NAME);
    (slept - SLEEP).as_nanos() as f64
}
