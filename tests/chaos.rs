//! Chaos: one runtime for a long time, on which tasks get stuck at random, compute and block, while
//! others sleep, talk over sockets, send jobs to the pool, panic and are aborted. Every promise is kept
//! while that goes on: a timer fires, a message is answered, a job returns, an aborted task ends, each
//! within [`PATIENCE`]. Afterwards the runtime has its configured threads, and the process holds what it
//! held before.
//!
//! `chaos [seconds]`; two by default, `cargo xtask chaos 600` for the real thing. It has no harness, so
//! that nothing else runs in its process.

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use sheave::net::{TcpListener, TcpStream};
use sheave::runtime::{Builder, Handle, Runtime};
use sheave::task::{JoinHandle, block_in_place, spawn_blocking, yield_now};
use sheave::time::{Instant as Moment, sleep, timeout};
use sheave_tests::{Census, Drops, eventually, panic_text, watchdog};
use std::net::SocketAddr;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const WORKERS: usize = 2;
const STAND_INS: usize = 4;
const POOL: usize = 4;
/// Customers of each kind.
const CUSTOMERS: u64 = 16;
/// Tasks that get stuck, one after the other each.
const VILLAINS: u64 = 3;
/// The longest stuck poll, in ms.
const LONGEST: u64 = 300;
/// A promise that takes longer was not kept. Long: the machine may be shared.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a task panics with on purpose.
const ON_PURPOSE: &str = "chaos: on purpose";
/// Memory may settle before it is first counted, and then stays below so much more.
const GROWTH_KIB: usize = 8 << 10;

/// A small generator: chaos needs no quality, only variety.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}

/// What happened so far, and the worst delay of a kept promise in µs.
#[derive(Default)]
struct Tally {
    timers: AtomicU64,
    answers: AtomicU64,
    jobs: AtomicU64,
    aborted: AtomicU64,
    panicked: AtomicU64,
    stuck: AtomicU64,
    latest_timer: AtomicU64,
    latest_answer: AtomicU64,
}

impl Tally {
    fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Relaxed);
    }

    fn late(maximum: &AtomicU64, by: Duration) {
        maximum.fetch_max(by.as_micros() as u64, Relaxed);
    }
}

/// What everybody shares.
struct World {
    tally: Tally,
    drops: Drops,
    end: Instant,
}

impl World {
    fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }
}

/// Waits for what was promised.
async fn promised<T>(what: &str, event: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, event).await {
        Ok(output) => output,
        Err(_) => {
            eprintln!("chaos: not within {PATIENCE:?}: {what}");
            std::process::abort();
        }
    }
}

/// Holds its worker, over and over.
async fn villain(world: Arc<World>, mut dice: Dice) {
    while !world.is_over() {
        let time = Duration::from_millis(dice.roll(LONGEST));
        match dice.roll(3) {
            0 => thread::sleep(time),
            1 => block_in_place(|| thread::sleep(time)),
            _ => {
                let start = Instant::now();
                while start.elapsed() < time {
                    std::hint::spin_loop();
                }
            }
        }
        Tally::add(&world.tally.stuck);
        sleep(Duration::from_millis(dice.roll(LONGEST))).await;
    }
}

async fn sleeper(world: Arc<World>, mut dice: Dice) {
    while !world.is_over() {
        let deadline = Moment::now() + Duration::from_micros(dice.roll(50_000));
        promised("a timer", sheave::time::sleep_until(deadline)).await;
        let late = Moment::now().checked_duration_since(deadline).expect("a timer was early");
        Tally::late(&world.tally.latest_timer, late);
        Tally::add(&world.tally.timers);
    }
}

/// Answers until the runtime drops it.
async fn server(listener: TcpListener) {
    loop {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        drop(sheave::spawn(async move {
            let mut message = [0; 8];
            while stream.read_exact(&mut message).await.is_ok() {
                stream.write_all(&message).await.expect("the client reads");
            }
        }));
    }
}

async fn client(world: Arc<World>, server: SocketAddr, mut dice: Dice) {
    while !world.is_over() {
        let connecting = promised("a connection", TcpStream::connect(server));
        let mut stream = connecting.await.expect("the server listens");
        for _ in 0..dice.roll(50) {
            let message = dice.roll(u64::MAX).to_le_bytes();
            let (sent, mut answer) = (Instant::now(), [0; 8]);
            stream.write_all(&message).await.expect("the server reads");
            promised("an answer", stream.read_exact(&mut answer)).await.expect("an answer");
            assert_eq!(message, answer, "another one's answer");
            Tally::late(&world.tally.latest_answer, sent.elapsed());
            Tally::add(&world.tally.answers);
            sleep(Duration::from_micros(dice.roll(5_000))).await;
        }
    }
}

async fn employer(world: Arc<World>, mut dice: Dice) {
    while !world.is_over() {
        let (time, seed) = (Duration::from_micros(dice.roll(3_000)), dice.roll(u64::MAX));
        let job = spawn_blocking(move || {
            thread::sleep(time);
            seed
        });
        assert_eq!(
            promised("a job", job).await.expect("a job returns"),
            seed,
            "another job's output"
        );
        Tally::add(&world.tally.jobs);
        sleep(time).await;
    }
}

/// Begins tasks that panic, and tasks that are aborted in the middle of something.
async fn parent(world: Arc<World>, server: SocketAddr, mut dice: Dice) {
    while !world.is_over() {
        let (witness, kind, inner) = (world.drops.witness(), dice.roll(5), world.clone());
        let child: JoinHandle<()> = sheave::spawn(async move {
            let _witness = witness;
            match kind {
                0 => panic!("{ON_PURPOSE}"),
                1 => sleep(Duration::from_secs(1_000)).await,
                2 => drop(TcpStream::connect(server).await),
                3 => drop(spawn_blocking(move || inner.is_over()).await),
                _ => loop {
                    yield_now().await;
                },
            }
        });
        sleep(Duration::from_micros(dice.roll(2_000))).await;
        child.abort();
        match promised("the end of an aborted task", child).await {
            Ok(()) => {}
            Err(error) if error.is_cancelled() => Tally::add(&world.tally.aborted),
            Err(_) => Tally::add(&world.tally.panicked),
        }
    }
}

/// Lets it rage for so long. Returns when everybody who took part has ended.
fn rage(runtime: &Runtime, seconds: Duration, seed: u64) -> Tally {
    let end = Instant::now() + seconds;
    let world = Arc::new(World { tally: Tally::default(), drops: Drops::new(), end });
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let serving = runtime.spawn(server(listener));
    let dice = |n: u64| Dice((seed ^ (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1);
    let mut cast: Vec<JoinHandle<()>> = Vec::new();
    cast.extend((0..VILLAINS).map(|n| runtime.spawn(villain(world.clone(), dice(n)))));
    for n in 0..CUSTOMERS {
        let dice = |kind: u64| dice(1_000 * kind + n);
        cast.push(runtime.spawn(sleeper(world.clone(), dice(1))));
        cast.push(runtime.spawn(client(world.clone(), address, dice(2))));
        cast.push(runtime.spawn(employer(world.clone(), dice(3))));
        cast.push(runtime.spawn(parent(world.clone(), address, dice(4))));
    }
    for actor in cast {
        runtime.block_on(actor).expect("a promise was broken");
    }
    serving.abort();
    assert!(runtime.block_on(serving).expect_err("it serves for ever").is_cancelled());
    is_calm(runtime.handle());
    world.drops.assert_all();
    Arc::into_inner(world).expect("nobody is left").tally
}

/// After the storm the runtime is what it was configured to be.
fn is_calm(runtime: &Handle) {
    eventually("all tasks have ended", || runtime.metrics().num_alive_tasks() == 0);
    eventually("the stand-ins have left", || runtime.metrics().num_stand_ins() == 0);
    assert_eq!(runtime.metrics().num_workers(), WORKERS);
}

fn build() -> Runtime {
    let builder = Builder::new_multi_thread().worker_threads(WORKERS).max_stand_ins(STAND_INS);
    // Pool threads that nobody needs leave soon, so that they can be counted.
    let builder = builder.thread_keep_alive(Duration::from_millis(100));
    // They are on purpose, too.
    let builder = builder.on_stuck_poll(|_| {});
    builder.max_blocking_threads(POOL).build().expect("a runtime")
}

/// Panics on purpose are none of the reader's business. Any other one, also of a thread that nobody
/// asks, breaks a promise.
fn end_at_a_panic_that_is_not_on_purpose() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !panic_text(info).contains(ON_PURPOSE) {
            report(info);
            std::process::abort();
        }
    }));
}

fn run(seconds: u64) {
    let runtime = build();
    let at_rest = Census::take();
    // What is allocated once and kept is allocated by the end of the first part.
    let first = Duration::from_secs(seconds) / 4;
    rage(&runtime, first, 1);
    eventually("spare threads leave", || Census::take().threads <= at_rest.threads);
    let before = Census::take();
    let tally = rage(&runtime, Duration::from_secs(seconds) - first, 2);
    eventually("spare threads leave", || Census::take().threads <= at_rest.threads);
    eventually("descriptors are closed", || Census::take().descriptors <= at_rest.descriptors);
    let after = Census::take();
    println!("chaos: at rest {at_rest:?}\n  after a quarter {before:?}\n  in the end {after:?}");
    assert_eq!(after.threads, at_rest.threads, "threads");
    let grown = after.resident_kib.saturating_sub(before.resident_kib);
    assert!(grown < GROWTH_KIB, "memory has grown by {grown} KiB");
    report(&tally, &runtime);
}

fn report(tally: &Tally, runtime: &Runtime) {
    let [timers, answers, jobs] =
        [&tally.timers, &tally.answers, &tally.jobs].map(|counter| counter.load(Relaxed));
    let [aborted, panicked, stuck] =
        [&tally.aborted, &tally.panicked, &tally.stuck].map(|counter| counter.load(Relaxed));
    let [timer, answer] = [&tally.latest_timer, &tally.latest_answer]
        .map(|latest| Duration::from_micros(latest.load(Relaxed)));
    println!(
        "  {timers} timers, {answers} answers, {jobs} jobs, {aborted} aborted, {panicked} panicked"
    );
    println!(
        "  {stuck} polls held; the latest timer was late by {timer:?}, an answer took {answer:?}"
    );
    println!("  {:?}", runtime.metrics());
    assert!([timers, answers, jobs, aborted, panicked, stuck].iter().all(|count| *count > 0));
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--list") {
        if !has("--ignored") {
            println!("chaos: test");
        }
        return;
    }
    let seconds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(2);
    end_at_a_panic_that_is_not_on_purpose();
    watchdog(Duration::from_secs(2 * seconds + 120), || run(seconds));
}
