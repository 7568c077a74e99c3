//! Sleeps that outlive their runtime: what nobody would fire says so.

use sheave::runtime::{Builder, Runtime};
use sheave::time::{self, Duration, Sleep};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

const HOUR: Duration = Duration::from_secs(3600);

fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_multi_thread().worker_threads(2).build().unwrap(),
        Builder::new_current_thread().build().unwrap(),
    ]
}

fn says_that_the_runtime_has_shut_down(wait: impl FnOnce()) {
    let payload = catch_unwind(AssertUnwindSafe(wait)).expect_err("nobody would fire it");
    let text = payload.downcast::<String>().unwrap();
    assert!(text.contains("runtime of this timer has shut down"), "{text}");
}

fn sleep_of(runtime: &Runtime, duration: Duration) -> Sleep {
    let _entered = runtime.enter();
    time::sleep(duration)
}

#[test]
fn a_sleep_polled_after_shutdown_panics_unless_it_is_due() {
    for runtime in runtimes() {
        let (due, sleep) = (sleep_of(&runtime, Duration::ZERO), sleep_of(&runtime, HOUR));
        drop(runtime);
        futures_lite::future::block_on(due);
        says_that_the_runtime_has_shut_down(|| futures_lite::future::block_on(sleep));
    }
}

#[test]
fn a_sleep_that_is_waited_for_is_woken_by_the_shutdown() {
    for runtime in runtimes() {
        let mut sleep = sleep_of(&runtime, HOUR);
        let polled = futures_lite::future::block_on(futures_lite::future::poll_once(&mut sleep));
        assert_eq!(polled, None);
        let waiter = std::thread::spawn(move || {
            says_that_the_runtime_has_shut_down(|| futures_lite::future::block_on(sleep));
        });
        drop(runtime);
        waiter.join().unwrap();
    }
}

#[test]
fn a_root_that_outlives_its_runtime_does_not_hang() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let handle = runtime.handle().clone();
    let (send, entered) = std::sync::mpsc::channel();
    let root = std::thread::spawn(move || {
        says_that_the_runtime_has_shut_down(|| {
            handle.block_on(async move {
                let mut sleep = pin!(time::sleep(HOUR));
                assert_eq!(futures_lite::future::poll_once(sleep.as_mut()).await, None);
                send.send(()).unwrap();
                sleep.await;
            });
        });
    });
    entered.recv().unwrap();
    drop(runtime);
    root.join().unwrap();
}

#[test]
fn sleeps_may_be_dropped_after_their_runtime() {
    for runtime in runtimes() {
        let mut sleep = sleep_of(&runtime, HOUR);
        let polled = futures_lite::future::block_on(futures_lite::future::poll_once(&mut sleep));
        assert_eq!(polled, None);
        drop(runtime);
        std::pin::Pin::new(&mut sleep).reset(time::Instant::now());
        futures_lite::future::block_on(&mut sleep);
        drop(sleep);
    }
}

#[test]
fn a_task_that_sleeps_is_dropped_with_its_runtime() {
    for runtime in runtimes() {
        let task = runtime.spawn(async { time::sleep(HOUR).await });
        drop(runtime);
        assert!(futures_lite::future::block_on(task).unwrap_err().is_cancelled());
    }
}
