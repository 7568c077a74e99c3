//! Eager tasks (item 29 of the asyncio reference: `eager_start`), and results without waiting (33).

use sheave::asyncio::{ContextVar, all_tasks, create_future, current_task};
use sheave::runtime::Builder;
use sheave::task::{self, JoinHandle, LocalSet, TaskStatus, TryResultError, yield_now};
use sheave::time::sleep;
use sheave_tests::{Drops, runtimes, watchdog};
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

static NAME: ContextVar<&str> = ContextVar::new("name");

/// Runs `body` as a task of each flavour, and as a root.
fn everywhere<F>(body: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            runtime.block_on(runtime.spawn(body())).unwrap();
            runtime.block_on(body());
        }
    });
}

fn eagerly<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    task::Builder::new().eager(true).spawn(future)
}

/// It runs inside the call, on the caller's thread, and is in no queue: a current-thread runtime that
/// never gets to its queue has finished it.
#[test]
fn a_task_that_is_ready_at_once_ends_in_the_call() {
    everywhere(|| async {
        let here = std::thread::current().id();
        let mut task = eagerly(async { std::thread::current().id() });
        assert_eq!(task.status(), TaskStatus::Finished);
        assert_eq!(task.try_result().unwrap(), here);
        assert!(!task.cancel(), "it is too late for that");
    });
}

/// The first step is up to the first wait; then the runtime has it.
#[test]
fn a_task_that_waits_goes_on_as_any_other() {
    everywhere(|| async {
        let steps = Arc::new(AtomicUsize::new(0));
        let (completer, promise) = create_future::<_, Infallible>();
        let count = steps.clone();
        let task = eagerly(async move {
            count.fetch_add(1, SeqCst);
            let value: u32 = promise.await.unwrap();
            sleep(Duration::from_millis(1)).await;
            count.fetch_add(1, SeqCst);
            value
        });
        assert_eq!((steps.load(SeqCst), task.is_finished()), (1, false));
        completer.set_result(7).unwrap();
        assert_eq!(task.await.unwrap(), 7);
        assert_eq!(steps.load(SeqCst), 2);
        // Woken in its first poll, it is queued once and polled again.
        assert_eq!(eagerly(async { yield_now().await }).await.ok(), Some(()));
    });
}

/// Its own id and context, and `current_task` and `all_tasks` know it, in the first step too; the
/// spawner has its own back afterwards.
#[test]
fn the_first_step_is_a_task_of_its_own() {
    everywhere(|| async {
        NAME.set("spawner");
        let spawner = current_task();
        let mut task = eagerly(async {
            let inherited = NAME.get();
            NAME.set("eager");
            let here = current_task().unwrap();
            assert!(all_tasks().contains(&here));
            (here.id(), here.parent(), here.status(), inherited)
        });
        let id = task.id();
        let parent = spawner.as_ref().map(|task| task.id());
        assert_eq!(task.try_result().unwrap(), (id, parent, TaskStatus::Running, "spawner"));
        assert_eq!((current_task(), NAME.get()), (spawner, "spawner"));
        // What it has set is there at its later steps.
        let task = eagerly(async {
            NAME.set("first step");
            yield_now().await;
            NAME.get()
        });
        assert_eq!(task.await.unwrap(), "first step");
    });
}

#[test]
fn a_panic_in_the_first_step_is_the_handles() {
    everywhere(|| async {
        let drops = Drops::default();
        let witness = drops.witness();
        let mut task = eagerly(async move {
            let _witness = witness;
            panic!("on purpose")
        });
        let Err(TryResultError::Join(error)) = task.try_result().map(|(): ()| ()) else {
            panic!("it has panicked, and by now")
        };
        assert!(error.is_panic());
        drops.assert_all();
    });
}

#[test]
fn an_eager_task_can_be_aborted_while_it_waits() {
    everywhere(|| async {
        let drops = Drops::default();
        let witness = drops.witness();
        let task = eagerly(async move {
            let _witness = witness;
            std::future::pending::<()>().await;
        });
        assert_eq!(drops.dropped(), 0);
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        drops.assert_all();
    });
}

/// Eager tasks in eager tasks, each on top of its spawner.
#[test]
fn eager_tasks_nest() {
    fn nested(depth: u32) -> std::pin::Pin<Box<dyn Future<Output = u32> + Send>> {
        Box::pin(async move {
            match depth {
                0 => 0,
                _ => 1 + eagerly(nested(depth - 1)).try_result().unwrap(),
            }
        })
    }
    everywhere(|| async { assert_eq!(eagerly(nested(20)).try_result().unwrap(), 20) });
}

/// Where nobody drives futures there is no eager step: asyncio falls back to a lazy one too.
#[test]
fn without_a_driver_a_task_begins_later() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let entered = runtime.enter();
        let here = std::thread::current().id();
        let task = eagerly(async { std::thread::current().id() });
        assert_eq!(task.status(), TaskStatus::Pending);
        drop(entered);
        assert_eq!(runtime.block_on(task).unwrap(), here);
        let begun_elsewhere = runtime.block_on(async {
            let spawner = task::spawn_blocking(|| eagerly(async { std::thread::current().id() }));
            spawner.await.unwrap().await.unwrap()
        });
        assert_eq!(begun_elsewhere, here, "and not on the thread of the pool");
    });
}

/// After the end of its runtime a task does not even begin.
#[test]
fn a_task_of_a_closed_runtime_does_not_begin() {
    watchdog(LIMIT, || {
        let (sender, receiver) = mpsc::channel();
        struct SpawnsInItsDrop(mpsc::Sender<TaskStatus>);
        impl Drop for SpawnsInItsDrop {
            fn drop(&mut self) {
                let task = eagerly(async { panic!("the runtime is closed") });
                self.0.send(task.status()).unwrap();
                drop(task);
            }
        }
        for runtime in runtimes() {
            let spawner = SpawnsInItsDrop(sender.clone());
            let begun = runtime.spawn(async move {
                let _spawner = spawner;
                std::future::pending::<()>().await;
            });
            runtime.block_on(yield_now());
            drop(runtime);
            drop(begun);
            assert_eq!(receiver.recv().unwrap(), TaskStatus::Cancelled);
        }
    });
}

#[test]
fn a_local_task_can_be_eager() {
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            let set = LocalSet::new();
            let eager = || task::Builder::new().eager(true);
            let shared = Rc::new(7);
            let early = {
                let shared = shared.clone();
                eager().spawn_local_on(async move { *shared }, &set)
            };
            assert!(!early.is_finished(), "nobody drives the set yet");
            runtime.block_on(set.run_until(async {
                assert_eq!(early.await.unwrap(), 7);
                let nested = shared.clone();
                let mut task = eager().spawn_local(async move {
                    let nested = task::spawn_local(async move { *nested });
                    (current_task().map(|task| task.id()), nested)
                });
                let id = task.id();
                let (seen, nested) = task.try_result().unwrap();
                assert_eq!((seen, nested.await.unwrap()), (Some(id), 7));
                let task = eager().spawn_local(async move {
                    yield_now().await;
                    *shared
                });
                assert!(!task.is_finished());
                assert_eq!(task.await.unwrap(), 7);
                let mut broken = eager().spawn_local(async { panic!("on purpose") });
                assert!(broken.try_result().map(|(): ()| ()).is_err());
            }));
        }
    });
}

/// Item 33: `InvalidStateError`, then the result or why there is none.
#[test]
fn try_result_does_not_wait() {
    watchdog(LIMIT, || {
        Builder::new_current_thread().build().unwrap().block_on(async {
            let mut task = sheave::spawn(async { String::from("done") });
            let pending = task.try_result().unwrap_err();
            assert!(matches!(pending, TryResultError::Pending));
            assert!(pending.to_string().contains("has not ended"));
            yield_now().await;
            assert_eq!(task.try_result().unwrap(), "done");
            let mut task = sheave::spawn(std::future::pending::<()>());
            assert!(sheave::time::timeout(Duration::ZERO, &mut task).await.is_err());
            task.abort();
            yield_now().await;
            match task.try_result() {
                Err(TryResultError::Join(error)) => assert!(error.is_cancelled()),
                other => panic!("{other:?}"),
            }
        });
    });
}

#[test]
#[should_panic(expected = "after it had returned the output")]
fn an_output_is_returned_once() {
    Builder::new_current_thread().build().unwrap().block_on(async {
        let mut task = sheave::spawn(async {});
        yield_now().await;
        task.try_result().unwrap();
        let _ = task.try_result();
    });
}
