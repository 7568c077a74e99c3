//! What streams have here beside the adaptors of `futures-lite`: an order, a clock, and broadcasts.

use futures_lite::future::{block_on, poll_once, zip};
use sheave::stream::wrappers::{
    BroadcastStream, ReceiverStream, UnboundedReceiverStream, WatchStream,
    errors::BroadcastStreamRecvError::Lagged,
};
use sheave::stream::{self, ConcurrentExt, Stream, StreamExt, TimeExt};
use sheave::sync::{Notify, broadcast, mpsc, watch};
use sheave::task::{coop, yield_now};
use sheave::time::{Duration, Instant, sleep};
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

const SECOND: Duration = Duration::from_secs(1);

/// Items after so many seconds each, since the one before.
fn after(pauses: &'static [u32]) -> impl Stream<Item = u32> {
    stream::iter(pauses).then(|pause| async move {
        sleep(SECOND * *pause).await;
        *pause
    })
}

#[sheave::test(start_paused = true)]
async fn outputs_in_order_wait_for_their_turn_and_take_up_room() {
    let (start, asked) = (Instant::now(), Cell::new(0));
    let asked = &asked;
    let jobs = stream::iter([3, 1, 1, 4, 1]).map(|seconds| {
        asked.set(asked.get() + 1);
        async move {
            sleep(seconds * SECOND).await;
            seconds
        }
    });
    let mut outputs = jobs.buffered(2);
    let mut seen = Vec::new();
    while let Some(seconds) = outputs.next().await {
        seen.push((seconds, start.elapsed().as_secs(), asked.get()));
    }
    // The third begins when the first one is out, at 3 s, though the second was done at 1 s.
    assert_eq!(seen, [(3, 3, 2), (1, 3, 3), (1, 4, 4), (4, 7, 5), (1, 7, 5)]);
    assert_eq!(outputs.next().await, None, "it stays at its end");
}

#[sheave::test(start_paused = true)]
async fn a_stream_that_waits_itself_is_asked_while_futures_run() {
    let start = Instant::now();
    let jobs = after(&[1, 1, 1]).map(|_| sleep(5 * SECOND));
    assert_eq!(jobs.buffered(3).count().await, 3);
    assert_eq!(start.elapsed(), 8 * SECOND);
}

/// Whatever the order of the ends, and wherever the wait for an output is dropped.
#[test]
fn outputs_in_order_are_neither_lost_nor_mixed_up() {
    block_on(async {
        let gates: Vec<_> = (0..100).map(|_| Arc::new(Notify::new())).collect();
        let jobs = stream::iter(gates.iter().enumerate());
        let jobs = jobs.map(|(place, gate)| async move {
            gate.notified().await;
            place
        });
        let mut outputs = jobs.buffered(10);
        let mut seen = Vec::new();
        // Each gate opens once, in an order that has nothing to do with theirs. Then a few polls more.
        for round in 0..300 {
            if round < 100 {
                gates[round * 37 % 100].notify_one();
            }
            seen.extend(poll_once(outputs.next()).await.flatten());
        }
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
        assert_eq!(outputs.next().await, None);
    });
}

#[test]
fn an_output_in_order_polls_no_other_future() {
    let polls = |count: u32| {
        let polls = Cell::new(0);
        let counted = &polls;
        let jobs = stream::iter(0..count).map(|_| async move {
            let mut inner = pin!(yield_now());
            poll_fn(|cx| {
                counted.set(counted.get() + 1);
                Future::poll(inner.as_mut(), cx)
            })
            .await;
        });
        assert_eq!(block_on(jobs.buffered(1_000).count()), count as usize);
        polls.get()
    };
    assert_eq!((polls(1_000), polls(10_000)), (2_000, 20_000));
}

#[sheave::test]
async fn futures_in_order_that_wake_themselves_do_not_keep_the_thread() {
    let done = Cell::new(false);
    let done = &done;
    let jobs = stream::iter(0..10).map(|_| async move {
        while !done.get() {
            futures_lite::future::yield_now().await;
        }
    });
    let (count, ()) = zip(jobs.buffered(10).count(), async { done.set(true) }).await;
    assert_eq!(count, 10);
}

#[test]
fn dropping_a_stream_in_order_drops_its_futures_and_outputs() {
    let kept = Arc::new(());
    let jobs = stream::iter([false, true]).map(|is_ready| {
        let kept = kept.clone();
        async move {
            if !is_ready {
                std::future::pending::<()>().await;
            }
            kept
        }
    });
    let mut outputs = Box::pin(jobs.buffered(2));
    assert!(block_on(poll_once(outputs.next())).is_none());
    assert_eq!(Arc::strong_count(&kept), 3, "one runs, one is done and waits");
    drop(outputs);
    assert_eq!(Arc::strong_count(&kept), 1);
}

#[test]
fn an_order_without_room_is_refused() {
    let text = std::panic::catch_unwind(|| drop(stream::iter([async {}]).buffered(0)));
    let text = *text.unwrap_err().downcast::<&str>().unwrap();
    assert!(text.contains("allow one at least"), "{text}");
}

#[sheave::test(start_paused = true)]
async fn a_time_out_is_said_once_before_each_item_that_is_late() {
    let start = Instant::now();
    let mut items = pin!(after(&[1, 5, 2, 3]).timeout(2 * SECOND + SECOND / 2));
    let mut seen = Vec::new();
    while let Some(item) = items.next().await {
        seen.push((item.ok(), start.elapsed().as_secs_f64()));
    }
    let expected = [
        (Some(1), 1.0),
        (None, 3.5),
        (Some(5), 6.0),
        (Some(2), 8.0),
        (None, 10.5),
        (Some(3), 11.0),
    ];
    assert_eq!(seen, expected);
}

/// The end is no item: it does not time out, and may come after one that did.
#[sheave::test(start_paused = true)]
async fn a_time_out_leaves_the_end_alone() {
    let late = after(&[]).chain(stream::once_future(async {
        sleep(2 * SECOND).await;
        7
    }));
    let late: Vec<_> = late.filter(|_| false).timeout(SECOND).collect().await;
    assert_eq!(late.len(), 1);
    assert!(late[0].is_err());
}

/// The time goes on while nobody polls, but what is there comes before it.
#[sheave::test(start_paused = true)]
async fn a_time_out_counts_from_the_last_item() {
    let mut items = pin!(after(&[1, 2]).timeout(2 * SECOND));
    assert_eq!(items.next().await, Some(Ok(1)));
    assert!(poll_once(items.next()).await.is_none());
    sleep(3 * SECOND).await;
    assert_eq!(items.next().await, Some(Ok(2)), "late, but it is there");

    let start = Instant::now();
    let mut none = stream::pending::<()>().timeout(2 * SECOND);
    sleep(SECOND).await;
    assert!(none.next().await.unwrap().is_err());
    assert_eq!(start.elapsed(), 2 * SECOND);
    assert!(poll_once(none.next()).await.is_none(), "it was said");
}

#[sheave::test(start_paused = true)]
async fn a_time_out_of_zero_and_one_without_end() {
    let mut now = stream::pending::<()>().timeout(Duration::ZERO);
    assert!(poll_once(now.next()).await.unwrap().unwrap().is_err());
    let ready = stream::iter(0..3).timeout(Duration::ZERO);
    assert_eq!(ready.size_hint(), (3, Some(7)));
    assert_eq!(ready.map(Result::unwrap).collect::<Vec<_>>().await, [0, 1, 2]);

    let hour = after(&[3600]).timeout(Duration::MAX);
    assert_eq!(hour.map(Result::unwrap).collect::<Vec<_>>().await, [3600]);
}

/// A stream that takes the whole budget in each poll does not keep the time from being looked at.
#[sheave::test]
async fn a_stream_that_is_busy_times_out() {
    let greedy = stream::poll_fn(|cx| {
        while let Poll::Ready(progress) = coop::poll_proceed(cx) {
            progress.made_progress();
        }
        Poll::<Option<()>>::Pending
    });
    let mut greedy = greedy.timeout(Duration::from_millis(10));
    assert!(greedy.next().await.unwrap().is_err());
}

#[test]
fn a_broadcast_stream_gives_each_message_and_says_what_it_missed() {
    block_on(async {
        let (send, receive) = broadcast::channel(4);
        let mut early = BroadcastStream::new(receive);
        let mut late = BroadcastStream::new(send.subscribe());
        for n in 0..3 {
            send.send(n).unwrap();
        }
        assert_eq!((early.next().await, early.next().await), (Some(Ok(0)), Some(Ok(1))));
        for n in 3..8 {
            send.send(n).unwrap();
        }
        // The channel keeps 4, 5, 6 and 7.
        assert_eq!((early.next().await, early.next().await), (Some(Err(Lagged(2))), Some(Ok(4))));
        drop(send);
        assert_eq!(early.collect::<Vec<_>>().await, [Ok(5), Ok(6), Ok(7)]);
        let missed = late.next().await.unwrap().unwrap_err();
        assert_eq!(missed.to_string(), "the stream was read too slowly for 4 messages");
        assert_eq!((&mut late).collect::<Vec<_>>().await, [Ok(4), Ok(5), Ok(6), Ok(7)]);
        assert_eq!(late.next().await, None, "it stays at its end");
    });
}

/// The wait for a message may be dropped at any time; the message that comes then is not lost.
#[test]
fn a_broadcast_stream_loses_nothing_when_a_wait_for_it_is_dropped() {
    let (send, receive) = broadcast::channel(4);
    let mut messages = BroadcastStream::new(receive);
    block_on(async {
        for n in 0..10 {
            assert!(poll_once(messages.next()).await.is_none());
            send.send(n).unwrap();
            assert_eq!(messages.next().await, Some(Ok(n)));
        }
    });
    drop(messages);
    assert_eq!(send.receiver_count(), 0, "dropping the stream drops the receiver");
}

#[sheave::test]
async fn a_broadcast_stream_is_read_in_a_task() {
    let (send, receive) = broadcast::channel(64);
    let listeners: Vec<_> = (0..4)
        .map(|_| BroadcastStream::new(receive.resubscribe()))
        .map(|messages| sheave::spawn(messages.map(Result::unwrap).collect::<Vec<u32>>()))
        .collect();
    for n in 0..50 {
        send.send(n).unwrap();
        yield_now().await;
    }
    drop(send);
    for listener in listeners {
        assert_eq!(listener.await.unwrap(), (0..50).collect::<Vec<_>>());
    }
}

/// What the pages say instead of a `throttle`: at most one item a tick.
#[sheave::test(start_paused = true)]
async fn a_stream_beside_an_interval_is_throttled() {
    let start = Instant::now();
    let ticks = stream::wrappers::IntervalStream::new(sheave::time::interval(SECOND));
    let slow = stream::iter(0..4).zip(ticks).map(|(item, _)| item);
    assert_eq!(slow.collect::<Vec<_>>().await, [0, 1, 2, 3]);
    assert_eq!(start.elapsed(), 3 * SECOND);
}

#[test]
fn a_stream_of_a_channel_can_be_closed_and_says_how_much_is_left() {
    block_on(async {
        let (send, receive) = mpsc::channel(4);
        send.try_send(1).expect("room");
        let (used, unused) = (send.try_reserve().expect("room"), send.try_reserve().expect("room"));
        let mut messages = ReceiverStream::from(receive);
        assert_eq!(messages.size_hint(), (1, None));
        messages.close();
        assert!(send.try_send(9).is_err());
        assert_eq!(messages.size_hint(), (1, Some(3)), "the permits may still be used");
        used.send(2);
        drop(unused);
        assert_eq!(messages.size_hint(), (2, Some(2)));
        assert_eq!(messages.collect::<Vec<_>>().await, [1, 2]);

        let (send, receive) = mpsc::unbounded_channel();
        let mut messages = UnboundedReceiverStream::from(receive);
        send.send(1).expect("open");
        assert_eq!(messages.size_hint(), (1, None));
        messages.close();
        assert!(send.send(2).is_err());
        assert_eq!(messages.size_hint(), (1, Some(1)));
        assert_eq!(messages.collect::<Vec<_>>().await, [1]);
    });
}

#[test]
fn what_receives_is_turned_into_its_stream() {
    block_on(async {
        let (send, receive) = watch::channel(1);
        let mut values = WatchStream::from(receive);
        assert_eq!(values.next().await, Some(1));
        drop(send);
        assert_eq!(values.next().await, None);
        let (send, receive) = broadcast::channel(1);
        send.send(1).expect("a receiver lives");
        drop(send);
        assert_eq!(BroadcastStream::from(receive).collect::<Vec<_>>().await, [Ok(1)]);
    });
}
