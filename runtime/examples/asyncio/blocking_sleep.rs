//! E29: `time.sleep` inside of async code. It blocks the thread, so on one thread every other task is
//! late. The runtime says which task it is, while it still blocks. With a second worker the others are
//! not late.

use sheave::asyncio::create_task;
use sheave::runtime::{Builder, StuckPoll};
use sheave::task;
use sheave::time::{Duration, Instant, sleep};
use std::thread;

/// Sleeps as async code should, for 0.1 s. Returns how long that took.
async fn well_behaved() -> Duration {
    let start = Instant::now();
    sleep(Duration::from_millis(100)).await;
    start.elapsed()
}

async fn ill_behaved() {
    thread::sleep(Duration::from_secs(1));
}

async fn run(flavor: &str) {
    let other = create_task(well_behaved());
    let blocking = task::Builder::new().name("ill_behaved").spawn(ill_behaved());
    let took = other.await.expect("it does not panic");
    blocking.await.expect("it does not panic");
    println!("{flavor}: the other task slept {:.1} s instead of 0.1 s", took.as_secs_f64());
}

/// Python has `loop.slow_callback_duration`, which tells of a slow step after it.
fn warn(stuck: &StuckPoll) {
    println!("task {} is stuck", stuck.task_name().unwrap_or("without a name"));
}

pub fn main() {
    let one = Builder::new_current_thread().on_stuck_poll(warn).build();
    one.expect("the system has what it needs").block_on(run("one thread"));

    let two = Builder::new_multi_thread().worker_threads(2).on_stuck_poll(warn).build();
    two.expect("the system has what it needs").block_on(run("two workers"));
}
