//! The end of a group: whom it waits for, and who is gone by then.

use crate::support::{after, endless, in_virtual_time, on_both, seconds_since};
use futures_lite::FutureExt;
use futures_lite::future::{poll_once, ready, yield_now};
use sheave::asyncio::{
    GroupTaskError, SpawnErrorKind, TaskFailure, TaskGroup, TaskGroupError, task_group,
};
use sheave::time::{Duration, Instant, sleep, timeout};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// B36, B44: members run at the same time, and the group waits for them at its end.
#[test]
fn the_group_waits_for_its_members() {
    in_virtual_time(async {
        let (start, ended) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
        let counts = ended.clone();
        let group = task_group(|group: TaskGroup<()>| async move {
            for n in [1, 2] {
                let counts = counts.clone();
                group
                    .spawn(async move {
                        sleep(Duration::from_secs(n)).await;
                        counts.fetch_add(1, SeqCst);
                        Ok(())
                    })
                    .expect("the group is open");
            }
            Ok("the value of the body")
        });
        assert_eq!(group.await.expect("none fails"), "the value of the body");
        assert_eq!((ended.load(SeqCst), seconds_since(start)), (2, 2));
    });
}

/// B44: while the group waits, members add members; after the last has ended, nothing can be added.
#[test]
fn members_add_members_until_the_last_has_ended() {
    in_virtual_time(async {
        let (start, outside) = (Instant::now(), Arc::new(Mutex::new(None)));
        let kept = outside.clone();
        let group = task_group(|group: TaskGroup<()>| async move {
            *kept.lock().unwrap() = Some(group.clone());
            let inner = group.clone();
            group
                .spawn(async move {
                    sleep(Duration::from_secs(1)).await;
                    inner.spawn(after(1, Ok(()))).expect("the group still waits");
                    Ok(())
                })
                .expect("the group is open");
            Ok(())
        });
        group.await.expect("none fails");
        assert_eq!(seconds_since(start), 2);
        let group = outside.lock().unwrap().take().expect("the body ran");
        let refused = group.spawn(async { Ok(7) }).expect_err("the group is over");
        assert_eq!(refused.kind(), SpawnErrorKind::Finished);
        assert_eq!(refused.into_inner().await, Ok(7), "the future comes back whole");
        group.closed().await;
    });
}

#[test]
fn values_are_there_inside_and_after_the_group() {
    on_both(|| async {
        let mut later = None;
        let group = task_group(|group: TaskGroup<()>| {
            let now = group.spawn(async { Ok(6) }).expect("the group is open");
            later = Some(group.spawn(async { Ok(7) }).expect("the group is open"));
            async move { Ok(now.await.expect("it is fine")) }
        });
        assert_eq!(group.await.expect("none fails"), 6);
        assert_eq!(later.expect("the body ran").into_result(), Ok(7));
    });
}

#[test]
fn a_failure_ends_body_and_members_before_the_group_returns() {
    on_both(|| async {
        let held = Arc::new(());
        let (in_body, in_members) = (held.clone(), held.clone());
        let group = task_group(|group: TaskGroup<&str>| async move {
            for _ in 0..10 {
                group.spawn(endless::<Result<(), _>>(in_members.clone())).expect("it is open");
            }
            drop(in_members);
            group.spawn(async { Err::<(), _>("out of paper") }).expect("it is open");
            endless::<Result<(), _>>(in_body).await
        });
        let error = group.await.expect_err("a member fails");
        assert!(matches!(error.errors(), [TaskFailure::Err("out of paper")]));
        assert_eq!(Arc::strong_count(&held), 1, "all have ended");
    });
}

#[test]
fn an_aborted_member_is_no_failure() {
    in_virtual_time(async {
        let group = task_group(|group: TaskGroup<()>| async move {
            let victim = group.spawn(endless::<Result<(), ()>>(())).expect("it is open");
            let other = group.spawn(after(1, Ok(7))).expect("it is open");
            victim.abort();
            assert_eq!(victim.await, Err(GroupTaskError::Cancelled));
            Ok(other.await.expect("the group goes on"))
        });
        assert_eq!(group.await.expect("none fails"), 7);
    });
}

#[test]
fn abort_all_ends_the_members_and_not_the_group() {
    on_both(|| async {
        let group = task_group(|group: TaskGroup<()>| async move {
            let tasks: Vec<_> = (0..5)
                .map(|_| group.spawn(endless::<Result<(), ()>>(())).expect("it is open"))
                .collect();
            group.abort_all();
            for task in tasks {
                assert_eq!(task.await, Err(GroupTaskError::Cancelled));
            }
            Ok(group.spawn(async { Ok(7) }).expect("it is open still").await.expect("fine"))
        });
        assert_eq!(group.await.expect("none fails"), 7);
    });
}

#[test]
fn a_dropped_group_aborts_its_members_and_a_clone_can_wait_for_them() {
    on_both(|| async {
        let held = Arc::new(());
        let (mut outside, in_members) = (None, held.clone());
        {
            let group = task_group(|group: TaskGroup<()>| {
                outside = Some(group.clone());
                async move {
                    for _ in 0..10 {
                        group.spawn(endless::<Result<(), _>>(in_members.clone())).expect("open");
                    }
                    drop(in_members);
                    endless::<Result<(), ()>>(()).await
                }
            });
            let mut group = std::pin::pin!(group);
            assert!(poll_once(group.as_mut()).await.is_none());
            assert_eq!(Arc::strong_count(&held), 11);
        }
        let group = outside.expect("the body ran");
        group.closed().await;
        assert_eq!((Arc::strong_count(&held), group.len()), (1, 0));
        let refused = group.spawn(async { Ok(()) }).expect_err("nobody waits for it");
        assert_eq!(refused.kind(), SpawnErrorKind::Finished);
    });
}

#[test]
fn a_timeout_around_a_group_ends_its_members() {
    in_virtual_time(async {
        let held = Arc::new(());
        let in_member = held.clone();
        let group = task_group(|group: TaskGroup<()>| async move {
            group.spawn(endless::<Result<(), _>>(in_member)).expect("it is open");
            Ok(())
        });
        assert!(timeout(Duration::from_secs(1), group).await.is_err());
        while Arc::strong_count(&held) > 1 {
            yield_now().await;
        }
    });
}

#[test]
fn a_panic_of_the_body_goes_on_after_the_members_have_ended() {
    on_both(|| async {
        let held = Arc::new(());
        let in_member = held.clone();
        let group = task_group(|group: TaskGroup<()>| async move {
            group.spawn(endless::<Result<(), _>>(in_member)).expect("it is open");
            yield_now().await;
            if group.len() == 1 {
                panic!("out of paper");
            }
            Ok(())
        });
        let caught = AssertUnwindSafe(group).catch_unwind().await;
        let payload = caught.map(|_| ()).expect_err("the panic goes on");
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"out of paper"));
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

/// What polling it again says.
async fn polled_again<R, E>(
    group: impl Future<Output = Result<R, TaskGroupError<E>>>,
) -> Option<String> {
    let mut group = pin!(AssertUnwindSafe(group).catch_unwind());
    drop(group.as_mut().await);
    let payload = group.await.map(|_| ()).expect_err("it is polled again");
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
}

#[test]
fn a_group_that_is_polled_after_its_end_panics_and_says_so() {
    on_both(|| async {
        let message = "a `GroupFuture` was polled after it had returned its output";
        let fine = task_group(|_: TaskGroup<()>| async { Ok(7) });
        assert_eq!(polled_again(fine).await.as_deref(), Some(message));
        let failing = task_group(|_: TaskGroup<u8>| async { Err::<(), _>(7) });
        assert_eq!(polled_again(failing).await.as_deref(), Some(message));
        let panicking = task_group(|_: TaskGroup<()>| async {
            if true { panic!("out of paper") } else { Ok(7) }
        });
        assert_eq!(polled_again(panicking).await.as_deref(), Some(message));
        let bodiless =
            task_group(
                |group: TaskGroup<()>| {
                    if group.is_empty() { panic!("out of paper") } else { ready(Ok(7)) }
                },
            );
        assert_eq!(polled_again(bodiless).await.as_deref(), Some(message));
    });
}

#[test]
fn a_storm_of_members_that_fail_spawn_and_end_loses_none() {
    on_both(|| async {
        for round in 0..200_usize {
            let held = Arc::new(());
            let in_members = held.clone();
            let group = task_group(|group: TaskGroup<usize>| async move {
                for n in 0..20 {
                    let (inner, held) = (group.clone(), in_members.clone());
                    let member = async move {
                        yield_now().await;
                        let _ = inner.spawn(endless_unless(held.clone(), n % 2 == 0));
                        if n == round % 20 { Err(n) } else { Ok(()) }
                    };
                    if group.spawn(member).is_err() {
                        break;
                    }
                }
                Ok(())
            });
            let error = group.await.expect_err("one member fails");
            assert!(matches!(error.errors(), [TaskFailure::Err(n)] if *n == round % 20));
            assert_eq!(Arc::strong_count(&held), 1);
        }
    });
}

async fn endless_unless(held: Arc<()>, ends: bool) -> Result<(), usize> {
    if ends { Ok(()) } else { endless(held).await }
}
