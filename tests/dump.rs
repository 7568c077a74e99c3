//! Dumps: every live task, what it does and what it waits for, without stopping anybody.
//!
//! Longer than 400 lines: independent tests, read one at a time, which share one binary to link.

#[path = "dump/local.rs"]
mod local;
#[path = "dump/roots.rs"]
mod roots;
#[path = "dump/waits.rs"]
mod waits;

use sheave::io::Interest;
use sheave::net::{TcpListener, TcpStream};
use sheave::runtime::{Builder, Dump, Handle, Runtime, SyncKind, TaskDump, TaskState, WaitsFor};
use sheave::signal::unix::SignalKind;
use sheave::task::{self, Id};
use sheave::time::{sleep, sleep_until, timeout};
use sheave_tests::{Census, eventually, watchdog};
use std::future::pending;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(3600);

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

fn find(dump: &Dump, id: Id) -> Option<&TaskDump> {
    dump.tasks().iter().find(|task| task.id() == id)
}

/// The task as a dump shows it once it waits.
fn once_waiting(handle: &Handle, id: Id) -> TaskDump {
    let mut found = None;
    eventually("the task waits", || {
        found = find(&handle.dump(), id).filter(|task| task.waits_for().is_some()).cloned();
        found.is_some()
    });
    found.unwrap()
}

#[test]
fn a_task_says_who_it_is() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let parent = runtime.spawn(async {
            let line = line!() + 1;
            let child = task::Builder::new().name("a child").spawn(pending::<()>());
            (child.id(), line)
        });
        let parent_id = parent.id();
        let (child, line) = runtime.block_on(parent).unwrap();
        let task = once_waiting(runtime.handle(), child);
        assert_eq!(task.name(), Some("a child"));
        assert_eq!(task.parent(), Some(parent_id));
        assert_eq!((task.spawned_at().file(), task.spawned_at().line()), (file!(), line));
        assert_eq!(task.state(), TaskState::Waiting);
        assert_eq!(task.waits_for(), Some(WaitsFor::Unknown));
        assert!(!task.is_aborted());

        let dump = runtime.handle().dump();
        assert!(find(&dump, parent_id).is_none(), "the parent has ended");
        let text = dump.to_string();
        assert!(text.starts_with("1 task: 0 running, 0 queued, 1 waiting\n"), "{text}");
        let place = format!("spawned at {}:{line}:", file!());
        for part in [&format!("task {child} \"a child\" waiting for "), ": unknown", &place] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.ends_with(&format!(" by task {parent_id}\n")), "{text}");
        assert!(format!("{dump:?}").contains("a child"));
    });
}

#[test]
fn timers_and_time_outs() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let deadline = sheave::time::Instant::now() + LONG;
        let timer = runtime.spawn(async move { sleep_until(deadline).await });
        let task = once_waiting(runtime.handle(), timer.id());
        let Some(WaitsFor::Timer { deadline: shown, .. }) = task.waits_for() else {
            panic!("{task:?}")
        };
        assert!(shown <= deadline && deadline - shown < Duration::from_micros(1));
        assert!(!task.waits_for_more());
        assert!(task.to_string().contains(": timer in 3"), "{task}");

        let target = timer.id();
        let joiner = runtime.spawn(async move { timeout(LONG, timer).await });
        let task = once_waiting(runtime.handle(), joiner.id());
        assert!(matches!(task.waits_for(), Some(WaitsFor::Join { task, .. }) if task == target));
        assert!(task.waits_for_more(), "there is the time-out beside it");
        assert!(task.to_string().contains(&format!("the end of task {target}, and more")));
    });
}

#[test]
fn the_last_wait_counts() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let (first, second) = (runtime.spawn(pending::<()>()), runtime.spawn(async {}));
        let third = runtime.spawn(pending::<()>());
        let third_id = third.id();
        let waiter = runtime.spawn(async move {
            sheave::select! {
                _ = first => unreachable!("it never ends"),
                _ = second => {}
            }
            let _ = third.await;
        });
        eventually("it waits for the third task", || {
            let dump = runtime.handle().dump();
            let waits = find(&dump, waiter.id()).unwrap().waits_for();
            matches!(waits, Some(WaitsFor::Join { task, .. }) if task == third_id)
        });
    });
}

#[test]
fn sockets() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let expect = |task: Id, fd: i32, interest: Interest| {
            let task = once_waiting(runtime.handle(), task);
            let expected = matches!(
                task.waits_for(),
                Some(WaitsFor::Source { fd: shown, interest: wanted, .. })
                    if (shown, wanted) == (fd, interest)
            );
            assert!(expected, "{fd}, {interest:?}: {task:?}");
            task.to_string()
        };
        let fd = listener.as_raw_fd();
        let accepting = runtime.spawn(async move { listener.accept().await.unwrap().0 });
        let text = expect(accepting.id(), fd, Interest::READABLE);
        assert!(text.contains(&format!(": fd {fd} to read,")), "{text}");

        let stream = runtime.block_on(TcpStream::connect(address)).unwrap();
        let _peer = runtime.block_on(accepting).unwrap();
        let fd = stream.as_raw_fd();
        let writing = runtime.spawn(async move {
            use sheave::io::AsyncWriteExt;
            (&stream).write_all(&vec![0; 1 << 26]).await.unwrap();
        });
        expect(writing.id(), fd, Interest::WRITABLE);
    });
}

#[test]
fn joins() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let handle = runtime.handle();
        let target = runtime.spawn(pending::<()>());
        let id = target.id();
        let joiner = runtime.spawn(async { target.await.unwrap() });
        let task = once_waiting(handle, joiner.id());
        assert!(matches!(task.waits_for(), Some(WaitsFor::Join { task, .. }) if task == id));

        let set = runtime.spawn(async {
            let mut set = task::JoinSet::new();
            set.spawn(pending::<()>());
            set.join_next().await;
        });
        let task = once_waiting(handle, set.id());
        let kind = SyncKind::JoinSet;
        assert!(matches!(task.waits_for(), Some(WaitsFor::Sync { kind: k, .. }) if k == kind));
        assert!(!task.waits_for_more(), "its members are one thing");

        let (release, released) = mpsc::channel::<()>();
        let closure = runtime.spawn(async { task::spawn_blocking(move || released.recv()).await });
        let task = once_waiting(handle, closure.id());
        assert!(matches!(task.waits_for(), Some(WaitsFor::Join { .. })), "{task:?}");
        drop(release);
    });
}

/// The state of a task that blocks in its poll, whose ordinal worker, and how long it has been so.
#[test]
fn a_stuck_task_runs_and_one_behind_it_is_queued() {
    watchdog(LIMIT, || {
        let config = [(Builder::new_multi_thread(), true), (Builder::new_current_thread(), false)];
        for (mut builder, is_multi) in config {
            builder = builder.worker_threads(1).max_stand_ins(0);
            let runtime = builder.build().unwrap();
            let handle = runtime.handle().clone();
            let (begun, has_begun) = mpsc::channel();
            let (release, released) = mpsc::channel::<()>();
            let stuck = runtime.spawn(async move {
                let behind = sheave::spawn(async {});
                begun.send((behind.id(), Instant::now())).unwrap();
                let _ = released.recv();
                behind.await.unwrap();
            });
            let id = stuck.id();
            let observer = std::thread::spawn(move || {
                let (behind, since) = has_begun.recv().unwrap();
                let mut shown = None;
                eventually("it is seen to be stuck", || {
                    let before = since.elapsed();
                    let dump = handle.dump();
                    let task = find(&dump, id).unwrap();
                    assert!(
                        matches!(task.state(), TaskState::Running { worker: Some(0), .. }),
                        "{task:?}"
                    );
                    let lasted = task.since_last_poll().expect("it is polled");
                    assert!(lasted >= before, "{lasted:?} of {before:?}");
                    assert_eq!(task.waits_for(), None);
                    let task = find(&dump, behind).unwrap();
                    // A single worker has it in its slot; the monitor may have moved it.
                    assert_eq!((task.state(), task.since_last_poll()), (TaskState::Queued, None));
                    shown = Some((lasted, before, dump.to_string()));
                    lasted > Duration::from_millis(100)
                });
                drop(release);
                shown.unwrap()
            });
            runtime.block_on(stuck).unwrap();
            let (lasted, before, text) = observer.join().unwrap();
            println!("multi-thread {is_multi}: shown as {lasted:?} after {before:?}\n{text}");
            assert!(lasted < before + Duration::from_secs(5), "{lasted:?} of {before:?}");
            assert!(text.contains("running on worker 0 for "), "{text}");
            assert!(text.contains(" queued, not polled yet, spawned at "), "{text}");
        }
    });
}

#[test]
fn a_task_in_place_runs_without_a_worker() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let (release, released) = mpsc::channel::<()>();
        let blocking = runtime.spawn(async move {
            task::block_in_place(|| released.recv().unwrap_err());
            pending::<()>().await;
        });
        let state = |id| find(&runtime.handle().dump(), id).unwrap().state();
        eventually("it blocks", || {
            matches!(state(blocking.id()), TaskState::Running { worker: None, .. })
        });
        // Also when its worker has gone on to other tasks.
        runtime.block_on(runtime.spawn(async {})).unwrap();
        assert!(matches!(state(blocking.id()), TaskState::Running { worker: None, .. }));
        drop(release);
        once_waiting(runtime.handle(), blocking.id());
    });
}

#[test]
fn the_time_since_the_last_poll() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        // Long enough asleep that a stale clock would show.
        std::thread::sleep(Duration::from_millis(300));
        let before = Instant::now();
        let sleeper = runtime.spawn(pending::<()>());
        let task = once_waiting(runtime.handle(), sleeper.id());
        let polled = task.since_last_poll().unwrap();
        let most = before.elapsed() + Duration::from_millis(100);
        assert!(polled < most, "{polled:?}, at most {most:?}");
        let ticker = runtime.spawn(async {
            loop {
                sleep(Duration::from_millis(1)).await;
            }
        });
        std::thread::sleep(Duration::from_millis(500));
        let age = |dump: &Dump, id| find(dump, id).unwrap().since_last_poll().unwrap();
        eventually("the ticker was polled a moment ago", || {
            let dump = runtime.handle().dump();
            assert!(age(&dump, sleeper.id()) >= Duration::from_millis(500));
            age(&dump, ticker.id()) < Duration::from_millis(400)
        });
    });
}

#[test]
fn an_aborted_task_is_marked_until_it_is_gone() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let task = runtime.spawn(pending::<()>());
        task.abort();
        let dump = runtime.handle().dump();
        assert!(dump.tasks()[0].is_aborted() && dump.tasks()[0].state() == TaskState::Queued);
        assert!(dump.to_string().contains(" queued (aborted), not polled yet, "), "{dump}");
        assert!(runtime.block_on(task).is_err());
        assert!(runtime.handle().dump().tasks().is_empty());
    });
}

/// The limit is one for builds that are not optimised; for others, set `SHEAVE_DUMP_LIMIT_MS` to 100.
#[test]
fn a_hundred_thousand_tasks() {
    watchdog(LIMIT, || {
        const COUNT: usize = 100_000;
        let runtime = runtime();
        let spawned = runtime.spawn(async {
            for _ in 0..COUNT {
                drop(sheave::spawn(sleep(LONG)));
            }
        });
        runtime.block_on(spawned).unwrap();
        let timed = || {
            let start = Instant::now();
            let dump = runtime.handle().dump();
            (start.elapsed(), dump)
        };
        eventually("all of them sleep", || {
            let dump = timed().1;
            dump.tasks().iter().all(|task| matches!(task.waits_for(), Some(WaitsFor::Timer { .. })))
        });
        let (taken, dump) = (0..5).map(|_| timed()).min_by_key(|(time, _)| *time).unwrap();
        assert_eq!(dump.tasks().len(), COUNT);
        assert!(
            dump.tasks().is_sorted_by_key(|task| task.id().to_string().parse::<u64>().unwrap())
        );
        let start = Instant::now();
        let text = dump.to_string();
        assert_eq!(text.lines().count(), COUNT + 1);
        println!("{COUNT} tasks: dumped in {taken:?}, written in {:?}", start.elapsed());
        let limit = std::env::var("SHEAVE_DUMP_LIMIT_MS");
        let limit = limit.map_or(1000, |limit| limit.parse().unwrap());
        assert!(taken < Duration::from_millis(limit), "{taken:?}");
    });
}

/// Dumps while tasks come and go: what is shown was there, nothing is shown twice, and what stays for
/// the whole time is always shown.
#[test]
fn dumps_during_a_storm() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let residents: Vec<_> = (0..100).map(|_| runtime.spawn(pending::<()>()).id()).collect();
        let (stop, stopped) = mpsc::channel::<()>();
        let spawner = runtime.handle().clone();
        let storm = std::thread::spawn(move || {
            let mut spawned = 0;
            while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                let wave: Vec<_> = (0..200)
                    .map(|n| {
                        spawner.spawn(async move {
                            let child = sheave::spawn(task::yield_now());
                            if n % 2 == 0 { child.await.unwrap() } else { child.abort() }
                        })
                    })
                    .collect();
                spawned += 2 * wave.len();
                wave.into_iter().for_each(|task| spawner.block_on(task).unwrap());
            }
            spawned
        });
        let (mut dumps, mut most) = (0, 0);
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(500) {
            let dump = runtime.handle().dump();
            let mut ids: Vec<_> = dump.tasks().iter().map(|task| task.id().to_string()).collect();
            let shown = ids.len();
            ids.dedup();
            assert_eq!(ids.len(), shown, "a task is shown twice");
            assert!(residents.iter().all(|id| find(&dump, *id).is_some()));
            (dumps, most) = (dumps + 1, most.max(shown));
        }
        drop(stop);
        let spawned = storm.join().unwrap();
        println!("{dumps} dumps beside {spawned} tasks, {most} at once at most");
        assert!(most > residents.len(), "no dump has met the storm");
        eventually("only those who stay are left", || {
            runtime.handle().dump().tasks().len() == residents.len()
        });
    });
}

#[test]
fn nothing_is_left_after_the_shutdown() {
    watchdog(LIMIT, || {
        for builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
            let runtime = builder.worker_threads(2).build().unwrap();
            let handle = runtime.handle().clone();
            let kept = runtime.spawn(async { sleep(LONG).await });
            let dump = handle.dump();
            drop(runtime);
            assert!(handle.dump().tasks().is_empty());
            assert_eq!(handle.dump().to_string(), "0 tasks: 0 running, 0 queued, 0 waiting\n");
            assert_eq!(dump.tasks()[0].id(), kept.id(), "what was taken before stays as it was");
        }
    });
}

/// The program whose standard error output the next test reads.
const CHILD: &str = "SHEAVE_DUMP_CHILD";

#[test]
fn a_signal_writes_a_dump() {
    if std::env::var_os(CHILD).is_some() {
        return be_the_child();
    }
    watchdog(LIMIT, || {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_signal_writes_a_dump", "--nocapture"])
            .env(CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut text = String::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let is_task = |line: &&str| line.starts_with("task ");
        while text.lines().filter(is_task).count() < 2 {
            assert!(lines.read_line(&mut text).unwrap() > 0, "only {text:?}");
        }
        // Only now may it go on, and end.
        drop(child.stdin.take());
        lines.read_to_string(&mut text).unwrap();
        assert!(child.wait().unwrap().success(), "{text}");
        assert!(text.contains("2 tasks: 1 running, 0 queued, 1 waiting\n"), "{text}");
        assert!(text.contains("\"the stuck one\" running on worker 0 for "), "{text}");
        assert!(text.contains("\"the sleeper\" waiting for "), "{text}");
    });
}

/// The one worker is stuck, and so can be asked by nobody.
fn be_the_child() {
    let before = Census::take();
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .max_stand_ins(0)
        .dump_on_signal(SignalKind::user_defined1())
        .build()
        .unwrap();
    let (release, released) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    let guard = runtime.enter();
    let sleeper = task::Builder::new().name("the sleeper").spawn(sleep(LONG));
    once_waiting(runtime.handle(), sleeper.id());
    let stuck = task::Builder::new().name("the stuck one").spawn(async move {
        begun.send(()).unwrap();
        let _ = released.recv();
    });
    has_begun.recv().unwrap();
    signal_hook::low_level::raise(SignalKind::user_defined1().as_raw_value()).unwrap();
    // Who reads the dump says that it has come.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    drop(release);
    runtime.block_on(stuck).unwrap();
    drop(guard);
    drop(runtime);
    eventually("no thread is left", || Census::take().threads <= before.threads);
}

#[test]
fn signals_that_cannot_be_listened_for_are_refused() {
    let kill = SignalKind::from_raw(libc::SIGKILL);
    let refused = Builder::new_multi_thread().worker_threads(1).dump_on_signal(kill).build();
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}
