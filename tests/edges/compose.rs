//! `gather`, `wait`, `as_completed`, `timeout`, `wait_for`.

use crate::{LIMIT, busy, on_one_thread, panic_of};
use futures_lite::future::poll_once;
use sheave::asyncio::{
    ReturnWhen, WaitForError, as_completed, gather, timeout, wait, wait_for, wait_results,
};
use sheave::runtime::{Builder, Runtime};
use sheave::sync::oneshot;
use sheave::task::{JoinHandle, TryResultError, yield_now};
use sheave::time::Duration;
use sheave_tests::{eventually, in_a_task, watchdog};
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Wake, Waker};

/// A body that uses up the budget in every poll must not keep the time from being looked at.
#[test]
fn a_busy_body_times_out() {
    in_a_task(|| async {
        let outcome = timeout(Duration::from_millis(1), |_limit| busy::<()>()).await;
        outcome.expect_err("the time is over");
    });
}

/// Lends the outcome of a task that has ended to a callback, which keeps it until the sender is gone.
fn lend<T: Send + 'static>(runtime: &Runtime, task: &JoinHandle<T>) -> Sender<()> {
    eventually("the end of the task", || task.is_finished());
    let (begin, begun) = channel();
    let (let_go, may_go) = channel::<()>();
    let _entered = runtime.enter();
    task.add_done_callback(move |_| {
        begin.send(()).unwrap();
        let _ = may_go.recv();
    });
    begun.recv().unwrap();
    let_go
}

fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// While callbacks have the outcome of a task, `wait` must not look at it, and must look afterwards.
#[test]
fn wait_sees_a_failure_that_callbacks_have_just_now() {
    watchdog(LIMIT, || {
        let runtime = two_workers();
        let failing = runtime.spawn(async { Err::<(), _>("out of paper") });
        let let_go = lend(&runtime, &failing);
        let mut tasks = [failing, runtime.spawn(pending())];
        let mut waits = pin!(wait_results(&mut tasks, ReturnWhen::FirstException));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(waits.as_mut().poll(&mut cx).is_pending(), "the callback has the outcome");
        drop(let_go);
        let ended = runtime.block_on(waits).unwrap();
        assert_eq!((ended.done, ended.pending), (vec![0], vec![1]));
    });
}

/// "Awaiting a handle in `done` yields its output at once."
#[test]
fn wait_calls_done_what_can_be_taken_at_once() {
    watchdog(LIMIT, || {
        let runtime = two_workers();
        let task = runtime.spawn(async { 7 });
        let let_go = lend(&runtime, &task);
        let mut tasks = [task];
        let mut waits = Box::pin(wait(&mut tasks, ReturnWhen::FirstCompleted));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(waits.as_mut().poll(&mut cx).is_pending(), "the callback has the output");
        drop(let_go);
        assert_eq!(runtime.block_on(waits).unwrap().done, [0]);
        assert_eq!(tasks[0].try_result().unwrap(), 7);
    });
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// A look at a handle does not cost whoever has polled it the wake that it was promised.
#[test]
fn try_result_leaves_the_waker_of_a_poll() {
    watchdog(LIMIT, || {
        let runtime = two_workers();
        let mut task = runtime.spawn(async { 7 });
        let let_go = lend(&runtime, &task);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        assert!(Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
        assert!(matches!(task.try_result(), Err(TryResultError::Pending)));
        drop(let_go);
        eventually("the wake", || woken.0.load(SeqCst));
        assert_eq!(task.try_result().unwrap(), 7);
    });
}

/// Futures, from an iterator whose drop panics.
struct Sour<I>(I);

impl<I: Iterator> Iterator for Sour<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }
}

impl<I> Drop for Sour<I> {
    fn drop(&mut self) {
        panic!("the input is sour");
    }
}

/// "Dropping the stream detaches the tasks, which run on."
#[test]
fn as_completed_detaches_its_tasks_though_the_drop_of_the_input_panics() {
    on_one_thread(async {
        let (send, receive) = oneshot::channel();
        let (said, says) = oneshot::channel();
        let task = sheave::spawn(async move {
            let _ = receive.await;
            said.send("it ran on").unwrap();
        });
        let mut completed = Box::pin(as_completed::<(), _>(Sour([task].into_iter())).limit(1));
        assert!(poll_once(completed.as_mut().get_mut().next()).await.is_none());
        assert_eq!(panic_of(|| drop(completed)), "the input is sour");
        send.send(()).unwrap();
        assert_eq!(says.await, Ok("it ran on"));
    });
}

/// "The others run on", also if letting go of the input panics.
#[test]
fn a_failed_gather_detaches_the_others_though_the_drop_of_the_input_panics() {
    on_one_thread(async {
        let (send, receive) = oneshot::channel::<()>();
        let (said, says) = oneshot::channel();
        let other = sheave::spawn(async move {
            let _ = receive.await;
            said.send("it ran on").unwrap();
        });
        let failing = sheave::spawn(async { panic!("the first failure") });
        while !failing.is_finished() {
            yield_now().await;
        }
        let mut gathered = gather::<(), _>(Sour([failing, other].into_iter())).limit(2);
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(panic_of(|| Pin::new(&mut gathered).poll(&mut cx)), "the input is sour");
        drop(gathered);
        send.send(()).unwrap();
        assert_eq!(says.await, Ok("it ran on"));
    });
}

/// "`Join` if the task was aborted by somebody else", also with no time at all.
#[test]
fn wait_for_tells_who_aborted_an_ended_task() {
    on_one_thread(async {
        let task = sheave::spawn(pending::<()>());
        task.cancel_with_message("not by the limit");
        while !task.is_finished() {
            yield_now().await;
        }
        let outcome: Result<(), _> = wait_for(task, Duration::ZERO).await;
        let Err(WaitForError::Join(error)) = outcome else {
            panic!("the limit had nothing to do with it");
        };
        assert_eq!(error.cancel_message(), Some("not by the limit"));
    });
}

/// As `Gather::cancel`: what the gather would have yielded, if all have ended in spite of it.
#[test]
fn cancel_of_a_gather_whose_tasks_have_ended_tells_of_a_panic() {
    on_one_thread(async {
        let (send, held) = oneshot::channel::<()>();
        let fine = sheave::spawn(async move { held.await.is_ok() });
        let failed = sheave::spawn(async { panic!("kept") });
        let mut gathered = sheave::gather!(fine, failed).abort_on_error();
        send.send(()).unwrap();
        assert!(poll_once(&mut gathered).await.is_none());
        yield_now().await;
        let error = gathered.cancel().await.expect("both had ended").expect_err("one has panicked");
        assert!(error.is_panic());
    });
}
