//! E10: a loop in a thread of its own, and coroutines that are given to it from the main thread, which
//! goes on at once.
//!
//! A multi-thread runtime needs none of this: its workers are such threads already.

use sheave::asyncio::create_future;
use sheave::concurrent::{Future, promise};
use sheave::runtime::{Builder, Handle};
use sheave::time::{Duration, sleep};
use std::convert::Infallible;
use std::thread;

async fn func(seconds: u64) -> String {
    println!("func {seconds} begins in the {}", place());
    sleep(Duration::from_secs(seconds)).await;
    println!("func {seconds} ends in the {}", place());
    format!("result of func {seconds}")
}

fn place() -> &'static str {
    if thread::current().name() == Some("loop") { "loop's thread" } else { "main thread" }
}

/// Runs a coroutine on the loop. The future is one that a thread can wait for.
fn run_coroutine(seconds: u64, handle: &Handle) -> Future<String> {
    let (promise, future) = promise();
    drop(handle.spawn(async move { promise.set_result(func(seconds).await) }));
    future
}

pub fn main() {
    let runtime = Builder::new_current_thread().build().expect("the system has what it needs");
    let handle = runtime.handle().clone();
    let (stop, stopped) = create_future::<(), Infallible>();
    // Python: `Thread(target=loop.run_forever)`.
    let looping = thread::Builder::new().name("loop".into()).spawn(move || {
        let _ = runtime.block_on(stopped);
    });
    let looping = looping.expect("the system has a thread left");

    let futures = [2, 1].map(|seconds| run_coroutine(seconds, &handle));
    println!("main goes on");
    for future in futures {
        println!("{}", future.wait().expect("no coroutine panics"));
    }
    // Python: `loop.call_soon_threadsafe(loop.stop)`.
    stop.set_result(()).expect("the loop runs");
    looping.join().expect("the loop does not panic");
}
