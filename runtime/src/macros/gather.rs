//! `gather!`.

/// Runs futures of different types as tasks of their own, all at the same time, and waits for their
/// values, which come as a tuple in the order of writing: [`gather`](crate::asyncio::gather()) for types
/// that differ. At most twelve; handles of tasks are taken as they are.
///
/// It makes a future, [`GatherTuple`](crate::asyncio::GatherTuple), which is awaited; nothing starts before
/// that. What is said of `gather` holds here: the first failure ends the wait and the others run on,
/// dropping the future aborts all tasks, and there are `abort_on_error()`, `return_exceptions()` and
/// `cancel()`. If two tasks have failed when it looks, the one that is written first counts as the first.
///
/// # Differences from asyncio
/// `asyncio.gather(a(), b())`; see [`gather`](crate::asyncio::gather()).
///
/// # Cancel safety
/// Consumes: dropping it aborts the tasks and drops the values that were there.
///
/// # Examples
/// ```
/// # #[sheave::main]
/// # async fn main() -> Result<(), sheave::task::JoinError> {
/// let task = sheave::spawn(async { "three" });
/// let (one, two, three) = sheave::gather!(async { 1 }, async { 2.0 }, task).await?;
/// assert_eq!((one, two, three), (1, 2.0, "three"));
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! gather {
    ($($awaitable:expr),* $(,)?) => {
        $crate::asyncio::GatherTuple::new(($(
            match $awaitable {
                awaitable => {
                    #[allow(unused_imports, reason = "one of the two is used")]
                    use $crate::asyncio::operand::{FutureKind as _, TaskKind as _};
                    (&awaitable).operand_kind().operand(awaitable)
                }
            },
        )*))
    };
}
