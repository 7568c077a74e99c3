//! What the dump says of a task that waits for a lock, a channel and the like: every kind of thing, and
//! where it is.

use super::{LIMIT, LONG, find, once_waiting, runtime};
use sheave::asyncio::create_future;
use sheave::cancel::CancellationToken;
use sheave::runtime::{Runtime, SyncKind, TaskDump, WaitsFor};
use sheave::sync::{self, broadcast, oneshot, watch};
use sheave_tests::{eventually, watchdog};
use std::convert::Infallible;
use std::future::{Future, pending};
use std::sync::{Arc, mpsc};

/// Spawns a future that waits for a thing of this kind, and says where the thing is.
#[track_caller]
fn expect(
    runtime: &Runtime,
    expected: SyncKind,
    future: impl Future<Output: Send> + Send + 'static,
) -> usize {
    let task = once_waiting(runtime.handle(), runtime.spawn(future).id());
    let address = address(&task, expected);
    assert!(!task.waits_for_more(), "{task:?}");
    let text = task.to_string();
    assert!(text.contains(&format!(": {expected} at {address:#x}, spawned at ")), "{text}");
    address
}

#[track_caller]
fn address(task: &TaskDump, expected: SyncKind) -> usize {
    match task.waits_for() {
        Some(WaitsFor::Sync { kind, address, .. }) if kind == expected => address,
        _ => panic!("{expected:?} in {task:?}"),
    }
}

#[test]
fn locks() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let mutex = Arc::new(sync::Mutex::new(()));
        let held = mutex.try_lock().unwrap();
        let wait = || {
            let mutex = mutex.clone();
            expect(&runtime, SyncKind::Mutex, async move { drop(mutex.lock().await) })
        };
        assert_eq!(wait(), wait(), "both wait for one lock");
        let inside = (&raw const *mutex).addr()..(&raw const *mutex).addr() + size_of_val(&*mutex);
        assert!(inside.contains(&wait()), "it is that lock");

        let lock = Arc::new(sync::RwLock::new(()));
        let write = lock.clone().try_write_owned().unwrap();
        let readers = lock.clone();
        let read = expect(&runtime, SyncKind::RwLock, async move { drop(readers.read().await) });
        let write_too = async move { drop(lock.write().await) };
        assert_eq!(expect(&runtime, SyncKind::RwLock, write_too), read);

        let none = sync::Semaphore::new(1);
        expect(&runtime, SyncKind::Semaphore, async move { none.acquire_many(2).await.map(drop) });
        let none = Arc::new(sync::Semaphore::new(0));
        expect(&runtime, SyncKind::Semaphore, none.acquire_owned());

        let lock = sync::Lock::new();
        let wait = async move {
            let _held = lock.acquire().await;
            drop(lock.acquire().await);
        };
        expect(&runtime, SyncKind::Lock, wait);
        let bounded = sync::BoundedSemaphore::new(1);
        let wait = async move {
            let _only = bounded.acquire().await;
            drop(bounded.acquire().await);
        };
        expect(&runtime, SyncKind::Semaphore, wait);

        let limiter = sync::CapacityLimiter::new(1);
        let token = limiter.try_acquire().unwrap();
        let wait = async move { drop(limiter.acquire().await) };
        expect(&runtime, SyncKind::CapacityLimiter, wait);
        drop((held, write, token));
    });
}

#[test]
fn signals() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let notify = Arc::new(sync::Notify::new());
        let owned = expect(&runtime, SyncKind::Notify, notify.clone().notified_owned());
        let borrowed = async move { notify.notified().await };
        assert_eq!(expect(&runtime, SyncKind::Notify, borrowed), owned);

        let barrier = sync::Barrier::new(2);
        expect(&runtime, SyncKind::Barrier, async move { barrier.wait().await.is_leader() });

        let event = sync::Event::new();
        expect(&runtime, SyncKind::Event, async move { event.wait().await });
        let condition = sync::Condition::new();
        let wait = async move { drop(condition.acquire().await.wait().await) };
        expect(&runtime, SyncKind::Condition, wait);

        let cell = Arc::new(sync::OnceCell::<u8>::new());
        let first = cell.clone();
        let first = runtime.spawn(async move { *first.get_or_init(pending::<u8>).await });
        once_waiting(runtime.handle(), first.id());
        expect(&runtime, SyncKind::OnceCell, async move { *cell.get_or_init(async || 1).await });

        let token = CancellationToken::new();
        let owned = expect(&runtime, SyncKind::CancellationToken, token.clone().cancelled_owned());
        let borrowed = async move { token.cancelled().await };
        assert_eq!(expect(&runtime, SyncKind::CancellationToken, borrowed), owned);
    });
}

#[test]
fn channels() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let (sender, mut receiver) = sync::mpsc::channel::<()>(1);
        expect(&runtime, SyncKind::MpscReceiver, async move { receiver.recv().await });
        let (full, unread) = sync::mpsc::channel(1);
        full.try_send(()).unwrap();
        let others = full.clone();
        let room = expect(&runtime, SyncKind::MpscSender, async move { full.send(()).await });
        let end = expect(&runtime, SyncKind::MpscSender, async move { others.closed().await });
        assert_eq!(room, end, "they wait for the same channel");

        let (value, receiver) = oneshot::channel::<()>();
        expect(&runtime, SyncKind::OneshotReceiver, receiver);
        let (mut unsent, interest) = oneshot::channel::<()>();
        expect(&runtime, SyncKind::OneshotSender, async move { unsent.closed().await });

        let (watched, mut watcher) = watch::channel(0);
        expect(&runtime, SyncKind::WatchReceiver, async move { watcher.changed().await.is_ok() });
        expect(&runtime, SyncKind::WatchSender, async move { watched.closed().await });

        let (caster, mut listener) = broadcast::channel::<()>(1);
        expect(&runtime, SyncKind::BroadcastReceiver, async move { listener.recv().await });
        expect(&runtime, SyncKind::BroadcastSender, async move { caster.closed().await });
        drop((sender, unread, value, interest));
    });
}

#[test]
fn what_asyncio_adds() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let (completer, promise) = create_future::<(), Infallible>();
        let one = expect(&runtime, SyncKind::Promise, promise.clone());
        assert_eq!(expect(&runtime, SyncKind::Promise, promise), one);

        let target = runtime.spawn(pending::<()>());
        let id = target.id();
        let waiter = runtime.spawn(target.shared());
        let task = once_waiting(runtime.handle(), waiter.id());
        assert!(matches!(task.waits_for(), Some(WaitsFor::Join { task, .. }) if task == id));

        let (release, released) = mpsc::channel::<()>();
        let closure = sheave::to_thread(move || released.recv());
        expect(&runtime, SyncKind::ConcurrentFuture, closure);
        drop((completer, release));
    });
}

/// What one waits for is shown before what would end the wait.
#[test]
fn a_cancellation_beside_something_else_comes_second() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let token = CancellationToken::new();
        let sleeper = runtime.spawn(async move {
            token.run_until_cancelled(sheave::time::sleep(LONG)).await;
        });
        let task = once_waiting(runtime.handle(), sleeper.id());
        assert!(matches!(task.waits_for(), Some(WaitsFor::Timer { .. })), "{task:?}");
        assert!(task.waits_for_more());
    });
}

/// A task that gets what it waited for says no longer that it waits for it.
#[test]
fn a_wait_that_is_over_is_not_shown() {
    watchdog(LIMIT, || {
        let runtime = runtime();
        let mutex = Arc::new(sync::Mutex::new(()));
        let held = mutex.clone().try_lock_owned().unwrap();
        let task = runtime.spawn(async move {
            let _guard = mutex.lock().await;
            pending::<()>().await;
        });
        address(&once_waiting(runtime.handle(), task.id()), SyncKind::Mutex);
        drop(held);
        eventually("it has the lock", || {
            let dump = runtime.handle().dump();
            find(&dump, task.id()).unwrap().waits_for() == Some(WaitsFor::Unknown)
        });
    });
}
