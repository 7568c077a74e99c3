//! Nobody starves. Each test has one worker, so that no second one can help out.

use sheave::io::AsyncFd;
use sheave::runtime::{Builder, Runtime};
use sheave::task::coop::consume_budget;
use sheave::task::yield_now;
use sheave_tests::{Flag, eventually, watchdog};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// One, and nobody who stands in for it when a busy machine has stopped it in a poll.
fn one_worker() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).max_stand_ins(0).build().unwrap()
}

/// Tasks that yield until `stop` is set.
fn storm(runtime: &Runtime, stop: &Arc<AtomicBool>) -> Arc<AtomicUsize> {
    let rounds = Arc::new(AtomicUsize::new(0));
    for _ in 0..4 {
        let (stop, rounds) = (stop.clone(), rounds.clone());
        drop(runtime.spawn(async move {
            while !stop.load(SeqCst) {
                rounds.fetch_add(1, SeqCst);
                yield_now().await;
            }
        }));
    }
    eventually("the storm blows", || rounds.load(SeqCst) > 1_000);
    rounds
}

#[test]
fn a_yield_storm_does_not_starve_what_comes_from_outside() {
    watchdog(LIMIT, || {
        let (runtime, stop) = (one_worker(), Arc::new(AtomicBool::new(false)));
        let rounds = storm(&runtime, &stop);
        for n in 0..100 {
            let before = rounds.load(SeqCst);
            let counted = rounds.clone();
            let task = runtime.spawn(async move { counted.load(SeqCst) });
            // The spawner may be held up before its push is seen; the worker counts meanwhile.
            let waited = runtime.block_on(task).unwrap() - before;
            assert!(n == 0 || waited < 5_000_000, "{waited} polls came first");
        }
        stop.store(true, SeqCst);
    });
}

/// A root that is woken whenever its thread would sleep: each sleep ends at once, and the descriptors must
/// be looked at all the same.
#[test]
fn a_root_that_never_waits_does_not_starve_descriptors() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (mut sender, receiver) = UnixStream::pair().unwrap();
            receiver.set_nonblocking(true).unwrap();
            let receiver = AsyncFd::new(receiver).unwrap();
            let served = sheave::spawn(async move { receiver.readable().await.map(drop) });
            for _ in 0..1_000 {
                yield_now().await;
            }
            sender.write_all(b"!").unwrap();
            while !served.is_finished() {
                yield_now().await;
            }
        });
    });
}

#[test]
fn a_yield_storm_does_not_starve_timers() {
    watchdog(LIMIT, || {
        let (runtime, stop) = (one_worker(), Arc::new(AtomicBool::new(false)));
        let _rounds = storm(&runtime, &stop);
        let sleeper = runtime.spawn(async {
            for _ in 0..20 {
                sheave::time::sleep(Duration::from_millis(1)).await;
            }
        });
        runtime.block_on(sleeper).unwrap();
        stop.store(true, SeqCst);
    });
}

#[test]
fn a_yield_storm_does_not_starve_sockets() {
    watchdog(LIMIT, || {
        let (runtime, stop) = (one_worker(), Arc::new(AtomicBool::new(false)));
        let _rounds = storm(&runtime, &stop);
        let (here, mut there) = UnixStream::pair().unwrap();
        here.set_nonblocking(true).unwrap();
        let waiting = Flag::new();
        let raise = waiting.clone();
        let reader = runtime.spawn(async move {
            let here = AsyncFd::new(here).unwrap();
            raise.set();
            here.readable().await.unwrap().ready().is_readable()
        });
        eventually("the reader has come", || waiting.is_set());
        there.write_all(b"x").unwrap();
        assert!(runtime.block_on(reader).unwrap());
        stop.store(true, SeqCst);
    });
}

#[test]
fn a_loop_that_is_always_ready_yields_by_its_budget() {
    watchdog(LIMIT, || {
        let current = Builder::new_current_thread().build().unwrap();
        for runtime in [current, one_worker()] {
            let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
            let (stopped, counted) = (stop.clone(), rounds.clone());
            let rounds = runtime.spawn(async move {
                let busy = sheave::spawn(async move {
                    while !stopped.load(SeqCst) {
                        counted.fetch_add(1, SeqCst);
                        consume_budget().await;
                    }
                });
                sheave::spawn(async move { stop.store(true, SeqCst) }).await.unwrap();
                busy.await.unwrap();
                rounds.load(SeqCst)
            });
            let rounds = runtime.block_on(rounds).unwrap();
            assert!(rounds <= 3 * 129, "{rounds} operations before the other task's turn");
        }
    });
}

/// Two tasks that wake each other until `stop`; returns the count of their polls.
fn ping_pong(stop: &Arc<AtomicBool>) -> Arc<AtomicUsize> {
    use std::future::poll_fn;
    use std::sync::Mutex;
    use std::task::{Poll, Waker};
    let polls = Arc::new(AtomicUsize::new(0));
    let wakers: Arc<[Mutex<Option<Waker>>; 2]> = Arc::default();
    for me in 0..2 {
        let (stop, polls, wakers) = (stop.clone(), polls.clone(), wakers.clone());
        drop(sheave::spawn(poll_fn(move |cx| {
            polls.fetch_add(1, SeqCst);
            *wakers[me].lock().unwrap() = Some(cx.waker().clone());
            let partner = wakers[1 - me].lock().unwrap().take();
            if let Some(partner) = partner {
                partner.wake();
            }
            if stop.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })));
    }
    polls
}

#[test]
fn two_that_talk_to_each_other_do_not_starve_a_third() {
    watchdog(LIMIT, || {
        let runtime = one_worker();
        let task = runtime.spawn(async {
            let stop = Arc::new(AtomicBool::new(false));
            let polls = ping_pong(&stop);
            while polls.load(SeqCst) < 10 {
                yield_now().await;
            }
            let mut most = 0;
            for _ in 0..1_000 {
                let before = polls.load(SeqCst);
                yield_now().await;
                most = most.max(polls.load(SeqCst) - before);
            }
            stop.store(true, SeqCst);
            most
        });
        let most = runtime.block_on(task).unwrap();
        // Four polls in a row is what a pair gets through the slot, and both may be queued.
        assert!((1..=8).contains(&most), "{most} polls of the pair between two of the third");
    });
}

#[test]
fn a_pair_outlives_its_streak_beside_many_others() {
    watchdog(LIMIT, || {
        let runtime = one_worker();
        let (stop, others) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, counted) = (stop.clone(), others.clone());
        let task = runtime.spawn(async move {
            let polls = ping_pong(&stopped);
            for _ in 0..50 {
                let (stopped, counted) = (stopped.clone(), counted.clone());
                drop(sheave::spawn(async move {
                    while !stopped.load(SeqCst) {
                        counted.fetch_add(1, SeqCst);
                        yield_now().await;
                    }
                }));
            }
            while polls.load(SeqCst) < 1_000 {
                yield_now().await;
            }
        });
        runtime.block_on(task).unwrap();
        stop.store(true, SeqCst);
        assert!(others.load(SeqCst) > 1_000, "the others had {} turns", others.load(SeqCst));
    });
}
