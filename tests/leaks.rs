//! A thousand runtimes come and go, and leave nothing. One test only, because it counts what the
//! whole process holds.

use sheave::runtime::Builder;
use sheave::task::{self, yield_now};
use sheave_tests::{Census, eventually, watchdog};
use std::future::pending;
use std::time::Duration;

/// What the allocator may hold more after a thousand runtimes: 2 KiB each. A leaked `Shared` alone
/// would be twice that.
const TOLERANCE_KIB: usize = 2_000;

fn come_and_go(n: usize) {
    let runtime = match n % 4 {
        0 => Builder::new_current_thread().build().unwrap(),
        _ => Builder::new_multi_thread().worker_threads(1 + n % 3).build().unwrap(),
    };
    runtime.block_on(async {
        drop(sheave::spawn(pending::<()>()));
        drop(sheave::spawn(sheave::time::sleep(Duration::from_secs(1_000))));
        sheave::spawn(yield_now()).await.unwrap();
        if n % 10 == 0 {
            assert_eq!(task::spawn_blocking(|| 1).await.unwrap(), 1);
        }
        if n % 10 == 1 {
            sheave::spawn(async { task::block_in_place(|| ()) }).await.unwrap();
        }
    });
    if n % 7 == 0 {
        runtime.shutdown_background();
    }
}

#[test]
fn a_thousand_runtimes_leave_nothing() {
    watchdog(Duration::from_secs(60), || {
        // The harness has its threads, the allocator its arenas by then.
        (0..300).for_each(come_and_go);
        let mut before = Census::take();
        eventually("the last background ends are over", || {
            let again = Census::take();
            let is_calm = again.threads <= 3;
            before = again;
            is_calm
        });
        (0..1_000).for_each(come_and_go);
        let counts = |census: Census| (census.threads, census.descriptors);
        eventually("threads and descriptors are as before", || {
            counts(Census::take()) == counts(before)
        });
        let after = Census::take();
        let grown = after.resident_kib.saturating_sub(before.resident_kib);
        println!("before {before:?}, after {after:?}");
        assert!(grown < TOLERANCE_KIB, "1000 runtimes left {grown} KiB: {before:?} {after:?}");
    });
}
