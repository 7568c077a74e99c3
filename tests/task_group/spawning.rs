//! How members come into a group.

use crate::support::{after, endless, in_virtual_time, on_both, seconds_since};
use futures_lite::future::{poll_once, yield_now};
use sheave::asyncio::{Readiness, SpawnErrorKind, StartError, TaskFailure, TaskGroup, task_group};
use sheave::time::{Duration, Instant, sleep};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn a_blocking_member_is_waited_for_and_may_fail() {
    on_both(|| async {
        let group = task_group(|group: TaskGroup<&str>| async move {
            let six = group.spawn_blocking(|| Ok(6)).expect("it is open");
            let named = group.spawn_named("seven", async { Ok(7) }).expect("it is open");
            let eight = group.create_task(async { Ok(8) }).expect("it is open");
            Ok((six.await.unwrap(), named.await.unwrap(), eight.await.unwrap()))
        });
        assert_eq!(group.await.expect("none fails"), (6, 7, 8));

        let group = task_group(|group: TaskGroup<&str>| async move {
            group.spawn_blocking(|| Err::<(), _>("out of paper")).expect("it is open");
            Ok(())
        });
        let error = group.await.expect_err("the closure fails");
        assert!(matches!(error.errors(), [TaskFailure::Err("out of paper")]));

        let group = task_group(|group: TaskGroup<&str>| async move {
            group.spawn_blocking(|| if true { panic!("oh") } else { Ok(()) }).expect("it is open");
            Ok(())
        });
        let error = group.await.expect_err("the closure panics");
        assert!(matches!(error.errors(), [TaskFailure::Panic(panic)] if panic.is_panic()));
    });
}

/// C20: `start` returns what the member says when it has started; the member runs on.
#[test]
fn start_waits_until_the_member_has_started() {
    in_virtual_time(async {
        let (start, ended) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
        let counts = ended.clone();
        let group = task_group(|group: TaskGroup<()>| async move {
            let server = |ready: Readiness<u16>| async move {
                sleep(Duration::from_secs(1)).await;
                ready.started(8080);
                sleep(Duration::from_secs(2)).await;
                counts.fetch_add(1, SeqCst);
                Ok(())
            };
            let port = group.start(server).await.expect("it starts");
            assert_eq!(seconds_since(start), 1);
            Ok(port)
        });
        assert_eq!(group.await.expect("none fails"), 8080);
        assert_eq!((seconds_since(start), ended.load(SeqCst)), (3, 1));
    });
}

#[test]
fn start_of_a_member_that_never_starts_is_an_error() {
    on_both(|| async {
        let group = task_group(|group: TaskGroup<()>| async move {
            let gives_up = |ready: Readiness<u16>| async move {
                drop(ready);
                Ok(())
            };
            assert_eq!(group.start(gives_up).await, Err(StartError::NotStarted));
            group.cancel();
            let late = |ready: Readiness<u16>| async move {
                ready.started(1);
                Ok(())
            };
            let refused = StartError::Refused(SpawnErrorKind::ShuttingDown);
            assert_eq!(group.start(late).await, Err(refused));
            Ok(())
        });
        assert!(group.await.is_ok());
    });
}

#[test]
fn a_dropped_start_aborts_a_member_that_has_not_started() {
    on_both(|| async {
        let held = Arc::new(());
        let in_member = held.clone();
        let group = task_group(|group: TaskGroup<()>| async move {
            let never = |_ready: Readiness<u16>| endless::<Result<(), _>>((in_member, _ready));
            {
                let mut starting = std::pin::pin!(group.start(never));
                assert!(poll_once(starting.as_mut()).await.is_none());
            }
            Ok(())
        });
        group.await.expect("an aborted member is no failure");
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

/// C19: never more than the limit; `spawn` refuses, `spawn_when_free` waits.
#[test]
fn a_limit_refuses_or_lets_wait() {
    in_virtual_time(async {
        let (start, most) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
        let counts = most.clone();
        let group = task_group(|group: TaskGroup<()>| async move {
            group.spawn(after(1, Ok(1))).expect("there is a slot");
            group.spawn(after(1, Ok(2))).expect("there is a slot");
            let refused = group.spawn(after(1, Ok(3))).expect_err("both are taken");
            assert_eq!(refused.kind(), SpawnErrorKind::Full);
            let refused = group.spawn_blocking(|| Ok(4)).expect_err("both are taken");
            assert_eq!(refused.into_inner()(), Ok(4));
            for _ in 0..4 {
                group.spawn_when_free(after(1, Ok(5))).await.expect("there will be a slot");
                counts.fetch_max(group.len(), SeqCst);
            }
            Ok(())
        });
        group.with_limit(2).await.expect("none fails");
        assert_eq!((most.load(SeqCst), seconds_since(start)), (2, 3));
    });
}

#[test]
fn who_waits_for_a_slot_is_told_when_the_group_ends() {
    in_virtual_time(async {
        let outside = Arc::new(std::sync::Mutex::new(None));
        let kept = outside.clone();
        let waits = sheave::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            let group: TaskGroup<&str> = kept.lock().unwrap().take().expect("the body runs");
            let refused = group.spawn_when_free(async { Ok(()) }).await.expect_err("it ends");
            refused.kind()
        });
        let group = task_group(|group: TaskGroup<&str>| async move {
            *outside.lock().unwrap() = Some(group.clone());
            group.spawn(after(5, Err::<(), _>("out of paper"))).expect("there is a slot");
            Ok(())
        });
        let error = group.with_limit(1).await.expect_err("the member fails");
        assert!(matches!(error.errors(), [TaskFailure::Err("out of paper")]));
        let kind = waits.await.expect("it ends");
        assert!(matches!(kind, SpawnErrorKind::ShuttingDown | SpawnErrorKind::Finished));
    });
}

#[test]
#[should_panic(expected = "let at least 1 run")]
fn a_limit_of_zero_says_what_to_do() {
    drop(task_group(|_: TaskGroup<()>| async { Ok(()) }).with_limit(0));
}

#[test]
fn a_spawn_outside_of_a_runtime_panics_and_leaves_the_group_whole() {
    let mut outside = None;
    let group = task_group(|group: TaskGroup<()>| {
        outside = Some(group.clone());
        async { Ok(7) }
    });
    let value = futures_lite::future::block_on(group);
    assert_eq!(value.expect("none fails"), 7, "a group without members needs no runtime");
    drop(outside);

    let group = task_group(|group: TaskGroup<()>| async move {
        let spawns = std::panic::AssertUnwindSafe(|| drop(group.spawn(async { Ok(()) })));
        std::panic::catch_unwind(spawns).expect_err("there is no runtime");
        yield_now().await;
        Ok(group.len())
    });
    assert_eq!(futures_lite::future::block_on(group).expect("none fails"), 0);
}

/// A member that fails before it has started fails its group, and `start` says that it has not; one that fails
/// later has started.
#[test]
fn a_member_that_fails_before_or_after_its_start_fails_the_group() {
    on_both(|| async {
        for has_started in [false, true] {
            let group = task_group(|group: TaskGroup<&str>| async move {
                let fails = move |ready: Readiness<u16>| async move {
                    if has_started {
                        ready.started(7);
                    }
                    Err("out of paper")
                };
                let expected = if has_started { Ok(7) } else { Err(StartError::NotStarted) };
                assert_eq!(group.start(fails).await, expected);
                Ok(())
            });
            let error = group.await.expect_err("the member fails");
            assert!(matches!(error.errors(), [TaskFailure::Err("out of paper")]), "{error}");
        }
        let group = task_group(|group: TaskGroup<&str>| async move {
            let panics = |_: Readiness<u16>| async move { panic!("oh") };
            assert_eq!(group.start(panics).await, Err(StartError::NotStarted));
            Ok(())
        });
        let error = group.await.expect_err("the member panics");
        assert!(matches!(error.errors(), [TaskFailure::Panic(_)]), "{error}");
    });
}

/// Who waits for a start in another group or task is told when the group of the member ends.
#[test]
fn a_start_ends_with_the_group_of_its_member() {
    in_virtual_time(async {
        let (say, said) = sheave::sync::oneshot::channel();
        let group = task_group(|group: TaskGroup<&str>| async move {
            let starts = group.clone();
            drop(sheave::spawn(async move {
                let never = |ready: Readiness<u16>| endless::<Result<(), _>>(ready);
                say.send(starts.start(never).await).expect("it is waited for");
            }));
            after(1, Err::<(), _>("out of paper")).await
        });
        let error = group.await.expect_err("the body fails");
        assert_eq!(error.body(), Some(&"out of paper"));
        assert_eq!(said.await.expect("it is sent"), Err(StartError::NotStarted));
    });
}
