//! The current-thread flavour: strict order, and several threads that block on one runtime.

use sheave::runtime::{Builder, Handle, Runtime};
use sheave::task::yield_now;
use sheave_tests::{Drops, Flag, eventually, watchdog};
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u32>>>);

impl Log {
    fn note(&self, event: u32) {
        self.0.lock().unwrap().push(event);
    }

    fn take(&self) -> Vec<u32> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[test]
fn tasks_run_in_the_order_of_their_spawning() {
    watchdog(LIMIT, || {
        let (runtime, log) = (runtime(), Log::default());
        let spawn = |n| {
            let log = log.clone();
            drop(Handle::current().spawn(async move { log.note(n) }));
        };
        let outside = runtime.enter();
        (0..100).for_each(spawn);
        drop(outside);
        runtime.block_on(async {
            (100..200).for_each(spawn);
            while runtime.metrics().num_alive_tasks() > 0 {
                yield_now().await;
            }
        });
        let mut order = log.take();
        // What was spawned outside came through another door, in order as well.
        assert_eq!(order.len(), 200);
        let inside: Vec<u32> = order.iter().copied().filter(|n| *n >= 100).collect();
        order.retain(|n| *n < 100);
        assert!(order.is_sorted() && inside.is_sorted(), "{order:?} {inside:?}");
    });
}

#[test]
fn tasks_run_in_the_order_of_their_wakes() {
    watchdog(LIMIT, || {
        let (runtime, log) = (runtime(), Log::default());
        let wakers: Arc<Mutex<Vec<Option<Waker>>>> = Arc::new(Mutex::new(vec![None; 10]));
        runtime.block_on(async {
            for n in 0..10u32 {
                let (log, wakers) = (log.clone(), wakers.clone());
                let mut waits = true;
                drop(sheave::spawn(poll_fn(move |cx| {
                    if std::mem::take(&mut waits) {
                        wakers.lock().unwrap()[n as usize] = Some(cx.waker().clone());
                        return Poll::Pending;
                    }
                    log.note(n);
                    Poll::Ready(())
                })));
            }
            while wakers.lock().unwrap().iter().any(Option::is_none) {
                yield_now().await;
            }
            // From inside a task: a wake there must not go before the queue.
            let order = [3, 1, 4, 5, 9, 2, 6, 8, 7, 0];
            let (wakers, waker_log) = (wakers.clone(), log.clone());
            let waking = sheave::spawn(async move {
                for n in order {
                    let waker = wakers.lock().unwrap()[n].take();
                    waker.expect("waits").wake();
                }
                waker_log.note(100);
            });
            waking.await.unwrap();
            while runtime.metrics().num_alive_tasks() > 0 {
                yield_now().await;
            }
        });
        assert_eq!(log.take(), [100, 3, 1, 4, 5, 9, 2, 6, 8, 7, 0]);
    });
}

#[test]
fn tasks_that_yield_take_turns() {
    watchdog(LIMIT, || {
        let (runtime, log) = (runtime(), Log::default());
        runtime.block_on(async {
            let tasks: Vec<_> = (0..3)
                .map(|n| {
                    let log = log.clone();
                    sheave::spawn(async move {
                        for _ in 0..4 {
                            log.note(n);
                            yield_now().await;
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert_eq!(log.take(), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
    });
}

/// A program that spawns, wakes and yields without any plan that a reader could see.
fn wild(seed: u32) -> Vec<u32> {
    let (runtime, log) = (runtime(), Log::default());
    runtime.block_on(async {
        let flags: Vec<Flag> = (0..8).map(|_| Flag::new()).collect();
        let tasks: Vec<_> = (0..200u32)
            .map(|n| {
                let (log, flags) = (log.clone(), flags.clone());
                sheave::spawn(async move {
                    let mut state = seed.wrapping_add(n).wrapping_mul(2_654_435_761);
                    for step in 0..20 {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        let flag = &flags[(state >> 16) as usize % flags.len()];
                        match (state >> 8) % 3 {
                            0 => yield_now().await,
                            1 => flag.set(),
                            _ if flag.is_set() || n % 2 == 0 => flag.set(),
                            _ => flag.wait().await,
                        }
                        log.note(n * 100 + step);
                    }
                    // Whoever still waits is set free in the end.
                    flags.iter().for_each(Flag::set);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    log.take()
}

#[test]
fn a_program_runs_alike_every_time() {
    watchdog(LIMIT, || {
        let first = wild(1);
        assert_eq!(first.len(), 4_000);
        (0..3).for_each(|_| assert_eq!(wild(1), first));
        assert_ne!(wild(2), first, "the program depends on its seed");
    });
}

#[test]
fn the_root_has_its_turn_beside_tasks_that_always_yield() {
    watchdog(LIMIT, || {
        let (runtime, stop) = (runtime(), Arc::new(AtomicBool::new(false)));
        let stopped = stop.clone();
        let storm = runtime.spawn(async move {
            let mut rounds = 0u32;
            while !stopped.load(SeqCst) {
                rounds += 1;
                yield_now().await;
            }
            rounds
        });
        let rounds = runtime.block_on(async {
            for _ in 0..100 {
                yield_now().await;
            }
            stop.store(true, SeqCst);
            storm.await.unwrap()
        });
        assert!(rounds >= 99, "the task had its turns too: {rounds}");
    });
}

#[test]
fn nothing_runs_unless_somebody_blocks() {
    watchdog(LIMIT, || {
        let (runtime, ran) = (runtime(), Flag::new());
        let raise = ran.clone();
        let task = runtime.spawn(async move { raise.set() });
        assert!(!ran.is_set());
        runtime.block_on(task).unwrap();
        assert!(ran.is_set());
    });
}

#[test]
fn a_root_that_panics_leaves_the_runtime_usable() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let caught =
            catch_unwind(AssertUnwindSafe(|| runtime.block_on(async { panic!("on purpose") })));
        let payload: Box<dyn std::any::Any + Send> = caught.expect_err("the panic goes on");
        assert_eq!(payload.downcast_ref::<&str>().unwrap(), &"on purpose");
        assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
    });
}

/// Blocks on `flag` from a new thread, and returns once that thread waits.
fn block_on_flag(runtime: &Arc<Runtime>, flag: &Flag) -> thread::JoinHandle<()> {
    let (runtime, wait) = (runtime.clone(), flag.clone());
    let blocked = thread::spawn(move || runtime.block_on(wait.wait()));
    eventually("the root waits", || flag.waiting() > 0);
    blocked
}

#[test]
fn who_stands_by_drives_on_when_the_driver_leaves() {
    watchdog(LIMIT, || {
        for _ in 0..200 {
            let runtime = Arc::new(runtime());
            let (first, second, inner) = (Flag::new(), Flag::new(), Flag::new());
            let driver = block_on_flag(&runtime, &first);
            let by = block_on_flag(&runtime, &second);
            // Only a thread that drives can run this task and set the second root free.
            let (wait, raise) = (inner.wait(), second.clone());
            drop(runtime.spawn(async move {
                wait.await;
                raise.set();
            }));
            first.set();
            driver.join().unwrap();
            inner.set();
            by.join().unwrap();
        }
    });
}

#[test]
fn several_threads_block_on_tasks_of_one_runtime() {
    watchdog(LIMIT, || {
        let (runtime, done) = (Arc::new(runtime()), Arc::new(AtomicUsize::new(0)));
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let (runtime, done) = (runtime.clone(), done.clone());
                thread::spawn(move || {
                    for round in 0..300 {
                        let task = runtime.spawn(async move {
                            for _ in 0..round % 5 {
                                yield_now().await;
                            }
                            thread * 1_000 + round
                        });
                        assert_eq!(runtime.block_on(task).unwrap(), thread * 1_000 + round);
                        done.fetch_add(1, SeqCst);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(done.load(SeqCst), 1_200);
    });
}

#[test]
fn a_runtime_that_closes_beside_a_thread_that_stands_by_ends_its_tasks() {
    watchdog(LIMIT, || {
        let drops = Drops::new();
        let runtime = runtime();
        let (handle, flag, witness) = (runtime.handle().clone(), Flag::new(), drops.witness());
        let task = runtime.spawn(async move {
            let _witness = witness;
            pending::<()>().await;
        });
        let wait = flag.clone();
        let by = thread::spawn(move || {
            handle.block_on(async move {
                wait.wait().await;
                assert!(task.await.unwrap_err().is_cancelled());
            });
        });
        eventually("the root waits", || flag.waiting() > 0);
        // The other thread drives and goes on doing so: this one does not wait for it long.
        runtime.shutdown_timeout(Duration::from_millis(10));
        flag.set();
        by.join().unwrap();
        drops.assert_all();
    });
}

#[test]
fn a_root_sleeps_on_after_another_one_has_left() {
    watchdog(LIMIT, || {
        let runtime = Arc::new(runtime());
        let flag = Flag::new();
        let driver = block_on_flag(&runtime, &flag);
        let sleeper = {
            let runtime = runtime.clone();
            let flag = flag.clone();
            thread::spawn(move || {
                runtime.block_on(async {
                    let sleep = sheave::time::sleep(Duration::from_millis(20));
                    flag.set();
                    sleep.await;
                });
            })
        };
        driver.join().unwrap();
        sleeper.join().unwrap();
    });
}
