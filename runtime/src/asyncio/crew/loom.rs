//! Models of a gather that is dropped. Thread 0 gathers.

use crate::asyncio::gather;
use crate::tasks::testing::Queue;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::thread;
use std::future::{Future, pending, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

/// Claim: when a gather is dropped while one child completes, a child that never would ends as well, and
/// neither a future nor an output is left. Threads 2, bound 2.
#[test]
fn drop_races_completion() {
    Model::new("gather_drop_races_completion").check(|| {
        let (queue, token) = (Queue::new(), Arc::new(()));
        let held = token.clone();
        let endless = async move {
            let _held = held;
            pending().await
        };
        let children = [queue.spawn(ready(token.clone())), queue.spawn(endless)];
        let watch = [children[0].abort_handle(), children[1].abort_handle()];
        let runner = thread::spawn(move || {
            queue.run_until(|| watch.iter().all(|child| child.is_finished()));
        });
        let mut gathered = gather::<Arc<()>, _>(children);
        let polled = Pin::new(&mut gathered).poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        drop(gathered);
        runner.join().expect("the runner ends");
        assert_eq!(Arc::strong_count(&token), 1, "nothing is left");
    });
}

#[test]
fn controls() {
    let drop = "asyncio::crew::loom::drop_races_completion";
    must_catch(drop, "gather_drop_forgets_abort", &["deadlock"]);
}
