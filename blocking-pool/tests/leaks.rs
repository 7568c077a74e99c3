//! A thousand pools leave no thread. Alone in its process, because it counts the process's threads.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod common;

use common::{PATIENCE, eventually};
use sheave_blocking_pool::{Backlog, Builder};

fn threads() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("Threads:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_thousand_pools_leave_no_thread() {
    let before = threads();
    for round in 0..1_000 {
        let pool = Builder::new().max_threads(4).build();
        for i in 0..6 {
            drop(pool.spawn(move || i));
        }
        match round % 3 {
            0 => assert!(pool.shutdown(Backlog::Drain, Some(PATIENCE)).is_complete()),
            1 => assert!(pool.shutdown(Backlog::Cancel, None).is_complete()),
            _ => drop(pool),
        }
    }
    // A joined thread is still listed for a moment, and dropped pools end in the background.
    eventually("all threads are gone", || threads() == before);
}
