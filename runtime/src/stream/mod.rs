//! Streams: values that come one after the other, with waits between them. Python's async iterators.
//!
//! [`Stream`] is the trait of `futures-core`, so that any crate's adaptors fit. [`StreamExt`] and the
//! functions for making streams are those of `futures-lite`. [`for_await!`](crate::for_await!) is
//! `async for`. [`generator()`] is an async generator. What receives values from a channel, a timer or
//! a socket becomes a stream by one of the [`wrappers`], which have tokio-stream's names.
//!
//! | asyncio                  | here                                                              |
//! |--------------------------|-------------------------------------------------------------------|
//! | `__aiter__`              | nothing: a stream is its own iterator                             |
//! | `__anext__`              | [`stream.next().await`](StreamExt::next)                          |
//! | `StopAsyncIteration`     | `None`                                                            |
//! | `async for x in s`       | [`for_await!(x in s { .. })`](crate::for_await!)                  |
//! | `[f(x) async for x in s]`| `s.map(f).collect::<Vec<_>>().await`                              |
//! | `async def` with `yield` | [`generator()`]                                                   |
//! | a semaphore around `gather` | [`buffer_unordered`](ConcurrentExt::buffer_unordered)         |
//! | `aclose`, `shutdown_asyncgens` | nothing: to drop a stream runs its destructors              |
//!
//! Whether a stream may be polled after `None` depends on the stream; [`StreamExt::fuse`] makes it so.
//! To drop the future of [`StreamExt::next`] loses no item.

mod concurrent;
mod for_await;
mod generator;
pub mod wrappers;

pub use concurrent::{BufferUnordered, ConcurrentExt};
pub use futures_core::stream::{FusedStream, Stream};
pub use futures_lite::stream::{
    StreamExt, empty, iter, once, once_future, pending, poll_fn, repeat, repeat_with, try_unfold,
    unfold,
};
pub use generator::{Generator, generator};

/// For `for_await!` alone.
#[doc(hidden)]
pub mod support {
    pub use futures_lite::StreamExt;
}
