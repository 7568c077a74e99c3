//! Models of a queue: items that race with getters that give up, with the end, and with `join`.

use super::{Queue, QueueShutDown};
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Gets an item if the first poll does, and gives up otherwise.
fn get_or_leave(queue: &Queue<u32>) -> Option<u32> {
    let mut get = pin!(queue.get());
    match get.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(item) => Some(item.expect("nobody shuts it down")),
        Poll::Pending => None,
    }
}

/// Claim: an item that is put while a getter gives up is got by that one or by the next.
/// Threads 3, bound 2.
#[test]
fn a_reader_is_woken_or_aborted() {
    Model::new("queue_reader_woken_or_aborted").check(|| {
        let queue = Arc::new(Queue::new(1));
        let (quitter, stayer) = (queue.clone(), queue.clone());
        let quitter = thread::spawn(move || match get_or_leave(&quitter) {
            Some(item) => quitter.put_nowait(item).expect("it has just made room"),
            None => (),
        });
        let stayer = thread::spawn(move || block_on(stayer.get()));
        block_on(queue.put(7)).expect("nobody shuts it down");
        quitter.join().expect("it gives up");
        assert_eq!(stayer.join().expect("it gets the item"), Ok(7));
        assert!(queue.empty());
    });
}

/// Claim: a place that is freed while a putter gives up is used by that one or by the next.
/// Threads 2, unbounded.
#[test]
fn a_writer_is_woken_or_aborted() {
    Model::new("queue_writer_woken_or_aborted").unbounded().check(|| {
        let queue = Arc::new(Queue::new(1));
        queue.put_nowait(1).expect("it has room");
        let mut quitter = Box::pin(queue.put(2));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(quitter.as_mut().poll(&mut cx).is_pending());
        let stayer = queue.clone();
        let stayer = thread::spawn(move || block_on(stayer.put(3)));
        assert_eq!(block_on(queue.get()), Ok(1));
        drop(quitter);
        stayer.join().expect("it gets the place").expect("nobody shuts it down");
        assert_eq!(block_on(queue.get()), Ok(3));
    });
}

/// Claim: who waits until all is done goes on when the last of two says so.
/// Threads 3, bound 2.
#[test]
fn join_races_task_done() {
    Model::new("queue_join_races_task_done").check(|| {
        let queue = Arc::new(Queue::new(0));
        let workers: [_; 2] = std::array::from_fn(|_| {
            queue.put_nowait(1).expect("it has no limit");
            let queue = queue.clone();
            thread::spawn(move || {
                queue.get_nowait().expect("one for each");
                queue.task_done();
            })
        });
        block_on(queue.join());
        assert!(queue.empty(), "both are done");
        workers.into_iter().for_each(|worker| worker.join().expect("it does not wait"));
    });
}

/// Claim: an item that is put while the queue is shut down comes back to its putter or is got, and a
/// getter that waits ends.
/// Threads 3, bound 2.
#[test]
fn shutdown_races_get_and_put() {
    Model::new("queue_shutdown_races").check(|| {
        let queue = Arc::new(Queue::new(1));
        let (getter, putter) = (queue.clone(), queue.clone());
        let getter = thread::spawn(move || block_on(getter.get()));
        let putter = thread::spawn(move || block_on(putter.put(7)));
        assert!(queue.shutdown(false).is_empty());
        let put = putter.join().expect("it ends");
        let got = getter.join().expect("it ends");
        match put {
            Err(QueueShutDown(item)) => assert_eq!((item, got), (7, Err(QueueShutDown(())))),
            Ok(()) => assert_eq!(got.or_else(|_| block_on(queue.get())), Ok(7)),
        }
        assert!(block_on(queue.get()).is_err());
        assert!(block_on(queue.put(8)).is_err());
    });
}

/// Claim: an item that is put while the queue is shut down at once is in exactly one place afterwards,
/// and `join` ends.
/// Threads 2, unbounded.
#[test]
fn immediate_shutdown_races_put() {
    Model::new("queue_immediate_shutdown").unbounded().check(|| {
        let queue = Arc::new(Queue::new(0));
        let putter = queue.clone();
        let putter = thread::spawn(move || block_on(putter.put(7)));
        let given_up = queue.shutdown(true);
        match putter.join().expect("it ends") {
            Err(QueueShutDown(item)) => assert_eq!((item, given_up.len()), (7, 0), "one place"),
            Ok(()) => assert_eq!(given_up, [7], "one place"),
        }
        assert!(queue.empty(), "one place");
        block_on(queue.join());
    });
}

#[test]
fn controls() {
    let model = |name| format!("sync::queue::loom::{name}");
    let lost = "permits_grant_not_passed_on";
    must_catch(&model("a_reader_is_woken_or_aborted"), lost, &["deadlock"]);
    must_catch(&model("a_writer_is_woken_or_aborted"), lost, &["deadlock"]);
    must_catch(&model("join_races_task_done"), "queue_join_not_woken", &["deadlock"]);
    let ends = model("shutdown_races_get_and_put");
    must_catch(&ends, "queue_shutdown_leaves_getters", &["deadlock"]);
    let immediate = model("immediate_shutdown_races_put");
    must_catch(&immediate, "queue_put_after_shutdown", &["one place"]);
}
