//! `Barrier`: rounds, leaders, those who leave.

use super::Driven;
use futures_lite::future::block_on;
use sheave::sync::Barrier;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

#[test]
fn the_last_one_leads() {
    let barrier = Barrier::new(3);
    for _ in 0..3 {
        let mut first = Driven::new(barrier.wait());
        let mut second = Driven::new(barrier.wait());
        first.assert_pending();
        second.assert_pending();
        first.assert_pending(); // A second poll does not count.
        let mut last = Driven::new(barrier.wait());
        assert!(last.assert_ready().is_leader());
        assert_eq!((first.wakes(), second.wakes()), (1, 1));
        assert!(!first.assert_ready().is_leader());
        assert!(!second.assert_ready().is_leader());
    }
}

#[test]
fn one_for_none_or_one_never_waits() {
    for n in [0, 1] {
        let barrier = Barrier::new(n);
        assert!(Driven::new(barrier.wait()).assert_ready().is_leader());
        assert!(Driven::new(barrier.wait()).assert_ready().is_leader());
    }
}

#[test]
fn who_leaves_does_not_count() {
    let barrier = Barrier::new(2);
    let mut quitter = Driven::new(barrier.wait());
    quitter.assert_pending();
    drop(quitter);
    let mut first = Driven::new(barrier.wait());
    first.assert_pending();
    assert!(Driven::new(barrier.wait()).assert_ready().is_leader());
    // The round is complete: to leave now takes nobody back.
    drop(first);
    Driven::new(barrier.wait()).assert_pending();
}

#[test]
fn a_new_round_begins_while_the_former_one_wakes() {
    let barrier = Barrier::new(2);
    let mut slow = Driven::new(barrier.wait());
    slow.assert_pending();
    assert!(Driven::new(barrier.wait()).assert_ready().is_leader());
    let mut next = Driven::new(barrier.wait());
    next.assert_pending();
    assert!(!slow.assert_ready().is_leader());
    next.assert_pending();
}

#[test]
fn storm_of_threads() {
    const ROUNDS: usize = 500;
    let barrier = Arc::new(Barrier::new(3));
    let (leaders, arrived) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (barrier, leaders, arrived) = (barrier.clone(), leaders.clone(), arrived.clone());
            thread::spawn(move || {
                for round in 1..=ROUNDS {
                    arrived.fetch_add(1, SeqCst);
                    if block_on(barrier.wait()).is_leader() {
                        leaders.fetch_add(1, SeqCst);
                    }
                    assert!(arrived.load(SeqCst) >= 3 * round, "somebody went on too early");
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    assert_eq!(leaders.load(SeqCst), ROUNDS);
}
