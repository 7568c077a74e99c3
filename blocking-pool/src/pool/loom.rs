//! Models of the pool: claim, keep-alive, cap, shutdown and re-entry, each on the code that ships.
//!
//! Jobs only count: a panic inside a job is contained, so every assertion is made by the main thread.

use crate::{Backlog, Builder, Job, JobError, Pool};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use sheave_facade::sync::{Arc, Condvar, Mutex};
use sheave_facade::thread;

/// How jobs ended. Plain counters of the model's own, read after everything has been joined.
#[derive(Default)]
struct Ends {
    run: AtomicUsize,
    cancelled: AtomicUsize,
    /// Jobs inside `run` now, and the most there ever were.
    inside: AtomicUsize,
    most_inside: AtomicUsize,
}

impl Ends {
    // ORDERING: SeqCst throughout; the counters are oracles, and no protocol rests on them.
    fn run(&self) -> usize {
        self.run.load(SeqCst)
    }

    fn cancelled(&self) -> usize {
        self.cancelled.load(SeqCst)
    }
}

struct Counted(Arc<Ends>);

impl Job for Counted {
    fn run(self: Box<Self>) {
        // ORDERING: SeqCst, see `Ends`.
        let inside = self.0.inside.fetch_add(1, SeqCst) + 1;
        // ORDERING: SeqCst, see `Ends`.
        self.0.most_inside.fetch_max(inside, SeqCst);
        thread::yield_now();
        // ORDERING: SeqCst, see `Ends`.
        self.0.inside.fetch_sub(1, SeqCst);
        // ORDERING: SeqCst, see `Ends`.
        self.0.run.fetch_add(1, SeqCst);
    }

    fn cancel(self: Box<Self>) {
        // ORDERING: SeqCst, see `Ends`.
        self.0.cancelled.fetch_add(1, SeqCst);
    }
}

struct Quick(Arc<Ends>);

impl Job for Quick {
    fn run(self: Box<Self>) {
        // ORDERING: SeqCst, see `Ends`.
        self.0.run.fetch_add(1, SeqCst);
    }

    fn cancel(self: Box<Self>) {
        // ORDERING: SeqCst, see `Ends`.
        self.0.cancelled.fetch_add(1, SeqCst);
    }
}

/// Where a job waits until the main thread lets it go on.
#[derive(Default)]
struct Door {
    open: Mutex<bool>,
    changed: Condvar,
}

impl Door {
    fn pass(&self) {
        let mut open = self.open.lock();
        while !*open {
            self.changed.wait(&mut open);
        }
    }

    fn open(&self) {
        *self.open.lock() = true;
        self.changed.notify_all();
    }
}

fn pool(max_threads: usize) -> Pool {
    Builder::new().max_threads(max_threads).build()
}

/// Claim: a job submitted while the only thread's keep-alive ends is run, by that thread or by a new
/// one, and the shutdown sees everyone off (W8). Threads 2 to 3, bound 5.
/// Control: a time-out that ignores its claim loses the job.
#[test]
fn claim_races_keep_alive() {
    Model::new("claim_races_keep_alive").bound(5).check(|| {
        let (pool, ends) = (pool(1), Arc::new(Ends::default()));
        pool.submit(Box::new(Quick(ends.clone()))).unwrap();
        pool.submit(Box::new(Quick(ends.clone()))).unwrap();
        assert!(pool.shutdown(Backlog::Drain, None).is_complete());
        assert_eq!(ends.run(), 2, "each accepted job is run");
    });
}

#[test]
fn claim_races_keep_alive_control() {
    must_catch(
        "pool::loom::claim_races_keep_alive",
        "pool_timeout_ignores_claim",
        &["each accepted job is run", "deadlock"],
    );
}

/// Claim: a job submitted while the pool is shut down is run, cancelled or handed back, exactly
/// once, and never after the shutdown has returned (W8, W9). Threads 3, bound 4.
/// Control: queueing after the gate was looked at under an earlier lock.
#[test]
fn submit_races_shutdown() {
    Model::new("submit_races_shutdown").bound(4).check(|| {
        let (pool, ends) = (pool(1), Arc::new(Ends::default()));
        let (submitter, job) = (pool.clone(), Quick(ends.clone()));
        let submitting = thread::spawn(move || submitter.submit(Box::new(job)).is_err());
        assert!(pool.shutdown(Backlog::Cancel, None).is_complete());
        let run_before = ends.run();
        let handed_back = usize::from(submitting.join().unwrap());
        assert_eq!(ends.run() + ends.cancelled() + handed_back, 1, "one end for each job");
        assert_eq!(ends.run(), run_before, "nothing runs after the shutdown");
        assert!(pool.shutdown(Backlog::Cancel, None).is_complete());
    });
}

#[test]
fn submit_races_shutdown_control() {
    must_catch(
        "pool::loom::submit_races_shutdown",
        "pool_gate_left_before_queueing",
        &["one end for each job", "nothing runs after the shutdown"],
    );
}

/// Claim: a shutdown sees every idle thread off, however many wait. Threads 3, bound 3.
/// Control: a shutdown that rings only one of them.
#[test]
fn shutdown_rouses_everyone() {
    Model::new("shutdown_rouses_everyone").bound(3).check(|| {
        let (pool, ends) = (pool(2), Arc::new(Ends::default()));
        pool.submit(Box::new(Quick(ends.clone()))).unwrap();
        pool.submit(Box::new(Quick(ends.clone()))).unwrap();
        assert!(pool.shutdown(Backlog::Drain, None).is_complete());
        assert_eq!(ends.run(), 2, "each accepted job is run");
    });
}

#[test]
fn shutdown_rouses_everyone_control() {
    must_catch("pool::loom::shutdown_rouses_everyone", "pool_shutdown_rings_one", &["deadlock"]);
}

/// Claim: two submitters never get more jobs to run at once than the cap. Threads 3 to 4, bound 3.
/// Control: a limit that is one too high.
#[test]
fn cap_is_kept() {
    Model::new("cap_is_kept").bound(3).check(|| {
        let (pool, ends) = (pool(1), Arc::new(Ends::default()));
        let (submitter, job) = (pool.clone(), Counted(ends.clone()));
        let submitting = thread::spawn(move || submitter.submit(Box::new(job)).unwrap());
        pool.submit(Box::new(Counted(ends.clone()))).unwrap();
        submitting.join().unwrap();
        assert!(pool.shutdown(Backlog::Drain, None).is_complete());
        assert_eq!(ends.run(), 2, "each accepted job is run");
        // ORDERING: SeqCst, see `Ends`.
        assert_eq!(ends.most_inside.load(SeqCst), 1, "more jobs at once than the cap");
    });
}

#[test]
fn cap_is_kept_control() {
    must_catch(
        "pool::loom::cap_is_kept",
        "pool_limit_one_too_high",
        &["more jobs at once than the cap"],
    );
}

/// Claim: a job that waits for a job of its own pool does not deadlock at a cap of one. Threads 2,
/// no bound. Control: a thread that does not know whose it is.
#[test]
fn reentry_at_cap_one() {
    Model::new("reentry_at_cap_one").unbounded().check(|| {
        let pool = pool(1);
        let inner = pool.clone();
        let outer = pool.spawn(move || inner.spawn(|| 7).wait().unwrap());
        assert_eq!(outer.wait().expect("no deadlock"), 7);
        assert!(pool.shutdown(Backlog::Drain, None).is_complete());
    });
}

#[test]
fn reentry_at_cap_one_control() {
    must_catch("pool::loom::reentry_at_cap_one", "pool_thread_unmarked", &["deadlock"]);
}

/// Claim: cancelling a job races its start, and the answer is the truth: either it never ran, or it
/// was not cancelled. Threads 2, no bound. Control: a cancellation that always says yes. (That both win
/// needs no control: whoever removes the job from its queue owns the box, so it does not compile.)
#[test]
fn cancel_races_start() {
    Model::new("cancel_races_start").unbounded().check(|| {
        let (pool, ends) = (pool(1), Arc::new(Ends::default()));
        let job = Box::new(Quick(ends.clone()));
        let handle = pool.spawn(move || Job::run(job));
        let cancelled = handle.cancel();
        let result = handle.wait();
        assert_eq!(cancelled, matches!(result, Err(JobError::Cancelled)), "the handle agrees");
        assert!(pool.shutdown(Backlog::Drain, None).is_complete());
        assert_eq!(ends.run(), usize::from(!cancelled), "a cancelled job never ran");
    });
}

#[test]
fn cancel_races_start_control() {
    must_catch(
        "pool::loom::cancel_races_start",
        "pool_cancel_always_says_yes",
        &["the handle agrees"],
    );
}

/// Claim: while a job waits in a compensation at a cap of one, a stand-in runs the job it waits for,
/// and jobs are run as before when it has gone.
/// Threads 3 to 4, bound 2. Control: no compensation.
#[test]
fn a_stand_in_comes_and_goes() {
    Model::new("a_stand_in_comes_and_goes").check(|| {
        let pool = pool(1);
        let inner = pool.clone();
        let outer = pool.spawn(move || {
            let awaited = inner.spawn(|| 7);
            inner.compensate(|| {
                while !awaited.is_finished() {
                    thread::yield_now();
                }
            });
            awaited.wait().unwrap()
        });
        assert_eq!(outer.wait().expect("no deadlock"), 7);
        pool.spawn(|| ()).wait().expect("a thread comes");
        assert!(pool.shutdown(Backlog::Drain, None).is_complete());
    });
}

#[test]
fn a_stand_in_comes_and_goes_control() {
    must_catch(
        "pool::loom::a_stand_in_comes_and_goes",
        "pool_compensates_nobody",
        &["deadlock", "maximum number of branches"],
    );
}

/// Claim: when a surplus thread is sent for and leaves instead, another one comes, although the third
/// is busy. Threads 4, bound 1. Control: a surplus thread that leaves silently.
#[test]
fn surplus_passes_its_claim_on() {
    Model::new("surplus_passes_its_claim_on").bound(1).check(|| {
        let (pool, start, done) = (pool(2), Arc::new(Door::default()), Arc::new(Door::default()));
        let (inner, ready, door) = (pool.clone(), start.clone(), done.clone());
        let busy = pool.spawn(move || {
            inner.compensate(|| {
                let both = [inner.spawn(|| ()), inner.spawn(|| ())];
                both.into_iter().for_each(|handle| handle.wait().unwrap());
            });
            ready.open();
            door.pass();
        });
        start.pass();
        pool.spawn(|| ()).wait().expect("a thread comes");
        done.open();
        busy.wait().expect("it ends");
        assert!(pool.shutdown(Backlog::Drain, None).is_complete());
    });
}

#[test]
fn surplus_passes_its_claim_on_control() {
    must_catch(
        "pool::loom::surplus_passes_its_claim_on",
        "pool_surplus_leaves_silently",
        &["deadlock"],
    );
}

/// Claim: if the system refuses every thread, two jobs submitted at once are each handed back or
/// cancelled, and none is left in the queue (W8). Threads 2, no bound.
/// Control: a refused submitter that forgets the other's job.
#[test]
fn refusals_orphan_nothing() {
    Model::new("refusals_orphan_nothing").unbounded().check(|| {
        let ends = Arc::new(Ends::default());
        let refusing = |_start| Err(std::io::ErrorKind::WouldBlock.into());
        let pool = Builder::new().max_threads(1).spawn_handler(refusing).build();
        let (submitter, job) = (pool.clone(), Quick(ends.clone()));
        let submitting = thread::spawn(move || submitter.submit(Box::new(job)).is_err());
        let mine = usize::from(pool.submit(Box::new(Quick(ends.clone()))).is_err());
        let handed_back = mine + usize::from(submitting.join().unwrap());
        assert_eq!(ends.run() + ends.cancelled() + handed_back, 2, "one end for each job");
    });
}

#[test]
fn refusals_orphan_nothing_control() {
    must_catch(
        "pool::loom::refusals_orphan_nothing",
        "pool_refusal_forgets_others",
        &["one end for each job"],
    );
}
