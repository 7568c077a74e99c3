//! `sheave::concurrent`: futures of plain threads, and [pools](pools) of these (items 47, 48 and 51 of the asyncio
//! reference). `B24` and its like name obligations of its table of behaviours.

#[path = "concurrent_future/pools.rs"]
mod pools;

use sheave::concurrent::{
    FutureError, ReturnWhen, ThreadPool, as_completed, check_cancelled, promise, wait, wrap_future,
};
use sheave::runtime::Builder;
use sheave::task::yield_now;
use sheave_tests::{Drops, eventually, in_a_task, watchdog};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(20);

fn one() -> ThreadPool {
    ThreadPool::builder().max_workers(1).build()
}

/// Takes the pool's only thread until the sender speaks or goes.
fn occupy(pool: &ThreadPool) -> (Sender<()>, sheave::concurrent::Future<()>) {
    let (release, wait): (_, Receiver<()>) = channel();
    let future = pool.submit(move || wait.recv().unwrap_or_default());
    eventually("it runs", || future.running());
    (release, future)
}

/// B24: a future of threads is no future of tasks; it needs no runtime.
#[test]
fn a_future_goes_from_pending_over_running_to_finished() {
    watchdog(LIMIT, || {
        let pool = one();
        let (release, first) = occupy(&pool);
        let second = pool.submit(|| 2);
        assert!(first.running() && !first.done() && !first.cancelled());
        assert!(!second.running() && !second.done());
        assert!(format!("{first:?}").ends_with("state=running>"), "{first:?}");
        assert!(format!("{second:?}").starts_with("<Future at 0x"), "{second:?}");
        assert!(format!("{second:?}").ends_with("state=pending>"), "{second:?}");
        release.send(()).unwrap();
        let mut second = second;
        assert!(second.exception().is_none());
        assert!(second.done() && !second.running());
        assert!(format!("{second:?}").ends_with("state=finished returned>"), "{second:?}");
        assert_eq!(second.wait().unwrap(), 2);
    });
}

/// E18: five threads, ten jobs: five run, five wait.
#[test]
fn five_of_ten_run_and_five_are_pending() {
    watchdog(LIMIT, || {
        let pool = ThreadPool::builder().max_workers(5).build();
        let gate = Arc::new(AtomicBool::new(false));
        let futures: Vec<_> = (0..10)
            .map(|n| {
                let gate = gate.clone();
                pool.submit(move || {
                    while !gate.load(SeqCst) {
                        thread::yield_now();
                    }
                    n
                })
            })
            .collect();
        eventually("five run", || futures.iter().filter(|f| f.running()).count() == 5);
        let shown: Vec<_> = futures.iter().map(|future| format!("{future:?}")).collect();
        assert!(shown[..5].iter().all(|text| text.contains("state=running")), "{shown:?}");
        assert!(shown[5..].iter().all(|text| text.contains("state=pending")), "{shown:?}");
        gate.store(true, SeqCst);
        let values: Vec<_> = futures.into_iter().map(|future| future.wait().unwrap()).collect();
        assert_eq!(values, (0..10).collect::<Vec<_>>());
    });
}

#[test]
fn a_queued_job_can_be_cancelled_and_a_running_one_is_asked_to_end() {
    watchdog(LIMIT, || {
        let pool = one();
        let running = pool.submit(|| {
            while check_cancelled().is_ok() {
                thread::yield_now();
            }
            "asked to end"
        });
        eventually("it runs", || running.running());
        let drops = Drops::new();
        let witness = drops.witness();
        let queued = pool.submit(move || -> () {
            drop(witness);
            panic!("ran though cancelled");
        });
        assert!(queued.cancel() && queued.cancel() && queued.cancelled());
        drops.assert_all();
        assert_eq!(pool.metrics().queued, 0, "it has left the queue");
        assert!(format!("{queued:?}").ends_with("state=cancelled>"));
        let error: FutureError = queued.wait().unwrap_err();
        assert!(error.is_cancelled(), "{error}");
        assert!(!running.cancel() && !running.cancelled());
        assert_eq!(running.wait().unwrap(), "asked to end");
    });
}

#[test]
fn a_dropped_future_detaches_its_job() {
    watchdog(LIMIT, || {
        let pool = one();
        let (sender, receiver) = channel();
        drop(pool.submit(move || sender.send(3).unwrap()));
        assert_eq!(receiver.recv().unwrap(), 3);
    });
}

#[test]
fn a_panic_is_the_waiters_and_the_thread_survives() {
    watchdog(LIMIT, || {
        let pool = one();
        let thread_id = || pool.submit(|| thread::current().id()).wait().unwrap();
        let before = thread_id();
        let mut future = pool.submit(|| -> () { panic!("on purpose") });
        let seen = future.exception().expect("it panicked");
        assert!(seen.is_panic() && seen.to_string().contains("on purpose"), "{seen}");
        let error: FutureError = future.wait().unwrap_err();
        let payload = error.try_into_panic().unwrap();
        assert_eq!(*payload.downcast::<&str>().unwrap(), "on purpose");
        assert_eq!(thread_id(), before);
    });
}

#[test]
fn time_out_leaves_the_value_for_later() {
    watchdog(LIMIT, || {
        let (promise, mut future) = promise();
        assert!(future.wait_timeout(SHORT).unwrap_err().is_timeout());
        assert!(future.exception_timeout(SHORT).unwrap().is_timeout());
        promise.set_result(5).unwrap();
        assert!(future.exception_timeout(Duration::ZERO).is_none(), "and the value stays");
        assert_eq!(future.wait_timeout(Duration::ZERO).unwrap(), 5);
        let again = catch_unwind(AssertUnwindSafe(|| future.wait_timeout(Duration::ZERO)));
        assert!(again.is_err(), "a result is taken once");
    });
}

#[test]
fn an_abandoned_promise_does_not_leave_its_waiter_waiting() {
    watchdog(LIMIT, || {
        let (promise, future) = promise::<u32>();
        thread::spawn(move || drop(promise));
        assert!(matches!(future.wait(), Err(FutureError::Abandoned)));
    });
}

#[test]
fn callbacks_run_in_order_on_the_completing_thread_or_at_once() {
    watchdog(LIMIT, || {
        let (promise, future) = promise();
        let seen = Arc::new(Mutex::new(Vec::new()));
        for n in 0..3 {
            let seen = seen.clone();
            future.add_done_callback(move |result: &Result<u32, FutureError>| {
                let value = *result.as_ref().unwrap();
                seen.lock().unwrap().push((n, value, thread::current().id()));
                assert_ne!(n, 1, "a callback that fails does not keep the third from being called");
            });
        }
        let setter = thread::spawn(move || {
            promise.set_result(9).unwrap();
            thread::current().id()
        });
        let setter = setter.join().unwrap();
        assert_eq!(*seen.lock().unwrap(), [(0, 9, setter), (1, 9, setter), (2, 9, setter)]);
        let late = Arc::new(Mutex::new(None));
        let place = late.clone();
        future.add_done_callback(move |_| *place.lock().unwrap() = Some(thread::current().id()));
        assert_eq!(*late.lock().unwrap(), Some(thread::current().id()));
        assert_eq!(future.wait().unwrap(), 9);
    });
}

#[test]
fn a_cancellation_calls_the_callbacks() {
    let (promise, future) = promise::<u32>();
    let called = Arc::new(AtomicUsize::new(0));
    let counter = called.clone();
    future.add_done_callback(move |result| {
        assert!(result.as_ref().unwrap_err().is_cancelled());
        counter.fetch_add(1, SeqCst);
    });
    assert!(future.cancel());
    assert_eq!(called.load(SeqCst), 1);
    assert_eq!(promise.set_result(1), Err(1), "Python raises InvalidStateError");
}

#[test]
fn wait_returns_when_it_was_told_to() {
    watchdog(LIMIT, || {
        let make = || (0..3).map(|_| promise::<u32>()).unzip::<_, _, Vec<_>, Vec<_>>();
        let (promises, futures) = make();
        let mut promises = promises.into_iter();
        let setter = promises.next_back().unwrap();
        thread::spawn(move || setter.set_result(1));
        let waited = wait(futures, None, ReturnWhen::FirstCompleted);
        assert_eq!((waited.done.len(), waited.not_done.len()), (1, 2));
        let waited = wait(waited.not_done, Some(SHORT), ReturnWhen::AllCompleted);
        assert_eq!((waited.done.len(), waited.not_done.len()), (0, 2));
        drop(promises);
        let waited = wait(waited.not_done, None, ReturnWhen::AllCompleted);
        assert_eq!((waited.done.len(), waited.not_done.len()), (2, 0));

        let (promises, futures) = make();
        let mut promises = promises.into_iter();
        assert!(futures[0].cancel(), "a cancellation is no exception");
        let failing = promises.next_back().unwrap();
        thread::spawn(move || failing.set_panic(Box::new("no")));
        let waited = wait(futures, None, ReturnWhen::FirstException);
        assert_eq!((waited.done.len(), waited.not_done.len()), (2, 1));
        assert!(wait::<()>([], None, ReturnWhen::AllCompleted).done.is_empty());
    });
}

/// What suffices may be there before: then nobody waits, and all that are done are returned.
#[test]
fn what_is_done_already_is_not_waited_for() {
    watchdog(LIMIT, || {
        let (_pending, never) = promise();
        let (setter, returned) = promise();
        setter.set_result(1).unwrap();
        let (setter, raised) = promise();
        setter.set_panic(Box::new("no"));
        let waited = wait([never, returned, raised], None, ReturnWhen::FirstCompleted);
        assert_eq!((waited.done.len(), waited.not_done.len()), (2, 1));
        assert!(format!("{:?}", waited.done[1]).ends_with("state=finished raised>"));
        let futures = waited.done.into_iter().chain(waited.not_done);
        let waited = wait(futures, None, ReturnWhen::FirstException);
        assert_eq!((waited.done.len(), waited.not_done.len()), (2, 1));
        let futures = waited.not_done.into_iter().chain(waited.done);
        let mut completed = as_completed(futures, Some(Duration::ZERO));
        assert!(completed.by_ref().take(2).all(|future| future.unwrap().done()));
        assert_eq!(completed.next().unwrap().unwrap_err().unfinished, 1);
    });
}

#[test]
fn as_completed_goes_by_completion_and_ends_with_one_error() {
    watchdog(LIMIT, || {
        let (promises, futures): (Vec<_>, Vec<_>) = (0..4).map(|_| promise()).unzip();
        let mut promises: Vec<_> = promises.into_iter().map(Some).collect();
        let mut set = |n: usize| promises[n].take().unwrap().set_result(n).unwrap();
        set(2);
        let mut completed = as_completed(futures, Some(Duration::from_millis(200)));
        assert_eq!(completed.next().unwrap().unwrap().wait().unwrap(), 2);
        set(0);
        assert_eq!(completed.next().unwrap().unwrap().wait().unwrap(), 0);
        let error = completed.next().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "2 (of 4) futures unfinished");
        assert!(completed.next().is_none());
        assert_eq!(completed.into_unfinished().len(), 2);
    });
}

#[test]
fn as_completed_takes_ten_thousand() {
    watchdog(LIMIT, || {
        let (promises, futures): (Vec<_>, Vec<_>) = (0..10_000).map(|_| promise()).unzip();
        let setter = thread::spawn(move || {
            promises.into_iter().rev().for_each(|promise| promise.set_result(1u32).unwrap());
        });
        let sum: u32 = as_completed(futures, None).map(|f| f.unwrap().wait().unwrap()).sum();
        assert_eq!(sum, 10_000);
        setter.join().unwrap();
    });
}

#[test]
fn a_thread_that_drives_a_runtime_panics_instead_of_blocking() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let message = runtime.block_on(async {
            let (_promise, future) = promise::<u32>();
            catch_unwind(AssertUnwindSafe(|| future.wait())).expect_err("it panics")
        });
        let message = message.downcast_ref::<&str>().expect("a text");
        assert!(message.contains("use `.await`"), "{message}");
        // What is done already needs no wait.
        runtime.block_on(async {
            let (promise, future) = promise();
            promise.set_result(1).unwrap();
            assert_eq!(future.wait().unwrap(), 1);
        });
    });
}

#[test]
fn an_awaited_future_that_is_dropped_cancels_its_queued_job() {
    watchdog(LIMIT, || {
        let pool = one();
        let (release, busy) = occupy(&pool);
        let (queued, kept) = (pool.submit(|| ()), pool.submit(|| 4));
        let witness = Arc::new(AtomicBool::new(false));
        let flag = witness.clone();
        queued.add_done_callback(move |result| {
            flag.store(result.as_ref().unwrap_err().is_cancelled(), SeqCst);
        });
        drop(wrap_future(queued));
        assert!(witness.load(SeqCst), "cancelled with its future");
        let (sender, receiver) = channel();
        kept.add_done_callback(move |result| sender.send(*result.as_ref().unwrap()).unwrap());
        drop(wrap_future(kept).cancel_on_drop(false));
        release.send(()).unwrap();
        busy.wait().unwrap();
        assert_eq!(receiver.recv().unwrap(), 4);
    });
}

/// Item 51, both ways: who awaits hears that the setter has cancelled, and the setter that who awaited
/// was cancelled.
#[test]
fn a_cancellation_crosses_a_wrapped_future_both_ways() {
    in_a_task(|| async {
        let (setter, future) = promise::<u32>();
        let waiting = sheave::spawn(wrap_future(future));
        yield_now().await;
        assert!(setter.cancel());
        assert!(waiting.await.unwrap().unwrap_err().is_cancelled());

        let (setter, future) = promise();
        let waiting = sheave::spawn(wrap_future(future));
        yield_now().await;
        assert!(!setter.is_cancelled());
        waiting.cancel();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert!(setter.is_cancelled());
        assert_eq!(setter.set_result(1), Err(1));

        let (setter, future) = promise();
        let wrapped = wrap_future(future);
        setter.set_result(2).unwrap();
        assert!(!wrapped.cancel() && !wrapped.cancelled(), "it is done");
        assert_eq!(wrapped.await.unwrap(), 2);
    });
}

/// Nothing that a job has captured outlives its result, whether it returns or panics.
#[test]
fn a_job_is_dropped_before_its_result_is_there() {
    watchdog(LIMIT, || {
        let (pool, drops) = (one(), Drops::new());
        for n in 1..=20 {
            let witness = drops.witness();
            let job = pool.submit(move || {
                let _captured = &witness;
                assert!(n % 2 == 0, "an odd one panics");
            });
            assert_eq!(job.wait().is_ok(), n % 2 == 0);
            assert_eq!(drops.dropped(), n);
        }
    });
}
