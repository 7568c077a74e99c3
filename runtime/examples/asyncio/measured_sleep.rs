//! E33: coroutines that measure their own sleep. It is never shorter than asked for.

use sheave::asyncio::gather;
use sheave::time::{Duration, Instant, sleep};

async fn real_async(seconds: u64) {
    let start = Instant::now();
    sleep(Duration::from_secs(seconds)).await;
    println!("end sleep {:.3}", start.elapsed().as_secs_f64());
}

#[sheave::main]
pub async fn main() {
    gather([real_async(1), real_async(2)]).await.expect("no task panics");
}
