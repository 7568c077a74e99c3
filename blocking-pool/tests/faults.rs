//! What happens when the system has no threads to give.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod common;

use common::{Door, PATIENCE, eventually};
use sheave_blocking_pool::{Backlog, Builder, JobError, Pool, RejectReason, ThreadStart};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{io, thread};

fn start(thread: ThreadStart) -> io::Result<()> {
    thread::Builder::new().name(thread.name().into()).spawn(|| thread.run()).map(drop)
}

fn exhausted() -> io::Error {
    io::ErrorKind::WouldBlock.into()
}

/// A pool of up to `cap` threads whose every creation that `fails` names fails.
fn faulty(cap: usize, fails: impl Fn(usize) -> bool + Send + Sync + 'static) -> Pool {
    let attempts = AtomicUsize::new(0);
    Builder::new()
        .max_threads(cap)
        .keep_alive(Duration::from_millis(1))
        .spawn_handler(move |thread| {
            if fails(attempts.fetch_add(1, SeqCst)) { Err(exhausted()) } else { start(thread) }
        })
        .build()
}

/// Submits from three threads at once and checks that each accepted job has exactly one end.
fn nothing_is_orphaned(pool: &Pool) {
    let (ran, back) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let handles: Vec<_> = (0..200).map(|i| pool.spawn(move || i)).collect();
                for (i, handle) in handles.into_iter().enumerate() {
                    match handle.wait() {
                        Ok(result) => {
                            assert_eq!(result, i);
                            ran.fetch_add(1, SeqCst);
                        }
                        Err(
                            JobError::Rejected(RejectReason::NoThread(_)) | JobError::Cancelled,
                        ) => {
                            back.fetch_add(1, SeqCst);
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
            });
        }
    });
    assert_eq!(ran.load(SeqCst) + back.load(SeqCst), 600);
    assert!(pool.shutdown(Backlog::Drain, Some(PATIENCE)).is_complete());
    let metrics = pool.metrics();
    assert_eq!(metrics.completed as usize, ran.load(SeqCst));
    assert_eq!((metrics.cancelled + metrics.rejected) as usize, back.load(SeqCst));
    assert_eq!((metrics.queued, metrics.running), (0, 0));
}

#[test]
fn every_nth_creation_fails_and_nothing_is_orphaned() {
    for nth in 1..=6 {
        nothing_is_orphaned(&faulty(4, move |attempt| attempt % nth == 0));
    }
}

#[test]
fn no_creation_ever_succeeds_and_each_job_is_handed_back() {
    let pool = faulty(4, |_| true);
    let refused = pool.try_spawn(|| 5).unwrap_err();
    assert!(
        matches!(&refused.reason, RejectReason::NoThread(e) if e.kind() == io::ErrorKind::WouldBlock)
    );
    assert_eq!((refused.job)(), 5);
    nothing_is_orphaned(&faulty(4, |_| true));
}

#[test]
fn a_handler_that_panics_or_forgets_or_is_late_is_a_refusal() {
    // Unwinds without the noise of a panic message for each of six hundred jobs.
    let panicking = |_| std::panic::resume_unwind(Box::new("handler"));
    nothing_is_orphaned(&Builder::new().spawn_handler(panicking).build());
    nothing_is_orphaned(&Builder::new().spawn_handler(|_dropped| Ok(())).build());
    // Says yes, and drops the start later, on another thread.
    let late = |thread| {
        thread::spawn(move || drop::<ThreadStart>(thread));
        Ok(())
    };
    nothing_is_orphaned(&Builder::new().spawn_handler(late).build());
    // Says no, and runs the thread all the same.
    let contrary = |thread| {
        start(thread)?;
        Err(exhausted())
    };
    nothing_is_orphaned(&Builder::new().spawn_handler(contrary).build());
}

#[test]
fn a_live_thread_takes_over_when_the_second_cannot_be_created() {
    let full = Arc::new(AtomicBool::new(false));
    let is_full = full.clone();
    let pool = faulty(4, move |_| is_full.load(SeqCst));
    let door = Door::default();
    let at_door = door.clone();
    let busy = pool.spawn(move || at_door.pass());
    door.await_crowd(1);
    full.store(true, SeqCst);
    let queued = pool.spawn(|| 2);
    assert!(!queued.is_finished());
    assert!(pool.metrics().spawn_failures >= 1);
    door.open();
    busy.wait().unwrap();
    assert_eq!(queued.wait().unwrap(), 2);
}

#[test]
fn the_pool_grows_again_once_the_system_recovers() {
    let full = Arc::new(AtomicBool::new(false));
    let is_full = full.clone();
    let pool = faulty(4, move |_| is_full.load(SeqCst));
    let door = Door::default();
    let visit = || {
        let door = door.clone();
        pool.spawn(move || door.pass())
    };
    let mut handles = vec![visit()];
    door.await_crowd(1);
    full.store(true, SeqCst);
    handles.push(visit());
    full.store(false, SeqCst);
    eventually("a later submission asks again", || {
        handles.push(pool.spawn(|| ()));
        door.crowd() == 2
    });
    door.open();
    handles.into_iter().for_each(|handle| handle.wait().unwrap());
}

#[test]
fn an_absurd_stack_size_is_an_error_and_not_an_abort() {
    let pool = Builder::new().thread_stack_size(1 << 60).build();
    let error = pool.spawn(|| ()).wait().unwrap_err();
    assert!(matches!(error, JobError::Rejected(RejectReason::NoThread(_))), "{error}");
    assert!(error.to_string().contains("could not create one"));
}

#[test]
fn a_handler_may_keep_the_start_and_run_it_when_it_likes() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeper = kept.clone();
    let pool = Builder::new()
        .keep_alive(Duration::ZERO)
        .spawn_handler(move |thread| {
            keeper.lock().unwrap().push(thread);
            Ok(())
        })
        .build();
    let handle = pool.spawn(|| 3);
    let mine: ThreadStart = kept.lock().unwrap().pop().unwrap();
    // The pool works on this very thread until it has nothing more to do.
    mine.run();
    assert_eq!(handle.wait().unwrap(), 3);
    assert!(!pool.is_current());
}
