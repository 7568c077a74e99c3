//! E26: an object that is its own async iterator, read by `async for`.

use sheave::stream::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Python: `__aiter__` returns `self`, `__anext__` counts and raises `StopAsyncIteration` at 100.
struct Reader {
    count: u32,
}

impl Reader {
    fn readline(&mut self) -> Option<u32> {
        self.count += 1;
        (self.count < 100).then_some(self.count)
    }
}

impl Stream for Reader {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        Poll::Ready(self.readline())
    }
}

#[sheave::main]
pub async fn main() {
    let reader = Reader { count: 0 };
    sheave::for_await!(item in reader {
        println!("{item}");
    });
}
