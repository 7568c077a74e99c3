//! `LocalSet`: futures that are not `Send`, wakes from everywhere, and drops on one thread only.
//!
//! Longer than 400 lines: independent tests, read one at a time, which share one binary to link.

#[path = "local_set/drops.rs"]
mod drops;
#[path = "local_set/spawning.rs"]
mod spawning;

use futures_lite::future::{pending, yield_now};
use sheave::runtime::{Builder, Runtime};
use sheave::task::{self, JoinSet, LocalSet, spawn_local};
use sheave_tests::{Flag, watchdog};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn runtimes() -> [Runtime; 2] {
    let multi = Builder::new_multi_thread().worker_threads(2).build();
    let single = Builder::new_current_thread().build();
    [multi.expect("two workers"), single.expect("no thread")]
}

/// Runs `body` in a fresh set on each flavour.
fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            LocalSet::new().block_on(&runtime, body());
        }
    });
}

#[test]
fn an_rc_lives_across_awaits() {
    on_both(|| async {
        let sum = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (1..=100)
            .map(|n| {
                let sum = sum.clone();
                spawn_local(async move {
                    yield_now().await;
                    sum.set(sum.get() + n);
                    sheave::time::sleep(Duration::from_millis(1)).await;
                    sum
                })
            })
            .collect();
        for task in tasks {
            // The output is not `Send` either.
            assert!(Rc::ptr_eq(&task.await.unwrap(), &sum));
        }
        assert_eq!(sum.get(), 5050);
        assert_eq!(Rc::strong_count(&sum), 1);
    });
}

#[test]
fn the_set_is_a_future_of_all_its_tasks() {
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            let done = Rc::new(Cell::new(0));
            let set = LocalSet::new();
            for _ in 0..200 {
                let done = done.clone();
                drop(set.spawn_local(async move {
                    let inner = done.clone();
                    // Joins the set while the set is being awaited.
                    drop(spawn_local(async move { inner.set(inner.get() + 1) }));
                    yield_now().await;
                    done.set(done.get() + 1);
                }));
            }
            runtime.block_on(set);
            assert_eq!(done.get(), 400);
        }
    });
}

#[test]
fn it_needs_no_runtime() {
    let set = LocalSet::new();
    let (first, second) = (set.spawn_local(async { 1 }), set.spawn_local(async { 2 }));
    assert_ne!(first.id(), second.id());
    let sum = async { first.await.unwrap() + second.await.unwrap() };
    assert_eq!(watchdog(LIMIT, || futures_lite::future::block_on(set.run_until(sum))), 3);
}

#[test]
fn it_talks_to_tasks_of_the_runtime() {
    on_both(|| async {
        let local = Rc::new(20);
        let task = spawn_local(async move {
            let remote = task::spawn(async { 21 }).await.unwrap();
            let blocking = task::spawn_blocking(|| 1).await.unwrap();
            *local + remote + blocking
        });
        assert_eq!(task.await.unwrap(), 42);
    });
}

#[test]
fn wakes_come_from_other_threads() {
    on_both(|| async {
        let me = thread::current().id();
        let pings: Vec<(Flag, _)> = (0..50)
            .map(|_| {
                let flag = Flag::new();
                let wait = flag.wait();
                let not_send = Rc::new(());
                let task = spawn_local(async move {
                    wait.await;
                    drop(not_send);
                    thread::current().id()
                });
                (flag, task)
            })
            .collect();
        yield_now().await;
        let flags: Vec<Flag> = pings.iter().map(|(flag, _)| flag.clone()).collect();
        let wakers: Vec<_> = flags
            .chunks(25)
            .map(|flags| {
                let flags = flags.to_vec();
                thread::spawn(move || flags.iter().for_each(Flag::set))
            })
            .collect();
        for (_, task) in pings {
            assert_eq!(task.await.unwrap(), me);
        }
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
    });
}

/// Two threads play ping-pong, one of them with a local task: each wake finds the set at rest or
/// about to rest.
#[test]
fn ten_thousand_wakes_across_threads() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let ball = Arc::new((AtomicUsize::new(0), Flag::new()));
        let (sender, wakers) = mpsc::channel::<Waker>();
        let theirs = ball.clone();
        let other = thread::spawn(move || {
            for waker in wakers {
                theirs.0.fetch_add(1, SeqCst);
                waker.wake();
            }
        });
        let polls = LocalSet::new().block_on(&runtime, async {
            let polls = Rc::new(Cell::new(0));
            let counted = polls.clone();
            let mut sent = 0;
            let player = spawn_local(poll_fn(move |cx| {
                counted.set(counted.get() + 1);
                let hits = ball.0.load(SeqCst);
                if hits == 10_000 {
                    return Poll::Ready(());
                }
                if hits == sent {
                    sent += 1;
                    sender.send(cx.waker().clone()).unwrap();
                }
                Poll::Pending
            }));
            player.await.unwrap();
            polls.get()
        });
        assert!((10_000..=20_001).contains(&polls), "{polls} polls");
        other.join().unwrap();
    });
}

#[test]
fn abort_works_from_any_thread() {
    on_both(|| async {
        let token = Rc::new(());
        let held = token.clone();
        let task = spawn_local(async move {
            let _held = held;
            pending::<()>().await
        });
        yield_now().await;
        let abort = task.abort_handle();
        thread::spawn(move || abort.abort()).join().unwrap();
        assert_eq!(Rc::strong_count(&token), 2, "an abort drops nothing on another thread");
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(Rc::strong_count(&token), 1);
    });
}

#[test]
fn a_panic_stays_in_its_task() {
    on_both(|| async {
        let bad = spawn_local(async { panic!("on purpose") });
        let good = spawn_local(async { 1 });
        let error = bad.await.unwrap_err();
        assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "on purpose");
        assert_eq!(good.await.unwrap(), 1);
    });
}

#[test]
fn a_panic_of_the_root_leaves_the_set_whole() {
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            let set = LocalSet::new();
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                set.block_on(&runtime, async { panic!("the root") })
            }));
            assert!(caught.is_err());
            assert!(std::panic::catch_unwind(|| spawn_local(async {})).is_err(), "it was left");
            let task = set.spawn_local(async { 3 });
            assert_eq!(set.block_on(&runtime, task).unwrap(), 3);
        }
    });
}

#[test]
fn nested_run_until_leaves_the_tasks_to_the_outer_one() {
    on_both(|| async {
        let set = Rc::new(LocalSet::new());
        let inner = set.clone();
        // As deep as there are tasks, if each of them drove the others on top of its own stack.
        let answer = set.run_until(async move {
            let tasks: Vec<_> = (0..20_000)
                .map(|n| {
                    let set = inner.clone();
                    spawn_local(async move { set.run_until(async { n }).await })
                })
                .collect();
            let set = inner.clone();
            let mut sum = 0_u64;
            for task in tasks {
                sum += set.run_until(task).await.unwrap();
            }
            sum
        });
        assert_eq!(answer.await, 19_999 * 10_000);
    });
}

#[test]
fn a_set_inside_another_one() {
    on_both(|| async {
        let outer = spawn_local(async { "outer" });
        let inner = LocalSet::new();
        let text = inner.run_until(async { spawn_local(async { "inner" }).await.unwrap() });
        assert_eq!(text.await, "inner");
        // The outer set is the current one again, and was driven meanwhile or is now.
        assert_eq!(outer.await.unwrap(), "outer");
        assert_eq!(spawn_local(async { 5 }).await.unwrap(), 5);
    });
}

/// Counts wakes.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn whoever_drives_next_is_woken_when_another_driver_leaves() {
    let (set, flag) = (LocalSet::new(), Flag::new());
    let task = set.spawn_local(flag.wait());
    let (stays, leaves) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
    let mut root = Box::pin(set.run_until(task));
    let waker = Waker::from(stays.clone());
    assert!(root.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    {
        let mut other = Box::pin(set.run_until(pending::<()>()));
        let waker = Waker::from(leaves.clone());
        assert!(other.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    assert_eq!(Arc::strong_count(&leaves), 1, "who left leaves no waker behind");
    flag.set();
    assert_eq!((stays.0.load(SeqCst), leaves.0.load(SeqCst)), (1, 0));
    assert!(root.as_mut().poll(&mut Context::from_waker(&waker)).is_pending(), "runs the task");
    assert_eq!(stays.0.load(SeqCst), 2, "the task woke the root");
    assert!(root.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
}

#[test]
fn a_poll_runs_a_bounded_number_of_tasks_in_order() {
    let (set, order) = (LocalSet::new(), Rc::new(RefCell::new(Vec::new())));
    for n in 0..100 {
        let order = order.clone();
        drop(set.spawn_local(async move { order.borrow_mut().push(n) }));
    }
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut root = Box::pin(set.run_until(pending::<()>()));
    assert!(root.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(order.borrow().len(), 61);
    assert_eq!(bell.0.load(SeqCst), 1, "the rest is due");
    assert!(root.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    assert!(order.borrow().iter().copied().eq(0..100));
    assert_eq!(bell.0.load(SeqCst), 1, "nothing is left");
}

#[test]
fn tasks_that_always_wake_themselves_hold_up_nobody() {
    on_both(|| async {
        let (stop, turns) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
        let busy: Vec<_> = (0..3)
            .map(|_| {
                let (stop, turns) = (stop.clone(), turns.clone());
                spawn_local(async move {
                    while !stop.get() {
                        turns.set(turns.get() + 1);
                        // Ready at once, until the budget of this poll is used up.
                        task::coop::consume_budget().await;
                    }
                })
            })
            .collect();
        sheave::time::sleep(Duration::from_millis(5)).await;
        task::spawn(async {}).await.unwrap();
        stop.set(true);
        for task in busy {
            task.await.unwrap();
        }
        assert!(turns.get() > 3);
    });
}

#[test]
fn a_join_set_of_local_tasks() {
    on_both(|| async {
        let mut joined = JoinSet::new();
        for n in 0..50_u32 {
            joined.spawn_local(async move { Rc::new(n) });
        }
        let other = LocalSet::new();
        joined.spawn_local_on(async { Rc::new(50) }, &other);
        let mut sum = 0;
        let drain = async {
            while let Some(output) = joined.join_next().await {
                sum += *output.unwrap();
            }
        };
        other.run_until(drain).await;
        assert_eq!(sum, 50 * 51 / 2);

        let token = Rc::new(());
        let held = token.clone();
        joined.spawn_local(async move {
            let _held = held;
            pending::<Rc<u32>>().await
        });
        yield_now().await;
        joined.shutdown().await;
        assert_eq!(Rc::strong_count(&token), 1);
    });
}

#[test]
fn a_task_knows_its_id_and_its_name() {
    on_both(|| async {
        let task = task::Builder::new().name("local").spawn_local(async { task::id() });
        let id = task.id();
        assert_eq!(task.await.unwrap(), id);
        let set = LocalSet::new();
        let task = task::Builder::new().spawn_local_on(async { task::try_id() }, &set);
        let id = task.id();
        assert_eq!(set.run_until(task).await.unwrap(), Some(id));
    });
}

#[test]
fn a_set_that_rests_costs_no_polls() {
    on_both(|| async {
        let flag = Flag::new();
        let task = spawn_local(flag.wait());
        yield_now().await;
        let seen = Rc::new(Cell::new(0));
        let (count, setter) = (seen.clone(), flag.clone());
        // The root is polled again only if it or a task is woken.
        let mut started = false;
        let polls = poll_fn(move |cx| {
            count.set(count.get() + 1);
            if !started {
                started = true;
                let (waker, setter) = (cx.waker().clone(), setter.clone());
                thread::spawn(move || {
                    setter.set();
                    waker.wake();
                });
            }
            if setter.is_set() { Poll::Ready(()) } else { Poll::Pending }
        });
        polls.await;
        task.await.unwrap();
        assert!(seen.get() <= 4, "{} polls", seen.get());
    });
}

/// The waker is called without anything of the set locked: it may use the set.
#[test]
fn a_poller_may_use_the_set_from_its_waker() {
    struct Spawner(AtomicBool);
    impl Wake for Spawner {
        fn wake(self: Arc<Self>) {
            if !self.0.swap(true, SeqCst) {
                drop(spawn_local(async {}));
            }
        }
    }
    let set = LocalSet::new();
    let spawner = Arc::new(Spawner(AtomicBool::new(false)));
    let waker = Waker::from(spawner.clone());
    let mut root = Box::pin(set.run_until(pending::<()>()));
    assert!(root.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let _entered = set.enter();
    watchdog(LIMIT, || drop(set.spawn_local(async {})));
    assert!(spawner.0.load(SeqCst));
}
