//! Models of a root that is polled while others look at it and wake it. Thread 0 blocks on it.

use super::Root;
use crate::scheduler::dump::Activity;
use crate::util::waits::{Wait, note};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::Relaxed};
use sheave_facade::thread;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

fn poll<F: Future>(root: &Arc<Root>, future: F) -> Poll<F::Output> {
    let waker = Waker::from(root.clone());
    root.poll(pin!(future), &mut Context::from_waker(&waker), || 1)
}

/// Claim: a dump that shows that a root waits shows for what; it takes no root that runs for one that waits.
/// Threads 2; bound: none. Controls: `root_raises_late`, `root_note_relaxed`.
#[test]
fn a_dump_races_a_poll() {
    Model::new("root::a_dump_races_a_poll").unbounded().check(|| {
        let root = Root::new(None, Some(Location::caller()));
        let look = |root: &Root| {
            let doing = root.row().expect("it has a location").doing;
            let is_waiting = doing.activity == Activity::Waiting;
            assert!(!is_waiting || doing.note.wait().is_some(), "it waits for nothing");
            is_waiting
        };
        let other = {
            let root = root.clone();
            thread::spawn(move || look(&root))
        };
        let polled = poll(
            &root,
            poll_fn(|_| {
                note(Wait::Join { task: 1 });
                Poll::<()>::Pending
            }),
        );
        assert!(polled.is_pending());
        assert!(look(&root), "it waits");
        other.join().expect("the other thread looks");
    });
}

/// Claim: a wake at any time, also during a poll, makes for another poll, which sees what was done before.
/// Threads 2; bound: none. Control: `root_forgets_wake`.
#[test]
fn a_wake_races_a_poll() {
    Model::new("root::a_wake_races_a_poll").unbounded().check(|| {
        let root = Root::new(None, None);
        let is_done = Arc::new(AtomicBool::new(false));
        let other = {
            let (waker, is_done) = (Waker::from(root.clone()), is_done.clone());
            thread::spawn(move || {
                // ORDERING: Relaxed, here and below, so that nothing but the root orders them.
                is_done.store(true, Relaxed);
                waker.wake();
            })
        };
        let look = |_: &mut Context<'_>| match is_done.load(Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        };
        while poll(&root, poll_fn(look)).is_pending() {
            root.park();
        }
        other.join().expect("the other thread wakes");
    });
}

#[test]
fn controls() {
    let dump = "scheduler::root::loom::a_dump_races_a_poll";
    must_catch(dump, "root_raises_late", &["it waits for nothing"]);
    must_catch(dump, "root_note_relaxed", &["it waits for nothing"]);
    let wake = "scheduler::root::loom::a_wake_races_a_poll";
    must_catch(wake, "root_forgets_wake", &["deadlock"]);
}
