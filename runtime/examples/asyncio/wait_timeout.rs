//! E12: waiting for a list of tasks, without a limit, with one that is too short, and with one that is
//! long enough. What is pending after the wait is cancelled when the run ends.

use sheave::asyncio::{ReturnWhen, create_task, run_with, wait};
use sheave::runtime::Builder;
use sheave::task::{AbortHandle, JoinHandle};
use sheave::time::{Duration, sleep};

async fn func() -> &'static str {
    println!("1");
    sleep(Duration::from_secs(2)).await;
    println!("2");
    "返回值"
}

/// Returns handles that tell, after the run, what became of the tasks.
async fn main_coroutine(timeout: Option<Duration>) -> Vec<AbortHandle> {
    let mut tasks = [create_task(func()), create_task(func())];
    let handles = tasks.iter().map(JoinHandle::abort_handle).collect();
    let waiting = wait(&mut tasks, ReturnWhen::AllCompleted);
    let ended = match timeout {
        None => waiting.await,
        Some(limit) => waiting.timeout(limit).await,
    };
    let ended = ended.expect("the list is not empty");
    println!("done: {:?}, pending: {:?}", ended.done, ended.pending);
    for index in ended.done {
        let value = (&mut tasks[index]).await.expect("no task panics");
        println!("{value}");
    }
    handles
}

pub fn main() {
    for timeout in [None, Some(1), Some(10)] {
        let main = main_coroutine(timeout.map(Duration::from_secs));
        let handles = run_with(Builder::new_current_thread(), main);
        assert!(handles.iter().all(AbortHandle::is_finished), "a task outlived its run");
    }
}
