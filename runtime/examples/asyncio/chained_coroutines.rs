//! E3: a coroutine that awaits the value of another one.

use sheave::asyncio::run;
use sheave::time::{Duration, sleep};

async fn compute(x: i32, y: i32) -> i32 {
    println!("Compute {x} + {y} ...");
    sleep(Duration::from_secs(1)).await;
    x + y
}

async fn print_sum(x: i32, y: i32) {
    let result = compute(x, y).await;
    println!("{x} + {y} = {result}");
}

pub fn main() {
    run(print_sum(1, 2));
}
