//! Shutdown in phases: who is told, who is waited for and for how long, and what the report lists.
//!
//! Longer than 400 lines: independent tests, read one at a time, which share one binary to link.

use sheave::concurrent::run_in_executor;
use sheave::runtime::{Builder, LeftJob, Runtime, RuntimeFlavor, ShutdownOptions, ShutdownReport};
use sheave::task::{self, yield_now};
use sheave::time::sleep;
use sheave_tests::{Census, Drops, Flag, eventually, watchdog};
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::sync::mpsc::{Receiver, channel};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
/// Time for what takes none, on a loaded machine.
const AMPLE: Duration = Duration::from_secs(20);
/// A phase that is meant to run out.
const SHORT: Duration = Duration::from_millis(50);

fn builders() -> [Builder; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread().worker_threads(2)]
}

fn on_both(test: impl Fn(Runtime)) {
    watchdog(LIMIT, || builders().into_iter().for_each(|builder| test(builder.build().unwrap())));
}

fn ample() -> ShutdownOptions {
    ShutdownOptions::new().drain(AMPLE).cancel_grace(AMPLE).blocking(AMPLE)
}

/// Gives up at once where something is stuck, and never has to where nothing is.
fn brief() -> ShutdownOptions {
    ShutdownOptions::new().cancel_grace(SHORT).blocking(SHORT)
}

/// The output of a task or a closure whose runtime has ended.
fn output<F: Future>(ended: F) -> F::Output {
    match pin!(ended).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it should have ended by now"),
    }
}

/// Blocks its thread until it is told to go on.
struct Block(Receiver<()>);

impl Block {
    fn new() -> (std::sync::mpsc::Sender<()>, Self) {
        let (release, wait) = channel();
        (release, Self(wait))
    }

    fn block(&self) {
        let _ = self.0.recv();
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.block();
    }
}

#[test]
fn nothing_to_do_is_done_at_once() {
    on_both(|runtime| {
        runtime.block_on(async { sheave::spawn(async {}).await }).unwrap();
        let start = Instant::now();
        let report = runtime.shutdown(ample());
        assert!(report.is_complete(), "{report}");
        assert!(start.elapsed() < AMPLE);
        assert_eq!((report.aborted(), report.threads()), (0, 0));
        assert!(report.to_string().starts_with("shutdown complete: 0 tasks aborted"), "{report}");
    });
}

#[test]
fn a_task_that_ends_in_time_is_not_aborted() {
    on_both(|runtime| {
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                runtime.spawn(async move {
                    sheave::shutdown_requested().await;
                    sleep(Duration::from_millis(n)).await;
                    // Saving something is done on the blocking pool.
                    let saved = task::spawn_blocking(move || n).await;
                    yield_now().await;
                    saved.unwrap()
                })
            })
            .collect();
        assert!(!runtime.handle().is_shutting_down());
        let start = Instant::now();
        let report = runtime.shutdown(ample());
        assert!(report.is_complete() && report.aborted() == 0, "{report}");
        assert!(start.elapsed() < AMPLE, "it ends when the last task does");
        assert!(runtime.handle().is_shutting_down());
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(output(task).unwrap(), n as u64);
        }
    });
}

#[test]
fn who_does_not_end_in_time_is_aborted_after_it() {
    on_both(|runtime| {
        let drops = Drops::new();
        let witnesses = [drops.witness(), drops.witness()];
        let tasks = witnesses.map(|witness| {
            runtime.spawn(async move {
                let _witness = witness;
                // It is told, and stays.
                sheave::shutdown_requested().await;
                pending::<()>().await;
            })
        });
        let start = Instant::now();
        let report = runtime.shutdown(ample().drain(SHORT));
        assert!(start.elapsed() >= SHORT, "they had their time");
        assert!(report.is_complete(), "{report}");
        assert_eq!(report.aborted(), 2);
        drops.assert_all();
        for task in tasks {
            assert!(output(task).unwrap_err().is_cancelled());
        }
    });
}

#[test]
fn a_stuck_task_is_listed() {
    on_both(|runtime| {
        let stop = Arc::new(AtomicBool::new(false));
        let (until, begun) = (stop.clone(), Flag::new());
        let (begin, entered) = (begun.clone(), runtime.enter());
        let task = task::Builder::new().name("spinner").spawn(async move {
            sheave::shutdown_requested().await;
            begin.set();
            while !until.load(Acquire) {
                std::hint::spin_loop();
            }
        });
        let line = line!() - 7;
        drop(entered);
        let other = runtime.spawn(pending::<()>());
        let start = Instant::now();
        let report = runtime.shutdown(brief().drain(SHORT));
        assert!(start.elapsed() < AMPLE && begun.is_set());
        let left = &report.tasks()[0];
        assert_eq!((left.id(), left.name()), (task.id(), Some("spinner")));
        // Another worker drops the other one. On the current-thread flavour there is none.
        if runtime.handle().runtime_flavor() == RuntimeFlavor::MultiThread {
            assert!(other.is_finished() && report.tasks().len() == 1, "{report}");
        } else {
            assert_eq!((report.tasks()[1].worker(), report.threads()), (None, 1), "{report}");
        }
        assert_eq!((left.spawned_at().file(), left.spawned_at().line()), (file!(), line));
        assert!(left.worker().is_some(), "{report}");
        assert!(!report.is_complete());
        assert!(report.to_string().contains("\"spinner\", spawned at "), "{report}");
        assert!(report.to_string().contains("is in a poll or a drop on worker"), "{report}");
        // It goes on to its end by itself, and so does what waited for its worker.
        stop.store(true, Release);
        eventually("the tasks end", || task.is_finished() && other.is_finished());
    });
}

#[test]
fn a_drop_that_does_not_return_is_listed() {
    on_both(|runtime| {
        let (release, block) = Block::new();
        let task = runtime.spawn(async move {
            let _block = block;
            pending::<()>().await;
        });
        runtime.block_on(yield_now());
        let report = runtime.shutdown(brief());
        let [left] = report.tasks() else { panic!("one task, not {report}") };
        assert_eq!((left.id(), left.name()), (task.id(), None));
        assert_eq!(report.aborted(), 1);
        drop(release);
        eventually("the task ends", || task.is_finished());
    });
}

#[test]
fn jobs_are_listed_running_and_queued() {
    watchdog(LIMIT, || {
        for builder in builders() {
            let runtime = builder.max_blocking_threads(1).build().unwrap();
            let (begin, begun) = channel();
            let (release, block) = Block::new();
            let entered = runtime.enter();
            let running = task::Builder::new().name("endless").spawn_blocking(move || {
                begin.send(()).unwrap();
                block.block();
            });
            begun.recv().unwrap();
            let queued = task::spawn_blocking(|| unreachable!("dropped uncalled"));
            let line = line!() - 1;
            drop(entered);
            thread::sleep(Duration::from_millis(5));
            let report = runtime.shutdown(brief());
            let [dropped, left] = report.jobs() else { panic!("two jobs, not {report}") };
            assert_eq!((dropped.is_running(), dropped.name()), (false, None));
            assert_eq!(dropped.spawned_at().unwrap().line(), line);
            assert_eq!((left.is_running(), left.name()), (true, Some("endless")));
            assert!(left.age() >= Duration::from_millis(5) && left.age() < LIMIT);
            assert!(report.threads() >= 1 && !report.is_complete());
            let text = report.to_string();
            assert!(text.contains("blocking job \"endless\", spawned at "), "{text}");
            assert!(text.contains("ago, was dropped uncalled"), "{text}");
            assert!(output(queued).unwrap_err().is_cancelled());
            assert!(!running.is_finished());
            drop(release);
            eventually("the job ends", || running.is_finished());
            output(running).unwrap();
        }
    });
}

/// Closures that were handed over in asyncio's ways are listed with the place of the call, as those of
/// `spawn_blocking` are.
#[test]
fn jobs_of_executors_say_where_they_come_from() {
    watchdog(LIMIT, || {
        for builder in builders() {
            let runtime = builder.max_blocking_threads(2).build().unwrap();
            let (begin, begun) = channel();
            let (release, block) = Block::new();
            let (release_too, block_too) = Block::new();
            let begin_too = begin.clone();
            let work = move || {
                begin.send(()).unwrap();
                block.block();
            };
            let more_work = move || {
                begin_too.send(()).unwrap();
                block_too.block();
            };
            let first = line!() + 1;
            let running = sheave::to_thread(work);
            let task = runtime.spawn(running);
            let entered = runtime.enter();
            let running_too = sheave::task::try_to_thread(more_work);
            let task_too = runtime.spawn(running_too);
            drop(entered);
            // Both threads are taken from here on.
            runtime.block_on(yield_now());
            begun.iter().take(2).for_each(drop);
            let queued = runtime.handle().run_in_executor(None, || unreachable!("uncalled"));
            let entered = runtime.enter();
            let queued_too = run_in_executor(None, || unreachable!("dropped uncalled"));
            let last = line!() - 1;
            drop(entered);
            let report = runtime.shutdown(brief());
            let places = |is_running| {
                let jobs = report.jobs().iter().filter(move |job| job.is_running() == is_running);
                let mut lines: Vec<_> = jobs
                    .map(|job| job.spawned_at().unwrap_or_else(|| panic!("{report}")))
                    .inspect(|place| assert_eq!(place.file(), file!()))
                    .map(std::panic::Location::line)
                    .collect();
                lines.sort_unstable();
                lines
            };
            assert_eq!(places(true), [first, first + 3], "{report}");
            assert_eq!(places(false), [last - 2, last], "{report}");
            for queued in [queued, queued_too] {
                assert!(output(queued).unwrap_err().is_cancelled());
            }
            assert!(task.is_finished() && task_too.is_finished(), "{report}");
            drop((release, release_too));
        }
    });
}

#[test]
fn dropping_waits_no_longer_than_it_says() {
    watchdog(LIMIT, || {
        let ends: Vec<_> = builders()
            .into_iter()
            .map(|builder| {
                thread::spawn(move || {
                    let runtime = builder.build().unwrap();
                    let (begin, begun) = channel();
                    let (release, block) = Block::new();
                    let job = runtime.spawn_blocking(move || {
                        begin.send(()).unwrap();
                        block.block();
                    });
                    begun.recv().unwrap();
                    let start = Instant::now();
                    drop(runtime);
                    assert!(start.elapsed() < Duration::from_secs(30), "10 s is the bound");
                    assert!(!job.is_finished());
                    drop(release);
                })
            })
            .collect();
        ends.into_iter().for_each(|end| end.join().unwrap());
    });
}

#[test]
fn what_is_spawned_in_each_phase() {
    struct SpawnsOnDrop(std::sync::mpsc::Sender<String>);
    impl Drop for SpawnsOnDrop {
        fn drop(&mut self) {
            self.0.send(refusal()).unwrap();
        }
    }
    fn refusal() -> String {
        output(sheave::spawn(async {})).unwrap_err().to_string()
    }
    on_both(|runtime| {
        let (tell, told) = channel();
        let (draining, dropping) = (tell.clone(), SpawnsOnDrop(tell));
        let running = Flag::new();
        let begun = running.clone();
        let task = runtime.spawn(async move {
            let _dropping = dropping;
            sheave::spawn(async {}).await.unwrap();
            begun.set();
            sheave::shutdown_requested().await;
            let refused = sheave::spawn(async {});
            assert!(refused.is_finished(), "refused at once");
            draining.send(refused.await.unwrap_err().to_string()).unwrap();
            draining.send(task::spawn_blocking(|| "accepted").await.unwrap().to_string()).unwrap();
            pending::<()>().await;
        });
        runtime.block_on(running.wait());
        let report = runtime.shutdown(ample().drain(Duration::from_millis(500)));
        assert_eq!((report.aborted(), report.is_complete()), (1, true), "{report}");
        assert!(output(task).unwrap_err().to_string().ends_with("was cancelled"));
        let said: Vec<_> = told.try_iter().collect();
        let [drain, blocking, drop] = &said[..] else { panic!("three, not {said:?}") };
        assert_eq!(blocking, "accepted");
        let entered = runtime.enter();
        for text in [drain, drop, &refusal()] {
            assert!(text.contains("was not started"), "{text}");
            assert!(text.contains("spawn before that"), "names the remedy: {text}");
        }
        let job = output(task::spawn_blocking(|| ())).unwrap_err();
        assert!(job.is_cancelled() && job.to_string().contains("spawn before that"), "{job}");
        std::mem::drop(entered);
    });
}

#[test]
fn inside_async_code_it_waits_for_nothing() {
    on_both(|runtime| {
        let runtime = Arc::new(runtime);
        let other = runtime.spawn(pending::<()>());
        // In a task of its own.
        let inner = runtime.clone();
        let (tell, told) = channel();
        let task = runtime.spawn(async move {
            tell.send(inner.shutdown(ample())).unwrap();
            drop(inner);
            pending::<()>().await;
        });
        let flag = Flag::new();
        let report = runtime.block_on(async {
            flag.set();
            loop {
                if let Ok(report) = told.try_recv() {
                    break report;
                }
                yield_now().await;
            }
        });
        let ids: Vec<_> = report.tasks().iter().map(sheave::runtime::LeftTask::id).collect();
        assert!(ids.contains(&task.id()), "the caller itself is left: {report}");
        eventually("both are dropped", || task.is_finished() && other.is_finished());
        // In the root of another runtime, and of the same.
        drop(Arc::into_inner(runtime).expect("the task has dropped its own"));
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let task = runtime.spawn(pending::<()>());
        let start = Instant::now();
        let _ = runtime.block_on(async { runtime.shutdown(ample()) });
        assert!(start.elapsed() < AMPLE);
        eventually("the task is dropped", || task.is_finished());
    });
}

#[test]
fn of_two_shutdowns_the_impatient_one_decides() {
    on_both(|runtime| {
        let task = runtime.spawn(pending::<()>());
        let start = Instant::now();
        let reports: Vec<ShutdownReport> = thread::scope(|scope| {
            let patient =
                scope.spawn(|| runtime.shutdown(ample().drain(Duration::from_secs(3_600))));
            eventually("the first has begun", || runtime.handle().is_shutting_down());
            let hasty = scope.spawn(|| runtime.shutdown(ample().drain(Duration::ZERO)));
            [patient, hasty].map(|end| end.join().unwrap()).into()
        });
        assert!(start.elapsed() < AMPLE);
        assert!(reports.iter().all(ShutdownReport::is_complete), "{reports:?}");
        assert!(output(task).unwrap_err().is_cancelled());
        assert!(runtime.shutdown(ample()).is_complete(), "a third one finds nothing to do");
    });
}

#[test]
fn many_shutdowns_at_once() {
    watchdog(LIMIT, || {
        for n in 0..200 {
            let [one, two] = builders();
            let runtime = if n % 2 == 0 { one } else { two }.build().unwrap();
            let drops = Drops::new();
            for _ in 0..10 {
                let witness = drops.witness();
                drop(runtime.spawn(async move {
                    let _witness = witness;
                    sheave::shutdown_requested().await;
                }));
            }
            thread::scope(|scope| {
                for drain in [Duration::ZERO, AMPLE, SHORT] {
                    let runtime = &runtime;
                    scope.spawn(move || {
                        let report = runtime.shutdown(ample().drain(drain));
                        assert!(report.is_complete(), "{n}, {drain:?}: {report:?}");
                    });
                }
            });
            drops.assert_all();
        }
    });
}

#[test]
fn a_stop_hook_that_does_not_return_holds_up_nobody() {
    watchdog(LIMIT, || {
        let hold = Arc::new(AtomicBool::new(true));
        let held = hold.clone();
        let stopped = Arc::new(AtomicUsize::new(0));
        let count = stopped.clone();
        let builder = Builder::new_multi_thread().worker_threads(2).on_thread_stop(move || {
            while held.load(Acquire) {
                thread::sleep(Duration::from_millis(1));
            }
            count.fetch_add(1, AcqRel);
        });
        let runtime = builder.build().unwrap();
        let report = runtime.shutdown(brief());
        assert_eq!((report.threads(), report.tasks().len()), (2, 0), "{report}");
        drop(runtime);
        hold.store(false, Release);
        eventually("the threads end", || stopped.load(Acquire) == 2);
    });
}

/// The stand-in was sent for, and its thread does not get as far as to run it.
#[test]
fn a_stand_in_whose_thread_does_not_come_is_called_off() {
    watchdog(LIMIT, || {
        let (hold, held) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
        let (holding, count) = (hold.clone(), held.clone());
        let builder = Builder::new_multi_thread().worker_threads(1).max_stand_ins(1);
        let runtime = builder
            .on_thread_start(move || {
                // The first one is the worker.
                if count.fetch_add(1, AcqRel) > 0 {
                    while holding.load(Acquire) {
                        thread::sleep(Duration::from_millis(1));
                    }
                }
            })
            .build()
            .unwrap();
        let (release, block) = Block::new();
        let stuck = runtime.spawn(async move {
            // What is queued behind it is what a stand-in is sent for.
            drop(sheave::spawn(async {}));
            block.block();
        });
        eventually("its thread is held up", || held.load(Acquire) == 2);
        assert_eq!(runtime.metrics().num_stand_ins(), 1);
        let report = runtime.shutdown(brief());
        assert!(report.tasks().iter().any(|task| task.id() == stuck.id()), "{report}");
        assert!(report.threads() >= 2, "the worker and the one that does not come: {report}");
        assert_eq!(runtime.metrics().num_stand_ins(), 0, "nobody will run it");
        drop(release);
        hold.store(false, Release);
        // Nobody waits for a stand-in that is not there.
        let start = Instant::now();
        let report = runtime.shutdown(ample());
        assert!(report.is_complete() && stuck.is_finished(), "{report}");
        assert!(start.elapsed() < AMPLE, "{:?}", start.elapsed());
    });
}

#[test]
fn a_thread_in_block_in_place_holds_up_nobody() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (begin, begun) = channel();
        let (release, block) = Block::new();
        let task = runtime.spawn(async move {
            task::block_in_place(|| {
                begin.send(()).unwrap();
                block.block();
            });
        });
        begun.recv().unwrap();
        let other = runtime.spawn(pending::<()>());
        let report = runtime.shutdown(brief());
        let [left] = report.tasks() else { panic!("one task, not {report}") };
        assert_eq!(left.id(), task.id());
        assert!(other.is_finished() && report.threads() >= 1, "{report}");
        drop(release);
        eventually("the task ends", || task.is_finished());
    });
}

#[test]
fn a_job_may_shut_its_own_runtime_down() {
    on_both(|runtime| {
        let runtime = Arc::new(runtime);
        let inner = runtime.clone();
        let (tell, told) = channel();
        drop(runtime.spawn_blocking(move || tell.send(inner.shutdown(ample())).unwrap()));
        let report = told.recv().unwrap();
        let running: Vec<_> = report.jobs().iter().filter(|job| LeftJob::is_running(job)).collect();
        assert_eq!(running.len(), 1, "the job itself: {report}");
    });
}

#[test]
fn a_root_hears_of_the_end_and_listeners_may_go() {
    on_both(|runtime| {
        let handle = runtime.handle().clone();
        thread::scope(|scope| {
            let root = scope.spawn(|| {
                runtime.block_on(async {
                    // Some listeners go, and others move from waker to waker.
                    for _ in 0..10 {
                        let mut listening = Box::pin(sheave::shutdown_requested());
                        let early = sheave::select! {
                            () = &mut listening => true,
                            () = yield_now() => false,
                        };
                        if early {
                            break;
                        }
                    }
                    sheave::shutdown_requested().await;
                })
            });
            assert!(runtime.shutdown(ShutdownOptions::new()).tasks().is_empty());
            root.join().unwrap();
        });
        assert!(handle.is_shutting_down());
        handle.block_on(handle.shutdown_requested());
    });
}

#[test]
fn the_current_thread_flavour_leaves_no_thread_behind() {
    watchdog(LIMIT, || {
        let end = || {
            let runtime = Builder::new_current_thread().build().unwrap();
            let task = runtime.spawn(pending::<()>());
            assert!(runtime.shutdown(ShutdownOptions::new()).is_complete());
            assert!(task.is_finished());
        };
        end();
        let before = Census::take().descriptors;
        (0..100).for_each(|_| end());
        println!("descriptors {before} before, {} after", Census::take().descriptors);
    });
}

#[test]
fn absurd_times_are_for_ever() {
    on_both(|runtime| {
        let task = runtime.spawn(runtime.handle().shutdown_requested());
        let max = Duration::MAX;
        let report =
            runtime.shutdown(ShutdownOptions::new().drain(max).cancel_grace(max).blocking(max));
        assert!(report.is_complete() && report.aborted() == 0, "{report}");
        output(task).unwrap();
    });
}
