//! A storm: tasks that spawn, wake, abort, join, sleep, panic and block at random, while threads
//! outside wake and abort them, on runtimes that end in good order or in the middle of it all. In
//! the end every task must have ended exactly once and nothing may be left.
//!
//! `storm [seconds] [workers]`; two seconds and four workers by default. The sanitiser lanes of
//! `cargo xtask` run it for longer. It has no harness, so that nothing else runs in its process, and
//! no locks of the standard library, because ThreadSanitizer does not see into those.

use parking_lot::Mutex;
use sheave::runtime::{Builder, Handle, Runtime, RuntimeFlavor, UnhandledPanic};
use sheave::task::{self, AbortHandle, JoinError, JoinHandle, yield_now};
use sheave::time::{sleep, timeout};
use sheave_tests::{Census, Drops, Flag, eventually, panic_text, watchdog};
use std::future::poll_fn;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

const ACTORS: usize = 100;
const OUTSIDERS: u64 = 2;
const ROUND: Duration = Duration::from_millis(250);
/// What a task panics with on purpose.
const ON_PURPOSE: &str = "storm: on purpose";

/// A small generator: the storm needs no quality, only variety that a seed repeats.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}

/// What can be done to an actor from elsewhere.
#[derive(Default)]
struct Target {
    waker: Mutex<Option<Waker>>,
    abort: Mutex<Option<AbortHandle>>,
}

/// How tasks were begun and how they ended.
#[derive(Default)]
struct Tally {
    operations: AtomicU64,
    spawned: AtomicU64,
    detached: AtomicU64,
    finished: AtomicU64,
    cancelled: AtomicU64,
    panicked: AtomicU64,
}

impl Tally {
    fn add(counter: &AtomicU64) {
        counter.fetch_add(1, SeqCst);
    }

    fn count<T>(&self, outcome: &Result<T, JoinError>) {
        Self::add(match outcome {
            Ok(_) => &self.finished,
            Err(error) if error.is_cancelled() => &self.cancelled,
            Err(_) => &self.panicked,
        });
    }
}

/// What everybody in one round shares.
struct Round {
    targets: Vec<Target>,
    tally: Tally,
    drops: Drops,
    stop: AtomicBool,
}

impl Round {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            targets: (0..ACTORS).map(|_| Target::default()).collect(),
            tally: Tally::default(),
            drops: Drops::new(),
            stop: AtomicBool::new(false),
        })
    }

    fn is_over(&self) -> bool {
        self.stop.load(SeqCst)
    }

    fn wake(&self, dice: &mut Dice) {
        let waker = self.targets[dice.roll(ACTORS as u64) as usize].waker.lock().clone();
        if let Some(waker) = waker {
            if dice.roll(2) == 0 { waker.wake() } else { waker.wake_by_ref() }
        }
    }

    fn abort(&self, dice: &mut Dice) {
        let target = &self.targets[dice.roll(ACTORS as u64) as usize];
        let handle = target.abort.lock().clone();
        if let Some(handle) = handle {
            handle.abort();
        }
    }
}

/// A short task that an actor or an outsider begins.
fn child(round: &Arc<Round>, runtime: &Handle, seed: u64) -> JoinHandle<u64> {
    let (witness, mut dice) = (round.drops.witness(), Dice(seed | 1));
    Tally::add(&round.tally.spawned);
    runtime.spawn(async move {
        let _witness = witness;
        for _ in 0..dice.roll(4) {
            match dice.roll(6) {
                0 => sleep(Duration::from_micros(dice.roll(300))).await,
                1 => drop(task::id()),
                _ => yield_now().await,
            }
        }
        assert!(dice.roll(50) > 0, "{ON_PURPOSE}");
        seed
    })
}

/// Waits until woken, at most for a moment.
async fn wait_for_a_wake(round: &Round, me: usize) {
    let mut is_first = true;
    let woken = poll_fn(|cx| {
        *round.targets[me].waker.lock() = Some(cx.waker().clone());
        if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
    });
    let _ = timeout(Duration::from_millis(2), woken).await;
}

/// Begins a child, and joins it, aborts it, forgets it, or gives up waiting for it.
async fn raise_a_child(round: &Arc<Round>, runtime: &Handle, dice: &mut Dice) {
    let seed = dice.roll(u64::MAX);
    let mut task = child(round, runtime, seed);
    // Whatever comes may be cancelled: by a time-out, or by an abort of this actor.
    let joined = Joined(round, true);
    match dice.roll(5) {
        0 => return,
        1 => task.abort(),
        2 => {
            yield_now().await;
            task.abort();
        }
        _ => {}
    }
    if let Ok(outcome) = timeout(Duration::from_millis(1 + dice.roll(3)), &mut task).await {
        assert!(outcome.as_ref().map_or(true, |output| *output == seed), "another task's output");
        joined.count(&outcome);
    }
}

/// Counts a child as detached unless its outcome was seen.
struct Joined<'a>(&'a Round, bool);

impl Joined<'_> {
    fn count<T>(mut self, outcome: &Result<T, JoinError>) {
        self.0.tally.count(outcome);
        self.1 = false;
    }
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        if self.1 {
            Tally::add(&self.0.tally.detached);
        }
    }
}

/// A job on the blocking pool: joined, aborted or dropped.
async fn send_a_job(round: &Arc<Round>, runtime: &Handle, dice: &mut Dice) {
    let (witness, inner) = (round.drops.witness(), round.clone());
    let (mine, seed) = (runtime.clone(), dice.roll(u64::MAX));
    let job = move || {
        let _witness = witness;
        if seed % 3 == 0 {
            drop(child(&inner, &mine, seed));
            Tally::add(&inner.tally.detached);
        }
        seed
    };
    match dice.roll(4) {
        0 => drop(runtime.spawn_blocking(job)),
        1 => runtime.spawn_blocking(job).abort(),
        2 => {
            let _ = timeout(Duration::from_micros(dice.roll(200)), sheave::to_thread(job)).await;
        }
        _ => {
            let output = runtime.spawn_blocking(job).await;
            assert!(output.map_or(true, |output| output == seed), "another job's output");
        }
    }
}

fn block_in_place(round: &Arc<Round>, runtime: &Handle, dice: &mut Dice) {
    if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
        return;
    }
    let seed = dice.roll(u64::MAX);
    let flag = Flag::new();
    let raise = flag.clone();
    // The flag is raised by a task, also at the end of the runtime: then by its drop.
    let raised = Raises(raise);
    drop(runtime.spawn(async move {
        yield_now().await;
        drop(raised);
    }));
    task::block_in_place(|| {
        if seed % 2 == 0 {
            runtime.block_on(flag.wait());
        } else {
            drop(child(round, runtime, seed));
            Tally::add(&round.tally.detached);
        }
    });
}

struct Raises(Flag);

impl Drop for Raises {
    fn drop(&mut self) {
        self.0.set();
    }
}

async fn act(round: Arc<Round>, runtime: Handle, me: usize, seed: u64) {
    let mut dice = Dice(seed | 1);
    while !round.is_over() {
        Tally::add(&round.tally.operations);
        match dice.roll(64) {
            0..16 => raise_a_child(&round, &runtime, &mut dice).await,
            16..28 => wait_for_a_wake(&round, me).await,
            28..40 => round.wake(&mut dice),
            40..52 => yield_now().await,
            52..56 => sleep(Duration::from_micros(dice.roll(500))).await,
            56..58 => round.abort(&mut dice),
            58..61 => send_a_job(&round, &runtime, &mut dice).await,
            61 => block_in_place(&round, &runtime, &mut dice),
            62 => drop(timeout(Duration::from_secs(1_000), yield_now())),
            _ => assert!(dice.roll(4) > 0, "{ON_PURPOSE}"),
        }
    }
}

/// Keeps one actor going: whenever it was aborted or has panicked, the next one takes its place.
async fn supervise(round: Arc<Round>, runtime: Handle, me: usize, mut dice: Dice) {
    while !round.is_over() {
        let (witness, seed) = (round.drops.witness(), dice.roll(u64::MAX));
        let acting = act(round.clone(), runtime.clone(), me, seed);
        Tally::add(&round.tally.spawned);
        let actor = runtime.spawn(async move {
            let _witness = witness;
            acting.await;
        });
        *round.targets[me].abort.lock() = Some(actor.abort_handle());
        // The supervisor itself is cancelled if the runtime ends: then its actor counts as detached.
        let joined = Joined(&round, true);
        joined.count(&actor.await);
    }
}

/// A thread that meddles from outside until the round is over, and a little longer.
fn outsider(round: Arc<Round>, runtime: Handle, mut dice: Dice) {
    let mut after = 20;
    while after > 0 {
        after -= u32::from(round.is_over());
        match dice.roll(8) {
            0 => round.abort(&mut dice),
            1 => {
                drop(child(&round, &runtime, dice.roll(u64::MAX)));
                Tally::add(&round.tally.detached);
            }
            2 => thread::yield_now(),
            _ => round.wake(&mut dice),
        }
        Tally::add(&round.tally.operations);
        thread::sleep(Duration::from_micros(50));
    }
}

fn build(number: u64, workers: usize) -> Runtime {
    let builder = match number % 4 {
        3 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread().worker_threads(workers),
    };
    // Nobody reads the panics of detached tasks, and they are on purpose.
    let builder = builder.unhandled_panic(UnhandledPanic::Ignore);
    builder.max_blocking_threads(4).build().expect("a runtime")
}

/// One round; returns how much was done.
fn blow(number: u64, workers: usize, seed: u64) -> u64 {
    let (runtime, round) = (build(number, workers), Round::new());
    let handle = runtime.handle().clone();
    let dice = |salt: u64| Dice((seed ^ salt.wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1);
    let outsiders: Vec<_> = (0..OUTSIDERS)
        .map(|n| {
            let (round, handle, dice) = (round.clone(), handle.clone(), dice(1_000 + n));
            thread::spawn(move || outsider(round, handle, dice))
        })
        .collect();
    let supervisors: Vec<_> = (0..ACTORS)
        .map(|me| {
            let supervise = supervise(round.clone(), handle.clone(), me, dice(me as u64));
            handle.spawn(supervise)
        })
        .collect();
    runtime.block_on(async { sleep(ROUND).await });
    let in_order = number % 2 == 0;
    if in_order {
        round.stop.store(true, SeqCst);
        runtime.block_on(async {
            for supervisor in supervisors {
                supervisor.await.expect("nobody aborts a supervisor");
            }
            while handle.metrics().num_alive_tasks() > 0 {
                yield_now().await;
            }
        });
    }
    drop(runtime);
    round.stop.store(true, SeqCst);
    outsiders.into_iter().for_each(|outsider| outsider.join().expect("an outsider"));
    check(&round, &handle, in_order);
    round.tally.operations.load(SeqCst)
}

/// Nothing lost, nothing left, nothing twice.
fn check(round: &Round, runtime: &Handle, in_order: bool) {
    let Tally { spawned, detached, finished, cancelled, panicked, .. } = &round.tally;
    let ended = [detached, finished, cancelled, panicked].map(|counter| counter.load(SeqCst));
    assert_eq!(runtime.metrics().num_alive_tasks(), 0, "a task was left");
    round.drops.assert_all();
    if in_order {
        assert_eq!(ended.iter().sum::<u64>(), spawned.load(SeqCst), "an outcome was lost");
    }
    for target in &round.targets {
        let handle = target.abort.lock().take();
        assert!(handle.is_none_or(|handle| handle.is_finished()), "an actor has not ended");
    }
}

/// Panics on purpose are none of the reader's business.
fn silence_the_storm() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !panic_text(info).contains(ON_PURPOSE) {
            report(info);
        }
    }));
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--list") {
        if !has("--ignored") {
            println!("storm: test");
        }
        return;
    }
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse::<u64>().ok());
    let seconds = numbers.next().unwrap_or(2);
    let workers = numbers.next().unwrap_or(4) as usize;
    silence_the_storm();
    // A sanitiser may have a thread of its own, which comes with the first other one.
    thread::spawn(|| ()).join().expect("a thread that does nothing");
    let threads = (0..20).map(|_| Census::take().threads).min().expect("twenty counts");
    let (start, mut rounds, mut operations) = (Instant::now(), 0u64, 0);
    watchdog(Duration::from_secs(2 * seconds + 120), || {
        while start.elapsed() < Duration::from_secs(seconds) {
            rounds += 1;
            operations += blow(rounds, workers, rounds.wrapping_mul(0xD134_2543_DE82_EF95));
        }
    });
    eventually("every thread is gone", || Census::take().threads == threads);
    println!("storm: {operations} operations in {rounds} rounds, {:?}", start.elapsed());
}
