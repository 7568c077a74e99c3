//! Groups that are cancelled.

use crate::support::{after, endless, in_virtual_time, on_both, seconds_since};
use futures_lite::future::yield_now;
use sheave::asyncio::{SpawnErrorKind, TaskGroup, task_group};
use sheave::concurrent::check_cancelled;
use sheave::sync::oneshot;
use sheave::time::{Duration, Instant, sleep};
use sheave_tests::watchdog;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// C20: `cancel` ends body and members, and is no failure.
#[test]
fn cancel_ends_body_and_members_without_an_error() {
    on_both(|| async {
        let held = Arc::new(());
        let (in_body, in_member) = (held.clone(), held.clone());
        let group = task_group(|group: TaskGroup<()>| async move {
            group.spawn(endless::<Result<(), _>>(in_member)).expect("it is open");
            group.cancel();
            group.cancel();
            let refused = group.spawn(async { Ok(()) }).expect_err("it ends");
            assert_eq!(refused.kind(), SpawnErrorKind::ShuttingDown);
            endless::<Result<(), _>>(in_body).await
        });
        let error = group.await.expect_err("the body had no value");
        assert!(error.is_cancelled() && error.errors().is_empty());
        assert_eq!(error.first().map(|_| ()), None);
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
fn a_value_that_the_body_had_before_survives_a_cancel_by_a_member() {
    in_virtual_time(async {
        let start = Instant::now();
        let group = task_group(|group: TaskGroup<()>| async move {
            group.spawn(endless::<Result<(), _>>(())).expect("it is open");
            let inner = group.clone();
            group
                .spawn(async move {
                    sleep(Duration::from_secs(1)).await;
                    inner.cancel();
                    Ok(())
                })
                .expect("it is open");
            Ok("the value")
        });
        assert_eq!(group.await.expect("none fails"), "the value");
        assert_eq!(seconds_since(start), 1);
    });
}

#[test]
fn cancel_after_the_end_does_nothing() {
    on_both(|| async {
        let mut outside = None;
        let group = task_group(|group: TaskGroup<()>| {
            outside = Some(group);
            async { Ok(7) }
        });
        assert_eq!(group.await.expect("none fails"), 7);
        let group = outside.expect("the body ran");
        group.cancel();
        group.cancel_with_grace(Duration::ZERO);
        group.cancelled().await;
        group.closed().await;
    });
}

/// D12: members that listen clean up; those that do not are aborted when the grace is over.
#[test]
fn a_grace_lets_members_clean_up_and_aborts_the_rest() {
    in_virtual_time(async {
        let (start, held) = (Instant::now(), Arc::new(()));
        let (saved, in_member) = (Arc::new(AtomicUsize::new(0)), held.clone());
        let saves = saved.clone();
        let group = task_group(|group: TaskGroup<()>| async move {
            let listening = group.clone();
            group
                .spawn(async move {
                    listening.cancelled().await;
                    sleep(Duration::from_secs(1)).await;
                    saves.fetch_add(1, SeqCst);
                    Ok(())
                })
                .expect("it is open");
            group.spawn(endless::<Result<(), _>>(in_member)).expect("it is open");
            yield_now().await;
            group.cancel_with_grace(Duration::from_secs(5));
            let refused = group.spawn(async { Ok(()) }).expect_err("it ends");
            assert_eq!(refused.kind(), SpawnErrorKind::ShuttingDown);
            endless::<Result<(), _>>(()).await
        });
        assert!(group.await.expect_err("the body had no value").is_cancelled());
        assert_eq!((saved.load(SeqCst), seconds_since(start)), (1, 5));
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
fn a_grace_is_not_used_up_by_members_that_end() {
    in_virtual_time(async {
        let start = Instant::now();
        let group = task_group(|group: TaskGroup<()>| async move {
            let listening = group.clone();
            group
                .spawn(async move {
                    listening.cancelled().await;
                    after(1, Ok(())).await
                })
                .expect("it is open");
            group.cancel_with_grace(Duration::from_secs(100));
            Ok(7)
        });
        assert_eq!(group.await.expect("none fails"), 7);
        assert_eq!(seconds_since(start), 1);
    });
}

/// A blocking member cannot be stopped, but is asked to end, and can hear of that.
#[test]
fn a_blocking_member_is_asked_to_end_with_its_group() {
    let run = || async {
        let group = task_group(|group: TaskGroup<()>| async move {
            let (started, is_started) = oneshot::channel();
            let member = group.spawn_blocking(move || {
                assert!(check_cancelled().is_ok());
                started.send(()).unwrap();
                while check_cancelled().is_ok() {
                    std::thread::yield_now();
                }
                Ok("saved")
            });
            is_started.await.unwrap();
            group.cancel();
            Ok(member.expect("it is open"))
        });
        let member = group.await.expect("none fails");
        assert_eq!(member.into_result(), Ok("saved"), "the group has waited for it");
    };
    watchdog(Duration::from_secs(60), move || on_both(run));
}
