//! Models of a gather that is dropped or cancelled. Thread 0 gathers.

use crate::asyncio::gather;
use crate::tasks::testing::{Queue, block_on};
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

/// Claim: when a cancelled gather is ready all its children have ended, not the first one only.
/// Threads 2, bound 2.
#[test]
fn cancel_waits_for_all() {
    Model::new("gather_cancel_waits_for_all").check(|| {
        let (queue, token) = (Queue::new(), Arc::new(()));
        let children = [token.clone(), token.clone()].map(|held| {
            queue.spawn(async move {
                let _held = held;
                pending::<()>().await
            })
        });
        queue.run_all();
        let runner = thread::spawn(move || {
            // Both have begun, and are run once more, to end.
            queue.pop().run();
            queue.pop().run();
        });
        let mut gathered = gather::<(), _>(children);
        let polled = Pin::new(&mut gathered).poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        assert!(block_on(gathered.cancel()).is_none());
        assert_eq!(Arc::strong_count(&token), 1, "it returned before the last child had ended");
        runner.join().expect("the runner ends");
    });
}

#[test]
fn controls() {
    let drop = "asyncio::crew::loom::drop_races_completion";
    must_catch(drop, "gather_drop_forgets_abort", &["deadlock"]);
    let cancel = "asyncio::crew::loom::cancel_waits_for_all";
    must_catch(cancel, "gather_cancel_stops_at_first", &["before the last child"]);
}
