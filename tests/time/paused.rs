//! With a stopped clock: nothing here waits.

use sheave::runtime::{Builder, Runtime};
use sheave::time::{self, Duration, Instant, MissedTickBehavior, error::Elapsed};
use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

const HOUR: Duration = Duration::from_secs(3600);

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn paused() -> Runtime {
    Builder::new_current_thread().start_paused(true).build().unwrap()
}

fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn time_jumps_exactly_when_everything_waits() {
    paused().block_on(async {
        let start = Instant::now();
        for nanos in [0, 1, 8_191, 8_192, 1_000_000_007, 3_600_000_000_001] {
            let before = Instant::now();
            time::sleep(Duration::from_nanos(nanos)).await;
            assert_eq!(before.elapsed(), Duration::from_nanos(nanos));
        }
        assert!(start.elapsed() > HOUR);
    });
}

#[test]
fn time_that_was_stopped_later_jumps_by_ticks() {
    Builder::new_current_thread().build().unwrap().block_on(async {
        time::pause();
        let start = Instant::now();
        time::sleep(HOUR).await;
        let late = start.elapsed() - HOUR;
        assert!(start.elapsed() >= HOUR && late < Duration::from_nanos(1 << 13), "{late:?}");
        time::resume();
        let (resumed, system) = (Instant::now(), std::time::Instant::now());
        time::sleep(ms(2)).await;
        assert!(resumed.elapsed() >= ms(2) && system.elapsed() >= ms(2));
    });
}

#[test]
fn sleeps_end_in_the_order_of_deadlines_and_then_of_filing() {
    let run = || {
        let log = Arc::new(Mutex::new(Vec::new()));
        paused().block_on(async {
            let tasks: Vec<_> = (0..1_000u64)
                .map(|n| {
                    let log = log.clone();
                    sheave::spawn(async move {
                        let delay = n * 7919 % 101;
                        time::sleep(ms(delay)).await;
                        log.lock().unwrap().push((delay, n));
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        Arc::into_inner(log).unwrap().into_inner().unwrap()
    };
    let order = run();
    assert!(order.is_sorted() && order.len() == 1_000);
    assert_eq!(order, run());
}

#[test]
fn advance_fires_what_is_due_and_lets_it_run() {
    paused().block_on(async {
        let log = Arc::new(Mutex::new(Vec::new()));
        let caller = log.clone();
        sheave::spawn(async move {
            let start = Instant::now();
            for delay in [30, 10, 20, 40] {
                let log = caller.clone();
                drop(sheave::spawn(async move {
                    time::sleep(ms(delay)).await;
                    log.lock().unwrap().push((delay, start.elapsed()));
                }));
            }
            sheave::task::yield_now().await;
            time::advance(ms(30)).await;
            assert_eq!(start.elapsed(), ms(30));
            assert_eq!(*caller.lock().unwrap(), [10, 20, 30].map(|delay| (delay, ms(30))));
        })
        .await
        .unwrap();
    });
}

#[test]
fn time_stands_while_a_blocking_job_runs_and_goes_on_after_it() {
    paused().block_on(async {
        let start = Instant::now();
        let (report, reported) = std::sync::mpsc::channel();
        let (go, told) = std::sync::mpsc::channel();
        // Nobody awaits the job: its end alone must let time go on.
        drop(sheave::task::spawn_blocking(move || {
            told.recv().unwrap();
            report.send(start.elapsed()).unwrap();
        }));
        let sleeper = sheave::spawn(time::sleep(HOUR));
        sheave::task::yield_now().await;
        std::thread::spawn(move || {
            // Long enough for a clock that wrongly jumps to do so; a right one is not disturbed.
            std::thread::sleep(ms(20));
            go.send(()).unwrap();
        });
        sleeper.await.unwrap();
        assert_eq!(reported.recv().unwrap(), Duration::ZERO);
        assert_eq!(start.elapsed(), HOUR);
    });
}

#[test]
fn a_dropped_sleep_attracts_no_jump() {
    paused().block_on(async {
        let start = Instant::now();
        let mut dropped = time::sleep(HOUR);
        assert!(poll_once(Pin::new(&mut dropped)).is_pending());
        drop(dropped);
        let (waker, told) = std::sync::mpsc::channel::<Waker>();
        let helper = std::thread::spawn(move || {
            let waker = told.recv().unwrap();
            std::thread::sleep(ms(10));
            waker.wake();
        });
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            if polls == 1 {
                waker.send(cx.waker().clone()).unwrap();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        helper.join().unwrap();
    });
}

#[test]
fn a_timeout_prefers_its_future() {
    paused().block_on(async {
        assert_eq!(time::timeout(Duration::ZERO, async { 1 }).await, Ok(1));
        let both = time::timeout(ms(5), time::sleep(ms(5))).await;
        assert_eq!(both, Ok(()));
        let late = time::timeout(ms(5), time::sleep(ms(6))).await;
        assert!(late.is_err());
        assert_eq!(std::io::Error::from(late.unwrap_err()).kind(), std::io::ErrorKind::TimedOut);
        let start = Instant::now();
        assert!(time::timeout_at(start + ms(7), pending::<()>()).await.is_err());
        assert_eq!(start.elapsed(), ms(7));
    });
}

#[test]
fn a_timeout_ends_a_future_that_uses_up_the_budget() {
    paused().block_on(async {
        let glutton = async {
            loop {
                sheave::task::coop::consume_budget().await;
                // Time passes only if somebody lets it.
                if !sheave::task::coop::has_budget_remaining() {
                    time::advance(ms(1)).await;
                }
            }
        };
        let outcome: Result<(), Elapsed> = time::timeout(ms(10), glutton).await;
        assert_eq!(outcome.unwrap_err().to_string(), "deadline has elapsed");
    });
}

#[test]
fn a_loop_of_elapsed_sleeps_lets_others_run() {
    paused().block_on(async {
        let other = sheave::spawn(async {});
        let start = Instant::now();
        let mut turns = 0;
        while !other.is_finished() {
            time::sleep(Duration::ZERO).await;
            turns += 1;
            assert!(turns < 10_000, "a ready sleep consumes no budget");
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn the_earlier_of_two_sleeps_is_selected_and_the_other_goes() {
    paused().block_on(async {
        let start = Instant::now();
        for turn in 1..=100 {
            sheave::select! {
                () = time::sleep(HOUR) => panic!("the later one"),
                () = time::sleep(ms(1)) => {}
            }
            assert_eq!(start.elapsed(), ms(turn));
        }
    });
}

#[test]
fn intervals_treat_missed_ticks_as_told() {
    let ticks = |behavior| {
        paused().block_on(async move {
            let start = Instant::now();
            let mut interval = time::interval(ms(100));
            interval.set_missed_tick_behavior(behavior);
            assert_eq!(interval.missed_tick_behavior(), behavior);
            let mut ticks = Vec::new();
            for n in 0..5 {
                let due = interval.tick().await - start;
                ticks.push((due.as_millis(), start.elapsed().as_millis()));
                if n == 0 {
                    time::advance(ms(250)).await;
                }
            }
            ticks
        })
    };
    let burst = [(0, 0), (100, 250), (200, 250), (300, 300), (400, 400)];
    let delay = [(0, 0), (100, 250), (350, 350), (450, 450), (550, 550)];
    let skip = [(0, 0), (100, 250), (300, 300), (400, 400), (500, 500)];
    assert_eq!(ticks(MissedTickBehavior::Burst), burst);
    assert_eq!(ticks(MissedTickBehavior::Delay), delay);
    assert_eq!(ticks(MissedTickBehavior::Skip), skip);
}

#[test]
fn intervals_can_be_reset() {
    paused().block_on(async {
        let start = Instant::now();
        let mut interval = time::interval_at(start + ms(5), ms(10));
        assert_eq!(interval.tick().await - start, ms(5));
        time::advance(ms(3)).await;
        interval.reset();
        assert_eq!(interval.tick().await - start, ms(18));
        interval.reset_immediately();
        assert_eq!(interval.tick().await - start, ms(18));
        interval.reset_after(ms(1));
        assert_eq!(interval.tick().await - start, ms(19));
        interval.reset_at(start + HOUR);
        assert_eq!(interval.tick().await - start, HOUR);
        assert_eq!(interval.tick().await - start, HOUR + ms(10));
        assert_eq!(interval.period(), ms(10));
    });
}

#[test]
fn absurd_durations_neither_panic_nor_end() {
    paused().block_on(async {
        let now = Instant::now();
        let mut forever = pin!(time::sleep(Duration::MAX));
        assert!(forever.deadline() >= now + 24 * 365 * 20 * HOUR);
        assert!(poll_once(forever.as_mut()).is_pending());
        assert_eq!(time::timeout(Duration::MAX, time::sleep(HOUR)).await, Ok(()));
        assert!(poll_once(forever.as_mut()).is_pending());
        let mut interval = time::interval(Duration::MAX);
        interval.tick().await;
        let mut second = pin!(interval.tick());
        assert!(poll_once(second.as_mut()).is_pending());
        assert_eq!(Instant::now() - (Instant::now() + HOUR), Duration::ZERO);
    });
}

#[test]
fn a_reset_moves_the_wake_without_a_poll() {
    paused().block_on(async {
        let start = Instant::now();
        let sleep = Rc::new(RefCell::new(time::sleep(HOUR)));
        let waiting = {
            let sleep = sleep.clone();
            poll_fn(move |cx| Pin::new(&mut *sleep.borrow_mut()).poll(cx))
        };
        let resets = async {
            sheave::task::yield_now().await;
            Pin::new(&mut *sleep.borrow_mut()).reset(start + ms(50));
            time::sleep(ms(40)).await;
            Pin::new(&mut *sleep.borrow_mut()).reset(start + ms(90));
            assert!(!sleep.borrow().is_elapsed());
        };
        sheave::join!(waiting, resets);
        assert_eq!(start.elapsed(), ms(90));
        // And again, after it was ready.
        assert!(sleep.borrow().is_elapsed());
        Pin::new(&mut *sleep.borrow_mut()).reset(start + ms(100));
        poll_fn(|cx| Pin::new(&mut *sleep.borrow_mut()).poll(cx)).await;
        assert_eq!(start.elapsed(), ms(100));
        assert!(poll_once(Pin::new(&mut *sleep.borrow_mut())).is_ready(), "ready again");
    });
}

/// Counts.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_reset_to_a_moment_that_has_come_makes_the_next_poll_ready_and_wakes_for_it() {
    paused().block_on(async {
        let start = Instant::now();
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        let mut cx = Context::from_waker(&waker);
        let mut sleep = time::sleep(HOUR);
        assert!(Pin::new(&mut sleep).poll(&mut cx).is_pending());
        time::advance(ms(50)).await;
        Pin::new(&mut sleep).reset(start + ms(51));
        assert!(Pin::new(&mut sleep).poll(&mut cx).is_pending());
        assert_eq!(wakes.0.load(Ordering::SeqCst), 0);
        for moment in [start + ms(50), start] {
            Pin::new(&mut sleep).reset(start + HOUR);
            assert!(Pin::new(&mut sleep).poll(&mut cx).is_pending());
            Pin::new(&mut sleep).reset(moment);
            assert!(Pin::new(&mut sleep).poll(&mut cx).is_ready());
        }
        assert_eq!(wakes.0.load(Ordering::SeqCst), 2, "once by each reset, and by nothing else");

        let mut interval = time::interval_at(start + HOUR, HOUR);
        assert!(interval.poll_tick(&mut cx).is_pending());
        interval.reset_immediately();
        assert_eq!(interval.poll_tick(&mut cx), Poll::Ready(start + ms(50)));
    });
}
