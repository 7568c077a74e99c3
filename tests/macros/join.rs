//! `join!`, `try_join!` and `pin!`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use futures_lite::future::{block_on, pending, ready, yield_now};

use crate::support::{Log, now, poll_once};

fn polled(log: &Log) -> Vec<String> {
    log.take().into_iter().filter(|entry| entry.ends_with("polled")).collect()
}

#[test]
fn join_returns_a_tuple_of_any_length() {
    let () = now(async { sheave::join!() });
    assert_eq!(now(async { sheave::join!(ready(1)) }), (1,));
    assert_eq!(now(async { sheave::join!(ready(1), ready("two"),) }), (1, "two"));
    let many = now(async {
        sheave::join!(
            ready(0),
            ready(1),
            ready(2),
            ready(3),
            ready(4),
            ready(5),
            ready(6),
            ready(7),
            ready(8),
            ready(9),
            ready(10),
            ready(11),
        )
    });
    assert_eq!((many.0, many.11), (0, 11));
}

#[test]
fn join_waits_for_the_slowest() {
    let log = Log::default();
    let mut joined =
        pin!(async { sheave::join!(log.after(2, "slow", 's'), log.after(0, "fast", 'f')) });
    assert!(poll_once(joined.as_mut()).is_pending());
    assert!(poll_once(joined.as_mut()).is_pending());
    assert_eq!(poll_once(joined.as_mut()), Poll::Ready(('s', 'f')));
}

#[test]
fn join_never_polls_what_is_done_and_drops_it_at_once() {
    let log = Log::default();
    let mut joined =
        pin!(async { sheave::join!(biased; log.after(0, "a", ()), log.after(1, "b", ())) });
    assert!(poll_once(joined.as_mut()).is_pending());
    assert_eq!(log.take(), ["a polled", "a dropped", "b polled"]);
    assert!(poll_once(joined.as_mut()).is_ready());
    assert_eq!(log.take(), ["b polled", "b dropped"]);
}

#[test]
fn join_rotates_and_biased_does_not() {
    let log = Log::default();
    let three = || (log.after(9, "a", ()), log.after(9, "b", ()), log.after(9, "c", ()));
    let (a, b, c) = three();
    let mut fair = pin!(async { sheave::join!(a, b, c) });
    let mut firsts = Vec::new();
    for _ in 0..4 {
        assert!(poll_once(fair.as_mut()).is_pending());
        firsts.push(polled(&log).remove(0));
    }
    assert_eq!(firsts, ["a polled", "b polled", "c polled", "a polled"]);

    let (a, b, c) = three();
    let mut biased = pin!(async { sheave::join!(biased; a, b, c) });
    for _ in 0..3 {
        assert!(poll_once(biased.as_mut()).is_pending());
        assert_eq!(polled(&log), ["a polled", "b polled", "c polled"]);
    }
}

#[test]
fn try_join_rotates_too() {
    let log = Log::default();
    let mut fair = pin!(async {
        sheave::try_join!(log.after(9, "a", Ok::<_, ()>(1)), log.after(9, "b", Ok(2)))
    });
    assert!(poll_once(fair.as_mut()).is_pending());
    assert!(poll_once(fair.as_mut()).is_pending());
    assert_eq!(polled(&log), ["a polled", "b polled", "b polled", "a polled"]);
}

#[test]
fn a_cancelled_join_drops_in_the_order_of_writing() {
    let log = Log::default();
    {
        let (a, b) = (log.after(9, "a", ()), log.after(9, "b", ()));
        let mut joined = pin!(async { sheave::join!(a, b) });
        assert!(poll_once(joined.as_mut()).is_pending());
        log.take();
    }
    assert_eq!(log.take(), ["a dropped", "b dropped"]);
}

#[test]
fn joined_futures_may_borrow_and_run_concurrently() {
    let counter = std::cell::Cell::new(0);
    let count = async |rounds: u32| {
        for _ in 0..rounds {
            counter.set(counter.get() + 1);
            yield_now().await;
        }
    };
    block_on(async { sheave::join!(count(3), count(4)) });
    assert_eq!(counter.get(), 7);
}

#[test]
fn a_panic_in_a_joined_future_passes_through() {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        now(async { sheave::join!(async { panic!("no more") }, pending::<()>()) })
    }));
    assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "no more");
}

#[test]
fn the_expressions_of_join_may_use_the_question_mark_and_await() {
    async fn sum(text: &str) -> Result<i32, std::num::ParseIntError> {
        let (a, b) = sheave::join!(ready(text.parse::<i32>()?), ready(ready(2).await));
        Ok(a + b)
    }
    assert_eq!(now(sum("40")), Ok(42));
    assert!(now(sum("x")).is_err());
}

#[test]
fn temporaries_of_one_expression_are_gone_before_the_next() {
    let cell = std::cell::RefCell::new(1);
    let pair = now(async { sheave::join!(ready(*cell.borrow_mut()), ready(*cell.borrow_mut())) });
    assert_eq!(pair, (1, 1));
    let borrowed = now(async { sheave::join!(&mut Box::pin(ready(3)), &mut ready(4)) });
    assert_eq!(borrowed, (3, 4));
}

#[test]
fn try_join_collects_values_of_different_types() {
    let all = now(async { sheave::try_join!(ready(Ok::<_, ()>(1)), ready(Ok("two"))) });
    assert_eq!(all, Ok((1, "two")));
    assert_eq!(now(async { sheave::try_join!(ready(Err::<(), _>("no"))) }), Err("no"));
    assert_eq!(now(async { sheave::try_join!() as Result<(), ()> }), Ok(()));
}

#[test]
fn try_join_stops_at_the_first_error() {
    let log = Log::default();
    let failed = now(async {
        sheave::try_join!(
            biased;
            log.after(0, "good", Ok::<u8, &str>(1)),
            log.after(0, "bad", Err::<u8, _>("bad")),
            log.after(0, "late", Ok::<u8, _>(3)),
        )
    });
    assert_eq!(failed, Err("bad"));
    assert_eq!(
        log.take(),
        ["good polled", "good dropped", "bad polled", "bad dropped", "late dropped"]
    );
}

#[test]
fn pin_rebinds_or_declares() {
    let a = async { 1 };
    let b = async { 2 };
    sheave::pin!(a, b);
    sheave::pin! {
        let c = async { 3 };
        let d = async { 4 };
    }
    assert_eq!(now(&mut a), 1);
    assert_eq!(now(a_plus_rest(b, c, d)), 9);
    async fn a_plus_rest(
        b: impl Future<Output = i32>,
        c: impl Future<Output = i32>,
        d: impl Future<Output = i32>,
    ) -> i32 {
        b.await + c.await + d.await
    }
}
