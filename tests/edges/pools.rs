//! `concurrent`: pools, their futures, and what their threads ask.

use crate::{LIMIT, OnDrop, panic_of};
use sheave::concurrent::{Executor, Job, Rejected, ThreadPool, check_cancelled, run_in_executor};
use sheave::runtime::Builder;
use sheave::time::sleep;
use sheave_tests::{eventually, watchdog};
use std::cell::RefCell;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

/// A pool that a thread keeps until its end is joined after the thread's own records are gone.
#[test]
fn a_pool_may_end_with_its_thread() {
    thread_local! {
        static KEPT: RefCell<Option<ThreadPool>> = const { RefCell::new(None) };
    }
    watchdog(LIMIT, || {
        let thread = thread::spawn(|| {
            KEPT.with_borrow_mut(|kept| {
                let pool = kept.insert(ThreadPool::new());
                assert_eq!(pool.submit(|| 7).wait().unwrap(), 7);
            });
        });
        thread.join().unwrap();
    });
}

struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

/// Who gives up a wait is let go of at once, and not when the work ends.
#[test]
fn work_keeps_no_waker_of_a_wait_that_was_given_up() {
    watchdog(LIMIT, || {
        let nobody = Arc::new(Nobody);
        let waker = Waker::from(nobody.clone());
        let mut cx = Context::from_waker(&waker);
        let pool = ThreadPool::builder().max_workers(1).build();
        let (release, wait) = channel::<()>();
        let mut waiting = pool.submit(move || wait.recv().is_ok()).into_future();
        assert!(Pin::new(&mut waiting).poll(&mut cx).is_pending());
        eventually("the work begins", || waiting.running());
        assert_eq!(Arc::strong_count(&nobody), 3);
        drop(waiting);
        assert_eq!(Arc::strong_count(&nobody), 2, "the test has one, and its waker");
        drop(release);
    });
}

/// Code that runs as its thread ends may still ask whether it is wanted.
#[test]
fn a_thread_that_ends_may_ask_whether_it_is_wanted() {
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            check_cancelled().unwrap();
        }
    }
    thread_local! {
        static KEPT: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    watchdog(LIMIT, || {
        let thread = thread::spawn(|| {
            KEPT.set(Some(Last));
            check_cancelled().unwrap();
        });
        thread.join().unwrap();
    });
}

/// A `next` that may not wait here loses nothing: the result is there for the next one.
#[test]
fn map_keeps_a_result_that_could_not_be_waited_for() {
    watchdog(LIMIT, || {
        let pool = ThreadPool::builder().max_workers(1).build();
        let (release, wait) = channel::<()>();
        let wait = Mutex::new(wait);
        let mut map = pool.map(
            move |n| {
                let _ = wait.lock().unwrap().recv();
                n
            },
            [1, 2],
        );
        let runtime = Builder::new_current_thread().build().unwrap();
        let text = runtime.block_on(async { panic_of(|| map.next()) });
        assert!(text.contains("drives a runtime"), "{text}");
        drop(release);
        assert_eq!(map.map(Result::unwrap).collect::<Vec<_>>(), [1, 2]);
    });
}

/// Keeps its jobs until they are asked for.
#[derive(Default)]
struct Keeper(Mutex<Vec<Box<dyn Job>>>);

impl Executor for Keeper {
    fn execute(&self, job: Box<dyn Job>) -> Result<(), Rejected> {
        self.0.lock().unwrap().push(job);
        Ok(())
    }
}

/// A stopped clock jumps when nothing is under way. A destructor is, of what a job has captured that was
/// cancelled before somebody else's executor came to run it.
#[test]
fn the_clock_waits_for_the_captures_of_a_cancelled_job() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        let keeper = Keeper::default();
        let (dropping, is_dropping) = channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let captured = OnDrop(move || {
            dropping.send(()).unwrap();
            thread::sleep(Duration::from_millis(20)); // The work of the destructor.
            over.store(true, SeqCst);
        });
        let future = {
            let _entered = runtime.enter();
            run_in_executor(Some(&keeper), move || drop(captured))
        };
        assert!(future.cancel());
        let job = keeper.0.lock().unwrap().pop().unwrap();
        let runs = thread::spawn(move || job.run());
        is_dropping.recv().unwrap();
        runtime.block_on(async { sleep(Duration::from_secs(3600)).await });
        assert!(is_over.load(SeqCst));
        runs.join().unwrap();
    });
}
