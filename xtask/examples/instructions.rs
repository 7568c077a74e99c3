//! The work that `cargo xtask instructions` counts: `instructions <work> <operations>`.

use sheave::runtime::{Builder, Runtime};
use sheave::sync::Notify;
use sheave::task::yield_now;
use std::sync::Arc;
use std::time::Duration;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let work = arguments.next().expect("which work");
    let operations = arguments.next().and_then(|n| n.parse().ok()).expect("how many operations");
    let current = Builder::new_current_thread();
    let worker = Builder::new_multi_thread().worker_threads(1);
    let seldom = Duration::from_secs(3600);
    match work.as_str() {
        "yields" => yields(start(current), operations),
        "yields measured" => {
            yields(start(current.enable_metrics_poll_time_histogram()), operations);
        }
        "yields worker" => yields(start(worker), operations),
        "yields worker unwatched" => yields(start(worker.stuck_threshold(seldom)), operations),
        "spawns" => spawns(start(current), operations),
        "spawns worker" => spawns(start(worker), operations),
        "spawns worker unwatched" => spawns(start(worker.stuck_threshold(seldom)), operations),
        "roots" => roots(start(current), operations),
        "roots worker" => roots(start(worker), operations),
        other => panic!("there is no work `{other}`"),
    }
}

fn start(builder: Builder) -> Runtime {
    builder.build().expect("a runtime starts")
}

/// Polls that do nothing.
fn yields(runtime: Runtime, operations: u32) {
    let task = runtime.spawn(async move {
        for _ in 0..operations {
            yield_now().await;
        }
    });
    runtime.block_on(task).expect("it ends");
}

/// Tasks that end at their first poll, a hundred at a time.
fn spawns(runtime: Runtime, operations: u32) {
    let task = runtime.spawn(async move {
        for _ in 0..operations / 100 {
            let tasks: Vec<_> = (0..100).map(|_| sheave::spawn(async {})).collect();
            for task in tasks {
                task.await.expect("it ends");
            }
        }
    });
    runtime.block_on(task).expect("it ends");
}

/// The root asks, a task answers.
fn roots(runtime: Runtime, operations: u32) {
    let (ask, answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (asked, answering) = (ask.clone(), answer.clone());
    let task = runtime.spawn(async move {
        for _ in 0..operations {
            asked.notified().await;
            answering.notify_one();
        }
    });
    runtime.block_on(async {
        for _ in 0..operations {
            ask.notify_one();
            answer.notified().await;
        }
        task.await.expect("it ends");
    });
}
