//! Executors for tasks: `run_in_executor`, `to_thread`, limiters (items 50 to 52 of the asyncio
//! reference). `B25` and its like name obligations of its table of behaviours.

#[path = "executors/endings.rs"]
mod endings;
#[path = "executors/limits.rs"]
mod limits;

use sheave::asyncio::{ContextVar, run_in_executor, to_thread, try_to_thread};
use sheave::concurrent::{Executor, Job, RejectReason, Rejected, ThreadPool};
use sheave::runtime::{Builder, Runtime};
use sheave::task::spawn_blocking;
use sheave::time::sleep;
use sheave_tests::{Drops, eventually, watchdog};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
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
