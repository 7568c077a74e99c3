//! E21: a function that blocks, in the default pool, in a pool of one's own, and in a pool of processes,
//! one after the other.

use super::processes;
use sheave::asyncio::{run, run_in_executor};
use sheave::concurrent::ThreadPool;
use std::thread;
use std::time::Duration;

fn func1(seconds: u64) -> String {
    thread::sleep(Duration::from_secs(seconds));
    format!("slept {seconds} s in {}", thread::current().name().unwrap_or("a thread"))
}

/// Runs in a process of the pool.
fn func2(seconds: &str) -> String {
    thread::sleep(Duration::from_secs(seconds.parse().expect("a number")));
    format!("slept {seconds} s in process {}", std::process::id())
}

async fn main_coroutine() {
    // Python: `loop.run_in_executor(None, func1)`.
    let result = run_in_executor(None, || func1(1)).await;
    println!("default thread pool: {}", result.expect("it does not panic"));

    // Python: `with concurrent.futures.ThreadPoolExecutor() as pool:`
    let pool = ThreadPool::builder().thread_name_prefix("custom").build();
    let result = run_in_executor(Some(&pool), || func1(2)).await;
    println!("custom thread pool: {}", result.expect("it does not panic"));

    // Python: `with concurrent.futures.ProcessPoolExecutor() as pool:`
    let pool = processes::pool(1);
    let result = run_in_executor(Some(&pool), || processes::call("1")).await;
    let result = result.expect("it does not panic").expect("the process is not killed");
    println!("custom process pool: {result}");
    pool.shutdown().await;
}

pub fn main() {
    // Python: `if __name__ == "__main__":`, for the processes of the pool begin here, too.
    if processes::is_worker() {
        return processes::serve(func2);
    }
    run(main_coroutine());
}
