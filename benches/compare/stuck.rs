//! How long do other tasks wait while one task does not give way?
//!
//! One worker of two is stuck in polls of 10 ms. The other one is free, so nobody needs to wait.

use crate::contest::{Spec, Work};
use crate::latch::{Latch, PATIENCE};
use crate::rt::Rt;
use crate::timers::lateness;
use sheave_benches::{Sample, Spread};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const SPIN: Duration = Duration::from_millis(10);
const SPINS: usize = 10;
const OTHERS: usize = 8;

fn spin() {
    let start = Instant::now();
    while start.elapsed() < SPIN {
        std::hint::spin_loop();
    }
}

/// The busy task wakes eight others and then spins; how long until each of them runs? A runtime
/// that keeps the newest of them for the worker that is stuck makes one in eight wait for 10 ms.
pub(crate) struct Wakes;

impl Work for Wakes {
    const SPEC: Spec = Spec::alone("woken tasks' p99 while their waker spins", "ns", 100.0);

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        let (report, delays) = mpsc::channel();
        let mut others = Vec::new();
        for _ in 0..OTHERS {
            let (wake, mut woken) = tokio::sync::mpsc::channel::<Instant>(1);
            let report = report.clone();
            rt.detach(async move {
                while let Some(start) = woken.recv().await {
                    report.send(start.elapsed().as_nanos() as f64).expect("the row waits");
                }
            });
            others.push(wake);
        }
        drop(report);
        rt.detach(async move {
            for _ in 0..SPINS {
                for other in &others {
                    other.send(Instant::now()).await.expect("the other waits");
                }
                spin();
                R::yield_now().await;
            }
        });
        Sample { cost: p99(delays, OTHERS * SPINS), beside: None }
    }
}

/// Tasks that sleep for 1 ms while one task spins; how late do they wake?
pub(crate) struct Sleeps;

impl Work for Sleeps {
    const SPEC: Spec = Spec::alone("1 ms sleeps' p99 lateness while one spins", "ns", 1.0);

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        static SPINNING: AtomicBool = AtomicBool::new(false);
        SPINNING.store(true, Relaxed);
        let (report, delays) = mpsc::channel();
        let (latch, waiter) = Latch::new(OTHERS);
        for _ in 0..OTHERS {
            let report = report.clone();
            rt.detach(async move {
                while SPINNING.load(Relaxed) {
                    report.send(lateness::<R>().await).expect("the row waits");
                }
                latch.hit();
            });
        }
        rt.detach(async move {
            for _ in 0..SPINS {
                spin();
                R::yield_now().await;
            }
            SPINNING.store(false, Relaxed);
        });
        waiter.wait();
        drop(report);
        let mut delays: Vec<f64> = delays.iter().collect();
        Sample { cost: Spread::percentile(&mut delays, 99), beside: None }
    }
}

fn p99(delays: mpsc::Receiver<f64>, count: usize) -> f64 {
    let next = |_| delays.recv_timeout(PATIENCE).expect("a wake was lost");
    let mut delays: Vec<f64> = (0..count).map(next).collect();
    Spread::percentile(&mut delays, 99)
}
