//! Where asyncio's vocabulary meets code that does not behave: bodies that never run dry, destructors and
//! iterators that panic, futures that are dropped at the worst moment, threads that are ending.
#![allow(missing_docs)]

#[path = "edges/compose.rs"]
mod compose;
#[path = "edges/groups.rs"]
mod groups;
#[path = "edges/pools.rs"]
mod pools;
#[path = "edges/scopes.rs"]
mod scopes;
#[path = "edges/streams.rs"]
mod streams;

use sheave::runtime::Builder;
use sheave::task::coop::consume_budget;
use sheave_tests::watchdog;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// Runs `body` on one thread, where the order of turns is known.
fn on_one_thread<F: Future>(body: F) -> F::Output {
    watchdog(LIMIT, || Builder::new_current_thread().build().unwrap().block_on(body))
}

/// Uses up the budget of its task in every poll.
async fn busy<T>() -> T {
    loop {
        consume_budget().await;
    }
}

/// What `code`, which must panic, panics with.
fn panic_of<R>(code: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(code)) else { panic!("it must panic") };
    let literal = payload.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
    literal.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// Calls a closure when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
