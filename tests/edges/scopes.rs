//! `CancelScope`.

use crate::{LIMIT, OnDrop, panic_of};
use sheave::cancel::CancelScope;
use sheave::time::{Duration, Instant};
use sheave_tests::watchdog;
use std::cell::RefCell;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::task::{Context, Waker};
use std::thread;

/// A future that a thread keeps until its end is dropped after the thread's own records.
#[test]
fn a_scope_may_end_with_its_thread() {
    thread_local! {
        static KEPT: RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>> = const { RefCell::new(None) };
    }
    watchdog(LIMIT, || {
        let thread = thread::spawn(|| {
            KEPT.with_borrow_mut(|kept| {
                *kept = Some(Box::pin(async {
                    let _inner = OnDrop(|| drop(CancelScope::new()));
                    let shielded = CancelScope::shielded(pending::<()>());
                    let _ = CancelScope::new().run(shielded).await;
                }));
                let polled =
                    kept.as_mut().unwrap().as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert!(polled.is_pending());
            });
        });
        thread.join().unwrap();
    });
}

/// "Is cancelled at `deadline`, if it still runs then."
#[test]
fn a_deadline_that_passes_after_the_end_cancels_nothing() {
    let deadline = Instant::now() + Duration::from_millis(50);
    let scope = CancelScope::new();
    assert_eq!(futures_lite::future::block_on(scope.run(async { 7 })).unwrap(), 7);
    scope.set_deadline(Some(deadline));
    while Instant::now() < deadline {
        std::hint::spin_loop();
    }
    assert!(!scope.is_cancelled() && !scope.cancel_called());
    assert!(scope.cause().is_none());
}

/// A body whose destructor panics has ended all the same.
#[test]
fn a_body_that_panics_on_its_way_out_was_caught() {
    let scope = CancelScope::new();
    let mut run = pin!(scope.run(async {
        let _sour = OnDrop(|| panic!("sour"));
        pending::<()>().await;
    }));
    scope.cancel();
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(panic_of(|| run.as_mut().poll(&mut cx)), "sour");
    assert!(scope.cancelled_caught());
}
