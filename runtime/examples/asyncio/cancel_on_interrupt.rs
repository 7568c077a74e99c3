//! E13: on Ctrl-C, every task that is not done is cancelled.

use sheave::asyncio::{all_tasks, create_task};
use sheave::signal::unix::{SignalKind, signal};
use sheave::time::{Duration, sleep};

async fn do_some_work(seconds: u64) -> String {
    sleep(Duration::from_secs(seconds)).await;
    format!("Done after {seconds}s")
}

#[sheave::main]
pub async fn main() {
    // From here on Ctrl-C no longer ends the process.
    let mut interrupt = signal(SignalKind::interrupt()).expect("signals can be handled");
    let quick = create_task(do_some_work(0));
    let tasks = [3600, 3601, 3602].map(|seconds| create_task(do_some_work(seconds)));
    println!("{}", quick.await.expect("nobody cancels it"));

    println!("press Ctrl-C");
    let _ = interrupt.recv().await;
    for task in all_tasks() {
        println!("{}", task.cancel());
    }
    for task in tasks {
        let error = task.await.expect_err("it was cancelled long before its end");
        assert!(error.is_cancelled());
    }
}
