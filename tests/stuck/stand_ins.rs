//! While every worker is stuck, stand-ins run the tasks, and leave afterwards.

use super::{LIMIT, builder};
use sheave::asyncio::ContextVar;
use sheave::runtime::Runtime;
use sheave::sync::Semaphore;
use sheave::task;
use sheave::time::sleep;
use sheave_tests::{eventually, watchdog};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::Duration;

/// A task that blocks in its poll, by now, until the sender is dropped.
fn knot(runtime: &Runtime) -> (mpsc::Sender<()>, task::JoinHandle<bool>) {
    let ((release, released), (begin, begun)) = (mpsc::channel(), mpsc::channel());
    let stuck = runtime.spawn(async move {
        begin.send(()).unwrap();
        released.recv().is_err()
    });
    begun.recv().unwrap();
    (release, stuck)
}

/// Blocks as many tasks as there are workers and stand-ins but one; each of the stand-ins has got stuck
/// in turn. What is left runs the rest, and once they come back all stand-ins leave.
#[test]
fn stand_ins_get_stuck_and_leave() {
    watchdog(LIMIT, || {
        let runtime = builder().max_stand_ins(3).build().unwrap();
        let (releases, stuck): (Vec<_>, Vec<_>) = (0..4).map(|_| knot(&runtime)).unzip();
        let healthy = runtime.spawn(async {
            sleep(Duration::from_millis(10)).await;
            sheave::spawn(async { 42 }).await.unwrap()
        });
        assert_eq!(runtime.block_on(healthy).unwrap(), 42);
        assert_eq!(runtime.metrics().num_stand_ins(), 3);
        drop(releases);
        for task in stuck {
            assert!(runtime.block_on(task).unwrap());
        }
        eventually("the stand-ins leave", || runtime.metrics().num_stand_ins() == 0);
        assert_eq!(runtime.metrics().num_workers(), 2);
        // The workers have their sockets and timers back.
        runtime.block_on(runtime.spawn(async { sleep(Duration::from_millis(10)).await })).unwrap();
    });
}

/// A task finds its context on whichever thread polls it: first on a stand-in, then on a worker. Tasks
/// that set nothing find nothing there, though the same stand-in runs them in between.
#[test]
fn a_context_goes_with_its_task_to_a_stand_in_and_back() {
    static NUMBER: ContextVar<usize> = ContextVar::new("number");
    async fn steps(own: Option<usize>) {
        for _ in 0..20 {
            task::yield_now().await;
            assert_eq!(NUMBER.try_get(), own);
        }
        assert_eq!(sheave::spawn(async { NUMBER.try_get() }).await.unwrap(), own);
    }
    watchdog(LIMIT, || {
        let runtime = builder().max_stand_ins(1).build().unwrap();
        let (releases, stuck): (Vec<_>, Vec<_>) = (0..2).map(|_| knot(&runtime)).unzip();
        let (halfway, half_done) = mpsc::channel();
        let go_on = Arc::new(Semaphore::new(0));
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                let (halfway, go_on) = (halfway.clone(), go_on.clone());
                let own = (n % 2 == 0).then_some(n);
                runtime.spawn(async move {
                    own.map(|n| NUMBER.set(n));
                    steps(own).await;
                    halfway.send(()).unwrap();
                    go_on.acquire().await.unwrap().forget();
                    steps(own).await;
                })
            })
            .collect();
        tasks.iter().for_each(|_| half_done.recv().unwrap());
        assert_eq!(runtime.metrics().num_stand_ins(), 1);
        drop(releases);
        for task in stuck {
            assert!(runtime.block_on(task).unwrap());
        }
        eventually("the stand-in leaves", || runtime.metrics().num_stand_ins() == 0);
        go_on.add_permits(tasks.len());
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
    });
}

/// Counts the arithmetic panics of whatever thread from here on: those of a worker are nobody's, and the
/// other tests of this process have none.
fn strange_panics() -> Arc<AtomicUsize> {
    let (count, report) = (Arc::new(AtomicUsize::new(0)), std::panic::take_hook());
    let counted = count.clone();
    std::panic::set_hook(Box::new(move |info| {
        if sheave_tests::panic_text(info).contains("overflow") {
            counted.fetch_add(1, SeqCst);
        }
        report(info);
    }));
    count
}

/// A stand-in runs a task that announces that it blocks. Another thread goes on as the stand-in, and ends
/// its duty; the first one then finishes its poll, and must not go on as a stand-in that is off duty.
#[test]
fn a_stand_in_whose_task_blocks_ends_its_duty_once() {
    watchdog(LIMIT, || {
        let runtime = builder().max_stand_ins(1).build().unwrap();
        for _ in 0..2 {
            let (knots, stuck): (Vec<_>, Vec<_>) = (0..2).map(|_| knot(&runtime)).unzip();
            let ((release, released), (begin, begun)) = (mpsc::channel::<()>(), mpsc::channel());
            let blocks = runtime.spawn(async move {
                task::block_in_place(|| {
                    begin.send(()).unwrap();
                    released.recv().is_err()
                })
            });
            begun.recv().unwrap();
            assert_eq!(runtime.metrics().num_stand_ins(), 1);
            drop(knots);
            for task in stuck {
                assert!(runtime.block_on(task).unwrap());
            }
            eventually("the stand-in leaves", || runtime.metrics().num_stand_ins() == 0);
            drop(release);
            assert!(runtime.block_on(blocks).unwrap());
        }
        // A worker that leaves twice panics when there are no others left to be counted.
        let strangers = strange_panics();
        drop(runtime);
        assert_eq!(strangers.load(SeqCst), 0, "a worker has left twice");
    });
}

#[test]
fn without_stand_ins_tasks_wait_for_a_worker_to_come_back() {
    watchdog(LIMIT, || {
        let runtime = builder().max_stand_ins(0).build().unwrap();
        let releases: Vec<_> = (0..2).map(|_| knot(&runtime).0).collect();
        let waits = runtime.spawn(async {});
        // A root is no task: its timer is fired although both workers are stuck.
        runtime.block_on(async { sleep(Duration::from_millis(50)).await });
        assert!(!waits.is_finished());
        assert_eq!(runtime.metrics().num_stand_ins(), 0);
        drop(releases);
        runtime.block_on(waits).unwrap();
    });
}
