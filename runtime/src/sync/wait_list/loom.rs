//! Models of waiters of one gate that opens for all, or lets one pass.

use super::{Key, Left, WaitList, poll_alone, poll_answer};
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::{Arc, Mutex};
use sheave_facade::{seeded, thread};
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::task::{Context, Waker};

#[derive(Default)]
struct Gate {
    passes: usize,
    waiters: Option<WaitList<(), ()>>,
    watcher: Option<Waker>,
}

fn waiters(gate: &mut Gate) -> &mut WaitList<(), ()> {
    gate.waiters.get_or_insert_with(WaitList::new)
}

fn pass_at_once(gate: &mut Gate) -> ControlFlow<(), ()> {
    if gate.passes == 0 {
        return ControlFlow::Continue(());
    }
    gate.passes -= 1;
    ControlFlow::Break(())
}

fn pass(gate: &Mutex<Gate>) {
    let mut key = None;
    block_on(poll_fn(|cx| poll_answer(gate, waiters, &mut key, cx, pass_at_once)));
    assert!(key.is_none(), "the entry went with its answer");
}

fn admit_one(gate: &Mutex<Gate>) {
    let mut held = gate.lock();
    let waker = waiters(&mut held).answer_first(());
    if waker.is_none() && !seeded::on("wait_list_pass_not_kept") {
        held.passes += 1;
    }
    drop(held);
    waker.into_iter().for_each(Waker::wake);
}

/// Claim: two waiters that look, clone their wakers and queue while two passes are given each get one.
/// Threads 3, bound 2.
#[test]
fn no_answer_is_lost() {
    Model::new("wait_list_no_answer_lost").check(|| {
        let gate = Arc::new(Mutex::new(Gate::default()));
        let others: [_; 2] = std::array::from_fn(|_| {
            let gate = gate.clone();
            thread::spawn(move || pass(&gate))
        });
        admit_one(&gate);
        admit_one(&gate);
        others.into_iter().for_each(|other| other.join().expect("both pass"));
        assert_eq!(gate.lock().passes, 0);
        assert!(waiters(&mut gate.lock()).is_empty());
    });
}

/// Polls once and leaves.
fn try_and_leave(gate: &Mutex<Gate>) {
    let mut key: Option<Key> = None;
    let mut cx = Context::from_waker(Waker::noop());
    let polled = poll_answer(gate, waiters, &mut key, &mut cx, pass_at_once);
    assert_eq!(polled.is_pending(), key.is_some());
    let Some(key) = key else { return admit_one(gate) };
    let left = waiters(&mut gate.lock()).leave(key);
    match left {
        Left::Waiting(waker) => drop(waker),
        Left::Answered(()) if seeded::on("wait_list_answer_not_passed_on") => (),
        Left::Answered(()) => admit_one(gate),
    }
}

/// Claim: of two waiters one gives up at any moment, and the one pass reaches the other.
/// Threads 3, bound 2.
#[test]
fn an_answer_is_passed_on() {
    Model::new("wait_list_answer_passed_on").check(|| {
        let gate = Arc::new(Mutex::new(Gate::default()));
        let (quitter, stayer) = (gate.clone(), gate.clone());
        let quitter = thread::spawn(move || try_and_leave(&quitter));
        let stayer = thread::spawn(move || pass(&stayer));
        admit_one(&gate);
        quitter.join().expect("it leaves");
        stayer.join().expect("it passes");
    });
}

/// Claim: a waiter that is alone sees what came before, while and after it stored its waker.
/// Threads 2, unbounded.
#[test]
fn who_waits_alone_is_woken() {
    Model::new("wait_alone_woken").unbounded().check(|| {
        let gate = Arc::new(Mutex::new(Gate::default()));
        let opener = gate.clone();
        let opener = thread::spawn(move || {
            let mut held = opener.lock();
            held.passes = 1;
            let waker = held.watcher.take();
            drop(held);
            if !seeded::on("wait_alone_not_woken") {
                waker.into_iter().for_each(Waker::wake);
            }
        });
        let look = |gate: &mut Gate| (gate.passes > 0).then_some(());
        block_on(poll_fn(|cx| poll_alone(&*gate, |gate| &mut gate.watcher, cx, look)));
        opener.join().expect("it opens");
    });
}

#[test]
fn controls() {
    let model = |name| format!("sync::wait_list::loom::{name}");
    must_catch(&model("no_answer_is_lost"), "wait_list_pass_not_kept", &["deadlock"]);
    must_catch(&model("an_answer_is_passed_on"), "wait_list_answer_not_passed_on", &["deadlock"]);
    must_catch(&model("who_waits_alone_is_woken"), "wait_alone_not_woken", &["deadlock"]);
}
