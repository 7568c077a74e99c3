//! `join!`.

/// Waits for several futures at once and returns all their outputs, as a tuple.
///
/// The futures run concurrently but not in parallel: the task that awaits polls them in turn, so
/// they may borrow from it and need be neither `Send` nor `'static`, and while one of them computes
/// the others stand still. For parallelism, spawn tasks and join their handles.
///
/// `join!` awaits, so it belongs into async code. It takes anything that implements `IntoFuture`,
/// any number of them, does not allocate, and evaluates to `()` if given nothing.
///
/// # Order
///
/// All the expressions are evaluated first, from left to right. Each time the task wakes, every
/// future that is not done is polled once; which of them goes first rotates, so that none profits
/// from its place. With `biased;` in front they are polled in the order of writing, each time. That
/// saves a counter, and it makes you responsible for a first future that leaves the others little
/// to do. A future is dropped as soon as it is done; the rest are dropped in the order of writing.
///
/// # Cancel safety
///
/// Consumes. Dropping a `join!` drops every future and the outputs of those that were done. To keep
/// partial results, pin the futures outside and pass them as `&mut future`.
///
/// # Panics
///
/// A panic of one future is passed on at once; the others are dropped.
///
/// # Examples
///
/// ```
/// async fn width() -> u32 { 6 }
/// async fn height() -> u32 { 7 }
///
/// # futures_lite::future::block_on(async {
/// let (w, h) = sheave::join!(width(), height());
/// assert_eq!(w * h, 42);
/// # });
/// ```
///
/// In the order of writing:
///
/// ```
/// # futures_lite::future::block_on(async {
/// let log = std::cell::RefCell::new(Vec::new());
/// sheave::join! {
///     biased;
///     async { log.borrow_mut().push("first") },
///     async { log.borrow_mut().push("second") },
/// };
/// assert_eq!(log.into_inner(), ["first", "second"]);
/// # });
/// ```
#[macro_export]
macro_rules! join {
    ($($input:tt)*) => { $crate::macros::support::join_expand! { [$crate] $($input)* } };
}
