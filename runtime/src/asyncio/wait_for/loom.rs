//! Models of a task whose time is over. Its future holds no state that it shares: what races is the
//! abort and the end of the task. Thread 0 waits.

use super::{WaitForError, wait_for};
use crate::tasks::testing::{Queue, block_on};
use crate::time::Duration;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::thread;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Claim: a task that ends just when its time is over has its output returned, or is gone, output and
/// future, when the wait is over. Threads 2; bound 3. Control: `wait_for_leaves_early`.
#[test]
fn deadline_races_completion() {
    Model::new("wait_for_deadline_races_completion").bound(3).check(|| {
        let (queue, token) = (Queue::new(), Arc::new(()));
        let mut held = Some(token.clone());
        let mut polls = 0;
        let task = queue.spawn(poll_fn(move |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls == 2 { Poll::Ready(held.take()) } else { Poll::Pending }
        }));
        let watch = task.abort_handle();
        let runner = thread::spawn(move || queue.run_until(|| watch.is_finished()));
        match block_on(wait_for::<Option<Arc<()>>, _>(task, Duration::ZERO)) {
            Ok(output) => assert!(output.is_some(), "the output has come whole"),
            Err(WaitForError::Elapsed) => {}
            Err(WaitForError::Join(error)) => panic!("{error}"),
        }
        assert_eq!(Arc::strong_count(&token), 1, "the task was left behind");
        runner.join().expect("the task ends");
    });
}

/// Claim: a wait that is dropped ends its task. Threads 2; bound 3. Control: `wait_for_drop_forgets_abort`.
#[test]
fn drop_races_the_task() {
    Model::new("wait_for_drop_races_the_task").bound(3).check(|| {
        let queue = Queue::new();
        let task = queue.spawn(pending::<()>());
        let watch = task.abort_handle();
        let runner = thread::spawn(move || queue.run_until(|| watch.is_finished()));
        let mut limited = wait_for::<(), _>(task, None);
        let polled = Pin::new(&mut limited).poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        drop(limited);
        runner.join().expect("the task ends");
    });
}

#[test]
fn controls() {
    let deadline = "asyncio::wait_for::loom::deadline_races_completion";
    must_catch(deadline, "wait_for_leaves_early", &["left behind"]);
    let drop = "asyncio::wait_for::loom::drop_races_the_task";
    must_catch(drop, "wait_for_drop_forgets_abort", &["deadlock"]);
}
