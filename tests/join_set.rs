//! `JoinSet`: order of completion, outcomes, aborts, and what is left behind.

use futures_lite::future::{pending, poll_once, yield_now};
use sheave::runtime::{Builder, Handle, Runtime};
use sheave::task::{JoinSet, spawn_blocking};
use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Waker};

fn runtimes() -> [Runtime; 2] {
    let multi = Builder::new_multi_thread().worker_threads(2).build();
    let single = Builder::new_current_thread().build();
    [multi.expect("two workers"), single.expect("no thread")]
}

fn on_both<F: Future<Output = ()>>(body: impl Fn() -> F) {
    for runtime in runtimes() {
        runtime.block_on(body());
    }
}

/// A future that never ends and is counted while it lives.
fn endless(census: &Arc<()>) -> impl Future<Output = ()> + Send + 'static + use<> {
    let member = census.clone();
    async move {
        let _member = member;
        pending().await
    }
}

#[test]
fn outputs_come_in_the_order_of_completion() {
    on_both(|| async {
        let mut set = JoinSet::new();
        let gates: Vec<mpsc::Sender<()>> = (0..5)
            .map(|n| {
                let (open, gate) = mpsc::channel();
                set.spawn_blocking(move || {
                    gate.recv().expect("the test opens the gate");
                    n
                });
                open
            })
            .collect();
        assert!(set.try_join_next().is_none());
        for n in [3, 0, 4, 1, 2] {
            gates[n].send(()).expect("the job waits");
            assert_eq!(set.join_next().await.expect("not empty").expect("completes"), n);
        }
        assert!(set.is_empty());
        assert!(set.join_next().await.is_none());
        assert!(set.try_join_next().is_none());
    });
}

#[test]
fn ten_thousand_tasks_are_each_joined_once() {
    on_both(|| async {
        let mut set: JoinSet<usize> = (0..10_000)
            .map(|n| async move {
                yield_now().await;
                n
            })
            .collect();
        assert_eq!(set.len(), 10_000);
        let mut seen = HashSet::new();
        while let Some(n) = set.join_next().await {
            assert!(seen.insert(n.expect("completes")));
        }
        assert_eq!((seen.len(), set.len()), (10_000, 0));
    });
}

#[test]
fn ids_tell_outputs_and_errors_apart() {
    on_both(|| async {
        let mut set = JoinSet::new();
        let fine = set.spawn(async { 5 }).id();
        let panics = set.spawn(async { panic!("on purpose") }).id();
        let aborted = set.spawn(pending());
        aborted.abort();
        for _ in 0..3 {
            match set.join_next_with_id().await.expect("three tasks") {
                Ok((id, output)) => assert_eq!((id, output), (fine, 5)),
                Err(error) if error.is_panic() => assert_eq!(error.id(), panics),
                Err(error) => assert_eq!(error.id(), aborted.id()),
            }
        }
    });
}

#[test]
fn dropping_a_set_aborts_and_detaching_does_not() {
    on_both(|| async {
        let census = Arc::new(());
        let mut set = JoinSet::new();
        let aborts: Vec<_> = (0..100).map(|_| set.spawn(endless(&census))).collect();
        drop(set);
        while !aborts.iter().all(|abort| abort.is_finished()) {
            yield_now().await;
        }
        assert_eq!(Arc::strong_count(&census), 1);

        let mut set = JoinSet::new();
        let detached = set.spawn(endless(&census));
        set.detach_all();
        assert!(set.join_next().await.is_none());
        drop(set);
        // Ten thousand turns of the scheduler would be enough for an abort.
        for _ in 0..10_000 {
            yield_now().await;
        }
        assert!(!detached.is_finished());
        detached.abort();
    });
}

#[test]
fn shutdown_waits_for_the_drop_of_each_future() {
    on_both(|| async {
        let census = Arc::new(());
        let mut set = JoinSet::new();
        (0..100).for_each(|_| drop(set.spawn(endless(&census))));
        set.spawn(async { panic!("is no obstacle") });
        set.shutdown().await;
        assert_eq!((Arc::strong_count(&census), set.len()), (1, 0));
    });
}

#[test]
fn abort_all_leaves_the_outcomes_to_be_joined() {
    on_both(|| async {
        let mut set: JoinSet<()> = (0..100).map(|_| pending()).collect();
        set.abort_all();
        assert_eq!(set.len(), 100);
        while let Some(outcome) = set.join_next().await {
            assert!(outcome.expect_err("aborted").is_cancelled());
        }
    });
}

#[test]
fn a_dropped_join_loses_nothing() {
    on_both(|| async {
        let mut set: JoinSet<u32> = (0..50).map(|n| async move { n }).collect();
        let mut outputs = Vec::new();
        while !set.is_empty() {
            // Polls once and drops the future of `join_next`.
            match poll_once(set.join_next()).await {
                Some(output) => outputs.push(output.expect("not empty").expect("completes")),
                None => yield_now().await,
            }
        }
        outputs.sort_unstable();
        assert_eq!(outputs, (0..50).collect::<Vec<_>>());
    });
}

#[test]
fn tasks_may_join_while_the_set_waits() {
    on_both(|| async {
        let mut set = JoinSet::new();
        set.spawn(pending::<u32>());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(set.poll_join_next(&mut cx).is_pending());
        set.spawn(async { 5 });
        assert_eq!(set.join_next().await.expect("two tasks").expect("completes"), 5);
        assert_eq!(set.len(), 1);
    });
}

#[test]
fn join_all_returns_all_outputs() {
    on_both(|| async {
        let set: JoinSet<u32> = (0..50).map(|n| async move { n }).collect();
        let mut outputs = set.join_all().await;
        outputs.sort_unstable();
        assert_eq!(outputs, (0..50).collect::<Vec<_>>());
    });
}

#[test]
fn join_all_passes_a_panic_on_and_aborts_the_rest() {
    for runtime in runtimes() {
        let census = Arc::new(());
        let mut set = JoinSet::new();
        let rest = runtime.block_on(async {
            set.spawn(async { panic!("on purpose") });
            set.spawn(endless(&census))
        });
        let joined = std::panic::AssertUnwindSafe(|| runtime.block_on(set.join_all()));
        let payload = std::panic::catch_unwind(joined).expect_err("a task panicked");
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"on purpose"));
        runtime.block_on(async {
            while !rest.is_finished() {
                yield_now().await;
            }
        });
        assert_eq!(Arc::strong_count(&census), 1);
    }
}

#[test]
fn a_set_spawns_on_another_runtime() {
    let [other, here] = runtimes();
    let handle: Handle = other.handle().clone();
    here.block_on(async {
        let mut set = JoinSet::new();
        set.spawn_on(async { 1 }, &handle);
        set.spawn_blocking_on(|| 2, &handle);
        set.spawn_blocking(|| 3);
        let mut outputs = set.join_all().await;
        outputs.sort_unstable();
        assert_eq!(outputs, [1, 2, 3]);
    });
}

#[test]
fn joining_a_set_of_the_ready_lets_others_run() {
    let runtime = Builder::new_current_thread().build().expect("no thread");
    runtime.block_on(async {
        let joiner = sheave::spawn(async {
            let mut set: JoinSet<()> = (0..1_000).map(|_| async {}).collect();
            yield_now().await;
            let mut pauses = 0;
            loop {
                let joined = {
                    let mut next = std::pin::pin!(set.join_next());
                    std::future::poll_fn(|cx| {
                        let polled = next.as_mut().poll(cx);
                        pauses += usize::from(polled.is_pending());
                        polled
                    })
                    .await
                };
                match joined {
                    Some(outcome) => outcome.expect("completes"),
                    None => return pauses,
                }
            }
        });
        let pauses = joiner.await.expect("completes");
        assert!(pauses >= 7, "1,000 joins at 128 a poll, and only {pauses} pauses");
        spawn_blocking(|| ()).await.expect("the pool works still");
    });
}

#[test]
fn a_set_can_be_polled_by_one_task_and_then_by_another() {
    on_both(|| async {
        let (open, gate) = mpsc::channel();
        let mut set = JoinSet::new();
        set.spawn_blocking(move || gate.recv().expect("the test opens the gate"));
        assert!(poll_once(set.join_next()).await.is_none());
        let joiner = sheave::spawn(async move { set.join_next().await });
        yield_now().await;
        open.send(()).expect("the job waits");
        joiner.await.expect("completes").expect("not empty").expect("completes");
    });
}

const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<JoinSet<u32>>();
};
