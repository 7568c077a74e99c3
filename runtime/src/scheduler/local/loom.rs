//! Models of wakes from other threads that race with a set at its rest and at its end. Thread 0 owns
//! the set.

use super::{LocalTasks, Seat};
use crate::tasks::Spec;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::atomic::{AtomicBool, Ordering::Relaxed};
use sheave_facade::sync::{Arc, Condvar, Mutex};
use sheave_facade::thread::{self, ThreadId};
use std::future::{Future, pending, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};

#[derive(Default)]
struct Bell(Mutex<bool>, Condvar);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.0.lock() = true;
        self.1.notify_one();
    }
}

/// Drives the tasks until `root` is ready. If nobody wakes it again, the model ends in a deadlock.
fn run_until<F: Future>(tasks: &Arc<LocalTasks>, root: F) -> F::Output {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let (mut root, seat) = (pin!(root), Seat::new(tasks));
    loop {
        let mut cx = Context::from_waker(&waker);
        if let Poll::Ready(output) = tasks.drive_with(&seat, &mut cx, |cx| root.as_mut().poll(cx)) {
            return output;
        }
        let mut rung = bell.0.lock();
        while !*rung {
            bell.1.wait(&mut rung);
        }
        *rung = false;
    }
}

/// Notes the thread on which it is dropped.
struct Witness(mpsc::Sender<ThreadId>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.send(ThreadId::current()).expect("the model looks");
    }
}

/// The waker of a task that waits for `flag`, after its first poll. The task holds `Witness`.
fn waiting_task(
    tasks: &Arc<LocalTasks>,
    flag: &Arc<AtomicBool>,
) -> (crate::tasks::JoinHandle<()>, Waker, mpsc::Receiver<ThreadId>) {
    let (sender, wakers) = mpsc::channel();
    let (witness, dropped) = mpsc::channel();
    let (flag, witness) = (flag.clone(), Witness(witness));
    let task = poll_fn(move |cx| {
        let _held = &witness;
        let _ = sender.send(cx.waker().clone());
        // ORDERING: Relaxed, so that nothing but the wake can publish the flag (W1).
        if flag.load(Relaxed) { Poll::Ready(()) } else { Poll::Pending }
    });
    let join = tasks.spawn(task, Spec::at(Location::caller()));
    let seat = Seat::new(tasks);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(tasks.drive_with(&seat, &mut cx, |_| Poll::<()>::Pending).is_pending());
    (join, wakers.try_recv().expect("polled once"), dropped)
}

/// Claim: a wake from another thread that comes while the set runs, stores its waker or rests leads
/// to a poll that sees what was written before. Threads 2, unbounded. Control: `local_rest_blind`
/// rests without a last look at the inbox.
#[test]
fn foreign_wake_races_rest() {
    Model::new("local_foreign_wake_races_rest").unbounded().check(|| {
        let (tasks, flag) = (LocalTasks::new(), Arc::new(AtomicBool::new(false)));
        let (join, waker, dropped) = waiting_task(&tasks, &flag);
        let other = thread::spawn(move || {
            flag.store(true, Relaxed);
            waker.wake();
        });
        run_until(&tasks, join).expect("the task completes");
        assert_eq!(dropped.try_recv(), Ok(ThreadId::current()));
        other.join().expect("the waker ends");
        tasks.close();
    });
}

/// Claim: of two wakes from two threads, for two tasks, none is lost. Threads 3, bound 2.
#[test]
fn two_foreign_wakes() {
    Model::new("local_two_foreign_wakes").check(|| {
        let tasks = LocalTasks::new();
        let pairs = [(); 2].map(|()| {
            let flag = Arc::new(AtomicBool::new(false));
            let (join, waker, dropped) = waiting_task(&tasks, &flag);
            let other = thread::spawn(move || {
                flag.store(true, Relaxed);
                waker.wake_by_ref();
            });
            (join, other, dropped)
        });
        for (join, other, dropped) in pairs {
            run_until(&tasks, join).expect("the task completes");
            assert_eq!(dropped.try_recv(), Ok(ThreadId::current()));
            other.join().expect("the waker ends");
        }
        tasks.close();
    });
}

/// Claim: a wake and an abort on another thread that race with the end of the set never take the
/// future off its thread nor keep it alive: when `close` returns it has been dropped, by the owner,
/// while the last waker and the handle may end elsewhere. Threads 2, unbounded. Control: `local_close_hurries` does not wait
/// for a Runnable that is on its way.
#[test]
fn foreign_wake_races_close() {
    Model::new("local_foreign_wake_races_close").unbounded().check(|| {
        let (tasks, flag) = (LocalTasks::new(), Arc::new(AtomicBool::new(false)));
        let (join, waker, dropped) = waiting_task(&tasks, &flag);
        let other = thread::spawn(move || {
            join.abort();
            waker.wake();
            drop(join);
        });
        tasks.close();
        assert_eq!(dropped.try_recv(), Ok(ThreadId::current()), "the future outlives its set");
        // loom does not see what the counts of an `Arc` order, so the queues end on this thread.
        other.join().expect("the waker ends");
        drop(tasks);
    });
}

/// Claim: what is spawned after the end is dropped at once. Threads 1.
#[test]
fn spawn_after_close() {
    Model::new("local_spawn_after_close").check(|| {
        let tasks = LocalTasks::new();
        tasks.close();
        let mut join = tasks.spawn(pending::<()>(), Spec::at(Location::caller()));
        let polled = pin!(&mut join).poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Ready(Err(error)) if error.is_cancelled()));
    });
}

#[test]
fn controls() {
    let rest = "scheduler::local::loom::foreign_wake_races_rest";
    must_catch(rest, "local_rest_blind", &["deadlock"]);
    let close = "scheduler::local::loom::foreign_wake_races_close";
    must_catch(close, "local_close_hurries", &["the future outlives its set"]);
}
