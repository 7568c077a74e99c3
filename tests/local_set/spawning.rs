//! Where `spawn_local` works, what it says where it does not, and which types may leave the thread.

use super::{LIMIT, runtimes};
use sheave::task::{Builder, JoinHandle, JoinSet, LocalSet, block_in_place, spawn_local};
use sheave_tests::{panic_text, watchdog};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Mutex;

static SAID: Mutex<Option<(String, String, u32)>> = Mutex::new(None);
/// One panic at a time goes through the hook.
static TURN: Mutex<()> = Mutex::new(());

/// What `code` says when it panics, in which file and line.
fn panicked<R>(code: impl FnOnce() -> R) -> (String, String, u32) {
    let _turn = TURN.lock().unwrap();
    let (former, me) = (panic::take_hook(), std::thread::current().id());
    panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == me {
            let place = info.location().unwrap();
            let said = (panic_text(info).to_owned(), place.file().to_owned(), place.line());
            *SAID.lock().unwrap() = Some(said);
        }
    }));
    let caught = catch_unwind(AssertUnwindSafe(code));
    panic::set_hook(former);
    assert!(caught.is_err(), "must panic");
    SAID.lock().unwrap().take().unwrap()
}

#[test]
fn outside_of_a_set_it_names_the_fix_at_the_callers_line() {
    watchdog(LIMIT, || {
        let check = |(text, file, line): (String, String, u32), expected: u32| {
            assert!(text.contains("LocalSet::run_until"), "{text}");
            assert!(file.ends_with("spawning.rs"), "{file}");
            assert_eq!(line, expected);
        };
        check(panicked(|| spawn_local(async {})), line!());
        check(panicked(|| Builder::new().spawn_local(async {})), line!());
        check(panicked(|| JoinSet::new().spawn_local(async {})), line!());
        for runtime in runtimes() {
            let said = runtime.block_on(async { panicked(|| spawn_local(async {})) });
            check(said, line!() - 1);
        }
    });
}

#[test]
fn entering_a_set_makes_it_the_current_one() {
    watchdog(LIMIT, || {
        let (outer, inner) = (LocalSet::new(), LocalSet::new());
        let in_outer = outer.enter();
        let first = spawn_local(async { 1 });
        {
            let _in_inner = inner.enter();
            drop(spawn_local(async { 2 }));
        }
        let second = spawn_local(async { 3 });
        drop(in_outer);
        assert!(catch_unwind(|| spawn_local(async {})).is_err());
        let sum = async { first.await.unwrap() + second.await.unwrap() };
        assert_eq!(futures_lite::future::block_on(outer.run_until(sum)), 4);
        assert_eq!(
            format!("{outer:?} {inner:?}"),
            "LocalSet { len: 0, .. } LocalSet { len: 1, .. }"
        );
    });
}

#[test]
fn guards_out_of_order_are_reported() {
    let (one, two) = (LocalSet::new(), LocalSet::new());
    let (first, second) = (one.enter(), two.enter());
    let (text, ..) = panicked(|| drop(first));
    assert!(text.contains("out of order"), "{text}");
    drop(second);
}

/// A guard that is leaked inside a driven future does not stay behind.
#[test]
fn a_leaked_guard_ends_with_the_poll() {
    let (one, two) = (LocalSet::new(), LocalSet::new());
    futures_lite::future::block_on(one.run_until(async { std::mem::forget(two.enter()) }));
    assert!(catch_unwind(|| spawn_local(async {})).is_err());
}

#[test]
fn blocking_on_a_set_inside_itself_is_reported() {
    watchdog(LIMIT, || {
        let [multi, single] = runtimes();
        let set = Rc::new(LocalSet::new());
        let inner = set.clone();
        let blocks = async { panicked(|| block_in_place(|| inner.block_on(&single, async {}))) };
        let (text, ..) = set.block_on(&multi, blocks);
        assert!(text.contains("inside the same set"), "{text}");
    });
}

#[test]
fn a_handle_leaves_the_thread_only_if_its_output_may() {
    /// Answers by which of two methods is the better match: the inherent one asks for `Send`.
    struct Probe<T>(std::marker::PhantomData<T>);
    trait Otherwise {
        fn is_send(&self) -> bool {
            false
        }
    }
    impl<T> Otherwise for Probe<T> {}
    impl<T: Send> Probe<T> {
        fn is_send(&self) -> bool {
            true
        }
    }
    macro_rules! is_send {
        ($type:ty) => {
            Probe::<$type>(std::marker::PhantomData).is_send()
        };
    }
    assert!(is_send!(JoinHandle<u32>));
    assert!(!is_send!(JoinHandle<Rc<u32>>));
    assert!(!is_send!(JoinSet<Rc<u32>>));
    assert!(!is_send!(LocalSet));
    assert!(!is_send!(sheave::task::LocalEnterGuard));
    assert!(is_send!(sheave::task::AbortHandle));
}
