//! Models of a group that fails or closes while somebody spawns into it. Thread 0 is the group.

use super::child::{BlockingChild, Report};
use super::{Shared, TaskGroup, task_group};
use crate::tasks::testing::{Queue, block_on};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::atomic::{AtomicBool, Ordering::SeqCst};
use sheave_facade::thread;
use std::cell::RefCell;
use std::future::{Future, pending, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

/// Claim: a member that is spawned while another one fails is refused or aborted; the group ends, with
/// the error, when both have. Threads 3, bound 2.
#[test]
fn spawn_races_failure() {
    Model::new("task_group_spawn_races_failure").check(|| {
        let (failing, endless, token) = (Queue::new(), Queue::new(), Arc::new(()));
        let handle = RefCell::new(None);
        let mut group = pin!(task_group(|group: TaskGroup<u8>| {
            let fails = ready(Err::<(), _>(7));
            group.launch(fails, None, |child| failing.spawn(child)).expect("the group is open");
            *handle.borrow_mut() = Some(group);
            ready(Ok(()))
        }));
        let polled = group.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        let runs = failing.clone();
        let fails = thread::spawn(move || runs.run_all());
        let (handle, held) = (handle.borrow_mut().take().expect("the body ran"), token.clone());
        let spawns = thread::spawn(move || {
            let member = async move {
                let _held = held;
                pending::<Result<(), u8>>().await
            };
            if let Ok(task) = handle.launch(member, None, |child| endless.spawn(child)) {
                endless.run_until(|| task.abort_handle().is_finished());
            }
        });
        let error = block_on(group).expect_err("a member fails");
        assert_eq!(error.errors().len(), 1);
        fails.join().expect("it ends");
        spawns.join().expect("the other member is refused or aborted");
        assert_eq!(Arc::strong_count(&token), 1, "nothing is left");
    });
}

/// Claim: a member that is spawned while a group closes is refused, or has ended before the group does.
/// Threads 2; bound: none.
#[test]
fn spawn_races_close() {
    Model::new("task_group_spawn_races_close").bound(3).check(|| {
        let (queue, ran) = (Queue::new(), Arc::new(AtomicBool::new(false)));
        let handle = RefCell::new(None);
        let group = task_group(|group: TaskGroup<u8>| {
            *handle.borrow_mut() = Some(group.clone());
            let guest = group.launch(ready(Ok(())), None, |child| queue.spawn(child));
            guest.expect("the group is open");
            ready(Ok(()))
        });
        let mut group = pin!(group);
        let polled = group.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        let (handle, runs) = (handle.borrow_mut().take().expect("the body ran"), ran.clone());
        let queue = queue.clone();
        let spawns = thread::spawn(move || {
            queue.run_all(); // The guest leaves; the group may close from here on.
            let member = async move {
                // ORDERING: SeqCst, for simplicity's sake.
                runs.store(true, SeqCst);
                Ok::<_, u8>(())
            };
            let accepted = handle.launch(member, None, |child| queue.spawn(child)).is_ok();
            queue.run_all();
            accepted
        });
        block_on(group).expect("none fails");
        // ORDERING: SeqCst, for simplicity's sake.
        let had_run = ran.load(SeqCst);
        let accepted = spawns.join().expect("it ends");
        assert!(had_run || !accepted, "the group ended before its member");
    });
}

/// Claim: a member that aborts all aborts itself, also while it is still being spawned.
/// Threads 2; bound 3.
#[test]
fn spawn_races_abort_all() {
    Model::new("task_group_spawn_races_abort_all").bound(3).check(|| {
        let queue = Queue::new();
        let runs = queue.clone();
        let runner = thread::spawn(move || {
            runs.pop().run();
            runs.run_all();
        });
        let group = task_group(|group: TaskGroup<u8>| {
            let all = group.clone();
            let member = async move {
                all.abort_all();
                pending::<Result<(), u8>>().await
            };
            group.launch(member, None, |child| queue.spawn(child)).expect("the group is open");
            ready(Ok(()))
        });
        let mut group = pin!(group);
        let polled = group.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        runner.join().expect("it ends");
        // By now the member was told; what is left to do, if it was told late, is its end.
        queue.run_all();
        if polled.is_pending() {
            block_on(group).expect("an aborted member has not failed");
        }
    });
}

/// Claim: a closure whose child is dropped uncalled while it is being submitted goes back or goes with the
/// child; it is never left behind. Threads 2; bound: none.
#[test]
fn submission_races_refusal() {
    Model::new("task_group_submission_races_refusal").unbounded().check(|| {
        let (group, token) = (TaskGroup::<u8>::new(Shared::new(None).into()), Arc::new(()));
        let (ticket, to, _from) = group.admit::<()>(None).expect("the group is open");
        let held = token.clone();
        let closure = move || {
            drop(held);
            Ok::<(), u8>(())
        };
        let child = BlockingChild::new(closure, Report::new(ticket, to));
        let errand = child.errand();
        let pool = thread::spawn(move || drop(child));
        let refused = errand.lock().submitted();
        pool.join().expect("it drops the child");
        let expected = if refused.is_some() { 2 } else { 1 };
        assert_eq!(Arc::strong_count(&token), expected, "the closure was left behind");
        assert!(group.is_empty());
    });
}

#[test]
fn controls() {
    let refusal = "asyncio::task_group::loom::submission_races_refusal";
    must_catch(refusal, "task_group_forgets_refused", &["left behind"]);
    let abort = "asyncio::task_group::loom::spawn_races_abort_all";
    must_catch(abort, "task_group_aborts_settled_only", &["deadlock"]);
    let failure = "asyncio::task_group::loom::spawn_races_failure";
    must_catch(failure, "task_group_settles_unseen", &["deadlock"]);
    let close = "asyncio::task_group::loom::spawn_races_close";
    must_catch(close, "task_group_enters_closed", &["before its member"]);
}
