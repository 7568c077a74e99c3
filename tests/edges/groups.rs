//! `task_group`, `async_with` and runners.

use crate::{OnDrop, busy, on_one_thread, panic_of};
use futures_lite::future::{FutureExt, poll_once};
use sheave::asyncio::{
    AsyncContextManager, ExitReason, Readiness, TaskGroup, async_with, current_task, task_group,
};
use sheave::runtime::Builder;
use sheave::sync::oneshot;
use sheave::task::yield_now;
use sheave::time::{Duration, timeout};
use sheave_tests::{Drops, in_a_task, watchdog};
use std::convert::Infallible;
use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::task::{Context, Waker};

/// A body that uses up the budget in every poll must not keep the grace from ending.
#[test]
fn the_grace_of_a_busy_group_ends() {
    in_a_task(|| async {
        let group = task_group(|group: TaskGroup<()>| async move {
            group.cancel_with_grace(Duration::from_millis(1));
            busy::<Result<(), ()>>().await
        });
        assert!(group.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_group_that_is_polled_after_its_end_says_so() {
    on_one_thread(async {
        let mut group = Box::pin(task_group(|_: TaskGroup<()>| async { Ok(1) }));
        assert_eq!(group.as_mut().await.unwrap(), 1);
        let mut cx = Context::from_waker(Waker::noop());
        let text = panic_of(|| group.as_mut().poll(&mut cx));
        assert!(text.contains("polled after it had returned its output"), "{text}");
    });
}

/// "A panic of the body goes on in the caller, after the members have been aborted and have ended": a
/// closure that panics before it has returned the body is no exception.
#[test]
fn a_panic_of_the_closure_waits_for_the_members() {
    on_one_thread(async {
        let drops = Drops::new();
        let witness = drops.witness();
        let group = task_group(|group: TaskGroup<()>| {
            let member = async move {
                let _witness = witness;
                pending().await
            };
            group.spawn::<(), _>(member).unwrap();
            assert!(group.len() != 1, "the closure has seen one member");
            async { Ok(()) }
        });
        let payload = AssertUnwindSafe(group).catch_unwind().await.unwrap_err();
        let text = payload.downcast_ref::<&'static str>().unwrap();
        assert_eq!(*text, "the closure has seen one member");
        drops.assert_all();
    });
}

/// A closure that never began leaves the group after all that it has captured is gone.
#[test]
fn a_blocking_member_is_gone_before_it_leaves() {
    let builder = || Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1);
    watchdog(crate::LIMIT, || {
        builder()
            .build()
            .unwrap()
            .block_on(task_group(|group: TaskGroup<()>| async move {
                let (release, wait) = channel::<()>();
                let (say, said) = oneshot::channel();
                let busy = group.spawn_blocking(move || {
                    let _ = wait.recv();
                    Ok(())
                });
                let (seen, say) = (group.clone(), Mutex::new(Some(say)));
                let captured = OnDrop(move || {
                    say.lock().unwrap().take().unwrap().send(seen.len()).unwrap();
                });
                let waiting = group.spawn_blocking(move || {
                    drop(captured);
                    Ok(())
                });
                waiting.unwrap().abort();
                drop(release);
                busy.unwrap().await.unwrap();
                assert_eq!(said.await, Ok(1), "it is still a member");
                Ok(())
            }))
            .unwrap();
    });
}

/// "Dropping it aborts the member, unless it has started": also if nobody has looked since it said so.
#[test]
fn a_start_that_is_dropped_spares_a_member_that_has_started() {
    on_one_thread(async {
        let (send, receive) = oneshot::channel::<()>();
        let (said, says) = oneshot::channel();
        let group = task_group(|group: TaskGroup<()>| async move {
            let mut start = Box::pin(group.start(|ready: Readiness<()>| async move {
                ready.started(());
                receive.await.unwrap();
                said.send("it ran on").unwrap();
                Ok(())
            }));
            assert!(poll_once(start.as_mut()).await.is_none());
            yield_now().await;
            drop(start);
            yield_now().await;
            send.send(()).unwrap();
            Ok(())
        });
        group.await.unwrap();
        assert_eq!(says.await, Ok("it ran on"));
    });
}

fn spawned_here() -> bool {
    current_task().expect("in a task").spawned_at().file().ends_with("groups.rs")
}

/// Dumps and reports name the line of the user.
#[test]
fn members_know_the_line_that_spawned_them() {
    on_one_thread(async {
        let group = task_group(|group: TaskGroup<()>| async move {
            let free = group.spawn_when_free(async { Ok(spawned_here()) }).await.unwrap();
            let started = group.start(|ready: Readiness<bool>| async move {
                ready.started(spawned_here());
                Ok(())
            });
            Ok((free.await.unwrap(), started.await.unwrap()))
        });
        assert_eq!(group.await.unwrap(), (true, true));
    });
}

/// Tells how it was left, and whether by a task of this file.
struct Telling(oneshot::Sender<(String, bool)>);

impl AsyncContextManager for Telling {
    type Guard = oneshot::Sender<(String, bool)>;
    type Error = Infallible;

    async fn enter(self) -> Result<Self::Guard, Infallible> {
        Ok(self.0)
    }

    async fn exit(guard: Self::Guard, reason: ExitReason<'_>) -> Result<(), Infallible> {
        yield_now().await;
        let is_ours = current_task().is_some() && spawned_here();
        guard.send((format!("{reason:?}"), is_ours)).unwrap();
        Ok(())
    }
}

#[test]
fn a_detached_exit_knows_the_line_of_async_with() {
    on_one_thread(async {
        let (say, said) = oneshot::channel();
        let body = async |_: &mut _| pending::<Result<(), Infallible>>().await;
        timeout(Duration::ZERO, async_with(Telling(say), body)).await.unwrap_err();
        assert_eq!(said.await.unwrap(), ("Cancelled".to_owned(), true));
    });
}

/// "When the body panics, `exit` is awaited": a closure that panics before it has returned its future is no
/// exception.
#[test]
fn exit_is_awaited_after_a_panic_of_the_closure() {
    on_one_thread(async {
        type Body<'a> = Pin<Box<dyn Future<Output = Result<(), Infallible>> + 'a>>;
        fn body(_: &mut oneshot::Sender<(String, bool)>) -> Body<'_> {
            panic!("before there is a future")
        }
        let (say, mut said) = oneshot::channel();
        let ran = pin!(async_with(Telling(say), body));
        AssertUnwindSafe(ran).catch_unwind().await.unwrap_err();
        assert_eq!(said.try_recv().expect("it has been awaited").0, "Panic");
    });
}
