//! Sleeps that go from thread to thread, and many that are dropped.

use sheave::runtime::Builder;
use sheave::time::{self, Duration, Instant, Sleep};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};

const HOUR: Duration = Duration::from_secs(3600);

fn poll_once(sleep: &mut Sleep, waker: &Waker) -> Poll<()> {
    Pin::new(sleep).poll(&mut Context::from_waker(waker))
}

/// A waker that counts and can be waited for.
struct Bell {
    rung: AtomicUsize,
    signal: mpsc::Sender<()>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.fetch_add(1, Ordering::SeqCst);
        let _ = self.signal.send(());
    }
}

fn bell() -> (Arc<Bell>, mpsc::Receiver<()>) {
    let (signal, heard) = mpsc::channel();
    (Arc::new(Bell { rung: AtomicUsize::new(0), signal }), heard)
}

#[test]
fn only_the_waker_of_the_last_poll_is_woken_on_whatever_thread() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let [mut sleep] = runtime.block_on(async {
        sheave::spawn(async {
            let mut sleep = time::sleep(HOUR);
            assert!(poll_once(&mut sleep, Waker::noop()).is_pending());
            [sleep]
        })
        .await
        .unwrap()
    });
    // No runtime is entered on these threads.
    let (first, _) = bell();
    let (second, heard) = bell();
    let (first_waker, second_waker): (Waker, Waker) = (first.clone().into(), second.clone().into());
    for waker in [first_waker, second_waker] {
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(poll_once(&mut sleep, &waker).is_pending()));
        });
    }
    // Only now, however long the threads took, may it fire.
    Pin::new(&mut sleep).reset(Instant::now());
    heard.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(poll_once(&mut sleep, Waker::noop()).is_ready());
    assert_eq!(first.rung.load(Ordering::SeqCst), 0);
    assert_eq!(second.rung.load(Ordering::SeqCst), 1);
}

#[test]
fn a_stranger_brings_a_sleeping_worker_an_earlier_deadline() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let _entered = runtime.enter();
    let (late, early) = (bell(), bell());
    let mut hour = time::sleep(HOUR);
    assert!(poll_once(&mut hour, &late.0.clone().into()).is_pending());
    let mut soon = time::sleep(Duration::from_millis(5));
    // A thread that is held up for 5 ms finds it over; only one that is filed can ring.
    while poll_once(&mut soon, &early.0.clone().into()).is_ready() {
        soon = time::sleep(Duration::from_millis(5));
    }
    early.1.recv_timeout(Duration::from_secs(20)).expect("the worker sleeps towards the hour");
    // The same by a reset.
    Pin::new(&mut hour).reset(Instant::now() + Duration::from_millis(5));
    late.1.recv_timeout(Duration::from_secs(20)).expect("the worker sleeps towards the hour");
    assert!(poll_once(&mut hour, Waker::noop()).is_ready());
}

#[test]
fn sleeps_dropped_by_other_threads_while_they_fire_wake_nobody_twice() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let _entered = runtime.enter();
    let (send, receive) = mpsc::channel::<(Vec<Sleep>, Arc<Bell>)>();
    let dropper = std::thread::spawn(move || {
        for (sleeps, bell) in receive {
            let count = sleeps.len();
            drop(sleeps);
            assert!(bell.rung.load(Ordering::SeqCst) <= count);
        }
    });
    let mut bells = Vec::new();
    for round in 0..200u64 {
        let (bell, heard) = bell();
        let waker = bell.clone().into();
        let sleeps = (0..100u64).filter_map(|n| {
            let mut sleep = time::sleep(Duration::from_micros((round * 31 + n * 7) % 500));
            poll_once(&mut sleep, &waker).is_pending().then_some(sleep)
        });
        send.send((sleeps.collect(), bell.clone())).unwrap();
        bells.push((bell, heard));
    }
    drop(send);
    dropper.join().unwrap();
    assert!(bells.iter().all(|(bell, _)| bell.rung.load(Ordering::SeqCst) <= 100));
}

#[test]
fn a_million_dropped_timers_leave_nothing_behind() {
    let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (bell, _heard) = bell();
        let waker: Waker = bell.clone().into();
        let start = Instant::now();
        let mut sleeps: Vec<Sleep> = Vec::new();
        for n in 0..1_000_000u64 {
            let mut sleep = time::sleep(Duration::from_millis(1 + n % 60_000));
            assert!(poll_once(&mut sleep, &waker).is_pending());
            sleeps.push(sleep);
        }
        // Neither oldest nor newest first.
        let kept = sleeps.swap_remove(500_000);
        sleeps.drain(..).rev().step_by(2).for_each(drop);
        assert_eq!(Arc::strong_count(&bell), 3, "a dropped timer keeps its waker");
        kept.await;
        assert_eq!(bell.rung.load(Ordering::SeqCst), 0);
        assert!(start.elapsed() < HOUR);
    });
}

#[test]
fn tasks_with_sleeps_move_between_workers() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..500u64)
            .map(|n| {
                sheave::spawn(async move {
                    let mut sleep = time::sleep(HOUR);
                    for round in 0..20 {
                        let next = Instant::now() + Duration::from_micros((n * 13 + round) % 300);
                        Pin::new(&mut sleep).reset(next);
                        (&mut sleep).await;
                        assert!(Instant::now() >= next);
                        sheave::task::yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}
