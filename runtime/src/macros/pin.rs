//! `pin!`.

/// Pins values on the stack, under the name they had.
///
/// There are two forms. `pin!(future);` takes variables that own what they hold and shadows them by
/// a `Pin<&mut _>` of the same name. `pin! { let future = expression; }` declares and pins at once.
/// Both take several variables. A pinned future can be awaited by reference, `(&mut future).await`,
/// any number of times until it is done, which is how one future takes part in a
/// [`select!`](crate::select) inside a loop.
///
/// The value lives until the end of the block that the macro stands in. As an expression,
/// `std::pin::pin!(f())` does the same.
///
/// # Examples
///
/// A variable that is already there:
///
/// ```
/// # futures_lite::future::block_on(async {
/// let answer = async { 42 };
/// sheave::pin!(answer);
/// assert_eq!((&mut answer).await, 42);
/// # });
/// ```
///
/// Several, declared on the spot:
///
/// ```
/// # futures_lite::future::block_on(async {
/// sheave::pin! {
///     let first = async { 1 };
///     let second = async { 2 };
/// }
/// assert_eq!(first.await + second.await, 3);
/// # });
/// ```
///
/// An expression has no name to go by, so `pin!` refuses it:
///
/// ```compile_fail
/// sheave::pin!(async { 42 });
/// ```
#[macro_export]
macro_rules! pin {
    ($($name:ident),* $(,)?) => {$(
        #[allow(unused_mut)]
        let mut $name = $crate::macros::support::pin!($name);
    )*};
    ($(let $name:ident = $init:expr;)*) => {$(
        #[allow(unused_mut)]
        let mut $name = $crate::macros::support::pin!($init);
    )*};
}
