//! Generators, and many futures of a stream at a time.

use futures_lite::future::{FutureExt, block_on, poll_once, yield_now};
use sheave::generator::Gen;
use sheave::stream::{ConcurrentExt, Stream, StreamExt, generator, iter, once, unfold};
use std::cell::Cell;
use std::future::{poll_fn, ready};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
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

/// A future that was woken has its turn, though the stream goes on to give futures that are ready at once.
#[test]
fn futures_that_are_ready_at_once_let_the_others_run() {
    let woken_once = poll_fn({
        let mut is_woken = false;
        move |cx: &mut Context<'_>| {
            if std::mem::replace(&mut is_woken, true) {
                return Poll::Ready("woken");
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    });
    let endless = unfold((), |()| async { Some((ready("at once").boxed_local(), ())) });
    let outputs = once(woken_once.boxed_local()).chain(endless).buffer_unordered(2);
    let outputs: Vec<_> = block_on(outputs.take(100).collect());
    assert_eq!(outputs.iter().position(|output| *output == "woken"), Some(1));
}

/// A future that panics costs its own output and no other, and its place is free again.
#[test]
fn a_future_that_panics_is_gone() {
    for in_order in [false, true] {
        let futures = iter(1..=5).map(|n| async move {
            // The odd ones panic, the first and the last one of them at a second poll.
            if n != 3 {
                yield_now().await;
            }
            assert_eq!(n % 2, 0);
            n
        });
        let mut outputs: Pin<Box<dyn Stream<Item = i32>>> = match in_order {
            false => Box::pin(futures.buffer_unordered(2)),
            true => Box::pin(futures.buffered(2)),
        };
        let (values, panics) = super::on_one_thread(async {
            let (mut values, mut panics) = (Vec::new(), 0);
            loop {
                match AssertUnwindSafe(outputs.next()).catch_unwind().await {
                    Ok(Some(value)) => values.push(value),
                    Ok(None) => break (values, panics),
                    Err(_) => panics += 1,
                }
            }
        });
        assert_eq!((values, panics), (vec![2, 4], 3));
    }
}
