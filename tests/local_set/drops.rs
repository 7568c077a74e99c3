//! Futures and outputs end on the thread that made them, and all of them end with the set.

use super::{LIMIT, runtimes};
use futures_lite::future::{pending, yield_now};
use sheave::task::{JoinHandle, LocalSet, spawn_local};
use sheave_tests::{Flag, watchdog};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};

/// Records the thread of its drop.
struct Homebound(mpsc::Sender<ThreadId>);

impl Drop for Homebound {
    fn drop(&mut self) {
        self.0.send(thread::current().id()).unwrap();
    }
}

/// Sends its waker out at the first poll, and is never ready.
fn sends_waker(keep: Homebound, to: mpsc::Sender<Waker>) -> impl Future<Output = ()> + 'static {
    let not_send = Rc::new(keep);
    poll_fn(move |cx| {
        let _held = &not_send;
        to.send(cx.waker().clone()).unwrap();
        Poll::Pending
    })
}

#[test]
fn dropping_the_set_drops_all_its_tasks() {
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            let token = Rc::new(());
            let set = LocalSet::new();
            let handles: Vec<JoinHandle<()>> = (0..100)
                .map(|n| {
                    let held = token.clone();
                    set.spawn_local(async move {
                        let _held = held;
                        if n % 2 == 0 {
                            pending::<()>().await;
                        }
                        loop {
                            yield_now().await;
                        }
                    })
                })
                .collect();
            set.block_on(&runtime, async {
                for _ in 0..5 {
                    yield_now().await;
                }
            });
            // Never polled.
            let held = token.clone();
            let late = set.spawn_local(async move { drop(held) });
            assert_eq!(Rc::strong_count(&token), 102);
            drop(set);
            assert_eq!(Rc::strong_count(&token), 1);
            for handle in handles.into_iter().chain([late]) {
                assert!(runtime.block_on(handle).unwrap_err().is_cancelled());
            }
        }
    });
}

#[test]
fn wakers_and_handles_may_outlive_the_set_elsewhere() {
    watchdog(LIMIT, || {
        let (sender, wakers) = mpsc::channel();
        let (keeper, dropped) = mpsc::channel();
        let set = LocalSet::new();
        let task = set.spawn_local(sends_waker(Homebound(keeper), sender));
        let abort = task.abort_handle();
        futures_lite::future::block_on(set.run_until(yield_now()));
        let waker = wakers.recv().unwrap();
        drop(set);
        assert_eq!(dropped.try_recv(), Ok(thread::current().id()));
        thread::spawn(move || {
            waker.wake_by_ref();
            abort.abort();
            assert!(abort.is_finished());
            assert!(futures_lite::future::block_on(task).unwrap_err().is_cancelled());
            drop(abort);
            waker.wake();
        })
        .join()
        .unwrap();
        assert!(dropped.try_recv().is_err(), "dropped once");
    });
}

#[test]
fn a_late_waker_on_another_thread_does_not_end_a_detached_task_there() {
    watchdog(LIMIT, || {
        let (sender, wakers) = mpsc::channel();
        let (keeper, dropped) = mpsc::channel();
        let set = LocalSet::new();
        drop(set.spawn_local(sends_waker(Homebound(keeper), sender)));
        futures_lite::future::block_on(set.run_until(yield_now()));
        // Nothing but the set knows the task after this.
        thread::spawn(move || drop(wakers)).join().unwrap();
        assert!(dropped.try_recv().is_err());
        drop(set);
        assert_eq!(dropped.try_recv(), Ok(thread::current().id()));
    });
}

/// Wakers on two threads while sets end: whatever is on its way to the set is ended here.
#[test]
fn sets_end_under_wakes_from_other_threads() {
    watchdog(LIMIT, || {
        let (sender, wakers) = mpsc::channel::<Waker>();
        let other = thread::spawn(move || {
            for waker in wakers {
                waker.wake_by_ref();
                thread::yield_now();
                waker.wake();
            }
        });
        let me = thread::current().id();
        let (keeper, dropped) = mpsc::channel();
        for _ in 0..2_000 {
            let set = LocalSet::new();
            for _ in 0..3 {
                drop(set.spawn_local(sends_waker(Homebound(keeper.clone()), sender.clone())));
            }
            futures_lite::future::block_on(set.run_until(yield_now()));
            drop(set);
            for _ in 0..3 {
                assert_eq!(dropped.try_recv(), Ok(me), "dropped with the set, on this thread");
            }
        }
        drop(sender);
        other.join().unwrap();
    });
}

#[test]
fn an_output_that_nobody_wants_is_dropped_at_home() {
    watchdog(LIMIT, || {
        let (keeper, dropped) = mpsc::channel();
        let (set, flag) = (LocalSet::new(), Flag::new());
        let (wait, output) = (flag.wait(), Homebound(keeper));
        drop(set.spawn_local(async move {
            wait.await;
            Rc::new(output)
        }));
        futures_lite::future::block_on(set.run_until(yield_now()));
        thread::spawn(move || flag.set()).join().unwrap();
        futures_lite::future::block_on(set);
        assert_eq!(dropped.try_recv(), Ok(thread::current().id()));
    });
}

#[test]
fn an_output_that_is_send_may_be_joined_elsewhere() {
    watchdog(LIMIT, || {
        let set = LocalSet::new();
        let not_send = Rc::new(41);
        let task = set.spawn_local(async move { *not_send + 1 });
        let joiner = thread::spawn(move || futures_lite::future::block_on(task).unwrap());
        futures_lite::future::block_on(set);
        assert_eq!(joiner.join().unwrap(), 42);
    });
}

/// The drop of a future may use the set that is being dropped: wake, abort, spawn.
#[test]
fn destructors_may_use_the_set_that_ends() {
    struct OnDrop<F: FnMut()>(F);
    impl<F: FnMut()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    watchdog(LIMIT, || {
        let set = LocalSet::new();
        let (spawned, polled) = (Rc::new(RefCell::new(Vec::new())), Rc::new(Cell::new(0)));
        let flag = Flag::new();
        for _ in 0..3 {
            let (spawned, polled, flag) = (spawned.clone(), polled.clone(), flag.clone());
            let wait = flag.wait();
            let act = OnDrop(move || {
                flag.set();
                let polled = polled.clone();
                let task = spawn_local(async move { polled.set(polled.get() + 1) });
                spawned.borrow_mut().push(task);
            });
            drop(set.spawn_local(async move {
                let _act = act;
                wait.await;
                pending::<()>().await
            }));
        }
        futures_lite::future::block_on(set.run_until(yield_now()));
        drop(set);
        assert_eq!(polled.get(), 0);
        for task in spawned.take() {
            let joined = futures_lite::future::block_on(task);
            assert!(joined.unwrap_err().is_cancelled(), "refused");
        }
    });
}

#[test]
fn a_panicking_destructor_costs_the_others_nothing() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in a drop");
        }
    }
    let (set, token) = (LocalSet::new(), Rc::new(()));
    let mut bombs = Vec::new();
    for _ in 0..3 {
        bombs.push(set.spawn_local(async {
            let _bomb = Bomb;
            pending::<()>().await
        }));
        let held = token.clone();
        drop(set.spawn_local(async move {
            let _held = held;
            pending::<()>().await
        }));
    }
    futures_lite::future::block_on(set.run_until(yield_now()));
    drop(set);
    assert_eq!(Rc::strong_count(&token), 1);
    for bomb in bombs {
        assert!(futures_lite::future::block_on(bomb).unwrap_err().is_panic());
    }
}

/// A set in a thread-local is dropped when much of the thread is gone.
#[test]
fn a_set_may_end_with_its_thread() {
    thread_local! {
        static SET: RefCell<Option<LocalSet>> = const { RefCell::new(None) };
    }
    let (keeper, dropped) = mpsc::channel();
    let (sender, _wakers) = mpsc::channel();
    let thread = thread::spawn(move || {
        let set = LocalSet::new();
        drop(set.spawn_local(sends_waker(Homebound(keeper), sender)));
        futures_lite::future::block_on(set.run_until(yield_now()));
        SET.with_borrow_mut(|place| *place = Some(set));
    });
    thread.join().unwrap();
    assert!(dropped.try_recv().is_ok());
}
