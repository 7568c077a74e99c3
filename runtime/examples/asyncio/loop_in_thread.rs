//! E10: a loop in a thread of its own, and coroutines that are given to it from the main thread, which
//! goes on at once.
//!
//! A multi-thread runtime needs none of this: its workers are such threads already.

use sheave::asyncio::run_coroutine_threadsafe;
use sheave::runtime::Builder;
use sheave::time::{Duration, sleep};
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

pub fn main() {
    let runtime = Builder::new_current_thread().build().expect("the system has what it needs");
    let handle = runtime.handle().clone();
    let looping = thread::Builder::new().name("loop".into()).spawn(move || runtime.run_forever());
    let looping = looping.expect("the system has a thread left");

    let futures = [2, 1].map(|seconds| run_coroutine_threadsafe(func(seconds), &handle));
    println!("main goes on");
    for future in futures {
        println!("{}", future.wait().expect("no coroutine panics"));
    }
    // Python: `loop.call_soon_threadsafe(loop.stop)`. Here `stop` may be called on any thread.
    handle.stop();
    looping.join().expect("the loop does not panic");
}
