//! Executors for tasks: `run_in_executor`, `to_thread`, limiters (items 50 to 52 of the asyncio
//! reference). `B25` and its like name obligations of its table of behaviours.

use sheave::asyncio::{
    ContextVar, SpawnErrorKind, TaskGroup, run_in_executor, task_group, to_thread, try_to_thread,
};
use sheave::cancel::CancelScope;
use sheave::concurrent::{
    Executor, FutureError, Job, RejectReason, Rejected, ThreadPool, check_cancelled,
};
use sheave::runtime::{Builder, Handle, Runtime};
use sheave::sync::CapacityLimiter;
use sheave::task::{spawn_blocking, yield_now};
use sheave::time::sleep;
use sheave_tests::{Drops, Witness, eventually, watchdog};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

/// Both flavours, each with one thread in its blocking pool.
fn on_both(test: impl Fn(&Runtime)) {
    let current = || Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    let multi = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1);
    watchdog(LIMIT, || {
        test(&current());
        test(&multi.build().unwrap());
    });
}

fn one() -> ThreadPool {
    ThreadPool::builder().max_workers(1).thread_name_prefix("own").build()
}

fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

/// Takes the only thread of an executor until the sender speaks or goes.
fn occupy(executor: Option<&dyn Executor>) -> Sender<()> {
    let (release, wait): (_, Receiver<()>) = channel();
    let busy = run_in_executor(executor, move || wait.recv().unwrap_or_default());
    eventually("it runs", || busy.running());
    release
}

fn poll_once<F: Future + Unpin>(future: &mut F) -> bool {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

/// B51, E14: blocking work beside a sleep takes as long as one of them.
#[test]
fn a_second_in_a_thread_beside_a_second_asleep_takes_one_second() {
    on_both(|runtime| {
        let start = Instant::now();
        let said = runtime.block_on(async {
            let blocking = to_thread(|| {
                thread::sleep(Duration::from_secs(1));
                "blocking_io complete"
            });
            sheave::join!(blocking, sleep(Duration::from_secs(1))).0
        });
        let took = start.elapsed();
        assert_eq!(said, "blocking_io complete");
        assert!((1000..1800).contains(&took.as_millis()), "{took:?}");
    });
}

/// B27: threads have the effect of tasks: what blocks overlaps. What they cost is a benchmark's matter.
#[test]
fn blocking_work_overlaps_as_sleeps_do() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let start = Instant::now();
        runtime.block_on(async {
            let nap = || thread::sleep(Duration::from_millis(200));
            let naps: Vec<_> = (0..5).map(|_| run_in_executor(None, nap)).collect();
            for nap in naps {
                nap.await.unwrap();
            }
        });
        let took = start.elapsed();
        assert!((200..900).contains(&took.as_millis()), "{took:?}");
    });
}

/// B25: the work is submitted by the call; the future only brings its result.
#[test]
fn run_in_executor_starts_without_an_await_and_goes_on_without_its_future() {
    on_both(|runtime| {
        runtime.block_on(async {
            let (sender, receiver) = channel();
            drop(run_in_executor(None, move || sender.send(thread_name()).unwrap()));
            // Blocks the thread: nothing is polled meanwhile.
            receiver.recv().unwrap();
        });
    });
}

/// What a user may write: it runs jobs on a thread for each, and counts them.
#[derive(Clone, Default)]
struct ThreadEach {
    count: Arc<AtomicUsize>,
}

impl Executor for ThreadEach {
    fn execute(&self, job: Box<dyn Job>) -> Result<(), Rejected> {
        self.count.fetch_add(1, SeqCst);
        thread::Builder::new().name("each".into()).spawn(|| job.run()).unwrap();
        Ok(())
    }
}

/// Takes no job.
#[derive(Clone)]
struct Closed;

impl Executor for Closed {
    fn execute(&self, job: Box<dyn Job>) -> Result<(), Rejected> {
        Err(Rejected { job, reason: RejectReason::ShutDown })
    }
}

/// B26, E21: the default executor, a pool of one's own, and one that a user wrote.
#[test]
fn any_executor_will_do() {
    on_both(|runtime| {
        let (pool, custom) = (one(), ThreadEach::default());
        runtime.block_on(async {
            assert_ne!(run_in_executor(None, thread_name).await.unwrap(), "own-0");
            assert_eq!(run_in_executor(Some(&pool), thread_name).await.unwrap(), "own-0");
            assert_eq!(run_in_executor(Some(&custom), thread_name).await.unwrap(), "each");
            assert_eq!(to_thread(thread_name).on(&pool).await, "own-0");
            assert_eq!(to_thread(thread_name).on(&custom).await, "each");
            assert!(run_in_executor(Some(&Closed), || ()).await.unwrap_err().is_shutdown());
        });
        let handle = runtime.handle();
        let named = handle.run_in_executor(Some(&pool), thread_name);
        assert_eq!(handle.block_on(named).unwrap(), "own-0");
        assert_eq!(custom.count.load(SeqCst), 2);
    });
}

/// B26: the default executor can be replaced; `spawn_blocking` keeps the runtime's pool.
#[test]
fn the_default_executor_can_be_set() {
    on_both(|runtime| {
        runtime.handle().set_default_executor(one());
        runtime.block_on(async {
            assert_eq!(run_in_executor(None, thread_name).await.unwrap(), "own-0");
            assert_eq!(to_thread(thread_name).await, "own-0");
            assert_ne!(spawn_blocking(thread_name).await.unwrap(), "own-0");
        });
    });
}

#[test]
fn a_queued_job_is_cancelled_and_a_running_one_abandoned() {
    on_both(|runtime| {
        runtime.block_on(async {
            let release = occupy(None);
            let drops = Drops::new();
            let witness = drops.witness();
            let queued = run_in_executor(None, move || drop(witness));
            assert!(queued.cancel() && queued.cancelled());
            drops.assert_all();
            assert!(queued.await.unwrap_err().is_cancelled());
            release.send(()).unwrap();
            assert_eq!(run_in_executor(None, || 1).await.unwrap(), 1);
        });
    });
}

/// What a job has captured is dropped inside the runtime, also if it never ran.
#[test]
fn a_cancelled_closure_is_dropped_inside_its_runtime() {
    struct Asks(Sender<bool>);
    impl Drop for Asks {
        fn drop(&mut self) {
            self.0.send(Handle::try_current().is_ok()).unwrap();
        }
    }
    on_both(|runtime| {
        let (sender, receiver) = channel();
        let release = runtime.block_on(async { occupy(None) });
        let asks = Asks(sender);
        let queued = runtime.handle().run_in_executor(None, move || drop(asks));
        assert!(queued.cancel());
        assert!(receiver.recv().unwrap(), "dropped inside the runtime");
        drop(release);
    });
}

#[test]
fn a_panic_is_an_error_of_run_in_executor_and_goes_on_in_to_thread() {
    on_both(|runtime| {
        runtime.block_on(async {
            let error = run_in_executor(None, || -> () { panic!("on purpose") }).await.unwrap_err();
            assert!(error.is_panic() && error.to_string().contains("on purpose"), "{error}");
            let error = try_to_thread(|| -> () { panic!("on purpose") }).await.unwrap_err();
            assert!(error.is_panic(), "{error}");
        });
        let thrown = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(to_thread(|| -> () { panic!("through and through") }));
        }));
        let thrown = thrown.unwrap_err();
        assert_eq!(thrown.downcast_ref::<&str>(), Some(&"through and through"));
    });
}

static USER: ContextVar<&str> = ContextVar::with_default("USER", "nobody");

/// Q10, C17: the context goes along, and what is set in the thread stays there.
#[test]
fn the_context_is_copied_into_the_thread() {
    on_both(|runtime| {
        runtime
            .block_on(runtime.spawn(async {
                USER.set("Ada");
                let set = || {
                    let found = USER.get();
                    USER.set("Grace");
                    found
                };
                let later = to_thread(set);
                assert_eq!(run_in_executor(None, set).await.unwrap(), "Ada");
                assert_eq!(run_in_executor(Some(&one()), set).await.unwrap(), "Ada");
                assert_eq!(USER.get(), "Ada");
                USER.set("Edsger");
                assert_eq!(later.await, "Edsger", "captured at the first poll, as in Python");
                // A thread of the pool keeps nothing of its former job.
                let pool = one();
                pool.submit(set).await.unwrap();
                assert_eq!(pool.submit(|| USER.get()).await.unwrap(), "nobody");
            }))
            .unwrap();
    });
}

#[test]
fn to_thread_submits_nothing_before_its_first_poll() {
    on_both(|runtime| {
        runtime.block_on(async {
            let custom = ThreadEach::default();
            let drops = Drops::new();
            let witness = drops.witness();
            let never = to_thread(move || drop(witness)).on(&custom);
            assert_eq!((custom.count.load(SeqCst), drops.dropped()), (0, 0));
            drop(never);
            drops.assert_all();
            assert_eq!(custom.count.load(SeqCst), 0);
            to_thread(|| ()).on(&custom).await;
            assert_eq!(custom.count.load(SeqCst), 1);
        });
    });
}

/// Q3: dropped while it runs, the job is detached, and can learn of it. C10.
#[test]
fn a_dropped_to_thread_is_asked_to_end() {
    on_both(|runtime| {
        runtime.block_on(async {
            let (started, is_started) = channel();
            let (ended, has_ended) = channel();
            let mut running = to_thread(move || {
                started.send(()).unwrap();
                while check_cancelled().is_ok() {
                    thread::yield_now();
                }
                ended.send(()).unwrap();
            });
            assert!(!poll_once(&mut running));
            is_started.recv().unwrap();
            drop(running);
            has_ended.recv().unwrap();
        });
    });
}

#[test]
fn a_dropped_to_thread_that_waits_never_runs() {
    on_both(|runtime| {
        runtime.block_on(async {
            let release = occupy(None);
            let drops = Drops::new();
            let witness = drops.witness();
            let mut queued = to_thread(move || drop(witness));
            assert!(!poll_once(&mut queued));
            assert_eq!(Handle::current().metrics().blocking_queue_depth(), 1);
            drop(queued);
            drops.assert_all();
            assert_eq!(Handle::current().metrics().blocking_queue_depth(), 0);
            release.send(()).unwrap();
        });
    });
}

/// C10: long work that asks does not hold up the end of its runtime.
#[test]
fn work_learns_that_its_runtime_shuts_down() {
    watchdog(LIMIT, || {
        for by_spawn_blocking in [true, false] {
            let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
            let (started, is_started) = channel();
            let ended = Arc::new(AtomicBool::new(false));
            let flag = ended.clone();
            let work = move || {
                started.send(()).unwrap();
                while check_cancelled().is_ok() {
                    thread::yield_now();
                }
                flag.store(true, SeqCst);
            };
            if by_spawn_blocking {
                drop(runtime.spawn_blocking(work));
            } else {
                drop(runtime.handle().run_in_executor(None, work));
            }
            is_started.recv().unwrap();
            drop(runtime);
            assert!(ended.load(SeqCst));
        }
    });
}

#[test]
fn after_the_end_of_the_runtime_the_default_executor_refuses() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        let refused = handle.run_in_executor(None, || 1);
        let error: FutureError = futures_lite::future::block_on(refused).unwrap_err();
        assert!(error.is_shutdown(), "{error}");
    });
}

/// C12, T18: at one thread each, jobs block on futures that need jobs of the same pool.
#[test]
fn block_on_within_a_job_never_deadlocks() {
    on_both(|runtime| {
        let pool = one();
        let handle = runtime.handle().clone();
        let own = pool.clone();
        let depth_three = move || {
            let inner = handle.clone();
            let own = own.clone();
            handle.block_on(async move {
                let nested = to_thread(move || inner.block_on(to_thread(|| 1)));
                let through_the_pool = run_in_executor(Some(&own), || 2);
                nested.await + through_the_pool.await.unwrap()
            })
        };
        let (one, other) = (depth_three.clone(), depth_three);
        assert_eq!(runtime.block_on(to_thread(one)), 3);
        assert_eq!(runtime.block_on(to_thread(other).on(&pool)), 3);
    });
}

/// C12: so do jobs that wait for a channel.
#[test]
fn a_blocking_receive_within_a_job_never_deadlocks() {
    on_both(|runtime| {
        let received = runtime.block_on(async {
            let (sender, receiver) = sheave::sync::oneshot::channel();
            let waiting = run_in_executor(None, move || receiver.blocking_recv());
            eventually("it waits", || waiting.running());
            let sending = to_thread(move || sender.send(5));
            sheave::join!(waiting, sending).0
        });
        assert_eq!(received.unwrap(), Ok(5));
    });
}

/// C11: a kind of work has its own limit, and waits in order.
#[test]
fn a_limiter_bounds_one_kind_of_work() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        runtime.block_on(async {
            let limiter = CapacityLimiter::new(2);
            let (inside, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let pair = Arc::new(Barrier::new(2));
            let tasks: Vec<_> = (0..10)
                .map(|_| {
                    let (limiter, pair) = (limiter.clone(), pair.clone());
                    let (inside, peak) = (inside.clone(), peak.clone());
                    sheave::spawn(async move {
                        let work = move || {
                            peak.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                            pair.wait();
                            inside.fetch_sub(1, SeqCst);
                        };
                        to_thread(work).limiter(&limiter).await;
                    })
                })
                .collect();
            // Work that is not limited goes on beside it.
            assert_eq!(to_thread(|| 1).await, 1);
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(peak.load(SeqCst), 2);
            assert_eq!(limiter.borrowed_tokens(), 0);
        });
    });
}

#[test]
fn a_token_stays_with_the_thread_when_its_future_is_dropped() {
    on_both(|runtime| {
        runtime.block_on(async {
            let limiter = CapacityLimiter::new(1);
            let (release, wait) = channel::<()>();
            let (started, is_started) = channel();
            let work = move || {
                started.send(()).unwrap();
                wait.recv().unwrap();
            };
            let mut abandoned = to_thread(work).limiter(&limiter);
            assert!(!poll_once(&mut abandoned));
            is_started.recv().unwrap();
            drop(abandoned);
            assert_eq!(limiter.borrowed_tokens(), 1);
            let refused = try_to_thread(|| ()).limiter(&limiter).await.unwrap_err();
            assert!(matches!(refused, FutureError::LimitReached { limit: 1 }), "{refused}");
            release.send(()).unwrap();
            to_thread(|| ()).limiter(&limiter).await;
        });
    });
}

#[test]
fn try_to_thread_says_that_the_queue_is_full_and_to_thread_panics() {
    on_both(|runtime| {
        let full = ThreadPool::builder().max_workers(1).queue_limit(0).build();
        let release = runtime.block_on(async { occupy(Some(&full)) });
        let error = runtime.block_on(try_to_thread(|| 1).on(&full)).unwrap_err();
        assert!(error.to_string().contains("queue limit of 0"), "{error}");
        let thrown = catch_unwind(AssertUnwindSafe(|| runtime.block_on(to_thread(|| 1).on(&full))));
        let text = *thrown.unwrap_err().downcast::<String>().expect("a text");
        assert!(text.contains("`try_to_thread` returns this as an error"), "{text}");
        release.send(()).unwrap();
    });
}

/// The runtime's own pool: each way in says that its queue is full, and nothing is lost.
#[test]
fn the_default_pool_may_have_a_bounded_queue() {
    let builders = [Builder::new_current_thread(), Builder::new_multi_thread().worker_threads(1)];
    for builder in builders {
        let runtime = builder.max_blocking_threads(1).blocking_queue_limit(1).build().unwrap();
        let release = runtime.block_on(async { occupy(None) });
        let queued = runtime.handle().run_in_executor(None, || 2);
        runtime.block_on(async {
            assert!(try_to_thread(|| 3).await.unwrap_err().is_queue_full());
            assert!(run_in_executor(None, || 3).await.unwrap_err().is_queue_full());
            let error = spawn_blocking(|| 3).await.unwrap_err();
            assert!(error.is_cancelled() && error.to_string().contains("blocking_queue_limit"));
            let group = task_group(|group: TaskGroup<()>| async move {
                let refused = group.spawn_blocking(|| Ok(4)).unwrap_err();
                assert_eq!(refused.kind(), SpawnErrorKind::NotStarted);
                Ok(refused.into_inner()())
            });
            assert_eq!(group.await.unwrap(), Ok(4), "the closure came back uncalled");
            let thrown = catch_unwind(AssertUnwindSafe(|| poll_once(&mut to_thread(|| 3))));
            let text = *thrown.unwrap_err().downcast::<String>().expect("a text");
            assert!(text.contains("`try_to_thread` returns this as an error"), "{text}");
        });
        release.send(()).unwrap();
        assert_eq!(runtime.block_on(queued).unwrap(), 2);
        assert_eq!(runtime.block_on(try_to_thread(|| 5)).unwrap(), 5);
    }
}

#[test]
fn a_default_executor_that_is_shut_down_ends_its_work_and_refuses_more() {
    on_both(|runtime| {
        let handle = runtime.handle();
        runtime.block_on(async {
            let drops = Drops::new();
            let release = occupy(None);
            let witnesses = [drops.witness(), drops.witness()];
            let queued = run_in_executor(None, move || drop(witnesses));
            let dropped = to_thread(|| unreachable!("it is cancelled in the queue"));
            assert!(!poll_once(&mut Box::pin(dropped)));
            let mut shutdown = Box::pin(handle.shutdown_default_executor(None));
            assert!(!poll_once(&mut shutdown), "a closure runs");
            assert!(handle.shutdown_default_executor(Duration::ZERO).await.is_err());
            assert!(run_in_executor(None, || 1).await.unwrap_err().is_shutdown());
            assert!(try_to_thread(|| 1).await.unwrap_err().is_shutdown());
            release.send(()).unwrap();
            shutdown.await.unwrap();
            drops.assert_all();
            assert!(queued.done());
            assert_eq!(handle.shutdown_default_executor(Duration::ZERO).await, Ok(()));
            // Others use the same threads, and go on.
            assert_eq!(spawn_blocking(|| 2).await.unwrap(), 2);
            assert_eq!(run_in_executor(Some(&one()), || 3).await.unwrap(), 3);
        });
    });
}

/// A chosen executor is dropped, which ends a pool that nobody else has.
#[test]
fn a_chosen_default_executor_goes_with_its_shutdown() {
    struct Inline(#[expect(dead_code)] Witness);

    impl Executor for Inline {
        fn execute(&self, job: Box<dyn Job>) -> Result<(), Rejected> {
            job.run();
            Ok(())
        }
    }

    on_both(|runtime| {
        let drops = Drops::new();
        runtime.handle().set_default_executor(Inline(drops.witness()));
        runtime.block_on(async {
            assert_eq!(run_in_executor(None, || 1).await.unwrap(), 1);
            assert_eq!(drops.dropped(), 0);
            Handle::current().shutdown_default_executor(None).await.unwrap();
        });
        drops.assert_all();
    });
}

/// A limiter is anyio's: changed while in use, first come first served, and it knows who has borrowed.
#[test]
fn a_limiter_can_be_changed_while_it_is_used() {
    on_both(|runtime| {
        runtime.block_on(async {
            let limiter = CapacityLimiter::new(0);
            let order = Arc::new(Mutex::new(Vec::new()));
            let mut tasks = Vec::new();
            for n in 0..3 {
                let (clone, order) = (limiter.clone(), order.clone());
                tasks.push(sheave::spawn(async move {
                    let token = clone.acquire_on_behalf_of(format!("task {n}")).await;
                    order.lock().unwrap().push(n);
                    token.unwrap()
                }));
                // One behind the other, also where two workers could start them.
                while limiter.statistics().tasks_waiting == n {
                    yield_now().await;
                }
            }
            assert!(limiter.statistics().borrowers.is_empty(), "they wait");
            assert!(limiter.acquire_on_behalf_of("task 1").await.is_err(), "it waits already");
            limiter.set_total_tokens(2);
            let mut tokens = Vec::new();
            let mut tasks = tasks.into_iter();
            tokens.push(tasks.next().unwrap().await.unwrap());
            tokens.push(tasks.next().unwrap().await.unwrap());
            let statistics = limiter.statistics();
            assert_eq!(statistics.borrowers, ["task 0", "task 1"]);
            assert_eq!((statistics.borrowed_tokens, statistics.tasks_waiting), (2, 1));
            limiter.set_total_tokens(1);
            tokens.pop();
            assert_eq!(limiter.statistics().tasks_waiting, 1, "one too many was borrowed");
            tokens.pop();
            drop(tasks.next().unwrap().await.unwrap());
            let mut order = order.lock().unwrap().clone();
            order[..2].sort_unstable();
            assert_eq!(order, [0, 1, 2]);
            assert_eq!(limiter.available_tokens(), 1);
        });
    });
}

/// A stopped clock stands while a thread works, and the result is there before it goes on.
#[test]
fn a_stopped_clock_waits_for_threads() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let start = sheave::time::Instant::now();
            let work = || thread::sleep(Duration::from_millis(20));
            let first = sheave::time::timeout(Duration::from_secs(1), to_thread(work));
            assert!(first.await.is_ok());
            let own = one();
            let second = run_in_executor(Some(&own), work);
            assert!(sheave::time::timeout(Duration::from_secs(1), second).await.is_ok());
            assert_eq!(start.elapsed(), Duration::ZERO);
        });
    });
}

/// Q3: inside a scope, work that runs is told to end, and waited for.
#[test]
fn a_scope_waits_for_its_threads() {
    on_both(|runtime| {
        runtime.block_on(async {
            let (ended, scope) = (Arc::new(AtomicBool::new(false)), CancelScope::new());
            let (flag, button) = (ended.clone(), scope.clone());
            let work = move || {
                button.cancel();
                while check_cancelled().is_ok() {
                    thread::yield_now();
                }
                flag.store(true, SeqCst);
            };
            let left = scope.run(async {
                to_thread(work).await;
                pending::<()>().await;
            });
            assert!(left.await.is_err());
            assert!(ended.load(SeqCst));
        });
    });
}

/// Q3: with `abandon_on_cancel` it is left to itself.
#[test]
fn a_scope_leaves_threads_that_may_be_abandoned() {
    on_both(|runtime| {
        runtime.block_on(async {
            let (release, wait) = channel::<()>();
            let (ended, has_ended) = channel();
            let scope = CancelScope::new();
            let button = scope.clone();
            let stubborn = to_thread(move || {
                button.cancel();
                wait.recv().unwrap();
                ended.send(()).unwrap();
            });
            assert!(scope.run(stubborn.abandon_on_cancel(true)).await.is_err());
            release.send(()).unwrap();
            has_ended.recv().unwrap();
        });
    });
}

#[test]
fn a_scope_cancels_work_that_waits_in_the_queue() {
    on_both(|runtime| {
        runtime.block_on(async {
            let release = occupy(None);
            let drops = Drops::new();
            let witness = drops.witness();
            let scope = CancelScope::new();
            let button = scope.clone();
            let (queued, ()) = sheave::join!(scope.run(to_thread(move || drop(witness))), async {
                yield_now().await;
                button.cancel();
            });
            assert!(queued.is_err(), "although the only thread is taken");
            drops.assert_all();
            release.send(()).unwrap();
        });
    });
}
