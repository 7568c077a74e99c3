//! E8: coroutines that are awaited one after the other: 1 s and 2 s make 3 s.

use super::clock::strftime;
use sheave::time::{Duration, sleep};

async fn say_after(delay: u64, what: &str) {
    sleep(Duration::from_secs(delay)).await;
    println!("{what}");
}

#[sheave::main]
pub async fn main() {
    println!("started at {}", strftime());
    say_after(1, "hello").await;
    say_after(2, "world").await;
    println!("finished at {}", strftime());
}
