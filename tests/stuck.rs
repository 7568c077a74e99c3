//! Nobody waits for a stuck task: it may compute or block for seconds, and the other tasks, sockets
//! and timers go on. What is measured is how late they are.

#[path = "stuck/hooks.rs"]
mod hooks;
#[path = "stuck/stand_ins.rs"]
mod stand_ins;

use futures_lite::future::poll_once;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use sheave::net::{TcpListener, UnixDatagram};
use sheave::runtime::{Builder, Runtime};
use sheave::task;
use sheave::time::{Sleep, sleep};
use sheave_tests::{Flag, eventually, watchdog};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram as Peer;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
/// What a stuck worker owns of each kind.
const OWNED: u32 = 100;

/// Whether the machine does nothing else, as `SHEAVE_FULL=1` says. Then the stuck polls are as long, and
/// the others as punctual, as the project promises; on a machine that is shared, only who waits for a
/// stuck worker is that late.
fn is_full() -> bool {
    std::env::var_os("SHEAVE_FULL").is_some()
}

/// How long the stuck tasks of the measured tests stay in their poll, or longer: see [`Hold`].
fn stuck_time() -> Duration {
    Duration::from_secs(if is_full() { 5 } else { 2 })
}

/// The poll of a stuck task. It lasts until the others are served, however slow the machine is; if they
/// wait for it, until this is known to be so.
struct Hold {
    begin: Instant,
    are_served: Flag,
}

impl Hold {
    fn is_over(&self) -> bool {
        let elapsed = self.begin.elapsed();
        elapsed >= stuck_time() && (self.are_served.is_set() || elapsed > LIMIT / 2)
    }

    fn compute(&self) {
        while !self.is_over() {
            std::hint::spin_loop();
        }
    }

    fn block(&self) {
        std::thread::sleep(stuck_time());
        while !self.is_over() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// From one event of a kind to the next one: all of them come while the tasks are stuck.
fn pace() -> Duration {
    stuck_time() * 3 / 4 / OWNED
}

fn builder() -> Builder {
    Builder::new_multi_thread().worker_threads(2)
}

fn runtime() -> Runtime {
    builder().build().unwrap()
}

fn spin(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Timers and sockets, with the far ends of the latter.
struct Equipment {
    timers: Vec<Sleep>,
    sockets: Vec<(UnixDatagram, Peer)>,
}

impl Equipment {
    /// Files the timers and registers the sockets with the worker of this thread.
    async fn of_this_worker() -> Self {
        let mut equipment = Self { timers: Vec::new(), sockets: Vec::new() };
        for n in 0..OWNED {
            let mut timer = sleep(Duration::from_millis(50) + pace() * n);
            assert!(poll_once(&mut timer).await.is_none());
            equipment.timers.push(timer);
            let (near, far) = Peer::pair().unwrap();
            near.set_nonblocking(true).unwrap();
            let near = UnixDatagram::from_std(near).unwrap();
            assert!(poll_once(near.recv(&mut [0])).await.is_none());
            equipment.sockets.push((near, far));
        }
        equipment
    }

    /// Waits for all of it in tasks of their own. Each yields how late it was, in turn.
    fn watch(self, runtime: &Runtime) -> Vec<task::JoinHandle<Duration>> {
        let timers = self.timers.into_iter().map(|mut timer| {
            runtime.spawn(async move {
                (&mut timer).await;
                sheave::time::Instant::now() - timer.deadline()
            })
        });
        let mut lateness: Vec<_> = timers.collect();
        let (near, far): (Vec<_>, Vec<_>) = self.sockets.into_iter().unzip();
        let (times, sent) = mpsc::channel();
        let sent = Arc::new(parking_lot::Mutex::new(sent));
        for socket in near {
            let sent = sent.clone();
            lateness.push(runtime.spawn(async move {
                socket.recv(&mut [0]).await.unwrap();
                let now = Instant::now();
                // The time was sent before the message, and messages come one by one.
                let sent: Instant = sent.lock().recv().unwrap();
                now - sent
            }));
        }
        std::thread::spawn(move || {
            for socket in far {
                // Paces the traffic.
                std::thread::sleep(pace());
                times.send(Instant::now()).unwrap();
                socket.send(&[1]).unwrap();
            }
        });
        lateness
    }
}

/// How late a plain thread of this process is that sleeps again and again.
struct Machine {
    over: mpsc::Sender<()>,
    thread: std::thread::JoinHandle<Duration>,
}

impl Machine {
    fn watch() -> Self {
        let (over, is_over) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let (nap, mut latest) = (Duration::from_millis(1), Duration::ZERO);
            loop {
                let begin = Instant::now();
                if is_over.recv_timeout(nap) != Err(mpsc::RecvTimeoutError::Timeout) {
                    return latest;
                }
                latest = latest.max(begin.elapsed().saturating_sub(nap));
            }
        });
        Self { over, thread }
    }

    /// The worst since [`watch`](Self::watch).
    fn lateness(self) -> Duration {
        drop(self.over);
        self.thread.join().expect("it only sleeps")
    }
}

/// `stuck` tasks, each on a worker or stand-in with sockets and timers of its own, are held by `hold`.
/// Everything is served before the first of them comes back, and in time.
fn all_are_served(what: &str, runtime: &Runtime, stuck: usize, hold: fn(&Hold)) {
    let machine = Machine::watch();
    let (hand_out, equipments) = mpsc::channel();
    let together = Arc::new(Barrier::new(stuck));
    let (returned, are_served) = (Arc::new(AtomicUsize::new(0)), Flag::new());
    for _ in 0..stuck {
        let (hand_out, together) = (hand_out.clone(), together.clone());
        let (returned, are_served) = (returned.clone(), are_served.clone());
        drop(runtime.spawn(async move {
            // None of them holds a worker before each has one.
            together.wait();
            hand_out.send(Equipment::of_this_worker().await).unwrap();
            hold(&Hold { begin: Instant::now(), are_served });
            returned.fetch_add(1, SeqCst);
        }));
    }
    let equipments = equipments.into_iter().take(stuck);
    let watched: Vec<_> = equipments.flat_map(|equipment| equipment.watch(runtime)).collect();
    let mut lateness: Vec<_> =
        watched.into_iter().map(|late| runtime.block_on(late).unwrap()).collect();
    assert_eq!(returned.load(SeqCst), 0, "{what}: somebody waited for a stuck worker");
    are_served.set();
    lateness.sort();
    let at = |percent: usize| lateness[(lateness.len() - 1) * percent / 100];
    println!("{what}: late by {:?} (p50), {:?} (p99), {:?} at most", at(50), at(99), at(100));
    let ((p50, p99), by_machine) =
        if is_full() { ((5, 20), Duration::ZERO) } else { ((100, 500), machine.lateness()) };
    assert!(at(50) < Duration::from_millis(p50), "{what}: half of them late by {:?}", at(50));
    let p99 = Duration::from_millis(p99) + by_machine;
    assert!(at(99) < p99, "{what}: late by {:?}, of {p99:?} at most", at(99));
}

#[test]
fn sockets_and_timers_of_a_worker_that_computes_are_served() {
    watchdog(LIMIT, || all_are_served("one computes", &runtime(), 1, Hold::compute));
}

#[test]
fn sockets_and_timers_of_a_worker_that_blocks_are_served() {
    watchdog(LIMIT, || all_are_served("one blocks", &runtime(), 1, Hold::block));
}

#[test]
fn all_workers_may_compute() {
    watchdog(LIMIT, || all_are_served("both compute", &runtime(), 2, Hold::compute));
}

#[test]
fn all_workers_may_block() {
    watchdog(LIMIT, || all_are_served("both block", &runtime(), 2, Hold::block));
}

#[test]
fn four_stuck_tasks_leave_room_for_the_others() {
    watchdog(LIMIT, || {
        let runtime = builder().max_stand_ins(4).build().unwrap();
        all_are_served("four block", &runtime, 4, Hold::block);
    });
}

/// The driver of tokio is turned by one worker, and if that one then blocks in a task, by nobody
/// (`benches/compare/handoff.rs` shows it). A client that blocks must get its answer here.
#[test]
fn a_task_may_block_on_a_server_of_its_own_runtime() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let server = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let server = listener.local_addr().unwrap();
            drop(sheave::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0];
                stream.read_exact(&mut request).await.unwrap();
                stream.write_all(&[request[0] + 1]).await.unwrap();
            }));
            server
        });
        // The timer is what wakes a worker; that one goes on with this task.
        let client = runtime.spawn(async move {
            sleep(Duration::from_millis(20)).await;
            let mut stream = TcpStream::connect(server).unwrap();
            stream.write_all(&[1]).unwrap();
            let mut answer = [0];
            stream.read_exact(&mut answer).unwrap();
            answer[0]
        });
        assert_eq!(runtime.block_on(client).unwrap(), 2);
    });
}

#[test]
fn a_timer_that_a_stuck_task_arms_fires_meanwhile() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let armed = runtime.spawn(async {
            let (fired, has_fired) = mpsc::channel();
            let (hand_out, handed) = mpsc::channel::<Sleep>();
            let watcher = sheave::task::spawn_blocking(move || handed.recv().unwrap());
            drop(sheave::spawn(async move {
                watcher.await.unwrap().await;
                fired.send(()).unwrap();
            }));
            // By now everybody knows that this worker is stuck, and that it has no timer.
            spin(Duration::from_millis(50));
            let mut timer = sleep(Duration::from_millis(20));
            assert!(poll_once(&mut timer).await.is_none());
            hand_out.send(timer).unwrap();
            has_fired.recv().is_ok()
        });
        assert!(runtime.block_on(armed).unwrap());
    });
}

/// Spawns `count` tasks and then blocks in the same poll until all of them have run.
fn children_run(count: usize) {
    let runtime = runtime();
    let all_ran = runtime.spawn(async move {
        let (done, children) = mpsc::channel();
        for _ in 0..count {
            let done = done.clone();
            drop(sheave::spawn(async move { done.send(()).unwrap() }));
        }
        children.into_iter().take(count).count()
    });
    assert_eq!(runtime.block_on(all_ran).unwrap(), count);
}

#[test]
fn the_task_in_the_slot_is_no_hostage() {
    watchdog(LIMIT, || children_run(1));
}

#[test]
fn a_thousand_children_of_a_task_that_blocks_run() {
    watchdog(LIMIT, || children_run(1_000));
}

#[test]
fn a_listener_of_a_stuck_worker_accepts() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let (hand_out, listeners) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let stuck = runtime.spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            assert!(poll_once(listener.accept()).await.is_none());
            hand_out.send((listener, address)).unwrap();
            released.recv().unwrap();
        });
        let (listener, address) = listeners.recv().unwrap();
        let accepted = runtime.spawn(async move { listener.accept().await.unwrap() });
        let _client = TcpStream::connect(address).unwrap();
        runtime.block_on(accepted).unwrap();
        release.send(()).unwrap();
        runtime.block_on(stuck).unwrap();
    });
}

#[test]
fn a_stuck_poll_is_reported_while_it_is_stuck() {
    watchdog(LIMIT, || {
        let (report, reports) = mpsc::channel();
        let runtime = builder()
            .stuck_threshold(Duration::from_millis(20))
            .on_stuck_poll(move |stuck| {
                let name = stuck.task_name().map(str::to_string);
                let place = (stuck.spawned_at().file(), stuck.spawned_at().line());
                report
                    .send((stuck.task_id(), name, place, stuck.worker(), stuck.duration()))
                    .unwrap();
                panic!("a hook that panics costs nothing but its report");
            })
            .build()
            .unwrap();
        for _ in 0..2 {
            let (release, released) = mpsc::channel::<()>();
            let _entered = runtime.enter();
            let knot = async move { released.recv().unwrap() };
            let (spawned_at, stuck) = (line!(), task::Builder::new().name("a knot").spawn(knot));
            let (id, name, place, worker, duration) = reports.recv().unwrap();
            assert_eq!((id, name.as_deref()), (stuck.id(), Some("a knot")));
            assert_eq!(place, (file!(), spawned_at));
            assert!(worker < 2 && duration >= Duration::from_millis(20), "{worker} {duration:?}");
            release.send(()).unwrap();
            runtime.block_on(stuck).unwrap();
        }
        assert!(runtime.metrics().stuck_poll_count() >= 2);
    });
}

#[test]
fn a_healthy_poll_is_not_reported() {
    watchdog(LIMIT, || {
        let builder = builder().stuck_threshold(Duration::from_secs(30));
        let runtime = builder.on_stuck_poll(|stuck| panic!("{stuck:?}")).build().unwrap();
        let busy = runtime.spawn(async {
            let begin = Instant::now();
            while begin.elapsed() < Duration::from_millis(100) {
                task::yield_now().await;
            }
        });
        runtime.block_on(busy).unwrap();
        assert_eq!(runtime.metrics().stuck_poll_count(), 0);
    });
}

/// A runtime that closes while a task is stuck waits for that task, and ends.
#[test]
fn a_runtime_with_a_stuck_task_ends_with_it() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let (release, released) = mpsc::channel::<()>();
        let begun = Flag::new();
        let begin = begun.clone();
        drop(runtime.spawn(async move {
            begin.set();
            let _ = released.recv();
        }));
        eventually("it is stuck", || begun.is_set() && runtime.metrics().stuck_poll_count() > 0);
        let dropping = std::thread::spawn(move || drop(runtime));
        drop(release);
        dropping.join().unwrap();
    });
}
