//! E19: the same ten jobs for a pool of five processes: five run, five wait.

use super::processes;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const PROCESSES: usize = 5;

/// Runs in a process of the pool.
fn func(value: &str) -> String {
    thread::sleep(Duration::from_secs(1));
    format!("{value} from process {}", std::process::id())
}

pub fn main() {
    // Python: `if __name__ == "__main__":`, for the processes of the pool begin here, too.
    if processes::is_worker() {
        return processes::serve(func);
    }
    let pool = processes::pool(PROCESSES);
    let (started, starts) = mpsc::channel();
    let futures: Vec<_> = (0..2 * PROCESSES)
        .map(|value| {
            let started = started.clone();
            pool.submit(move || {
                let _ = started.send(());
                processes::call(&value.to_string())
            })
        })
        .collect();
    // As in `thread_pool`: wait until five run.
    for _ in 0..PROCESSES {
        starts.recv().expect("a job says that it has begun");
    }
    for future in &futures {
        println!("{future:?}");
    }
    for future in futures {
        println!("{}", future.wait().expect("no job panics").expect("no process is killed"));
    }
}
