//! `select!`.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

use futures_lite::future::{block_on, pending, ready, yield_now};
use sheave::select;

use crate::support::{Log, now, poll_once};

fn panic_text<T>(f: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).err().expect("this must panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a text")).into(),
    }
}

#[test]
fn the_ready_branch_wins_and_its_handler_is_the_value() {
    let won = now(async {
        select! {
            never = pending::<u8>() => never,
            n = ready(7) => n + 1,
        }
    });
    assert_eq!(won, 8);
}

#[test]
fn losers_are_dropped_before_the_handler_in_the_order_of_writing() {
    let log = Log::default();
    now(async {
        select! {
            biased;
            () = log.after(9, "a", ()) => unreachable!(),
            () = log.after(9, "b", ()) => unreachable!(),
            () = log.after(0, "c", ()) => log.add("handler"),
        }
    });
    assert_eq!(
        log.take(),
        ["a polled", "b polled", "c polled", "a dropped", "b dropped", "c dropped", "handler"]
    );
}

#[test]
fn a_handler_may_change_what_other_futures_borrowed() {
    let mut numbers = vec![1];
    async fn never(_: &mut Vec<i32>) {
        pending().await
    }
    now(async {
        select! {
            () = never(&mut numbers) => numbers.clear(),
            n = ready(2) => numbers.push(n),
        }
    });
    assert_eq!(numbers, [1, 2]);
}

#[test]
fn every_branch_gets_its_turn_unless_biased() {
    let mut wins = [0_u32; 3];
    now(async {
        for _ in 0..600 {
            select! {
                () = ready(()) => wins[0] += 1,
                () = ready(()) => wins[1] += 1,
                () = ready(()) => wins[2] += 1,
            }
        }
    });
    // Binomial(600, 1/3) has mean 200 and deviation 11.5: 100 is more than eight deviations away.
    assert!(wins.iter().all(|&wins| wins > 100), "{wins:?}");

    for _ in 0..50 {
        let first = now(async {
            select! { biased; () = ready(()) => 1, () = ready(()) => 2 }
        });
        assert_eq!(first, 1);
    }
}

#[test]
fn guards_come_first_and_a_disabled_future_is_made_but_not_polled() {
    let log = Log::default();
    let noted = |name: &str, value: bool| {
        log.add(format!("{name} guard"));
        value
    };
    let made = |name: &str| {
        log.add(format!("{name} made"));
        log.after(0, name, ())
    };
    now(async {
        select! {
            () = made("a"), if noted("a", false) => unreachable!(),
            () = made("b"), if noted("b", true) => log.add("handler"),
        }
    });
    assert_eq!(
        log.take(),
        ["a guard", "b guard", "a made", "b made", "b polled", "a dropped", "b dropped", "handler"]
    );
}

#[test]
fn a_pattern_that_does_not_match_disables_its_branch() {
    let log = Log::default();
    let mut selected = pin!(async {
        select! {
            biased;
            Some(n) = log.after(0, "a", None::<u8>) => n,
            n = log.after(1, "b", 5) => n,
        }
    });
    assert!(poll_once(selected.as_mut()).is_pending());
    assert_eq!(log.take(), ["a polled", "b polled"]);
    assert_eq!(now(selected), 5);
    // "a" was not polled again, which would have panicked.
    assert_eq!(log.take(), ["b polled", "a dropped", "b dropped"]);
}

#[test]
fn else_runs_when_nothing_is_left() {
    let left = now(async {
        select! {
            Ok(n) = ready(Err::<u8, ()>(())) => n,
            n = pending(), if false => n,
            else => 9,
        }
    });
    assert_eq!(left, 9);
    assert_eq!(
        now(async {
            select! { else => 1 }
        }),
        1
    );
}

#[test]
fn without_else_all_disabled_is_a_panic_that_says_so() {
    let text = panic_text(|| {
        now(async {
            select! { () = ready(()), if false => () }
        })
    });
    assert_eq!(text, "all branches of `select!` are disabled and there is no `else` branch");
    let text = panic_text(|| {
        now(async {
            select! { Some(()) = ready(None) => () }
        })
    });
    assert!(text.contains("all branches"), "{text}");
}

#[test]
fn handlers_belong_to_the_function_around_them() {
    async fn question(text: &str) -> Result<u8, std::num::ParseIntError> {
        let n = select! {
            text = ready(text) => text.parse::<u8>()?,
            () = pending() => return Ok(0),
        };
        Ok(n)
    }
    assert_eq!(now(question("8")), Ok(8));
    assert!(now(question("eight")).is_err());

    let rounds = block_on(async {
        let mut rounds = 0;
        'outer: loop {
            let mut inner = 0;
            while inner < 2 {
                select! {
                    () = yield_now(), if rounds < 5 => {
                        rounds += 1;
                        if rounds == 3 {
                            continue 'outer;
                        }
                        inner += 1;
                    }
                    else => break 'outer rounds,
                }
            }
        }
    });
    assert_eq!(rounds, 5);

    let awaited = now(async {
        select! { n = ready(1) => n + ready(2).await }
    });
    assert_eq!(awaited, 3);
}

#[test]
fn the_expressions_may_use_the_question_mark_too() {
    async fn first(text: &str) -> Result<u8, std::num::ParseIntError> {
        select! {
            n = ready(text.parse::<u8>()?), if text.parse::<i64>()? > 0 => Ok(n),
            else => Ok(0),
        }
    }
    assert_eq!(now(first("3")), Ok(3));
    assert_eq!(now(first("0")), Ok(0));
    assert!(now(first("x")).is_err());
}

#[derive(Debug)]
struct Opaque(String);

const LIMIT: u8 = 3;

#[test]
fn every_kind_of_pattern_works_and_moves_what_it_binds() {
    now(async {
        let text = select! { Opaque(text) = ready(Opaque("moved".into())) => text };
        assert_eq!(text, "moved");
        let whole = select! { whole @ Opaque(_) = ready(Opaque("bound".into())) => whole };
        assert_eq!(whole.0, "bound");
        let changed = select! { mut text = ready(String::from("a")) => { text.push('b'); text } };
        assert_eq!(changed, "ab");
        let length = select! { Opaque(ref text) = ready(Opaque("four".into())) => text.len() };
        assert_eq!(length, 4);
        let copied = select! { Some(&n) = ready(Some(&5)) => n };
        assert_eq!(copied, 5);
        let either = select! { Ok(n) | Err(n) = ready(Err::<u8, u8>(6)) => n };
        assert_eq!(either, 6);
        let ranged = select! { 1..=9 = ready(4) => true, else => false };
        assert!(ranged);
        let nothing = select! { None = ready(Some(1)) => true, else => false };
        assert!(!nothing);
        let limit = select! { LIMIT = ready(4) => true, else => false };
        assert!(!limit);
        let sliced = select! { [first, .., last] = ready([1, 2, 3]) => first + last };
        assert_eq!(sliced, 4);
        let tupled = select! { (_, n) = async { ((), 2) } => n };
        assert_eq!(tupled, 2);
    });
}

#[test]
fn a_pattern_may_bind_by_mutable_reference() {
    let changed = now(async {
        select! {
            Some(ref mut text) = ready(Some(String::from("a"))) => {
                text.push('b');
                text.len()
            }
            else => 0,
        }
    });
    assert_eq!(changed, 2);
}

#[test]
fn a_branch_that_never_ends_need_not_say_of_what_type_it_is() {
    let won = now(async {
        select! {
            _ = pending() => 1,
            _ = ready(()) => 2,
        }
    });
    assert_eq!(won, 2);
}

/// The branch that takes no part in cooperation is always ready: without a turn of the others in
/// between, the one that does would get no budget again.
#[test]
fn a_budget_that_is_used_up_ends_the_turn_and_no_other_branch_wins_by_it() {
    const MESSAGES: usize = 1_000;
    let (sender, mut receiver) = sheave::sync::mpsc::unbounded_channel();
    (0..MESSAGES).for_each(|n| sender.send(n).unwrap());
    let runtime = sheave::runtime::Builder::new_current_thread().build().unwrap();
    let received = runtime.block_on(async {
        let mut received = 0;
        while received < MESSAGES {
            select! {
                biased;
                Some(_) = receiver.recv() => received += 1,
                () = ready(()) => break,
            }
        }
        received
    });
    assert_eq!(received, MESSAGES);
}

#[test]
fn a_pinned_future_survives_a_loop() {
    let ended = block_on(async {
        let long = async {
            for _ in 0..5 {
                yield_now().await;
            }
            "done"
        };
        sheave::pin!(long);
        loop {
            select! {
                biased;
                end = &mut long => break end,
                () = yield_now() => {}
            }
        }
    });
    assert_eq!(ended, "done");
}

#[test]
fn a_select_may_stand_in_a_select() {
    let n = now(async {
        select! {
            n = async { select! { a = ready(1) => a, () = pending() => 0 } } => {
                select! { b = ready(10) => b + n, () = pending() => 0 }
            }
        }
    });
    assert_eq!(n, 11);
}

#[test]
fn a_select_of_send_futures_is_send() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let sent = assert_send(async {
        select! { n = ready(1) => n, () = pending() => 0 }
    });
    assert_eq!(now(sent), 1);
}

/// A user's macro passes fragments on: they arrive in invisible groups.
macro_rules! first_of {
    ($pattern:pat = $future:expr, $condition:expr => $handler:block, $other:expr) => {
        select! {
            $pattern = $future, if $condition => $handler
            else => $other,
        }
    };
}

#[test]
fn fragments_of_another_macro_are_understood() {
    assert_eq!(now(async { first_of!(Some(n) = ready(Some(2)), true => { n }, 0) }), 2);
    assert_eq!(now(async { first_of!(Some(n) = ready(Some(2)), false => { n }, 0) }), 0);
}

/// The names inside an expansion are invisible to the code of its user, and the other way round.
#[test]
fn names_do_not_collide() {
    let (out, pending_, start, value, future0) = (1, 2, 3, 4, 5);
    let (accepted, context, enabled, branch, step) = (true, 6, true, 7, 8);
    let sum = now(async {
        select! {
            n = ready(out + pending_ + start + value + future0), if accepted && enabled => {
                n + context + branch + step
            }
        }
    });
    assert_eq!(sum, 36);
}

#[test]
fn a_type_without_values_is_allowed() {
    let n = now(async {
        select! {
            never = pending::<std::convert::Infallible>() => match never {},
            n = ready(1) => n,
        }
    });
    assert_eq!(n, 1);
}

macro_rules! sixty_four {
    ($ready:expr; $($index:literal)*) => {
        select! { $(n = only($ready, $index) => n,)* }
    };
}

#[test]
fn sixty_four_branches_all_work() {
    async fn only(wanted: u32, index: u32) -> u32 {
        if wanted == index { index } else { pending().await }
    }
    for wanted in [0, 31, 63] {
        let won = now(async {
            sixty_four!(wanted; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25
                26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53
                54 55 56 57 58 59 60 61 62 63)
        });
        assert_eq!(won, wanted);
    }
}

/// A branch that loses is dropped as it stands: what it had not taken yet is still there.
#[test]
fn a_losing_branch_takes_nothing() {
    struct Take<'a>(&'a Cell<Option<u8>>);
    impl Future for Take<'_> {
        type Output = u8;
        fn poll(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<u8> {
            self.0.take().map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        }
    }
    let (left, right) = (Cell::new(Some(1)), Cell::new(Some(2)));
    for _ in 0..2 {
        let n = now(async {
            select! { n = Take(&left) => n, n = Take(&right) => n }
        });
        assert!(n == 1 || n == 2);
    }
    assert_eq!((left.get(), right.get()), (None, None));
}
