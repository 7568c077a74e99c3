//! E21: a function that blocks, in the default pool and in a pool of one's own, one after the other.

use sheave::asyncio::run_in_executor;
use sheave::concurrent::ThreadPool;
use std::thread;
use std::time::Duration;

fn func1(seconds: u64) -> String {
    thread::sleep(Duration::from_secs(seconds));
    format!("slept {seconds} s in {}", thread::current().name().unwrap_or("a thread"))
}

#[sheave::main]
pub async fn main() {
    // Python: `loop.run_in_executor(None, func1)`.
    let result = run_in_executor(None, || func1(1)).await;
    println!("default thread pool: {}", result.expect("it does not panic"));

    // Python: `with concurrent.futures.ThreadPoolExecutor() as pool:`
    let pool = ThreadPool::builder().thread_name_prefix("custom").build();
    let result = run_in_executor(Some(&pool), || func1(2)).await;
    println!("custom thread pool: {}", result.expect("it does not panic"));
}
