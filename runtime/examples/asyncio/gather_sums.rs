//! E4: two coroutines at the same time, each of which awaits another one.

use sheave::asyncio::gather;
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

#[sheave::main(flavor = "current_thread")]
pub async fn main() {
    gather([print_sum(1, 2), print_sum(3, 4)]).await.expect("nothing panics");
}
