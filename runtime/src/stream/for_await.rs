//! `for_await!`: a loop over a stream.

/// A `for` loop over a [`Stream`](crate::stream::Stream): asyncio's `async for`.
///
/// `for_await!(pattern in stream { body })`. It pins the stream, so any stream will do, owned or
/// `&mut`. `break`, `continue` and `?` in the body mean what they do in a `for`, and the pattern must
/// match every item. A struct literal among the stream stands in parentheses, as in a `for`. As with `for`, the stream is dropped at the end unless it was borrowed.
///
/// # Cancel safety
/// Dropped between two items, the loop has lost none of a borrowed stream.
///
/// # Examples
/// ```
/// use sheave::stream;
///
/// # futures_lite::future::block_on(async {
/// let mut sum = 0;
/// sheave::for_await!((n, letter) in stream::iter([(1, 'a'), (2, 'b'), (3, 'c')]) {
///     if letter == 'b' {
///         continue;
///     }
///     sum += n;
/// });
/// assert_eq!(sum, 4);
/// # });
/// ```
#[macro_export]
macro_rules! for_await {
    (@ $item:pat, [$($stream:tt)+] $body:block) => {{
        let mut stream = ::core::pin::pin!($($stream)+);
        while let ::core::option::Option::Some(item) =
            $crate::stream::support::StreamExt::next(&mut stream).await
        {
            let $item = item;
            $body
        }
    }};
    (@ $item:pat, [$($stream:tt)*] $next:tt $($rest:tt)+) => {
        $crate::for_await!(@ $item, [$($stream)* $next] $($rest)+)
    };
    ($item:pat in $first:tt $($rest:tt)+) => {
        $crate::for_await!(@ $item, [$first] $($rest)+)
    };
}
