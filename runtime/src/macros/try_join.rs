//! `try_join!`.

/// Waits for several futures at once, until all have succeeded or one has failed.
///
/// Every future must yield a `Result`, all with the same error type. The macro evaluates to
/// `Ok((first, second, …))` with the values, or to the first `Err`; then the other futures are
/// dropped without being polled again.
///
/// In all else it is [`join!`](crate::join!): the task itself polls the futures, concurrently and
/// not in parallel; which of them goes first rotates; `biased;` polls in the order of writing. If
/// two futures fail during the same wake-up, the one that was polled first wins. `try_join!()` is
/// `Ok(())`.
///
/// # Cancel safety
///
/// Consumes. Dropping a `try_join!`, or a failure in it, drops the futures that still run and the
/// values of those that were done.
///
/// # Panics
///
/// A panic of one future is passed on at once; the others are dropped.
///
/// # Examples
///
/// ```
/// use std::num::ParseIntError;
///
/// async fn parse(text: &str) -> Result<i32, ParseIntError> {
///     text.parse()
/// }
///
/// # futures_lite::future::block_on(async {
/// assert_eq!(sheave::try_join!(parse("1"), parse("2")), Ok((1, 2)));
/// assert!(sheave::try_join!(parse("1"), parse("two")).is_err());
/// # });
/// ```
///
/// The futures may yield different values, and `?` passes the error on:
///
/// ```
/// async fn name() -> Result<&'static str, String> { Ok("wheel") }
/// async fn teeth() -> Result<u8, String> { Err("worn down".into()) }
///
/// async fn describe() -> Result<String, String> {
///     let (name, teeth) = sheave::try_join!(name(), teeth())?;
///     Ok(format!("{name} with {teeth} teeth"))
/// }
///
/// # futures_lite::future::block_on(async {
/// assert_eq!(describe().await, Err("worn down".into()));
/// # });
/// ```
#[macro_export]
macro_rules! try_join {
    ($($input:tt)*) => { $crate::macros::support::try_join_expand! { [$crate] $($input)* } };
}
