//! Limits: of one kind of work, and of what may wait in a queue.

use super::{LIMIT, occupy, on_both, poll_once};
use futures_lite::future::block_on;
use sheave::asyncio::{
    SpawnErrorKind, TaskGroup, run_in_executor, task_group, to_thread, try_to_thread,
};
use sheave::concurrent::{FutureError, ThreadPool};
use sheave::runtime::Builder;
use sheave::sync::CapacityLimiter;
use sheave::task::{spawn_blocking, yield_now};
use sheave_tests::watchdog;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};

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

/// A token that comes back is promised to who waits longest: nobody else takes it, and if that one gives up,
/// it goes to the next.
#[test]
fn a_token_goes_to_who_waits_and_past_who_gives_up() {
    let limiter = CapacityLimiter::new(1);
    let token = limiter.try_acquire().expect("it is free");
    let mut first = Box::pin(limiter.acquire_on_behalf_of("first"));
    let (mut second, mut third) = (limiter.acquire(), limiter.acquire());
    assert!(!poll_once(&mut first) && !poll_once(&mut second) && !poll_once(&mut third));
    drop(second);
    assert_eq!(limiter.statistics().tasks_waiting, 2);
    drop(token);
    assert!(limiter.try_acquire().is_none(), "it is promised to the first");
    assert_eq!((limiter.borrowed_tokens(), limiter.available_tokens()), (1, 0));
    drop(first);
    assert!(limiter.try_acquire().is_none(), "it is promised to the third");
    let token = block_on(third);
    assert_eq!(limiter.statistics().borrowers, [""; 0]);
    // The name of the one that gave up is free.
    let mut again = Box::pin(limiter.acquire_on_behalf_of("first"));
    assert!(!poll_once(&mut again));
    limiter.set_total_tokens(2);
    let named = block_on(again).expect("nobody else has the name");
    limiter.set_total_tokens(0);
    drop((token, named));
    assert!(limiter.try_acquire().is_none() && limiter.available_tokens() == 0);
    limiter.set_total_tokens(usize::MAX);
    assert_eq!(limiter.available_tokens(), usize::MAX);
    assert!(limiter.try_acquire().is_some());
}
