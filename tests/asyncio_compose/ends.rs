//! Who is waited for: when these are ready, the tasks behind them have ended.
//!
//! The destructors of the tasks take a while, on two workers, so that whoever is ready too early is
//! caught at it.

use crate::support::{endless, on_two_workers, reluctant};
use futures_lite::future::poll_once;
use sheave::asyncio::{
    ReturnWhen, Shield, as_completed, gather, shield, try_gather, wait, wait_for,
};
use sheave::task::{JoinHandle, JoinSet};
use sheave::time::Duration;
use sheave_tests::Drops;
use std::future::ready;

/// Tasks that never end.
fn tasks<T: Send + 'static>(drops: &Drops) -> Vec<JoinHandle<T>> {
    (0..10).map(|_| sheave::spawn(reluctant(drops))).collect()
}

/// Fails when it is dropped, which is when it is aborted.
struct FailsOnDrop;

impl Drop for FailsOnDrop {
    fn drop(&mut self) {
        panic!("cannot let go");
    }
}

/// B39.
#[test]
fn a_cancelled_gather_has_no_children_left() {
    on_two_workers(|drops| async move {
        let mut gathered = gather::<(), _>(tasks(&drops));
        assert!(poll_once(&mut gathered).await.is_none());
        assert!(gathered.cancel().await.is_none());
    });
    on_two_workers(|drops| async move {
        let mut gathered = gather::<(), _>(tasks(&drops)).return_exceptions();
        assert!(poll_once(&mut gathered).await.is_none());
        assert!(gathered.cancel().await.is_none());
    });
    on_two_workers(|drops| async move {
        let mut gathered = gather((0..10).map(|_| reluctant::<()>(&drops))).limit(3);
        assert!(poll_once(&mut gathered).await.is_none());
        assert!(gathered.cancel().await.is_none());
    });
}

#[test]
fn a_gather_that_fails_while_it_is_cancelled_has_no_children_left() {
    on_two_workers(|drops| async move {
        let panics = sheave::spawn(endless(FailsOnDrop));
        let mut gathered = gather::<(), _>([panics].into_iter().chain(tasks(&drops)));
        assert!(poll_once(&mut gathered).await.is_none());
        assert!(gathered.cancel().await.is_none());
    });
    on_two_workers(|drops| async move {
        let failing = sheave::spawn(async { panic!("out of paper") });
        let gathered = gather::<(), _>([failing].into_iter().chain(tasks(&drops)));
        let mut gathered = gathered.abort_on_error();
        drop(poll_once(&mut gathered).await);
        drop(gathered.cancel().await);
    });
}

/// B39.
#[test]
fn a_cancelled_gather_of_different_types_has_no_children_left() {
    on_two_workers(|drops| async move {
        let (first, second) = (reluctant::<u8>(&drops), reluctant::<()>(&drops));
        let mut gathered = sheave::gather!(first, second, reluctant::<()>(&drops));
        assert!(poll_once(&mut gathered).await.is_none());
        assert!(gathered.cancel().await.is_none());
    });
    on_two_workers(|drops| async move {
        let (first, second) = (reluctant::<u8>(&drops), reluctant::<()>(&drops));
        let mut gathered =
            sheave::gather!(first, second, reluctant::<()>(&drops)).return_exceptions();
        assert!(poll_once(&mut gathered).await.is_none());
        assert!(gathered.cancel().await.is_none());
    });
}

/// C4.
#[test]
fn a_gather_that_aborts_on_error_has_no_children_left() {
    on_two_workers(|drops| async move {
        let failing = sheave::spawn(async { panic!("out of paper") });
        let all = tasks::<()>(&drops).into_iter().chain([failing]);
        gather::<(), _>(all).abort_on_error().await.expect_err("one fails");
    });
    on_two_workers(|drops| async move {
        let failing = sheave::spawn(ready(Err("out of paper")));
        let all = [failing].into_iter().chain(tasks::<Result<(), &str>>(&drops));
        try_gather::<(), &str, _>(all).abort_on_error().await.expect_err("one fails");
    });
    on_two_workers(|drops| async move {
        let (first, second) = (reluctant::<u8>(&drops), reluctant::<()>(&drops));
        let failing = async { panic!("out of paper") };
        let gathered = sheave::gather!(first, failing, second).abort_on_error();
        gathered.await.map(|(_, (), ())| ()).expect_err("one fails");
    });
}

/// C3.
#[test]
fn wait_for_leaves_no_task_behind() {
    on_two_workers(|drops| async move {
        wait_for(reluctant::<()>(&drops), Duration::from_millis(1)).await.unwrap_err();
    });
    on_two_workers(|drops| async move {
        let task = sheave::spawn(reluctant::<()>(&drops));
        wait_for::<(), _>(task, Duration::ZERO).await.unwrap_err();
    });
    on_two_workers(|drops| async move {
        let task = sheave::spawn(reluctant::<()>(&drops));
        task.abort();
        wait_for::<(), _>(task, None).await.unwrap_err();
    });
}

#[test]
fn tasks_that_are_done_have_ended() {
    on_two_workers(|drops| async move {
        let mut tasks = tasks::<()>(&drops);
        tasks.iter().for_each(JoinHandle::abort);
        let ended = wait(&mut tasks, ReturnWhen::AllCompleted).await.expect("there are some");
        assert_eq!(ended.done.len(), 10);
    });
    on_two_workers(|drops| async move {
        let (mut tasks, others) = (tasks::<()>(&drops), Drops::new());
        tasks.push(sheave::spawn(reluctant(&others)));
        tasks.iter().take(10).for_each(JoinHandle::abort);
        let mut completed = as_completed::<(), _>(tasks).timeout(Duration::from_secs(60));
        for _ in 0..10 {
            completed.next().await.expect("it was aborted").expect("in time").unwrap_err();
        }
        assert_eq!(others.dropped(), 0, "as_completed aborts nothing");
    });
    on_two_workers(|drops| async move {
        let task = sheave::spawn(reluctant(&drops));
        let abort = task.abort_handle();
        let shielded: Shield<()> = shield(task);
        abort.abort();
        shielded.await.unwrap_err();
    });
}

#[test]
fn a_set_that_was_shut_down_has_no_tasks_left() {
    on_two_workers(|drops| async move {
        let mut set: JoinSet<()> = (0..10).map(|_| reluctant(&drops)).collect();
        set.shutdown().await;
    });
}
