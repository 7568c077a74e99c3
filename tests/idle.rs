//! An idle runtime does nothing, and that includes the one who watches it. A process of its own,
//! because it counts what all threads of a kind do.

use sheave::runtime::Builder;
use sheave_tests::{eventually, watchdog};
use std::fs;
use std::time::Duration;

/// How often the threads of runtimes in this process have gone to sleep, and how many there are.
fn sleeps() -> (u64, usize) {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let counts = threads.filter_map(|thread| {
        let status = fs::read_to_string(thread.ok()?.path().join("status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        field("Name:\tsheave-")?;
        field("voluntary_ctxt_switches:")?.trim().parse::<u64>().ok()
    });
    let counts: Vec<_> = counts.collect();
    (counts.iter().sum(), counts.len())
}

/// The counts once all threads have gone to sleep.
fn calm() -> (u64, usize) {
    let mut counts = sleeps();
    eventually("all of them have gone to sleep", || {
        std::thread::sleep(Duration::from_millis(50));
        let formerly = std::mem::replace(&mut counts, sleeps());
        formerly == counts
    });
    counts
}

/// Its monitor rests while its one worker sleeps, and while nobody drives it.
fn a_current_thread_runtime_does_not_either() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { sheave::spawn(async {}).await.unwrap() });
    let undriven = calm();
    assert_eq!(undriven.1, 1, "the monitor");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(sleeps(), undriven, "the monitor of a runtime that nobody drives woke up");
    let (release, released) = sheave::sync::oneshot::channel::<()>();
    let driver = std::thread::spawn(move || runtime.block_on(released).unwrap());
    let asleep = calm();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(sleeps(), asleep, "the monitor of an idle runtime woke up");
    release.send(()).unwrap();
    driver.join().unwrap();
}

#[test]
fn an_idle_runtime_does_not_wake_up() {
    watchdog(Duration::from_secs(60), || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        // It has worked, has sockets and timers, and waits for them.
        drop(runtime.spawn(async { sheave::time::sleep(Duration::from_secs(1_000)).await }));
        let socket = runtime.block_on(sheave::net::UdpSocket::bind("127.0.0.1:0")).unwrap();
        drop(runtime.spawn(async move { socket.recv(&mut [0]).await }));
        runtime.block_on(async { sheave::spawn(async {}).await.unwrap() });
        let before = calm();
        assert_eq!(before.1, 3, "two workers and the monitor");
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(sleeps(), before, "an idle runtime woke up");
        // And it still serves.
        runtime.block_on(async { sheave::spawn(async {}).await.unwrap() });
        drop(runtime);
        a_current_thread_runtime_does_not_either();
    });
}
