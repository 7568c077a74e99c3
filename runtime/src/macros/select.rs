//! `select!`.

/// Waits for several futures and goes on with the first that is ready; the others are dropped.
///
/// ```text
/// select! {
///     biased;                                    // optional
///     pattern = future => handler,
///     pattern = future, if condition => handler,
///     else => handler,                           // optional
/// }
/// ```
///
/// There may be up to 64 branches. A handler is any expression; a comma must follow it unless it
/// ends in a brace, as in `match`. All handlers have the same type, which is the type of the macro.
/// The futures are polled by the task that awaits, so they may borrow from it and need be neither
/// `Send` nor `'static`. Nothing is allocated.
///
/// # What happens, in order
///
/// 1. The conditions after `if` are evaluated, all of them, from top to bottom. A branch whose
///    condition is false is *disabled*: its future is never polled.
/// 2. The future expressions are evaluated, all of them, from top to bottom, **also those of
///    disabled branches**. Each may be anything that implements `IntoFuture`.
/// 3. The futures are polled in turn. When one is ready, its value is held against the pattern. If
///    the pattern does not match, the value is dropped, the branch is disabled and the others go on.
/// 4. When a pattern matches, **all futures are dropped**, from top to bottom. Then the handler
///    runs. It may therefore use, and change, what any of the futures had borrowed.
/// 5. When every branch is disabled, `else` runs. Without an `else` the macro panics.
///
/// Expressions and handlers belong to the surrounding function: `?`, `return`, `break`, `continue`
/// and `.await` work in all of them. While a handler awaits, nothing else of the `select!` runs.
///
/// # Fairness
///
/// Every time the task wakes, polling starts at a random branch and goes around. In a loop, a
/// branch that is always ready cannot starve the others. `biased;` polls from top to bottom
/// instead. Use it when the order matters (take the shutdown signal before more work) and put the
/// busiest branch last, because nothing else protects those below it. In a loom model polling
/// always starts at the first branch.
///
/// When the [budget](crate::task::coop) of the task is used up, no branch is polled before its next
/// turn: the operations of this crate would only wait for that, and a loop around the `select!`
/// would go on with the other branches.
///
/// # Cancel safety
///
/// The futures that lose are dropped in the middle of their work. In a loop that calls
/// `select!` again and again this loses data, unless each future is *cancel safe*: the
/// documentation of every async function in this crate says so under this heading. **Strict** ones
/// may stand in a branch as they are. **Restarts** means that the waiting begins anew. With
/// **consumes**, a branch that loses may take a value with it. For these, make the future once,
/// outside the loop, [`pin!`](crate::pin) it and let the branch borrow it: `&mut future` that loses
/// drops only the reference, as the second example shows.
///
/// A pattern that does not match also drops a value: that of its own branch.
///
/// `select!` itself is as safe as its branches: until a future is ready nothing is taken from any
/// of them, and once one is, its handler begins within the same poll.
///
/// # Panics
///
/// If every branch is disabled and there is no `else`. A panic of a future or of a handler is
/// passed on.
///
/// # Examples
///
/// The first one wins:
///
/// ```
/// use futures_lite::future::{pending, ready};
///
/// # futures_lite::future::block_on(async {
/// let answer = sheave::select! {
///     never = pending::<u32>() => never,
///     text = ready("42") => text.parse().expect("a number"),
/// };
/// assert_eq!(answer, 42);
/// # });
/// ```
///
/// One long operation that survives the loop, beside short ones. The guard keeps it from being
/// polled after it is done:
///
/// ```
/// use futures_lite::future::yield_now;
///
/// # futures_lite::future::block_on(async {
/// let upload = async {
///     yield_now().await;
///     yield_now().await;
///     "uploaded"
/// };
/// sheave::pin!(upload);
/// let (mut ticks, mut result) = (0, None);
/// while result.is_none() || ticks < 3 {
///     sheave::select! {
///         done = &mut upload, if result.is_none() => result = Some(done),
///         () = yield_now() => ticks += 1,
///     }
/// }
/// assert_eq!(result, Some("uploaded"));
/// # });
/// ```
///
/// A loop over two sources until both are used up, each pattern disabling its branch:
///
/// ```
/// use std::collections::VecDeque;
///
/// async fn next(source: &mut VecDeque<u32>) -> Option<u32> {
///     source.pop_front()
/// }
///
/// # futures_lite::future::block_on(async {
/// let mut left = VecDeque::from([1, 2, 3]);
/// let mut right = VecDeque::from([10, 20]);
/// let mut sum = 0;
/// loop {
///     sheave::select! {
///         Some(n) = next(&mut left) => {
///             sum += n;
///             // The futures are gone, so the handler may touch both sources.
///             right.push_back(n * 100);
///         }
///         Some(n) = next(&mut right) => sum += n,
///         else => break,
///     }
/// }
/// assert_eq!(sum, 6 + 30 + 600);
/// # });
/// ```
///
/// `?` in a handler leaves the function around the macro:
///
/// ```
/// # use futures_lite::future::{pending, ready};
/// async fn port() -> Result<u16, std::num::ParseIntError> {
///     sheave::select! {
///         text = ready("80a") => Ok(text.parse::<u16>()?),
///         () = pending() => unreachable!(),
///     }
/// }
///
/// # futures_lite::future::block_on(async {
/// assert!(port().await.is_err());
/// # });
/// ```
#[macro_export]
macro_rules! select {
    ($($input:tt)*) => { $crate::macros::support::select_expand! { [$crate] $($input)* } };
}
