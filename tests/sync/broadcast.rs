//! `broadcast`: everybody gets all, slow receivers, ends, drops, weak senders.

use super::Driven;
use futures_lite::future::block_on;
use sheave::sync::broadcast::error::{RecvError, SendError, TryRecvError};
use sheave::sync::broadcast::{self, Sender};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

#[test]
fn everybody_gets_all() {
    let (sender, mut first) = broadcast::channel(4);
    let mut second = sender.subscribe();
    let mut waiting = Driven::new(async { (first.recv().await, first.recv().await) });
    waiting.assert_pending();
    assert_eq!(sender.send("one"), Ok(2));
    assert_eq!(waiting.wakes(), 1);
    waiting.assert_pending();
    assert_eq!(sender.send("two"), Ok(2));
    assert_eq!(waiting.assert_ready(), (Ok("one"), Ok("two")));
    drop(waiting);
    assert_eq!((second.len(), first.len(), sender.len()), (2, 0, 2));
    assert_eq!(second.try_recv(), Ok("one"));
    assert_eq!(sender.len(), 1);
    assert_eq!(second.try_recv(), Ok("two"));
    assert_eq!(second.try_recv(), Err(TryRecvError::Empty));
    assert!(sender.is_empty() && second.is_empty());
}

#[test]
fn who_is_too_slow_hears_it() {
    let (sender, mut slow) = broadcast::channel(2);
    let mut quick = sender.subscribe();
    for n in 1..=5 {
        assert_eq!(sender.send(n), Ok(2));
        assert_eq!(quick.try_recv(), Ok(n));
    }
    assert_eq!((slow.len(), sender.len()), (5, 2));
    assert_eq!(block_on(slow.recv()), Err(RecvError::Lagged(3)));
    assert_eq!(block_on(slow.recv()), Ok(4));
    assert_eq!(sender.send(6), Ok(2));
    assert_eq!(sender.send(7), Ok(2));
    assert_eq!(slow.try_recv(), Err(TryRecvError::Lagged(1)));
    assert_eq!((slow.try_recv(), slow.try_recv()), (Ok(6), Ok(7)));
}

#[test]
fn without_receivers_messages_come_back() {
    let (sender, receiver) = broadcast::channel(2);
    drop(receiver);
    assert_eq!(sender.send(1), Err(SendError(1)));
    let mut late = sender.subscribe();
    assert_eq!(sender.send(2), Ok(1));
    let mut later = late.resubscribe();
    assert_eq!(sender.receiver_count(), 2);
    assert_eq!((late.try_recv(), later.try_recv()), (Ok(2), Err(TryRecvError::Empty)));
    assert!(late.same_channel(&later) && sender.same_channel(&sender.clone()));
}

#[test]
fn the_end_comes_after_the_messages() {
    let (sender, mut receiver) = broadcast::channel(4);
    let mut other = sender.subscribe();
    sender.send(1).expect("there are receivers");
    let another = sender.clone();
    drop(sender);
    assert!(!receiver.is_closed());
    assert_eq!(other.try_recv(), Ok(1));
    let mut waiting = Driven::new(other.recv());
    waiting.assert_pending();
    drop(another);
    assert_eq!(waiting.assert_ready(), Err(RecvError::Closed));
    assert!(receiver.is_closed());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn weak_senders_do_not_count() {
    let (sender, receiver) = broadcast::channel::<u32>(1);
    let weak = sender.downgrade();
    let strong = weak.clone().upgrade().expect("a sender lives");
    assert_eq!((receiver.sender_strong_count(), weak.weak_count()), (2, 1));
    drop((sender, strong));
    assert!(weak.upgrade().is_none() && receiver.is_closed());
    assert_eq!((weak.strong_count(), receiver.sender_weak_count()), (0, 1));
}

#[test]
fn senders_hear_that_nobody_receives() {
    let (sender, receiver) = broadcast::channel::<u32>(1);
    let other = receiver.resubscribe();
    let mut watching = Driven::new(sender.closed());
    watching.assert_pending();
    drop(receiver);
    watching.assert_pending();
    drop(other);
    assert_eq!(watching.wakes(), 1);
    let late = sender.subscribe();
    watching.assert_pending();
    drop(late);
    assert_eq!(watching.wakes(), 2);
    watching.assert_ready();
}

#[test]
fn messages_are_dropped_when_nobody_wants_them() {
    let message = Arc::new(());
    let (sender, mut quick) = broadcast::channel(2);
    let slow = sender.subscribe();
    for _ in 0..3 {
        sender.send(message.clone()).expect("there are receivers");
    }
    assert_eq!(Arc::strong_count(&message), 3, "the oldest was given up");
    assert_eq!(quick.try_recv(), Err(TryRecvError::Lagged(1)));
    drop(quick.try_recv());
    assert_eq!(Arc::strong_count(&message), 3, "another receiver wants it");
    drop(slow);
    assert_eq!(Arc::strong_count(&message), 2, "nobody wants it");
    drop(quick);
    assert_eq!(Arc::strong_count(&message), 1);
}

#[test]
fn a_message_is_cloned_without_a_lock() {
    /// Sends to its own channel when it is cloned.
    struct Echo(Option<Sender<Echo>>);
    impl Clone for Echo {
        fn clone(&self) -> Self {
            let sender = self.0.as_ref().expect("echoes are not cloned");
            assert!(sender.send(Echo(None)).is_ok());
            Self(None)
        }
    }
    let (sender, mut first) = broadcast::channel(4);
    let mut second = sender.subscribe();
    assert!(sender.send(Echo(Some(sender.clone()))).is_ok());
    assert!(first.try_recv().is_ok_and(|echo| echo.0.is_none()));
    assert!(second.try_recv().is_ok_and(|original| original.0.is_some()));
    assert_eq!((first.len(), second.len()), (1, 1));
}

#[test]
fn a_dropped_wait_takes_no_message() {
    let (sender, mut receiver) = broadcast::channel(2);
    let mut waiting = Driven::new(receiver.recv());
    waiting.assert_pending();
    sender.send(1).expect("there is a receiver");
    drop(waiting);
    assert_eq!(receiver.try_recv(), Ok(1));
}

#[test]
#[should_panic(expected = "between 1 and")]
fn a_channel_keeps_something() {
    drop(broadcast::channel::<u32>(0));
}

#[test]
fn storm_of_slow_and_quick_receivers() {
    const EACH: u64 = 5_000;
    let (sender, receiver) = broadcast::channel(16);
    let receivers: Vec<_> = [receiver.resubscribe(), receiver.resubscribe(), receiver]
        .into_iter()
        .map(|mut receiver| {
            thread::spawn(move || {
                let (mut seen, mut missed) = (0, 0);
                loop {
                    match block_on(receiver.recv()) {
                        Ok(_) => seen += 1,
                        Err(RecvError::Lagged(count)) => missed += count,
                        Err(RecvError::Closed) => return seen + missed,
                    }
                }
            })
        })
        .collect();
    let senders: Vec<_> = [sender.clone(), sender]
        .into_iter()
        .map(|sender| {
            thread::spawn(move || {
                for n in 0..EACH {
                    sender.send(Box::new(n)).expect("there are receivers");
                    if n % 64 == 0 {
                        thread::yield_now();
                    }
                }
            })
        })
        .collect();
    senders.into_iter().for_each(|sender| sender.join().expect("no panic"));
    for receiver in receivers {
        assert_eq!(receiver.join().expect("no panic"), 2 * EACH);
    }
}

/// Panics when it is dropped, if it is live: once.
#[derive(Clone, Debug)]
struct Bomb(Arc<AtomicBool>);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.0.swap(false, SeqCst), "a bomb is dropped");
    }
}

#[test]
fn a_message_that_panics_when_it_is_given_up_costs_no_wake() {
    let live = Arc::new(AtomicBool::new(false));
    let (sender, _slow) = broadcast::channel(1);
    let mut quick = sender.subscribe();
    assert!(sender.send(Bomb(live.clone())).is_ok());
    drop(quick.try_recv());
    let mut waiting = Driven::new(quick.recv());
    waiting.assert_pending();
    live.store(true, SeqCst);
    let sent = catch_unwind(AssertUnwindSafe(|| sender.send(Bomb(Arc::default()))));
    assert!(sent.is_err() && waiting.wakes() == 1);
    assert!(waiting.assert_ready().is_ok());
}
