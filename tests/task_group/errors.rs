//! What a group fails with.

use crate::support::{after, endless, in_virtual_time, on_both};
use futures_lite::future::yield_now;
use sheave::asyncio::{TaskFailure, TaskGroup, TaskGroupError, task_group};
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Barrier};

/// Fails when it is dropped, which is when it is aborted.
struct FailsOnDrop;

impl Drop for FailsOnDrop {
    fn drop(&mut self) {
        panic!("cannot let go");
    }
}

/// A group whose members all fail with these, while its body, which then fails too, computes.
async fn failing<E>(members: impl IntoIterator<Item = E>, body: Option<E>) -> TaskGroupError<E>
where
    E: Send + std::fmt::Debug + 'static,
{
    let members: Vec<E> = members.into_iter().collect();
    let group = task_group(|group: TaskGroup<E>| async move {
        // Closures that run cannot be aborted, so all come to their end.
        let together = Arc::new(Barrier::new(members.len() + 1));
        for error in members {
            let together = together.clone();
            group
                .spawn_blocking(move || {
                    together.wait();
                    Err::<(), _>(error)
                })
                .expect("it is open");
        }
        together.wait();
        while !group.is_empty() {
            std::thread::yield_now();
        }
        body.map_or(Ok(()), Err)
    });
    group.await.expect_err("they fail")
}

#[test]
fn the_error_of_the_body_comes_last() {
    on_both(|| async {
        let error = failing(["member"], Some("body")).await;
        assert!(matches!(error.errors(), [TaskFailure::Err("member"), TaskFailure::Err("body")]));
        assert_eq!(error.body(), Some(&"body"));
        assert!(matches!(error.first(), Some(TaskFailure::Err("member"))));
        assert_eq!(error.to_string(), "unhandled errors in a task group (2): member; body");
    });
}

#[test]
fn a_failing_body_ends_the_members() {
    on_both(|| async {
        let held = Arc::new(());
        let in_member = held.clone();
        let group = task_group(|group: TaskGroup<&str>| async move {
            group.spawn(endless::<Result<(), _>>(in_member)).expect("it is open");
            yield_now().await;
            Err::<(), _>("body")
        });
        let error = group.await.expect_err("the body fails");
        assert_eq!((error.body(), error.errors().len()), (Some(&"body"), 1));
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
fn a_panic_is_a_failure_and_names_the_task() {
    on_both(|| async {
        let mut id = None;
        let group = task_group(|group: TaskGroup<&str>| {
            let panics = async { if true { panic!("out of paper") } else { Ok(()) } };
            id = Some(group.spawn(panics).expect("it is open").id());
            endless::<Result<(), _>>(())
        });
        let error = group.await.expect_err("a member panics");
        let [TaskFailure::Panic(panic)] = error.errors() else { panic!("{error:?}") };
        assert!(panic.is_panic() && panic.to_string().contains("out of paper"));
        assert_eq!(Some(panic.id()), id);
    });
}

#[test]
fn a_panic_of_a_destructor_during_the_abort_is_a_failure_too() {
    in_virtual_time(async {
        let group = task_group(|group: TaskGroup<&str>| async move {
            group.spawn(endless::<Result<(), _>>(FailsOnDrop)).expect("it is open");
            yield_now().await;
            Err::<(), _>("body")
        });
        let error = group.await.expect_err("the body fails");
        let [TaskFailure::Panic(panic), TaskFailure::Err("body")] = error.errors() else {
            panic!("{error:?}")
        };
        assert!(panic.to_string().contains("cannot let go"));
    });
}

#[test]
fn propagate_panics_goes_on_with_the_first_one() {
    on_both(|| async {
        let held = Arc::new(());
        let in_member = held.clone();
        let group = task_group(|group: TaskGroup<()>| async move {
            group.spawn(endless::<Result<(), _>>(in_member)).expect("it is open");
            group
                .spawn(async { if true { panic!("out of paper") } else { Ok(()) } })
                .expect("open");
            Ok(())
        });
        let group = AssertUnwindSafe(group.propagate_panics());
        let payload = futures_lite::FutureExt::catch_unwind(group).await.expect_err("it goes on");
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"out of paper"));
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
fn members_that_fail_together_are_all_reported() {
    on_both(|| async {
        let error = failing(0..10_u8, None).await;
        let mut failed = numbers(error);
        failed.sort_unstable();
        assert!(failed.into_iter().eq(0..10));
    });
}

fn numbers(error: TaskGroupError<u8>) -> Vec<u8> {
    error.into_errors().into_iter().filter_map(TaskFailure::into_err).collect()
}

/// Item 42: `except*`.
#[test]
fn split_divides_by_kind_and_keeps_the_body() {
    on_both(|| async {
        let is_even =
            |failure: &TaskFailure<u8>| matches!(failure, TaskFailure::Err(n) if n % 2 == 0);
        let (even, odd) = failing([4], Some(3)).await.split(is_even);
        let even = even.unwrap();
        assert_eq!((even.body(), even.errors().len()), (None, 1));
        assert_eq!(odd.unwrap().body(), Some(&3));
        let (even, odd) = failing([], Some(4)).await.split(is_even);
        assert_eq!(even.unwrap().body(), Some(&4));
        assert!(odd.is_none());
    });
}

/// Item 42: groups in groups.
#[test]
fn flatten_makes_one_group_of_nested_ones() {
    on_both(|| async {
        let members = [failing([1], None).await, failing([], Some(2)).await];
        let error = failing(members, Some(failing([3], Some(4)).await)).await.flatten();
        assert_eq!(error.body(), Some(&4));
        let mut failed = numbers(error);
        failed.sort_unstable();
        assert_eq!(failed, [1, 2, 3, 4]);
    });
}

#[test]
fn it_is_an_error_with_a_source() {
    in_virtual_time(async {
        let group = task_group(|group: TaskGroup<std::io::Error>| async move {
            group.spawn(async { Err::<(), _>(std::io::Error::other("disk")) }).expect("it is open");
            after(1, Ok(())).await
        });
        let error: Box<dyn Error> = group.await.expect_err("it fails").into();
        assert_eq!(error.source().expect("the first failure").to_string(), "disk");
    });
}
