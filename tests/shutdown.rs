//! How runtimes end: everything is dropped once, nothing is left, and nobody waits for ever.
//!
//! Longer than 400 lines: independent tests, read one at a time, which share one binary to link.

use sheave::io::AsyncFd;
use sheave::runtime::{Builder, Handle, Runtime, ShutdownOptions};
use sheave::task::{JoinHandle, yield_now};
use sheave_tests::{Drops, Flag, Witness, eventually, watchdog};
use std::future::{Future, pending};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
/// Longer than any bounded wait below takes, shorter than the 10 s of a plain drop.
const SOON: Duration = Duration::from_secs(5);

fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().build().unwrap(),
        Builder::new_multi_thread().worker_threads(2).build().unwrap(),
    ]
}

fn on_both(test: impl Fn(Runtime)) {
    watchdog(LIMIT, || runtimes().into_iter().for_each(test));
}

async fn forever(witness: Witness) {
    let _witness = witness;
    pending::<()>().await;
}

#[test]
fn every_future_is_dropped_once() {
    on_both(|runtime| {
        let drops = Drops::new();
        let handles: Vec<_> = (0..100).map(|_| runtime.spawn(forever(drops.witness()))).collect();
        let inner = drops.clone();
        runtime.block_on(async {
            for n in 0..1_000 {
                let (witness, more) = (inner.witness(), inner.clone());
                drop(sheave::spawn(async move {
                    drop(sheave::spawn(forever(more.witness())));
                    if n % 2 == 0 {
                        yield_now().await;
                    }
                    forever(witness).await;
                }));
            }
            for _ in 0..100 {
                yield_now().await;
            }
        });
        drop(runtime);
        drops.assert_all();
        assert!(drops.made() >= 1_100);
        assert!(handles.iter().all(JoinHandle::is_finished));
    });
}

#[test]
fn the_handles_report_cancelled_tasks() {
    on_both(|runtime| {
        let task = runtime.spawn(pending::<()>());
        drop(runtime);
        let other = Builder::new_current_thread().build().unwrap();
        assert!(other.block_on(task).unwrap_err().is_cancelled());
    });
}

/// Whoever drops a current-thread runtime runs it no more: nor does the thread that is sent to drop its
/// futures.
#[test]
fn tasks_of_a_current_thread_runtime_have_no_turn_once_it_is_dropped() {
    let ends: [fn(Runtime); 4] = [
        drop,
        Runtime::shutdown_background,
        |runtime| runtime.shutdown_timeout(Duration::from_secs(60)),
        |runtime| assert!(runtime.shutdown(ShutdownOptions::new()).is_complete()),
    ];
    for end in ends {
        let (runtime, ran) = (Builder::new_current_thread().build().unwrap(), Flag::new());
        let handle = runtime.handle().clone();
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let ran = ran.clone();
                runtime.spawn(async move { ran.set() })
            })
            .collect();
        end(runtime);
        for task in tasks {
            assert!(handle.block_on(task).unwrap_err().is_cancelled());
        }
        assert!(!ran.is_set());
    }
}

/// Spawns when dropped, as a connection does that says goodbye.
struct SpawnsOnDrop(Drops, Flag);

impl Drop for SpawnsOnDrop {
    fn drop(&mut self) {
        let (witness, flag) = (self.0.witness(), self.1.clone());
        let task = sheave::spawn(async move {
            let _witness = witness;
            flag.set();
        });
        assert!(task.is_finished(), "refused at once");
    }
}

#[test]
fn what_is_spawned_while_a_runtime_ends_is_dropped() {
    on_both(|runtime| {
        let (drops, ran) = (Drops::new(), Flag::new());
        for _ in 0..100 {
            let goodbye = SpawnsOnDrop(drops.clone(), ran.clone());
            drop(runtime.spawn(async move {
                let _goodbye = goodbye;
                pending::<()>().await;
            }));
        }
        drop(runtime);
        assert_eq!(drops.made(), 100);
        drops.assert_all();
        assert!(!ran.is_set());
    });
}

#[test]
fn after_the_end_a_handle_refuses() {
    on_both(|runtime| {
        let (handle, drops) = (runtime.handle().clone(), Drops::new());
        drop(runtime);
        let task = handle.spawn(forever(drops.witness()));
        let witness = drops.witness();
        let job = handle.spawn_blocking(move || drop(witness));
        drops.assert_all();
        let entered = handle.enter();
        assert!(sheave::spawn(forever(drops.witness())).is_finished());
        drop(entered);
        drops.assert_all();
        assert!(task.is_finished() && job.is_finished());
        assert!(handle.block_on(task).unwrap_err().is_cancelled());
        assert!(handle.block_on(job).unwrap_err().is_cancelled());
        assert_eq!(handle.block_on(async { 1 }), 1);
        assert_eq!(handle.metrics().num_alive_tasks(), 0);
    });
}

#[test]
fn wakers_and_handles_may_outlive_their_runtime() {
    on_both(|runtime| {
        let flag = Flag::new();
        let task = runtime.spawn(flag.wait());
        let abort = task.abort_handle();
        runtime.block_on(async {
            while flag.waiting() == 0 {
                yield_now().await;
            }
        });
        drop(runtime);
        flag.set();
        abort.abort();
        assert!(abort.is_finished());
        drop(task);
    });
}

#[test]
fn wakes_race_the_end() {
    watchdog(LIMIT, || {
        for _ in 0..300 {
            let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
            let (flag, drops) = (Flag::new(), Drops::new());
            for _ in 0..10 {
                let (wait, witness) = (flag.wait(), drops.witness());
                drop(runtime.spawn(async move {
                    let _witness = witness;
                    wait.await;
                }));
            }
            let handle = runtime.handle().clone();
            let more = drops.clone();
            let waking = std::thread::spawn(move || {
                flag.set();
                drop(handle.spawn(forever(more.witness())));
            });
            drop(runtime);
            waking.join().unwrap();
            drops.assert_all();
        }
    });
}

#[test]
fn a_plain_drop_and_every_bounded_end_keep_to_their_time() {
    watchdog(LIMIT, || {
        let stuck = || {
            let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
            let ((release, wait), (started, is_started)) = (channel::<()>(), channel());
            drop(runtime.spawn(async move {
                started.send(()).unwrap();
                let _ = wait.recv();
            }));
            is_started.recv().unwrap();
            (runtime, release)
        };
        let start = Instant::now();
        let (runtime, release) = stuck();
        runtime.shutdown_background();
        drop(release);
        let (runtime, release) = stuck();
        runtime.shutdown_timeout(Duration::from_millis(50));
        drop(release);
        let (runtime, release) = stuck();
        let end = std::thread::spawn(move || drop(runtime));
        drop(release);
        end.join().unwrap();
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    });
}

#[test]
fn a_stuck_task_holds_up_the_end_of_no_other() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let ((release, wait), (started, is_started)) = (channel::<()>(), channel());
        let drops = Drops::new();
        let children = drops.clone();
        drop(runtime.spawn(async move {
            // Bound to the shard of this very worker.
            (0..100).for_each(|_| drop(sheave::spawn(forever(children.witness()))));
            started.send(()).unwrap();
            let _ = wait.recv();
        }));
        is_started.recv().unwrap();
        runtime.shutdown_background();
        // All but the newest one, which may still lie in the stuck worker's slot.
        eventually("the children are dropped", || drops.dropped() >= 99);
        drop(release);
        eventually("the last one, too", || drops.dropped() == 100);
    });
}

#[test]
fn a_blocking_job_without_end_bounds_the_wait() {
    on_both(|runtime| {
        let ((release, wait), (started, is_started)) = (channel::<()>(), channel());
        let drops = Drops::new();
        let witness = drops.witness();
        let job = runtime.spawn_blocking(move || {
            let _witness = witness;
            started.send(()).unwrap();
            let _ = wait.recv();
        });
        is_started.recv().unwrap();
        let start = Instant::now();
        runtime.shutdown_timeout(Duration::from_millis(50));
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        assert!(!job.is_finished());
        drop(release);
        eventually("the job has ended by itself", || job.is_finished());
        eventually("and was dropped", || drops.dropped() == 1);
    });
}

#[test]
fn a_queued_blocking_job_is_dropped_unrun() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        let ((release, wait), drops) = (channel::<()>(), Drops::new());
        drop(runtime.spawn_blocking(move || wait.recv()));
        let witness = drops.witness();
        let queued = runtime.spawn_blocking(move || {
            drop(witness);
            panic!("ran after the end");
        });
        runtime.shutdown_background();
        drops.assert_all();
        drop(release);
        let other = Builder::new_current_thread().build().unwrap();
        let result: Result<(), _> = other.block_on(queued);
        assert!(result.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_million_idle_tasks_would_end_in_linear_time() {
    on_both(|runtime| {
        let spawn_and_drop = |count: usize| {
            let runtime = match runtime.handle().runtime_flavor() {
                sheave::runtime::RuntimeFlavor::CurrentThread => Builder::new_current_thread(),
                _ => Builder::new_multi_thread(),
            };
            let runtime = runtime.build().unwrap();
            let tasks = async move {
                (0..count).for_each(|_| drop(sheave::spawn(pending::<()>())));
                yield_now().await;
            };
            runtime.block_on(runtime.spawn(tasks)).unwrap();
            let start = Instant::now();
            drop(runtime);
            start.elapsed()
        };
        let (few, many) = (spawn_and_drop(10_000), spawn_and_drop(100_000));
        // Ten times as many tasks take ten times as long, not a hundred times; noise is forgiven.
        assert!(many < few * 50 + Duration::from_millis(500), "{few:?} for 10k, {many:?} for 100k");
    });
}

#[test]
fn a_runtime_may_be_dropped_inside_async_code() {
    on_both(|runtime| {
        let drops = Drops::new();
        let inner: Vec<Runtime> = runtimes().into_iter().collect();
        for inner in &inner {
            drop(inner.spawn(forever(drops.witness())));
        }
        let start = Instant::now();
        runtime.block_on(async move { drop(inner) });
        let inner: Vec<Runtime> = runtimes().into_iter().collect();
        for inner in &inner {
            drop(inner.spawn(forever(drops.witness())));
        }
        runtime.block_on(runtime.spawn(async move { drop(inner) })).unwrap();
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        eventually("all tasks are dropped", || drops.dropped() == 4);
    });
}

#[test]
fn a_runtime_may_be_dropped_by_its_own_task() {
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            let drops = Drops::new();
            let runtime = Arc::new(runtime);
            let (handle, mine) = (runtime.handle().clone(), runtime.clone());
            drop(runtime.spawn(forever(drops.witness())));
            let (go, may_go) = (Flag::new(), Flag::new());
            let (wait, gone) = (go.wait(), may_go.clone());
            let task = runtime.spawn(async move {
                wait.await;
                drop(mine);
                gone.set();
                pending::<()>().await;
            });
            drop(runtime);
            go.set();
            assert!(handle.block_on(task).unwrap_err().is_cancelled());
            assert!(may_go.is_set());
            eventually("the other task is dropped", || drops.dropped() == 1);
        }
    });
}

#[test]
fn a_runtime_may_be_dropped_by_its_own_blocking_job() {
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            let (drops, flag) = (Drops::new(), Flag::new());
            let runtime = Arc::new(runtime);
            drop(runtime.spawn(forever(drops.witness())));
            let ((go, may_go), mine, done) = (channel::<()>(), runtime.clone(), flag.clone());
            drop(runtime.spawn_blocking(move || {
                may_go.recv().unwrap();
                drop(mine);
                done.set();
            }));
            drop(runtime);
            let start = Instant::now();
            go.send(()).unwrap();
            eventually("the job goes on", || flag.is_set());
            assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
            drops.assert_all();
        }
    });
}

#[test]
fn futures_that_panic_when_dropped_hold_up_nothing() {
    struct Fragile(#[allow(dead_code)] Witness);
    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("dropped on purpose");
        }
    }
    on_both(|runtime| {
        let drops = Drops::new();
        for _ in 0..10 {
            let fragile = Fragile(drops.witness());
            drop(runtime.spawn(async move {
                let _fragile = fragile;
                pending::<()>().await;
            }));
            drop(runtime.spawn(forever(drops.witness())));
        }
        drop(runtime);
        drops.assert_all();
    });
}

#[test]
fn hooks_that_panic_hold_up_nothing() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .on_thread_start(|| panic!("start"))
            .on_thread_stop(|| panic!("stop"))
            .on_thread_park(|| panic!("park"))
            .on_thread_unpark(|| panic!("unpark"))
            .build()
            .unwrap();
        for n in 0..10 {
            assert_eq!(runtime.block_on(runtime.spawn(async move { n })).unwrap(), n);
            assert_eq!(runtime.block_on(runtime.spawn_blocking(move || n)).unwrap(), n);
        }
    });
}

#[test]
fn what_a_park_hook_spawns_is_run_at_once() {
    watchdog(LIMIT, || {
        for builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let (ran, once) = (Flag::new(), Flag::new());
            let raise = ran.clone();
            let runtime = builder
                .worker_threads(1)
                .on_thread_park(move || {
                    if !once.is_set() && Handle::try_current().is_ok() {
                        once.set();
                        let raise = raise.clone();
                        drop(sheave::spawn(async move { raise.set() }));
                    }
                })
                .build()
                .unwrap();
            runtime.block_on(ran.wait());
        }
    });
}

/// A waker that panics when it is woken.
struct Bomb;

impl std::task::Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("woken on purpose");
    }
}

#[test]
fn wakers_that_panic_cost_nobody_else() {
    on_both(|runtime| {
        let bomb = Waker::from(Arc::new(Bomb));
        let mut cx = Context::from_waker(&bomb);
        let mut task = runtime.spawn(async { 1 });
        // On the current-thread flavour nothing runs yet; on the other one it may be over by now.
        let _ = Pin::new(&mut task).poll(&mut cx);
        let entered = runtime.enter();
        let mut sleep = Box::pin(sheave::time::sleep(Duration::from_secs(3600)));
        assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Pending);
        sleep.as_mut().reset(sheave::time::Instant::now());
        drop(entered);
        runtime.block_on(async {
            sheave::time::sleep(Duration::from_millis(5)).await;
            assert_eq!(sheave::spawn(async { 2 }).await.unwrap(), 2);
        });
        drop(runtime);
    });
}

#[test]
fn who_waits_for_a_socket_of_a_runtime_that_ends_gets_an_error() {
    on_both(|runtime| {
        let handle = runtime.handle().clone();
        let (here, _there) = UnixStream::pair().unwrap();
        here.set_nonblocking(true).unwrap();
        let entered = handle.enter();
        let (mut before, after) = (AsyncFd::new(here).unwrap(), handle.clone());
        drop(entered);
        let flag = Flag::new();
        let waits = flag.clone();
        let elsewhere = std::thread::spawn(move || {
            // On no runtime at all.
            futures_lite::future::block_on(async {
                let mut readable = Box::pin(before.readable());
                assert!(futures_lite::future::poll_once(&mut readable).await.is_none());
                waits.set();
                assert!(readable.await.is_err(), "the wait ends with the runtime");
            });
            assert!(after.block_on(before.readable_mut()).map(|_| ()).is_err(), "nor a later one");
        });
        eventually("the other thread waits", || flag.is_set());
        drop(runtime);
        elsewhere.join().unwrap();
    });
}

/// Blocks on its runtime when dropped.
struct BlocksOnDrop(Handle);

impl Drop for BlocksOnDrop {
    fn drop(&mut self) {
        self.0.block_on(yield_now());
    }
}

#[test]
fn a_drop_that_blocks_on_the_runtime_that_ends_is_refused() {
    on_both(|runtime| {
        let blocks = BlocksOnDrop(runtime.handle().clone());
        let task = runtime.spawn(async move {
            let _blocks = blocks;
            pending::<()>().await;
        });
        drop(runtime);
        let other = Builder::new_current_thread().build().unwrap();
        assert!(other.block_on(task).unwrap_err().is_panic(), "and not a hang");
    });
}

#[test]
fn guards_that_are_dropped_out_of_order_say_so() {
    watchdog(LIMIT, || {
        // On a thread of its own, which is left with an entered runtime.
        let ended = std::thread::spawn(|| {
            let [first, second] = runtimes();
            let outer = first.enter();
            let inner = second.enter();
            let caught = catch_unwind(AssertUnwindSafe(move || drop(outer)));
            let payload = caught.expect_err("must panic");
            let text = payload.downcast_ref::<&str>().unwrap().to_string();
            drop(inner);
            text
        });
        assert!(ended.join().unwrap().contains("out of order"));
    });
}
