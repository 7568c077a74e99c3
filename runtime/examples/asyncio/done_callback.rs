//! E17: a callback that is called with what a task returned.

use sheave::asyncio::create_task;
use sheave::time::{Duration, sleep};

async fn do_some_work(x: u64) -> String {
    println!("Waiting:  {x}");
    sleep(Duration::from_secs(x)).await;
    format!("Done after {x}s")
}

#[sheave::main(flavor = "current_thread")]
pub async fn main() {
    let task = create_task(do_some_work(2));
    // It borrows the output, before the await below takes it.
    task.add_done_callback(|result| {
        println!("Callback:  {}", result.as_ref().expect("the task does not panic"));
    });
    task.await.expect("the task does not panic");
}
