//! Bad input: a panic at the caller's line that names the fix.
// Of a function that is passed by name the caller's line is unknown.
#![allow(clippy::redundant_closure)]

use sheave::runtime::{Builder, Runtime};
use sheave::time::{self, Duration, Instant};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// One test at a time replaces the panic hook.
static HOOK: Mutex<()> = Mutex::new(());

/// What `f` panics with: the message, and whether the place is in this file.
fn panic_of<R>(f: impl FnOnce() -> R) -> (String, bool) {
    let _alone = HOOK.lock().unwrap_or_else(PoisonError::into_inner);
    let here = std::thread::current().id();
    let place = std::sync::Arc::new(Mutex::new(false));
    let seen = place.clone();
    let former = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == here {
            let file = info.location().map(|at| at.file().to_owned()).unwrap_or_default();
            *seen.lock().unwrap() = file.ends_with("panics.rs");
        }
    }));
    let outcome = catch_unwind(AssertUnwindSafe(f));
    std::panic::set_hook(former);
    let Err(payload) = outcome else { panic!("it did not panic") };
    let text = match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    };
    let in_this_file = *place.lock().unwrap();
    (text, in_this_file)
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

#[test]
fn without_a_runtime() {
    let second = Duration::from_secs(1);
    let panics = [
        panic_of(|| time::sleep(second)),
        panic_of(|| time::sleep_until(Instant::now())),
        panic_of(|| time::timeout(second, async {})),
        panic_of(|| time::timeout_at(Instant::now(), async {})),
        panic_of(|| time::interval(second)),
        panic_of(|| time::interval_at(Instant::now(), second)),
        panic_of(|| time::pause()),
        panic_of(|| time::resume()),
    ];
    for (text, here) in panics {
        assert!(text.contains("no sheave runtime on this thread") && here, "{text}");
    }
}

#[test]
fn a_period_of_zero() {
    let runtime = current_thread();
    let _entered = runtime.enter();
    let (text, here) = panic_of(|| time::interval(Duration::ZERO));
    assert!(text.contains("longer than zero") && here, "{text}");
}

#[test]
fn the_clock_of_a_multi_thread_runtime() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let _entered = runtime.enter();
    for (text, here) in [panic_of(|| time::pause()), panic_of(|| time::resume())] {
        assert!(text.contains("new_current_thread") && here, "{text}");
    }
    let (text, _) = panic_of(|| runtime.block_on(time::advance(Duration::ZERO)));
    assert!(text.contains("new_current_thread"), "{text}");
}

#[test]
fn a_clock_in_the_wrong_state() {
    let runtime = current_thread();
    let _entered = runtime.enter();
    let (text, here) = panic_of(|| time::resume());
    assert!(text.contains("not stopped") && here, "{text}");
    let (text, _) = panic_of(|| runtime.block_on(time::advance(Duration::ZERO)));
    assert!(text.contains("not stopped"), "{text}");
    time::pause();
    let (text, here) = panic_of(|| time::pause());
    assert!(text.contains("stopped already") && here, "{text}");
    let (text, _) = panic_of(|| runtime.block_on(time::advance(Duration::MAX)));
    assert!(text.contains("Move it by less"), "{text}");
}

#[test]
fn moments_that_cannot_be_expressed() {
    let now = Instant::now();
    assert!(now.checked_add(Duration::MAX).is_none());
    let (text, here) = panic_of(|| now + Duration::MAX);
    assert!(text.contains("checked_add") && here, "{text}");
    let (text, here) = panic_of(|| now - Duration::MAX);
    assert!(text.contains("checked_sub") && here, "{text}");
}
