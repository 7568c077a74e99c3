//! E14: a function that blocks runs in a thread, while the coroutine beside it sleeps.

use super::clock::strftime;
use sheave::asyncio::to_thread;
use sheave::time::{Duration, sleep};

fn blocking_io() {
    println!("start blocking_io at {}", strftime());
    // In place of anything that blocks, such as reading a file.
    std::thread::sleep(Duration::from_secs(1));
    println!("blocking_io complete at {}", strftime());
}

#[sheave::main]
pub async fn main() {
    println!("started main at {}", strftime());
    let both = sheave::gather!(to_thread(blocking_io), sleep(Duration::from_secs(1)));
    both.await.expect("nothing panics");
    println!("finished main at {}", strftime());
}
