//! `task_local!`.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use futures_lite::future::{block_on, pending, ready, yield_now};

use crate::support::{now, poll_once};

sheave::task_local! {
    /// A number.
    static NUMBER: u32;
    pub(crate) static NAME: String
}

#[test]
fn the_value_is_there_in_every_poll_and_nowhere_else() {
    let mut scoped = pin!(NUMBER.scope(1, async {
        assert_eq!(NUMBER.get(), 1);
        yield_now().await;
        NUMBER.get()
    }));
    assert!(NUMBER.try_get().is_err());
    assert!(poll_once(scoped.as_mut()).is_pending());
    assert!(NUMBER.try_get().is_err());
    assert_eq!(poll_once(scoped), Poll::Ready(1));
    assert!(NUMBER.try_get().is_err());
}

#[test]
fn interleaved_scopes_do_not_mix() {
    let ask = |n| {
        NUMBER.scope(n, async move {
            for _ in 0..5 {
                assert_eq!(NUMBER.get(), n);
                yield_now().await;
            }
        })
    };
    block_on(async { sheave::join!(ask(1), ask(2)) });
}

#[test]
fn the_inner_scope_hides_the_outer_one() {
    let seen = now(NUMBER.scope(1, async {
        let inner = NUMBER.scope(2, async { NUMBER.get() }).await;
        (inner, NUMBER.get(), NUMBER.sync_scope(3, || NUMBER.get()))
    }));
    assert_eq!(seen, (2, 1, 3));
}

#[test]
fn a_value_follows_its_future_to_another_thread() {
    let mut scoped = Box::pin(NAME.scope("traveller".into(), async {
        yield_now().await;
        NAME.get()
    }));
    assert!(poll_once(scoped.as_mut()).is_pending());
    let there = std::thread::scope(|scope| scope.spawn(|| now(scoped)).join().unwrap());
    assert_eq!(there, "traveller");
}

/// Notes what it saw when it was dropped.
struct Witness<'a>(&'a Cell<Option<u32>>);

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        self.0.set(NUMBER.try_get().ok());
    }
}

#[test]
fn a_cancelled_future_sees_the_value_as_it_is_dropped() {
    let seen = Cell::new(None);
    let witness = Witness(&seen);
    {
        let mut scoped = pin!(NUMBER.scope(5, async {
            let _witness = witness;
            pending::<()>().await
        }));
        assert!(poll_once(scoped.as_mut()).is_pending());
    }
    assert_eq!(seen.get(), Some(5));
    assert!(NUMBER.try_get().is_err());
}

#[test]
fn a_future_that_was_never_polled_sees_it_too() {
    let seen = Cell::new(None);
    let witness = Witness(&seen);
    drop(NUMBER.scope(6, async move {
        let _witness = witness;
    }));
    assert_eq!(seen.get(), Some(6));
}

#[test]
fn a_finished_future_sees_it_too() {
    struct Ready<'a>(#[expect(dead_code, reason = "kept for its drop")] Witness<'a>);
    impl Future for Ready<'_> {
        type Output = ();
        fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
    let seen = Cell::new(None);
    let mut scoped = pin!(NUMBER.scope(7, Ready(Witness(&seen))));
    assert!(poll_once(scoped.as_mut()).is_ready());
    assert_eq!(seen.get(), Some(7), "dropped when done, not later");
}

#[test]
fn a_panic_leaves_the_scope() {
    let mut scoped = Box::pin(NUMBER.scope(1, async {
        yield_now().await;
        panic!("on purpose")
    }));
    let outer = NUMBER.sync_scope(9, || {
        assert!(poll_once(scoped.as_mut()).is_pending());
        let caught = catch_unwind(AssertUnwindSafe(|| poll_once(scoped.as_mut())));
        assert!(caught.is_err());
        NUMBER.get()
    });
    assert_eq!(outer, 9);
    assert_eq!(scoped.as_mut().take_value(), Some(1), "the value came back");

    let caught = catch_unwind(|| NUMBER.sync_scope(2, || panic!("on purpose")));
    assert!(caught.is_err());
    assert!(NUMBER.try_get().is_err());
}

#[test]
fn a_panic_while_the_future_is_dropped_leaves_the_scope() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let bomb = Bomb;
    let scoped = NUMBER.scope(1, async move {
        let _bomb = bomb;
    });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(scoped))).is_err());
    assert!(NUMBER.try_get().is_err());
}

fn panic_text(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("this must panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a text")).into(),
    }
}

#[test]
fn misuse_is_told_what_to_do() {
    let text = panic_text(|| NUMBER.with(|_| ()));
    assert!(text.contains("inside `LocalKey::scope`"), "{text}");
    let text = panic_text(|| {
        NUMBER.sync_scope(1, || NUMBER.with(|_| NUMBER.sync_scope(2, || ())));
    });
    assert!(text.contains("cannot begin inside `with`"), "{text}");
    let text = panic_text(|| {
        NUMBER.sync_scope(1, || NUMBER.with(|_| now(NUMBER.scope(2, ready(())))));
    });
    assert!(text.contains("cannot begin inside `with`"), "{text}");
    let text = panic_text(|| {
        let mut scoped = pin!(NUMBER.scope(1, ready(())));
        assert!(poll_once(scoped.as_mut()).is_ready());
        let _ = poll_once(scoped);
    });
    assert!(text.contains("polled after it was done"), "{text}");
}

#[test]
fn a_scope_dropped_inside_with_drops_its_future_all_the_same() {
    let seen = Cell::new(Some(0));
    let witness = Witness(&seen);
    let scoped = NUMBER.scope(1, async move {
        let _witness = witness;
    });
    NUMBER.sync_scope(2, || NUMBER.with(|_| drop(scoped)));
    // The scope could not be entered: the value further up is what the future sees.
    assert_eq!(seen.get(), Some(2));
}

#[test]
fn the_value_can_be_taken_out() {
    let mut scoped = pin!(NAME.scope("kept".into(), ready(())));
    now(scoped.as_mut());
    assert_eq!(scoped.as_mut().take_value().as_deref(), Some("kept"));
    assert_eq!(scoped.as_mut().take_value(), None);
}

#[test]
fn without_its_value_a_future_runs_outside() {
    let mut scoped = pin!(NUMBER.scope(1, async { NUMBER.try_get().is_err() }));
    assert_eq!(scoped.as_mut().take_value(), Some(1));
    assert!(now(scoped));
}
