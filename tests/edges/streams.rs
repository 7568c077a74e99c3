//! Generators, and many futures of a stream at a time.

use futures_lite::future::{block_on, poll_once};
use sheave::generator::Gen;
use sheave::stream::{ConcurrentExt, StreamExt, generator, iter};
use std::cell::Cell;
use std::future::poll_fn;
use std::task::{Context, Poll};

/// "The value is handed out by the first poll", also if the block goes on and hands out another one.
#[test]
fn a_value_is_handed_out_though_its_future_is_dropped() {
    let values = generator(|mut co| async move {
        let _ = poll_once(co.yield_(1)).await;
        co.yield_(2).await;
        co.yield_(3).await;
    });
    assert_eq!(block_on(values.collect::<Vec<_>>()), [1, 2, 3]);

    let values = Gen::new(|mut co| async move {
        let _ = poll_once(co.yield_(1)).await;
        co.yield_(2).await;
    });
    assert_eq!(values.collect::<Vec<_>>(), [1, 2]);
}

/// A future that is woken twice for each poll costs no more polls, and no more memory, than one that is
/// woken once.
#[test]
fn a_future_that_is_woken_twice_is_polled_once() {
    for in_order in [false, true] {
        let polls = [const { Cell::new(0) }; 2];
        let waking = |which: usize, wakes| {
            let polls = &polls;
            poll_fn(move |cx: &mut Context<'_>| {
                polls[which].set(polls[which].get() + 1);
                if polls[0].get() > 100 {
                    return Poll::Ready(());
                }
                (0..wakes).for_each(|_| cx.waker().wake_by_ref());
                Poll::Pending
            })
        };
        let both = iter([waking(0, 2), waking(1, 1)]);
        if in_order {
            block_on(both.buffered(2).collect::<Vec<_>>());
        } else {
            block_on(both.buffer_unordered(2).collect::<Vec<_>>());
        }
        assert_eq!(polls.each_ref().map(Cell::get), [101, 101], "they take turns");
    }
}
