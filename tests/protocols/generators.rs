//! Generators that yield and are sent values.

use sheave::generator::{
    Co, Gen,
    GeneratorState::{Complete, Yielded},
};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn panic_text<R: std::fmt::Debug>(work: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(work)).expect_err("it panics");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a text")).to_owned(),
    }
}

/// B33 and example E5: `yield` hands out a value and takes one; the first `send(None)` primes. The
/// producer is a generator that drives another one; the texts are the notes' own.
#[test]
fn b33_a_consumer_and_a_producer_say_what_the_notes_say() {
    let printed = RefCell::new(Vec::new());
    let mut consumer = Gen::new(|mut co| {
        let printed = &printed;
        async move {
            let mut status = true;
            loop {
                let n: u32 = co.yield_(status).await;
                printed.borrow_mut().push(format!("我拿到了{n}!"));
                if n == 3 {
                    status = false;
                }
            }
        }
    });
    assert_eq!(consumer.start(), Yielded(true), "the priming `send` gives the first status");
    let producer = Gen::new(|mut co| async move {
        let mut n = 5;
        while n > 0 {
            let Yielded(status) = consumer.resume(n);
            co.yield_(status).await;
            n -= 1;
        }
    });
    for status in producer {
        if !status {
            printed.borrow_mut().push("我只要3,4,5就行啦".to_owned());
            break;
        }
    }
    assert_eq!(*printed.borrow(), ["我拿到了5!", "我拿到了4!", "我拿到了3!", "我只要3,4,5就行啦"]);
}

#[test]
fn a_generator_runs_nothing_before_it_is_started_and_returns_a_value() {
    let steps = Cell::new(0);
    let mut generator = Gen::new(|mut co| {
        let steps = &steps;
        async move {
            steps.set(1);
            let sent: &str = co.yield_(1).await;
            steps.set(2);
            sent.len()
        }
    });
    assert_eq!(steps.get(), 0);
    assert_eq!(generator.start(), Yielded(1));
    assert_eq!(steps.get(), 1);
    assert!(!generator.is_complete());
    assert_eq!(generator.resume("four"), Complete(4));
    assert!(generator.is_complete());
}

#[test]
fn misuse_panics_with_a_text_that_names_the_fix() {
    let echo = || {
        Gen::new(|mut co| async move {
            let sent: i32 = co.yield_(0).await;
            sent
        })
    };
    assert!(panic_text(|| echo().resume(1)).contains("call `start` first"));
    let mut twice = echo();
    twice.start();
    assert!(panic_text(|| twice.start()).contains("go on with `resume`"));
    assert_eq!(twice.resume(7), Complete(7));
    assert!(panic_text(|| twice.resume(8)).contains("make another one"));
    let mut waits = Gen::new(|_: Co<i32, ()>| std::future::pending::<()>());
    assert!(panic_text(|| waits.start()).contains("stream::generator"));
}

#[test]
fn a_generator_that_panics_is_complete() {
    let mut generator = Gen::new(|mut co| async move {
        co.yield_(1).await;
        panic!("on purpose");
    });
    assert_eq!(generator.next(), Some(1));
    assert_eq!(panic_text(|| generator.next()), "on purpose");
    assert!(generator.is_complete());
    assert_eq!(generator.next(), None);
}

#[test]
fn dropping_a_generator_runs_its_destructors() {
    struct Flag<'a>(&'a Cell<bool>);
    impl Drop for Flag<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let is_dropped = Cell::new(false);
    let flag = Flag(&is_dropped);
    let mut endless = Gen::new(|mut co| async move {
        let _flag = flag;
        loop {
            co.yield_(()).await;
        }
    });
    assert_eq!(endless.next(), Some(()));
    drop(endless);
    assert!(is_dropped.get());
}

/// Item 10: `yield from` is an `.await` that passes the handle on.
#[test]
fn a_generator_delegates_to_another_function() {
    async fn count(co: &mut Co<u32>, from: u32) -> u32 {
        co.yield_(from).await;
        co.yield_(from + 1).await;
        from + 2
    }
    let generator = Gen::new(|mut co| async move {
        let next = count(&mut co, 0).await;
        count(&mut co, next).await;
    });
    assert_eq!(generator.collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn a_generator_moves_between_threads() {
    let mut generator = Gen::new(|mut co| async move {
        for n in 0.. {
            co.yield_(n).await;
        }
    });
    assert_eq!(generator.next(), Some(0));
    let second = std::thread::spawn(move || generator.next()).join().unwrap();
    assert_eq!(second, Some(1));
}
