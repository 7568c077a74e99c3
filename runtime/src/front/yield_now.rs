//! Giving way once.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Gives way to the other tasks once: the task goes to the tail of its worker's queue.
///
/// # Cancel safety
/// Strict: there is nothing to lose.
///
/// # Examples
/// ```
/// # #[sheave::main]
/// # async fn main() {
/// sheave::task::yield_now().await;
/// # }
/// ```
pub async fn yield_now() {
    YieldNow { yielded: false }.await;
}

struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
