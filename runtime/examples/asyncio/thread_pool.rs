//! E18: ten jobs for a pool of five threads: five run, five wait.

use sheave::concurrent::ThreadPool;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const THREADS: usize = 5;

pub fn main() {
    let pool = ThreadPool::builder().max_workers(THREADS).build();
    let (started, starts) = mpsc::channel();
    let futures: Vec<_> = (0..2 * THREADS)
        .map(|value| {
            let started = started.clone();
            pool.submit(move || {
                let _ = started.send(());
                thread::sleep(Duration::from_secs(1));
                value
            })
        })
        .collect();
    // Python prints each future right after `submit`. Threads do not start in no time; wait for them.
    for _ in 0..THREADS {
        starts.recv().expect("a job says that it has begun");
    }
    for future in &futures {
        println!("{future:?}");
    }
    for future in futures {
        println!("{}", future.wait().expect("no job panics"));
    }
}
