//! Tasks of a `LocalSet` in dumps that another thread takes.

use super::{LIMIT, LONG, find, once_waiting};
use sheave::runtime::{Builder, TaskState, WaitsFor};
use sheave::task::{self, LocalSet, spawn_local};
use sheave::time::sleep;
use sheave_tests::{eventually, watchdog};
use std::future::pending;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn they_say_what_they_wait_for() {
    watchdog(LIMIT, || {
        for builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
            let runtime = builder.worker_threads(1).build().unwrap();
            let handle = runtime.handle().clone();
            let set = LocalSet::new();
            let line = line!() + 1;
            let sleeper = set.spawn_local(async { sleep(LONG).await });
            let id = sleeper.id();
            assert!(find(&handle.dump(), id).is_none(), "no runtime has driven the set");
            let (shown, was_shown) = sheave::sync::oneshot::channel();
            let observed = handle.clone();
            let observer = std::thread::spawn(move || {
                let task = once_waiting(&observed, id);
                assert!(matches!(task.waits_for(), Some(WaitsFor::Timer { .. })), "{task:?}");
                assert_eq!((task.spawned_at().file(), task.spawned_at().line()), (file!(), line));
                let polled = task.since_last_poll().expect("it was polled");
                assert!(polled < LIMIT, "{polled:?}");
                shown.send(()).unwrap();
            });
            let child = runtime.block_on(set.run_until(async move {
                let parent = spawn_local(async { spawn_local(pending::<()>()).id() });
                let parent_id = parent.id();
                let child = parent.await.unwrap();
                was_shown.await.unwrap();
                (child, parent_id)
            }));
            observer.join().unwrap();
            let dump = handle.dump();
            assert_eq!(find(&dump, child.0).unwrap().parent(), Some(child.1));
            assert_eq!(dump.tasks().len(), 2, "{dump}");
            sleeper.abort();
            assert!(find(&handle.dump(), id).unwrap().is_aborted());
            drop(set);
            assert!(handle.dump().tasks().is_empty(), "they ended with their set");
        }
    });
}

#[test]
fn a_stuck_one_runs_and_the_one_behind_it_is_queued() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        let (begun, has_begun) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let observer = std::thread::spawn(move || {
            let (stuck, behind) = has_begun.recv().unwrap();
            let dump = handle.dump();
            let state = |id| find(&dump, id).unwrap().state();
            assert!(matches!(state(stuck), TaskState::Running { worker: None, .. }), "{dump}");
            assert_eq!(state(behind), TaskState::Queued);
            drop(release);
        });
        LocalSet::new().block_on(&runtime, async move {
            let own = Rc::new(());
            spawn_local(async move {
                let behind = spawn_local(async move { drop(own) });
                begun.send((task::id(), behind.id())).unwrap();
                let _ = released.recv();
                behind.await.unwrap();
            })
            .await
            .unwrap();
        });
        observer.join().unwrap();
    });
}

/// Dumps while local tasks come and go: nothing is shown twice, and who stays is always shown.
#[test]
fn dumps_during_a_storm() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        let (stop, mut stopped) = sheave::sync::oneshot::channel::<()>();
        let (settled, has_settled) = mpsc::channel();
        let observer = std::thread::spawn(move || {
            let residents: Vec<task::Id> = has_settled.recv().unwrap();
            let mut most = 0;
            eventually("a dump meets the storm", || {
                let dump = handle.dump();
                let mut ids: Vec<_> =
                    dump.tasks().iter().map(|task| task.id().to_string()).collect();
                let shown = ids.len();
                ids.dedup();
                assert_eq!(ids.len(), shown, "a task is shown twice");
                assert!(residents.iter().all(|id| find(&dump, *id).is_some()));
                most = most.max(shown);
                most > residents.len() + 10
            });
            for _ in 0..200 {
                let dump = handle.dump();
                assert!(residents.iter().all(|id| find(&dump, *id).is_some()));
            }
            stop.send(()).unwrap();
            most
        });
        let spawned = LocalSet::new().block_on(&runtime, async move {
            let residents: Vec<_> = (0..50).map(|_| spawn_local(pending::<()>()).id()).collect();
            sleep(Duration::from_millis(1)).await;
            settled.send(residents).unwrap();
            let mut spawned = 0;
            while stopped.try_recv().is_err() {
                let wave: Vec<_> = (0..100).map(|_| spawn_local(task::yield_now())).collect();
                spawned += wave.len();
                for (n, task) in wave.into_iter().enumerate() {
                    if n % 2 == 0 { task.await.unwrap() } else { task.abort() }
                }
            }
            spawned
        });
        println!("{spawned} local tasks beside the dumps, {} at once", observer.join().unwrap());
    });
}
