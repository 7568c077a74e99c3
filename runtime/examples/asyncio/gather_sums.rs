//! E4: two coroutines at the same time, each of which awaits another one.

use sheave::asyncio::gather;
use sheave::runtime::Builder;
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
    let runtime = Builder::new_current_thread().build().expect("the system has what it needs");
    let both = runtime.run_until_complete(gather([print_sum(1, 2), print_sum(3, 4)]));
    both.expect("nobody stops the loop").expect("nothing panics");
}
