//! E11: tasks start when `main` first waits, and in the order in which they were created. That order
//! is promised by the current-thread flavour; on several threads, tasks run in parallel.

use sheave::asyncio::{create_task, run_with};
use sheave::runtime::Builder;
use sheave::task::JoinError;
use sheave::time::{Duration, sleep};

async fn func1() -> &'static str {
    println!("1");
    sleep(Duration::from_secs(2)).await;
    println!("2");
    "返回值"
}

async fn func2() -> &'static str {
    println!("3");
    sleep(Duration::from_secs(2)).await;
    println!("4");
    "返回值"
}

async fn main_coroutine() -> Result<(), JoinError> {
    println!("main开始");
    let task1 = create_task(func1());
    let task2 = create_task(func2());
    println!("main结束");
    let ret1 = task1.await?;
    let ret2 = task2.await?;
    println!("{ret1} {ret2}");
    Ok(())
}

pub fn main() {
    run_with(Builder::new_current_thread(), main_coroutine()).expect("no task panics");
}
