//! The smallest program: tasks, a blocking call, and their results.

#[sheave::main]
async fn main() -> Result<(), sheave::task::JoinError> {
    let tasks: Vec<_> = (1..=3).map(|i| sheave::spawn(async move { i * i })).collect();
    for task in tasks {
        println!("{}", task.await?);
    }
    println!("{}", sheave::to_thread(|| "from a thread that may block").await);
    Ok(())
}
