//! The hook that is told of stuck polls is code of a user. It may block, which holds up nobody but those
//! who would be told next.

use super::{LIMIT, builder};
use futures_lite::future::poll_once;
use sheave::runtime::{Builder, Runtime};
use sheave::task::{Id, JoinHandle};
use sheave::time::sleep;
use sheave_tests::{eventually, watchdog};
use std::future::Future;
use std::pin::pin;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

/// A runtime whose hook says of which task it was told, and then blocks until it is told to go on.
fn with_a_hook_that_blocks(builder: Builder) -> (Runtime, Receiver<Id>, Sender<()>) {
    let ((tell, told), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
    let released = Mutex::new(released);
    let builder = builder.on_stuck_poll(move |stuck| {
        tell.send(stuck.task_id()).unwrap();
        let _ = released.lock().unwrap().recv();
    });
    (builder.build().unwrap(), told, release)
}

/// A task that blocks in its poll until the sender is dropped.
fn knot(runtime: &Runtime) -> (Sender<()>, JoinHandle<()>) {
    let (release, released) = mpsc::channel::<()>();
    (release, runtime.spawn(async move { assert!(released.recv().is_err()) }))
}

#[test]
fn a_stand_in_comes_all_the_same() {
    watchdog(LIMIT, || {
        let builder = builder().worker_threads(1).max_stand_ins(1);
        let (runtime, told, go_on) = with_a_hook_that_blocks(builder);
        let (release, stuck) = knot(&runtime);
        assert_eq!(told.recv().unwrap(), stuck.id());
        // The only worker is stuck, and the hook blocks.
        let healthy = runtime.spawn(async {
            sleep(Duration::from_millis(10)).await;
            sheave::spawn(async { 42 }).await.unwrap()
        });
        assert_eq!(runtime.block_on(healthy).unwrap(), 42);
        drop((release, go_on));
        runtime.block_on(stuck).unwrap();
    });
}

#[test]
fn the_timers_of_a_stuck_worker_fire_all_the_same() {
    watchdog(LIMIT, || {
        let (runtime, told, go_on) = with_a_hook_that_blocks(builder().max_stand_ins(0));
        let told = Arc::new(Mutex::new(told));
        let hears = told.clone();
        let stuck = runtime.spawn(async move {
            let mut timer = sleep(Duration::from_millis(50));
            assert!(poll_once(&mut timer).await.is_none(), "it is filed on this worker");
            let (fired, has_fired) = mpsc::channel();
            drop(sheave::spawn(async move {
                timer.await;
                fired.send(()).unwrap();
            }));
            // The hook blocks from here on, and so does this worker.
            hears.lock().unwrap().recv().unwrap();
            has_fired.recv().is_ok()
        });
        assert!(runtime.block_on(stuck).unwrap());
        drop(go_on);
    });
}

/// Calls of the hook do not overlap; who got stuck meanwhile is told of after that, if it still is.
#[test]
fn the_next_one_is_told_of_after_it() {
    watchdog(LIMIT, || {
        let (runtime, told, go_on) = with_a_hook_that_blocks(builder().max_stand_ins(0));
        let (first_end, first) = knot(&runtime);
        assert_eq!(told.recv().unwrap(), first.id());
        let (second_end, second) = knot(&runtime);
        eventually("both are stuck", || runtime.metrics().stuck_poll_count() >= 2);
        // Several times as long as reports are apart.
        std::thread::sleep(Duration::from_millis(400));
        assert!(told.try_recv().is_err(), "the hook is called while it blocks");
        go_on.send(()).unwrap();
        assert_eq!(told.recv().unwrap(), second.id());
        drop((go_on, first_end, second_end));
        for task in [first, second] {
            runtime.block_on(task).unwrap();
        }
    });
}

/// It is left behind, as other threads are that do not return.
#[test]
fn a_shutdown_waits_for_it_no_longer_than_it_says() {
    watchdog(LIMIT, || {
        let (runtime, told, go_on) = with_a_hook_that_blocks(builder());
        let (release, stuck) = knot(&runtime);
        assert_eq!(told.recv().unwrap(), stuck.id());
        drop(release);
        runtime.block_on(stuck).unwrap();
        let short = Duration::from_millis(50);
        let options = sheave::runtime::ShutdownOptions::new().blocking(short);
        let report = runtime.shutdown(options);
        assert!(!report.is_complete() && report.tasks().is_empty(), "{report}");
        assert!(report.threads() >= 1, "{report}");
        drop(go_on);
        eventually("it ends", || runtime.shutdown(options).is_complete());
    });
}

/// A waker of another make, that blocks against the rules: it holds up the monitor, and what only that
/// would serve. Workers that are not stuck go on, with their tasks and their timers.
#[test]
fn a_waker_that_blocks_the_monitor_blocks_no_worker() {
    struct Blocks(Mutex<(Sender<Option<String>>, Receiver<()>)>);
    impl Wake for Blocks {
        fn wake(self: Arc<Self>) {
            let (begin, released) = &*self.0.lock().unwrap();
            begin.send(std::thread::current().name().map(str::to_owned)).unwrap();
            let _ = released.recv();
        }
    }
    watchdog(LIMIT, || {
        let runtime = builder().max_stand_ins(0).build().unwrap();
        let ((begin, begun), (release, released)) = (mpsc::channel(), mpsc::channel());
        let waker = Waker::from(Arc::new(Blocks(Mutex::new((begin, released)))));
        let (end, ended) = mpsc::channel::<()>();
        let stuck = runtime.spawn(async move {
            let mut timer = pin!(sleep(Duration::from_millis(20)));
            assert!(timer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            assert!(ended.recv().is_err());
        });
        assert_eq!(begun.recv().unwrap().as_deref(), Some("sheave-monitor"));
        let healthy = runtime.spawn(async {
            sleep(Duration::from_millis(10)).await;
            sheave::spawn(async { 42 }).await.unwrap()
        });
        assert_eq!(runtime.block_on(healthy).unwrap(), 42);
        drop((release, end));
        runtime.block_on(stuck).unwrap();
    });
}
