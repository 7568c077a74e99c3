//! E16: a task sets the result of a future, for which `main` waits.

use sheave::asyncio::{Completer, create_future, create_task};
use sheave::time::{Duration, sleep};
use std::convert::Infallible;

async fn set_after(future: Completer<&'static str, Infallible>) {
    sleep(Duration::from_secs(2)).await;
    future.set_result("666").expect("nobody else sets it");
}

#[sheave::main]
pub async fn main() {
    let (completer, future) = create_future();
    create_task(set_after(completer)).await.expect("the task does not panic");
    let data = future.await.expect("the result is set");
    println!("{data}");
}
