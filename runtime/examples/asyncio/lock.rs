//! E28: a lock around shared state. Between reading and writing every task lets the others run; without
//! the lock they would overwrite each other's counts.

use sheave::asyncio::gather;
use sheave::sync::Mutex;
use sheave::task::yield_now;
use std::sync::Arc;

const TASKS: u64 = 100;
const ROUNDS: u64 = 100;

async fn count(counter: Arc<Mutex<u64>>) {
    for _ in 0..ROUNDS {
        // Python: `async with lock:`
        let mut counter = counter.lock().await;
        let value = *counter;
        yield_now().await;
        *counter = value + 1;
    }
}

#[sheave::main]
pub async fn main() {
    let counter = Arc::new(Mutex::new(0));
    gather((0..TASKS).map(|_| count(counter.clone()))).await.expect("no task panics");
    println!("{}", *counter.lock().await);
}
