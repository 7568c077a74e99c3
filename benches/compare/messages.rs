//! What does it cost to give way, and to wake a partner that answers: between tasks, and between a
//! task and the future in `block_on`? Messages go through tokio's channels, which need no runtime.

use crate::clocks::wall;
use crate::contest::{Spec, Work};
use crate::latch::Latch;
use crate::rt::Rt;
use sheave_benches::Sample;
use tokio::sync::{mpsc, oneshot};

/// Tasks that do nothing but give way.
pub(crate) struct Yields;

impl Yields {
    const TASKS: usize = 200;
    const TIMES: usize = 1_000;
}

impl Work for Yields {
    const SPEC: Spec = Spec::wall("200 tasks x 1000 yields", 1.5);

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        wall(Self::TASKS * Self::TIMES, || {
            let (latch, waiter) = Latch::new(Self::TASKS);
            for _ in 0..Self::TASKS {
                rt.detach(async move {
                    for _ in 0..Self::TIMES {
                        R::yield_now().await;
                    }
                    latch.hit();
                });
            }
            waiter.wait();
        })
    }
}

/// One task starts many pairs; each pair exchanges one message and one answer.
pub(crate) struct PingPong;

impl PingPong {
    const PAIRS: usize = 2_000;
}

impl Work for PingPong {
    const SPEC: Spec = Spec::wall("ping-pong pairs", 2.0);

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        wall(Self::PAIRS, || {
            let (latch, waiter) = Latch::new(Self::PAIRS);
            rt.detach(async move {
                for _ in 0..Self::PAIRS {
                    rt.detach_within(async move {
                        ping(rt).await;
                        latch.hit();
                    });
                }
            });
            waiter.wait();
        })
    }
}

async fn ping<R: Rt>(rt: &'static R) {
    let (ping, pinged) = oneshot::channel();
    let (pong, ponged) = oneshot::channel();
    rt.detach_within(async move {
        pinged.await.expect("the partner has sent");
        pong.send(()).expect("the partner waits");
    });
    ping.send(()).expect("the partner waits");
    ponged.await.expect("the partner has sent");
}

/// The future in `block_on` asks, a task answers.
pub(crate) struct RootAndTask;

impl RootAndTask {
    const REQUESTS: usize = 2_000;
}

impl Work for RootAndTask {
    const SPEC: Spec = Spec::wall("root <-> task request/reply", 4.0);

    fn measure<R: Rt>(rt: &'static R) -> Sample {
        let (request, mut requests) = mpsc::channel::<usize>(1);
        let (reply, mut replies) = mpsc::channel::<usize>(1);
        rt.detach(async move {
            while let Some(number) = requests.recv().await {
                reply.send(number).await.expect("the root waits");
            }
        });
        wall(Self::REQUESTS, || {
            rt.block_on(async {
                for number in 0..Self::REQUESTS {
                    request.send(number).await.expect("the task waits");
                    assert_eq!(replies.recv().await, Some(number));
                }
            });
        })
    }
}
