//! `Event`: set, clear, and who goes on.

use super::{Bomb, Driven};
use futures_lite::future::block_on;
use sheave::sync::Event;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;

#[test]
fn set_wakes_all_in_their_order() {
    let event = Event::new();
    let mut waiting: Vec<_> = (0..40).map(|_| Driven::new(event.wait())).collect();
    waiting.iter_mut().for_each(Driven::assert_pending);
    event.set();
    assert!(waiting.iter().all(|wait| wait.wakes() == 1));
    waiting.iter_mut().for_each(Driven::assert_ready);
    Driven::new(event.wait()).assert_ready();
    assert!(event.is_set());
}

/// `set` lets all go on that wait at that moment, even if the event is cleared before they run.
#[test]
fn who_waited_goes_on_though_it_is_cleared() {
    let event = Event::new();
    let (mut first, mut second) = (Driven::new(event.wait()), Driven::new(event.wait()));
    first.assert_pending();
    second.assert_pending();
    event.set();
    event.clear();
    let mut late = Driven::new(event.wait());
    late.assert_pending();
    first.assert_ready();
    second.assert_ready();
    late.assert_pending();
    assert!(!event.is_set());
}

#[test]
fn a_wait_begins_with_its_first_poll() {
    let event = Event::new();
    let mut wait = Driven::new(event.wait());
    event.set();
    event.clear();
    wait.assert_pending();
    event.set();
    wait.assert_ready();
}

#[test]
fn to_set_and_clear_twice_is_as_once() {
    let event = Event::default();
    event.set();
    event.set();
    event.clear();
    assert!(!event.is_set());
    event.clear();
    Driven::new(event.wait()).assert_pending();
}

#[test]
fn who_gives_up_costs_the_others_nothing() {
    let event = Event::new();
    let mut waiting: Vec<_> = (0..5).map(|_| Driven::new(event.wait())).collect();
    waiting.iter_mut().for_each(Driven::assert_pending);
    drop(waiting.remove(2));
    event.set();
    drop(waiting.remove(0)); // Woken, and not polled since.
    waiting.iter_mut().for_each(Driven::assert_ready);
}

#[test]
fn a_waker_that_panics_does_not_stop_the_others() {
    let event = Event::new();
    let mut exploding = Box::pin(event.wait());
    let bomb = Waker::from(Arc::new(Bomb));
    assert!(exploding.as_mut().poll(&mut Context::from_waker(&bomb)).is_pending());
    let mut other = Driven::new(event.wait());
    other.assert_pending();
    event.set();
    other.assert_ready();
    block_on(exploding);
}

#[test]
fn storm_of_threads() {
    const ROUNDS: usize = 300;
    let rounds: Arc<Vec<Event>> = Arc::new((0..ROUNDS).map(|_| Event::new()).collect());
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let rounds = rounds.clone();
            thread::spawn(move || rounds.iter().for_each(|event| block_on(event.wait())))
        })
        .collect();
    rounds.iter().for_each(Event::set);
    waiters.into_iter().for_each(|waiter| waiter.join().expect("no panic"));
}
