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
//! | a semaphore around `gather` | [`buffered`](ConcurrentExt::buffered), or [`buffer_unordered`](ConcurrentExt::buffer_unordered) like `as_completed` |
//! | `timeout` around `__anext__` | [`timeout`](TimeExt::timeout)                                |
//! | `aclose`, `shutdown_asyncgens` | nothing: to drop a stream runs its destructors              |
//!
//! Whether a stream may be polled after `None` depends on the stream; [`StreamExt::fuse`] makes it so.
//! To drop the future of [`StreamExt::next`] loses no item.
//!
//! # What is left to others
//! Here is what needs the clock, the channels and the sockets of this crate, and what is easily got wrong
//! by hand. Other adaptors fit as they are: those of `futures-lite`, such as [`or`](StreamExt::or) and
//! [`race`](StreamExt::race) for two streams in one, those of `futures-util`, such as chunks, and those of
//! tokio-stream that do not sleep. Its `throttle` does, by tokio's clock; lay the stream beside an interval
//! instead:
//!
//! ```
//! use sheave::stream::{StreamExt, iter, wrappers::IntervalStream};
//! use sheave::time::{Duration, interval};
//!
//! # #[sheave::main]
//! # async fn main() {
//! let ticks = IntervalStream::new(interval(Duration::from_millis(1)));
//! let slow = iter(1..=3).zip(ticks).map(|(item, _)| item);
//! assert_eq!(slow.collect::<Vec<_>>().await, [1, 2, 3]);
//! # }
//! ```

mod concurrent;
mod for_await;
mod generator;
mod timeout;
pub mod wrappers;

pub use concurrent::{BufferUnordered, Buffered, ConcurrentExt};
pub use futures_core::stream::{FusedStream, Stream};
pub use futures_lite::stream::{
    StreamExt, empty, iter, once, once_future, pending, poll_fn, repeat, repeat_with, try_unfold,
    unfold,
};
pub use generator::{Generator, generator};
pub use timeout::{TimeExt, Timeout};

/// For `for_await!` alone.
#[doc(hidden)]
pub mod support {
    pub use futures_lite::StreamExt;
}
