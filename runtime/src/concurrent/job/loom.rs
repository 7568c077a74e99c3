//! Models of work in a pool: queued, running, cancelled, refused.

use super::super::{FutureError, ThreadPool};
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Claim: work that is cancelled while a thread comes for it either runs and gives its value, or never
/// runs, and in both cases what it has captured is gone when its pool has ended. Threads 2, bound 3.
/// Control: a cancellation that also stops what runs.
#[test]
fn cancel_races_run() {
    Model::new("job_cancel_races_run").bound(3).check(|| {
        let pool = ThreadPool::builder().max_workers(1).build();
        let runs = Arc::new(AtomicUsize::new(0));
        let captured = runs.clone();
        // ORDERING: SeqCst; the counter is an oracle, and no protocol rests on it.
        let future = pool.submit(move || captured.fetch_add(1, SeqCst));
        let is_cancelled = future.cancel();
        let result = future.wait();
        pool.shutdown().wait();
        // ORDERING: SeqCst, see above.
        assert_eq!(runs.load(SeqCst), usize::from(!is_cancelled), "cancelled work never runs");
        assert_eq!(is_cancelled, matches!(result, Err(FutureError::Cancelled)), "all agree");
        assert_eq!(Arc::strong_count(&runs), 1, "what was captured is gone");
    });
}

#[test]
fn cancel_races_run_control() {
    must_catch(
        "concurrent::job::loom::cancel_races_run",
        "future_cancels_what_runs",
        &["cancelled work never runs", "all agree", "it is running"],
    );
}

/// Claim: two jobs, of which one waits for the other, end on a pool of one thread while the main thread
/// waits for both. Threads 3, bound 2. Control: a thread that does not know whose it is.
#[test]
fn work_waits_for_work_of_its_pool() {
    Model::new("job_waits_for_job").check(|| {
        let pool = ThreadPool::builder().max_workers(1).build();
        let inner = pool.clone();
        let outer = pool.submit(move || inner.submit(|| 7).wait().unwrap());
        assert_eq!(outer.wait().unwrap(), 7);
        pool.shutdown().wait();
    });
}

#[test]
fn work_waits_for_work_of_its_pool_control() {
    must_catch(
        "concurrent::job::loom::work_waits_for_work_of_its_pool",
        "pool_thread_unmarked",
        &["deadlock"],
    );
}
