//! `Queue`, `LifoQueue` and `PriorityQueue`: order, room, who gives up, `join`, and the end.

use super::Driven;
use futures_lite::future::block_on;
use futures_lite::{StreamExt, stream};
use sheave::sync::queue::Store;
use sheave::sync::queue::{BaseQueue, GetNowaitError, PutNowaitError, QueueShutDown};
use sheave::sync::{LifoQueue, PriorityQueue, Queue};
use std::collections::HashSet;
use std::sync::Arc;
use std::thread;

/// Everything that is in the queue, in the order in which it is got.
pub(super) fn drain<S: Store>(queue: &BaseQueue<S>) -> Vec<S::Item> {
    std::iter::from_fn(|| queue.get_nowait().ok()).collect()
}

pub(super) fn fill<S: Store>(queue: &BaseQueue<S>, items: impl IntoIterator<Item = S::Item>) {
    items.into_iter().for_each(|item| queue.put_nowait(item).expect("there is room"));
}

#[test]
fn each_kind_has_its_order() {
    let items = [3, 1, 2, 5, 4];
    let (fifo, lifo, by_priority) = (Queue::new(0), LifoQueue::new(0), PriorityQueue::new(0));
    fill(&fifo, items);
    fill(&lifo, items);
    fill(&by_priority, items);
    assert_eq!(drain(&fifo), [3, 1, 2, 5, 4]);
    assert_eq!(drain(&lifo), [4, 5, 2, 1, 3]);
    assert_eq!(drain(&by_priority), [1, 2, 3, 4, 5]);
}

#[test]
fn room_is_limited_or_not() {
    let queue = Queue::new(2);
    assert!(queue.empty() && !queue.full());
    assert_eq!(queue.maxsize(), 2);
    fill(&queue, ["a", "b"]);
    assert!(queue.full() && !queue.empty());
    assert_eq!(queue.put_nowait("c"), Err(PutNowaitError::QueueFull("c")));
    assert_eq!(queue.qsize(), 2);
    let unlimited = Queue::new(0);
    fill(&unlimited, 0..1000);
    assert!(!unlimited.full());
    assert_eq!(unlimited.qsize(), 1000);
}

#[test]
fn putters_wait_for_room_in_the_order_of_arrival() {
    let queue = Queue::new(1);
    fill(&queue, [0]);
    let mut putters: Vec<_> = (1..4).map(|n| Driven::new(queue.put(n))).collect();
    putters.iter_mut().for_each(Driven::assert_pending);
    for n in 0..3 {
        assert_eq!(queue.get_nowait(), Ok(n));
        // The free place belongs to the first who waits.
        assert_eq!(queue.put_nowait(9), Err(PutNowaitError::QueueFull(9)));
        let mut next = putters.remove(0);
        assert_eq!(next.wakes(), 1);
        next.assert_ready().expect("open");
    }
    assert_eq!(drain(&queue), [3]);
}

#[test]
fn getters_wait_for_items_in_the_order_of_arrival() {
    let queue = Queue::new(0);
    let mut getters: Vec<_> = (0..3).map(|_| Driven::new(queue.get())).collect();
    getters.iter_mut().for_each(Driven::assert_pending);
    fill(&queue, [10, 20]);
    assert_eq!(getters.iter().map(Driven::wakes).collect::<Vec<_>>(), [1, 1, 0]);
    // Both items are promised: nobody overtakes, whoever runs first.
    assert_eq!(queue.get_nowait(), Err(GetNowaitError::QueueEmpty));
    getters[2].assert_pending();
    assert_eq!(getters[0].assert_ready(), Ok(10));
    assert_eq!(getters[1].assert_ready(), Ok(20));
    fill(&queue, [30]);
    assert_eq!(getters[2].assert_ready(), Ok(30));
}

#[test]
fn a_getter_that_gives_up_loses_no_item() {
    let queue = Queue::new(0);
    let (mut quitter, mut heir) = (Driven::new(queue.get()), Driven::new(queue.get()));
    quitter.assert_pending();
    heir.assert_pending();
    fill(&queue, [7]);
    drop(quitter); // Woken, and not polled since.
    assert_eq!(heir.wakes(), 1);
    drop(heir);
    assert_eq!(queue.get_nowait(), Ok(7));
}

#[test]
fn a_putter_that_gives_up_leaves_its_room_to_the_next() {
    let queue = Queue::new(1);
    fill(&queue, [0]);
    let (mut quitter, mut heir) = (Driven::new(queue.put(1)), Driven::new(queue.put(2)));
    quitter.assert_pending();
    heir.assert_pending();
    assert_eq!(queue.get_nowait(), Ok(0));
    drop(quitter);
    assert_eq!(heir.wakes(), 1);
    heir.assert_ready().expect("open");
    assert_eq!(drain(&queue), [2]);
}

/// A getter that waited gets the smallest item of those that are there when it runs.
#[test]
fn a_promise_is_for_the_best_item() {
    let queue = PriorityQueue::new(0);
    let mut getter = Driven::new(queue.get());
    getter.assert_pending();
    fill(&queue, [5, 3]);
    assert_eq!(getter.assert_ready(), Ok(3));
}

#[test]
fn join_waits_until_all_is_done() {
    let queue = Queue::new(0);
    Driven::new(queue.join()).assert_ready();
    fill(&queue, [1, 2]);
    let (mut joiner, mut another) = (Driven::new(queue.join()), Driven::new(queue.join()));
    joiner.assert_pending();
    another.assert_pending();
    assert_eq!(drain(&queue), [1, 2]);
    joiner.assert_pending();
    queue.task_done();
    joiner.assert_pending();
    queue.task_done();
    fill(&queue, [3]); // Comes too late for them.
    joiner.assert_ready();
    another.assert_ready();
    Driven::new(queue.join()).assert_pending();
}

#[test]
#[should_panic(expected = "`task_done` was called more often than items were put")]
fn more_cannot_be_done_than_was_put() {
    let queue = Queue::new(0);
    fill(&queue, [1]);
    queue.task_done();
    queue.task_done();
}

#[test]
fn shutdown_gives_what_is_left() {
    let queue = Queue::new(2);
    fill(&queue, [1, 2]);
    let mut putter = Driven::new(queue.put(3));
    putter.assert_pending();
    assert!(queue.shutdown(false).is_empty());
    assert_eq!(putter.wakes(), 1);
    assert_eq!(putter.assert_ready(), Err(QueueShutDown(3)));
    assert_eq!(block_on(queue.put(4)), Err(QueueShutDown(4)));
    assert_eq!(queue.put_nowait(5), Err(PutNowaitError::QueueShutDown(5)));
    assert_eq!(block_on(queue.get()), Ok(1));
    assert_eq!(queue.get_nowait(), Ok(2));
    assert_eq!(block_on(queue.get()), Err(QueueShutDown(())));
    assert_eq!(queue.get_nowait(), Err(GetNowaitError::QueueShutDown));
    // What was got is still to be done.
    let mut joiner = Driven::new(queue.join());
    joiner.assert_pending();
    queue.task_done();
    queue.task_done();
    joiner.assert_ready();
}

#[test]
fn immediate_shutdown_returns_what_is_left() {
    let queue = LifoQueue::new(3);
    fill(&queue, [1, 2, 3]);
    assert_eq!(queue.get_nowait(), Ok(3));
    let mut joiner = Driven::new(queue.join());
    joiner.assert_pending();
    let given_up: HashSet<_> = queue.shutdown(true).into_iter().collect();
    assert_eq!(given_up, HashSet::from([1, 2]));
    assert!(queue.empty());
    assert_eq!(queue.get_nowait(), Err(GetNowaitError::QueueShutDown));
    joiner.assert_pending(); // One was got, and is not done.
    assert!(format!("{queue:?}").contains("unfinished: 1, is_shut_down: true"), "{queue:?}");
    queue.task_done();
    joiner.assert_ready();
    assert!(queue.shutdown(true).is_empty());
}

/// Items that are given up are done: nobody waits for them, and nobody may say so again.
#[test]
#[should_panic(expected = "`task_done` was called more often than items were put")]
fn immediate_shutdown_ends_the_join() {
    let queue = Queue::new(0);
    fill(&queue, [1, 2]);
    let mut joiner = Driven::new(queue.join());
    joiner.assert_pending();
    assert_eq!(queue.shutdown(true), [1, 2]);
    assert_eq!(joiner.wakes(), 1);
    joiner.assert_ready();
    queue.task_done();
}

#[test]
fn shutdown_tells_those_who_wait_for_items() {
    for immediate in [false, true] {
        let queue = Queue::<u32>::new(0);
        let mut getters = [Driven::new(queue.get()), Driven::new(queue.get())];
        getters.iter_mut().for_each(Driven::assert_pending);
        queue.shutdown(immediate);
        for getter in &mut getters {
            assert_eq!(getter.wakes(), 1);
            assert_eq!(getter.assert_ready(), Err(QueueShutDown(())));
        }
    }
}

/// After a shutdown, an item that was promised to one who gives up can be got by anybody.
#[test]
fn a_promise_outlives_the_shutdown_or_is_free() {
    let queue = Queue::new(0);
    let mut promised = [Driven::new(queue.get()), Driven::new(queue.get())];
    promised.iter_mut().for_each(Driven::assert_pending);
    fill(&queue, [1, 2]);
    queue.shutdown(false);
    let [mut stayer, quitter] = promised;
    drop(quitter);
    assert_eq!(stayer.assert_ready(), Ok(1));
    assert_eq!(block_on(queue.get()), Ok(2));
    assert_eq!(block_on(queue.get()), Err(QueueShutDown(())));
}

#[test]
fn a_stream_ends_with_the_queue() {
    let queue = Queue::new(1);
    let sum = block_on(async {
        let reader = queue.stream().fold(0, |sum, n| sum + n);
        let writer = async {
            stream::iter(1..=10).then(|n| queue.put(n)).for_each(|put| put.expect("open")).await;
            queue.shutdown(false);
        };
        futures_lite::future::zip(reader, writer).await.0
    });
    assert_eq!(sum, 55);
    // A stream that is dropped while it waits takes no item with it.
    let queue = Queue::new(0);
    let mut items = queue.stream();
    let mut next = Driven::new(items.next());
    next.assert_pending();
    fill(&queue, [7]);
    drop(next);
    drop(items);
    assert_eq!(queue.get_nowait(), Ok(7));
}

/// Every item is got once, whoever puts and gets, and whoever gives up.
#[test]
fn storm_of_threads() {
    const EACH: usize = 500;
    let queue = Arc::new(PriorityQueue::new(3));
    let putters: Vec<_> = (0..2)
        .map(|who| {
            let queue = queue.clone();
            thread::spawn(move || {
                for n in 0..EACH {
                    block_on(queue.put(who * EACH + n)).expect("open");
                }
            })
        })
        .collect();
    let getters: Vec<_> = (0..2)
        .map(|_| {
            let queue = queue.clone();
            thread::spawn(move || {
                let mut got = Vec::new();
                loop {
                    // Some come, and give up at once.
                    _ = Driven::new(queue.join()).poll();
                    if let std::task::Poll::Ready(Ok(item)) = Driven::new(queue.get()).poll() {
                        got.push(item);
                        queue.task_done();
                    }
                    match block_on(queue.get()) {
                        Ok(item) => got.push(item),
                        Err(QueueShutDown(())) => return got,
                    }
                    queue.task_done();
                }
            })
        })
        .collect();
    putters.into_iter().for_each(|putter| putter.join().expect("no panic"));
    block_on(queue.join());
    queue.shutdown(false);
    let got: Vec<usize> =
        getters.into_iter().flat_map(|getter| getter.join().expect("no panic")).collect();
    assert_eq!(got.len(), 2 * EACH);
    assert_eq!(got.into_iter().collect::<HashSet<_>>().len(), 2 * EACH);
}
