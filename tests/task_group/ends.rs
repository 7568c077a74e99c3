//! However a group ends: when it is ready, its members have ended, also those that take a while to do so.

use crate::support::{Reluctant, on_two_workers, reluctant};
use futures_lite::FutureExt;
use futures_lite::future::{pending, poll_once, ready, yield_now};
use sheave::asyncio::{GroupTask, TaskGroup, task_group};
use sheave_tests::Drops;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::mpsc::channel;

/// A member that never ends.
fn endless(drops: &Drops) -> impl Future<Output = Result<(), &'static str>> + Send + 'static {
    reluctant(drops)
}

/// Ten members that never end.
fn fill(group: &TaskGroup<&'static str>, drops: &Drops) {
    for _ in 0..10 {
        group.spawn(endless(drops)).expect("the group is open");
    }
}

#[test]
fn a_failure_of_a_member() {
    on_two_workers(|drops| async move {
        let group = task_group(|group| {
            fill(&group, &drops);
            group.spawn(ready(Err::<(), _>("out of paper"))).expect("the group is open");
            pending::<Result<(), _>>()
        });
        group.await.expect_err("a member fails");
    });
}

#[test]
fn a_panic_of_a_member_that_goes_on() {
    on_two_workers(|drops| async move {
        let group = task_group(|group| {
            fill(&group, &drops);
            let panics = async { if true { panic!("out of paper") } else { Ok(()) } };
            group.spawn(panics).expect("the group is open");
            pending::<Result<(), _>>()
        });
        let caught = AssertUnwindSafe(group.propagate_panics()).catch_unwind().await;
        caught.map(|_| ()).expect_err("the panic goes on");
    });
}

#[test]
fn a_failure_and_a_panic_of_the_body() {
    on_two_workers(|drops| async move {
        let group = task_group(|group| {
            fill(&group, &drops);
            ready(Err::<(), _>("out of paper"))
        });
        group.await.expect_err("the body fails");
        let group = task_group(|group| {
            fill(&group, &drops);
            async { if true { panic!("out of paper") } else { Ok(()) } }
        });
        let caught = AssertUnwindSafe(group).catch_unwind().await;
        caught.map(|_| ()).expect_err("the panic goes on");
    });
}

#[test]
fn a_panic_of_the_closure_that_makes_the_body() {
    on_two_workers(|drops| async move {
        let group = task_group(|group| {
            fill(&group, &drops);
            if group.len() == 10 {
                panic!("out of paper");
            }
            ready(Ok(()))
        });
        let caught = AssertUnwindSafe(group).catch_unwind().await;
        let payload = caught.map(|_| ()).expect_err("the panic goes on");
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"out of paper"));
    });
}

#[test]
fn a_cancellation_from_elsewhere() {
    on_two_workers(|drops| async move {
        let group = task_group(|group| {
            fill(&group, &drops);
            drop(sheave::spawn(async move { group.cancel() }));
            ready(Ok(()))
        });
        // The body is polled before that or dropped after it.
        drop(group.await);
    });
}

/// Members that are being spawned when the group is cancelled are refused or waited for.
#[test]
fn a_cancellation_while_members_are_spawned() {
    on_two_workers(|drops| async move {
        let group = task_group(|group: TaskGroup<&str>| {
            let inner = group.clone();
            let spawns = async move {
                while inner.spawn(endless(&drops)).is_ok() {
                    yield_now().await;
                }
                Ok(())
            };
            group.spawn(spawns).expect("the group is open");
            drop(sheave::spawn(async move {
                yield_now().await;
                group.cancel();
            }));
            ready(Ok(()))
        });
        drop(group.await);
    });
}

/// The closure of a member that waits for a thread is dropped before the member leaves.
#[test]
fn a_cancellation_of_blocking_members_that_have_not_begun() {
    on_two_workers(|drops| async move {
        let (release, wait) = channel::<()>();
        let busy = sheave::task::spawn_blocking(move || wait.recv().is_err());
        let group = task_group(|group: TaskGroup<&str>| {
            for _ in 0..3 {
                let held = Reluctant::new(&drops);
                let queued = group.spawn_blocking(move || {
                    drop(held);
                    Ok(())
                });
                queued.expect("the group is open");
            }
            drop(sheave::spawn(async move {
                group.cancel();
                drop(release);
            }));
            ready(Ok(()))
        });
        drop(group.await);
        drops.assert_all();
        assert!(busy.await.expect("it ends"));
    });
}

#[test]
fn a_group_that_was_dropped_and_then_closed() {
    on_two_workers(|drops| async move {
        let mut outside = None;
        {
            let group = task_group(|group: TaskGroup<&str>| {
                fill(&group, &drops);
                outside = Some(group);
                pending::<Result<(), _>>()
            });
            assert!(poll_once(pin!(group)).await.is_none());
        }
        outside.expect("the body ran").closed().await;
    });
}

#[test]
fn members_say_that_they_have_ended() {
    on_two_workers(|drops| async move {
        let mut members = Vec::new();
        let group = task_group(|group: TaskGroup<&str>| {
            members.push(group.spawn(endless(&drops)).expect("the group is open"));
            members.push(group.spawn(ready(Ok(()))).expect("the group is open"));
            members.push(group.spawn_blocking(|| Ok(())).expect("the group is open"));
            assert!(!members[0].is_finished());
            drop(sheave::spawn(async move { group.cancel() }));
            ready(Ok(()))
        });
        drop(group.await);
        assert!(members.iter().all(GroupTask::is_finished));
    });
}
