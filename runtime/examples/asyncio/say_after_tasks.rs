//! E9: the same coroutines as tasks: 1 s and 2 s make 2 s. First with `create_task`, then with a
//! `TaskGroup`.

use super::clock::strftime;
use sheave::asyncio::{TaskGroup, create_task, task_group};
use sheave::task::JoinError;
use sheave::time::{Duration, sleep};
use std::convert::Infallible;

async fn say_after(delay: u64, what: &str) {
    sleep(Duration::from_secs(delay)).await;
    println!("{what}");
}

async fn with_create_task() -> Result<(), JoinError> {
    let task1 = create_task(say_after(1, "hello"));
    let task2 = create_task(say_after(2, "world"));
    println!("started at {}", strftime());
    task1.await?;
    task2.await?;
    println!("finished at {}", strftime());
    Ok(())
}

/// A task of a group says whether it has failed. This one never does.
async fn say_in_group(delay: u64, what: &str) -> Result<(), Infallible> {
    say_after(delay, what).await;
    Ok(())
}

async fn with_task_group() {
    // Python: `async with asyncio.TaskGroup() as tg:`
    let group = task_group(|tg: TaskGroup<Infallible>| async move {
        tg.create_task(say_in_group(1, "hello")).expect("the group is open");
        tg.create_task(say_in_group(2, "world")).expect("the group is open");
        println!("started at {}", strftime());
        Ok(())
    });
    // The group awaits its tasks when it is left.
    group.await.expect("no task fails");
    println!("finished at {}", strftime());
}

#[sheave::main]
pub async fn main() {
    with_create_task().await.expect("no task panics");
    with_task_group().await;
}
