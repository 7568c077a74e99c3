//! `mpsc`: order, room, permits, both ends, weak senders, and storms of threads.

use super::Driven;
use futures_lite::future::block_on;
use sheave::sync::mpsc::error::{SendError, SendTimeoutError, TryRecvError, TrySendError};
use sheave::sync::mpsc::{self, channel, unbounded_channel};
use sheave::time::{Duration, Instant};
use std::sync::Arc;
use std::thread;

#[test]
fn messages_keep_their_order_and_the_end_comes_last() {
    let (sender, mut receiver) = channel(3);
    (0..3).for_each(|n| sender.try_send(n).expect("there is room"));
    drop(sender);
    let received: Vec<u32> = std::iter::from_fn(|| block_on(receiver.recv())).collect();
    assert_eq!(received, [0, 1, 2]);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn senders_wait_in_order_and_are_not_overtaken() {
    let (sender, mut receiver) = channel(1);
    sender.try_send(0).expect("there is room");
    let (mut first, mut second) = (Driven::new(sender.send(1)), Driven::new(sender.send(2)));
    first.assert_pending();
    second.assert_pending();
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    assert_eq!(sender.try_send(3), Err(TrySendError::Full(3)), "the room is granted");
    first.assert_ready().expect("open");
    assert_eq!(receiver.try_recv(), Ok(1));
    second.assert_ready().expect("open");
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn a_sender_that_gives_up_leaves_its_room() {
    let (sender, mut receiver) = channel(1);
    sender.try_send(0).expect("there is room");
    let (mut quitter, mut heir) = (Driven::new(sender.reserve()), Driven::new(sender.send(2)));
    quitter.assert_pending();
    heir.assert_pending();
    assert_eq!(receiver.try_recv(), Ok(0));
    drop(quitter);
    heir.assert_ready().expect("open");
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(sender.capacity(), 1);
}

#[test]
fn a_send_that_is_dropped_with_its_room_was_not_sent() {
    let (sender, mut receiver) = channel(1);
    sender.try_send(0).expect("there is room");
    let (mut quitter, mut heir) = (Driven::new(sender.send(1)), Driven::new(sender.send(2)));
    quitter.assert_pending();
    heir.assert_pending();
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!((quitter.wakes(), heir.wakes()), (1, 0));
    drop(quitter);
    assert_eq!(heir.wakes(), 1);
    heir.assert_ready().expect("open");
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(2), Err(TryRecvError::Empty)));
}

#[test]
fn a_message_for_nobody_comes_back_though_there_is_room() {
    let (sender, mut receiver) = channel(1);
    sender.try_send(0).expect("there is room");
    let mut waiting = Driven::new(sender.send(1));
    waiting.assert_pending();
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!(waiting.wakes(), 1, "it has the room");
    drop(receiver);
    assert_eq!(waiting.assert_ready(), Err(SendError(1)));
    assert_eq!(sender.capacity(), 1);
}

#[test]
fn what_an_unbounded_receiver_has_taken_is_as_good_as_in_the_channel() {
    let message = Arc::new(());
    let (sender, mut receiver) = unbounded_channel();
    let send = |range: std::ops::Range<u32>| {
        range.for_each(|n| sender.send((n, message.clone())).expect("open"));
    };
    let mut received = Vec::new();
    send(0..3);
    received.push(block_on(receiver.recv()).expect("a message").0);
    send(3..5);
    assert_eq!(receiver.len(), 4);
    received.push(receiver.try_recv().expect("a message").0);
    let mut many = Vec::new();
    assert_eq!(block_on(receiver.recv_many(&mut many, 2)), 2, "one of each");
    send(5..8);
    assert_eq!(block_on(receiver.recv_many(&mut many, 9)), 4);
    received.extend(many.drain(..).map(|(n, _)| n));
    assert_eq!(received, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert!(receiver.is_empty());
    send(8..11);
    assert_eq!(block_on(receiver.recv()).expect("a message").0, 8);
    send(11..12);
    drop(receiver);
    assert_eq!(Arc::strong_count(&message), 1, "the others are dropped with the receiver");
}

#[test]
fn receivers_may_be_shared_and_moved_whatever_the_messages() {
    fn check<R: Sync + Send + Unpin>(_: R) {}
    type Message = (std::cell::Cell<u32>, std::marker::PhantomPinned);
    check(channel::<Message>(1).1);
    check(unbounded_channel::<Message>().1);
}

#[test]
fn one_who_wants_much_and_leaves_lets_the_others_go_on() {
    let (sender, mut receiver) = channel(3);
    sender.try_send(0).expect("there is room");
    let mut large = Driven::new(sender.reserve_many(3));
    let mut small = Driven::new(sender.send(1));
    large.assert_pending();
    small.assert_pending();
    drop(large);
    small.assert_ready().expect("open");
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(0), Ok(1)));
}

#[test]
fn permits_are_room() {
    let (sender, mut receiver) = channel(3);
    let mut permits = block_on(sender.reserve_many(2)).expect("open");
    assert_eq!((sender.capacity(), sender.max_capacity(), permits.len()), (1, 3, 2));
    permits.next().expect("of two").send('a');
    drop(permits);
    assert_eq!(sender.capacity(), 2);
    let owned = block_on(sender.clone().reserve_owned()).expect("open");
    let again = owned.send('b').try_reserve_owned().expect("there is room").release();
    assert!(again.same_channel(&sender));
    assert_eq!(block_on(sender.reserve_many(4)).map(|_| ()), Err(SendError(())));
    let mut received = Vec::new();
    assert_eq!(block_on(receiver.recv_many(&mut received, 10)), 2);
    assert_eq!(received, ['a', 'b']);
    assert_eq!(sender.capacity(), 3);
}

#[test]
fn a_closed_receiver_drains_messages_and_permits() {
    let (sender, mut receiver) = channel(2);
    sender.try_send(1).expect("there is room");
    let permit = sender.try_reserve().expect("there is room");
    let mut waiting = Driven::new(sender.send(9));
    let mut closed = Driven::new(sender.closed());
    waiting.assert_pending();
    closed.assert_pending();
    receiver.close();
    assert!(waiting.assert_ready().is_err());
    closed.assert_ready();
    assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
    assert_eq!(block_on(receiver.recv()), Some(1));
    let mut last = Driven::new(receiver.recv());
    last.assert_pending();
    permit.send(2);
    assert_eq!(last.wakes(), 1);
    assert_eq!(last.assert_ready(), Some(2));
    drop(last);
    assert_eq!(block_on(receiver.recv()), None);
}

#[test]
fn the_last_permit_of_a_closed_channel_ends_it() {
    let (sender, mut receiver) = channel::<u32>(1);
    let permit = sender.try_reserve().expect("there is room");
    receiver.close();
    let mut end = Driven::new(receiver.recv());
    end.assert_pending();
    drop(permit);
    assert_eq!(end.wakes(), 1);
    assert_eq!(end.assert_ready(), None);
}

#[test]
fn a_dropped_receiver_drops_the_messages() {
    let message = Arc::new(());
    let (sender, receiver) = channel(3);
    sender.try_send(message.clone()).expect("there is room");
    let permit = sender.try_reserve().expect("there is room");
    drop(receiver);
    permit.send(message.clone());
    assert_eq!(Arc::strong_count(&message), 1);
    assert!(block_on(sender.send(message)).is_err());
}

#[test]
fn the_last_sender_wakes_the_receiver() {
    let (sender, mut receiver) = unbounded_channel::<u32>();
    let other = sender.clone();
    let mut end = Driven::new(receiver.recv());
    end.assert_pending();
    drop(sender);
    assert_eq!(end.wakes(), 0);
    drop(other);
    assert_eq!(end.wakes(), 1);
    assert_eq!(end.assert_ready(), None);
}

#[test]
fn weak_senders_do_not_keep_a_channel_open() {
    let (sender, mut receiver) = unbounded_channel();
    let weak = sender.downgrade();
    assert_eq!((sender.strong_count(), sender.weak_count()), (1, 1));
    weak.upgrade().expect("a sender lives").send(1).expect("open");
    drop(sender);
    assert!(weak.upgrade().is_none());
    assert_eq!(receiver.sender_weak_count(), 1);
    assert_eq!((block_on(receiver.recv()), block_on(receiver.recv())), (Some(1), None));
}

#[test]
fn a_dropped_wait_takes_no_message() {
    let (sender, mut receiver) = unbounded_channel();
    let mut wait = Driven::new(receiver.recv());
    wait.assert_pending();
    sender.send(1).expect("open");
    assert_eq!(wait.wakes(), 1);
    drop(wait);
    assert_eq!(receiver.blocking_recv(), Some(1));
}

#[test]
#[should_panic(expected = "between 1 and")]
fn a_channel_without_room_is_refused() {
    let _ = channel::<u32>(0);
}

/// Each message comes once, and those of one sender come in order.
fn receive_all(mut receive: impl FnMut() -> Option<(usize, u32)>, senders: usize, each: u32) {
    let mut next = vec![0; senders];
    while let Some((sender, n)) = receive() {
        assert_eq!(n, next[sender]);
        next[sender] += 1;
    }
    assert_eq!(next, vec![each; senders]);
}

fn start_senders(sender: &mpsc::Sender<(usize, u32)>, each: u32) -> Vec<thread::JoinHandle<()>> {
    let start = |at| {
        let sender = sender.clone();
        thread::spawn(move || {
            for n in 0..each {
                if n % 7 == 0 {
                    drop(Driven::new(sender.reserve()).poll());
                }
                match n % 3 {
                    0 => block_on(sender.send((at, n))).expect("open"),
                    1 => sender.blocking_send((at, n)).expect("open"),
                    _ => block_on(sender.reserve()).expect("open").send((at, n)),
                }
            }
        })
    };
    (0..3).map(start).collect()
}

#[test]
fn storm_of_senders() {
    let (sender, mut receiver) = channel(2);
    let threads = start_senders(&sender, 2_000);
    drop(sender);
    receive_all(|| block_on(receiver.recv()), 3, 2_000);
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    assert_eq!(receiver.capacity(), 2);
}

#[test]
fn storm_received_in_batches() {
    let (sender, mut receiver) = channel(8);
    let threads = start_senders(&sender, 2_000);
    drop(sender);
    let mut batch = Vec::new();
    let receive = || {
        if batch.is_empty() {
            receiver.blocking_recv_many(&mut batch, 5);
            batch.reverse();
        }
        batch.pop()
    };
    receive_all(receive, 3, 2_000);
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
}

#[sheave::test(start_paused = true)]
async fn a_sender_waits_so_long_and_no_longer() {
    let (sender, mut receiver) = mpsc::channel(1);
    let second = Duration::from_secs(1);
    assert_eq!(sender.send_timeout(1, second).await, Ok(()));
    let start = Instant::now();
    assert_eq!(sender.send_timeout(2, second).await, Err(SendTimeoutError::Timeout(2)));
    assert_eq!(start.elapsed().as_secs(), 1);
    let late = sender.clone();
    let late = sheave::spawn(async move { late.send_timeout(3, second).await });
    sheave::task::yield_now().await;
    assert_eq!(receiver.recv().await, Some(1));
    assert_eq!(late.await.expect("no panic"), Ok(()));
    assert_eq!(receiver.recv().await, Some(3), "what was given up did not come");
    drop(receiver);
    let refused = sender.send_timeout(4, second).await.expect_err("nobody receives");
    assert_eq!(refused.to_string(), "the channel is closed");
    assert_eq!(refused.into_inner(), 4);
}

#[test]
fn owned_permits_know_their_channel() {
    let ((one, _r1), (other, _r2)) = (mpsc::channel::<()>(2), mpsc::channel::<()>(1));
    let permit = one.clone().try_reserve_owned().expect("room");
    let same = one.clone().try_reserve_owned().expect("room");
    let foreign = other.clone().try_reserve_owned().expect("room");
    assert!(permit.same_channel(&same) && permit.same_channel_as_sender(&one));
    assert!(!permit.same_channel(&foreign) && !permit.same_channel_as_sender(&other));
}

#[test]
fn room_that_was_granted_before_the_end_is_used() {
    let (sender, mut receiver) = channel(1);
    sender.try_send(1).expect("room");
    let (mut granted, mut waiting) = (Driven::new(sender.send(2)), Driven::new(sender.send(3)));
    granted.assert_pending();
    waiting.assert_pending();
    assert_eq!(receiver.try_recv(), Ok(1));
    receiver.close();
    assert_eq!(waiting.assert_ready(), Err(SendError(3)));
    let mut wait = Driven::new(receiver.recv());
    wait.assert_pending();
    assert_eq!(granted.assert_ready(), Ok(()));
    assert_eq!(wait.assert_ready(), Some(2));
    drop(wait);
    assert_eq!(block_on(receiver.recv()), None);
}
