//! What is always ready takes from the budget of its task, so that it cannot keep a worker for itself.

use sheave::runtime::Builder;
use sheave::sync::{Barrier, Event, Lock, Mutex, Notify, OnceCell, Queue, RwLock, Semaphore};
use sheave::sync::{SetOnce, broadcast, mpsc, oneshot, watch};
use sheave::task::coop::{consume_budget, has_budget_remaining};
use sheave_tests::watchdog;
use std::future::Future;
use std::time::Duration;

/// More than a task may do in one poll.
const MANY: usize = 10_000;

/// Runs `step` in one task until the budget of a poll is used up.
async fn uses_up<S>(what: &str, state: S, step: impl AsyncFn(&S)) {
    for _ in 0..MANY {
        if !has_budget_remaining() {
            return sheave::task::yield_now().await;
        }
        step(&state).await;
    }
    panic!("{what} is ready for ever, and takes nothing from the budget");
}

/// As the root of a runtime, which has a budget as tasks have.
fn as_root(future: impl Future<Output = ()>) {
    Builder::new_current_thread().build().expect("a runtime").block_on(future);
}

#[test]
fn locks_take_from_the_budget() {
    as_root(async {
        uses_up("lock", Mutex::new(()), async |lock| drop(lock.lock().await)).await;
        uses_up("acquire of a lock", Lock::new(), async |lock| drop(lock.acquire().await)).await;
        uses_up("read", RwLock::new(()), async |lock| drop(lock.read().await)).await;
        uses_up("write", RwLock::new(()), async |lock| drop(lock.write().await)).await;
        uses_up("acquire", Semaphore::new(1), async |slots| drop(slots.acquire().await)).await;
    });
}

#[test]
fn signals_take_from_the_budget() {
    as_root(async {
        uses_up("a barrier for one", Barrier::new(1), async |one| _ = one.wait().await).await;
        uses_up("notified", Notify::new(), async |notify| {
            notify.notify_one();
            notify.notified().await;
        })
        .await;
        let event = Event::new();
        event.set();
        uses_up("wait", event, async |event| event.wait().await).await;
        uses_up("wait for a value", SetOnce::from(1), async |value| _ = value.wait().await).await;
        uses_up("get_or_init", (), async |()| {
            OnceCell::new().get_or_init(async || ()).await;
        })
        .await;
    });
}

#[test]
fn channels_take_from_the_budget() {
    as_root(async {
        uses_up("send and recv", (), async |()| {
            let (sender, mut receiver) = mpsc::channel(1);
            sender.send(()).await.expect("the receiver lives");
            receiver.recv().await.expect("it was sent");
        })
        .await;
        uses_up("recv of one", (), async |()| {
            let (sender, receiver) = oneshot::channel();
            sender.send(()).expect("the receiver lives");
            receiver.await.expect("it was sent");
        })
        .await;
        uses_up("recv of all", (), async |()| {
            let (sender, mut receiver) = broadcast::channel(1);
            sender.send(()).expect("the receiver lives");
            receiver.recv().await.expect("it was sent");
        })
        .await;
        uses_up("put and get", Queue::new(1), async |queue| {
            queue.put(()).await.expect("it is open");
            queue.get().await.expect("it was put");
        })
        .await;
    });
}

#[test]
fn a_watched_value_takes_from_the_budget() {
    as_root(async {
        uses_up("changed", (), async |()| {
            let (_sender, mut receiver) = watch::channel(());
            receiver.mark_changed();
            receiver.changed().await.expect("the sender lives");
        })
        .await;
        uses_up("wait_for", (), async |()| {
            let (_sender, mut receiver) = watch::channel(());
            drop(receiver.wait_for(|()| true).await.expect("the sender lives"));
        })
        .await;
        uses_up("wait_for what never comes", (), async |()| {
            let (_, mut receiver) = watch::channel(());
            receiver.wait_for(|()| false).await.expect_err("the sender is gone");
        })
        .await;
        uses_up("closed", watch::Sender::new(()), async |sender| sender.closed().await).await;
    });
}

/// There is no budget for it in this poll, whoever polls again.
#[test]
fn a_select_in_a_block_on_gives_way_once() {
    watchdog(Duration::from_secs(60), || {
        as_root(async {
            while has_budget_remaining() {
                consume_budget().await;
            }
            let won = futures_lite::future::block_on(async {
                sheave::select! { won = std::future::ready(2) => won }
            });
            assert_eq!(won, 2);
        });
    });
}
