//! `gather!`: item 38 for values of different types.

use crate::support::{after, endless, in_virtual_time, on_both, seconds_since};
use futures_lite::future::{poll_once, yield_now};
use sheave::asyncio::ensure_future;
use sheave::task::JoinHandle;
use sheave::time::Instant;
use std::sync::Arc;

/// B40: as `gather`, for values of different types.
#[test]
fn values_of_different_types_come_as_a_tuple() {
    in_virtual_time(async {
        let start = Instant::now();
        let task = sheave::spawn(after(2, "two"));
        let (one, two, three) =
            sheave::gather!(after(1, 1), task, after(3, [3.0])).await.expect("none fails");
        assert_eq!((one, two, three), (1, "two", [3.0]));
        assert_eq!(seconds_since(start), 3);
        sheave::gather!().await.expect("nothing to fail");
    });
}

/// B47.
#[test]
fn the_first_failure_is_there_at_once_and_the_others_run_on() {
    on_both(|| async {
        let sibling = sheave::spawn(endless::<()>(()));
        let watch = sibling.abort_handle();
        let failing = async { panic!("out of paper") };
        let error = sheave::gather!(sibling, failing).await.map(|((), ())| ()).unwrap_err();
        assert!(error.is_panic());
        yield_now().await;
        assert!(!watch.is_finished());
        watch.abort();
    });
}

#[test]
fn abort_on_error_waits_for_the_siblings() {
    on_both(|| async {
        let held = Arc::new(());
        let failing = async { panic!("out of paper") };
        let gathered = sheave::gather!(endless::<u8>(held.clone()), failing, endless::<()>(()));
        let error = gathered.abort_on_error().await.map(|(_, (), ())| ()).unwrap_err();
        assert!(error.is_panic(), "the cause, not what came of it");
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
fn return_exceptions_keeps_each_outcome() {
    on_both(|| async {
        let cancelled = sheave::spawn(endless::<u8>(()));
        cancelled.abort();
        let failing = async { panic!("out of paper") };
        let gathered = sheave::gather!(async { 1 }, cancelled, failing).return_exceptions();
        let (fine, cancelled, panicked) = gathered.await;
        let panicked: Result<(), _> = panicked;
        assert_eq!(fine.unwrap(), 1);
        assert!(cancelled.unwrap_err().is_cancelled());
        assert!(panicked.unwrap_err().is_panic());
    });
}

/// B39.
#[test]
fn it_can_be_cancelled_and_dropped() {
    on_both(|| async {
        let held = Arc::new(());
        let mut gathered =
            sheave::gather!(endless::<u8>(held.clone()), endless::<()>(held.clone()));
        assert!(poll_once(&mut gathered).await.is_none());
        assert!(gathered.cancel().await.is_none());
        assert_eq!(Arc::strong_count(&held), 1);

        let mut gathered = sheave::gather!(endless::<u8>(held.clone()));
        assert!(poll_once(&mut gathered).await.is_none());
        drop(gathered);
        while Arc::strong_count(&held) > 1 {
            yield_now().await;
        }
    });
}

/// B18: a handle comes back as it is, a future becomes a task.
#[test]
fn ensure_future_spawns_futures_and_returns_handles() {
    on_both(|| async {
        let task: JoinHandle<u32> = ensure_future(async { 5 });
        let id = task.id();
        let same: JoinHandle<u32> = ensure_future(task);
        assert_eq!(same.id(), id);
        assert_eq!(same.await.unwrap(), 5);
    });
}
