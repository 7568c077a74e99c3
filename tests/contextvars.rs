//! Context variables: who inherits what, and who sees what others set.

use sheave::asyncio::{
    Context, ContextVar, ResetError, copy_context, create_future, current_task, wait_for,
};
use sheave::runtime::Builder;
use sheave::task::{self, JoinSet, LocalSet, yield_now};
use sheave_tests::{Drops, eventually, in_a_task, runtimes, watchdog};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

static NAME: ContextVar<&str> = ContextVar::new("name");
static COUNT: ContextVar<u32> = ContextVar::with_default("count", 0);

#[test]
fn a_default_is_no_value() {
    in_a_task(|| async {
        assert_eq!(COUNT.get(), 0);
        assert_eq!(Context::current().get(&COUNT), None);
        assert_eq!(NAME.try_get(), None);
        let unset = catch_unwind(|| NAME.get()).unwrap_err();
        assert!(unset.downcast_ref::<String>().unwrap().contains("`name` is not set"));
    });
}

/// Item 37: a child sees what its parent had set, not what it sets later; and a parent sees nothing
/// of its child.
#[test]
fn a_child_has_a_copy_taken_at_the_spawn() {
    in_a_task(|| async {
        NAME.set("parent");
        let child = sheave::spawn(async {
            yield_now().await;
            let inherited = NAME.get();
            NAME.set("child");
            yield_now().await;
            (inherited, NAME.get())
        });
        NAME.set("parent, later");
        assert_eq!(child.await.unwrap(), ("parent", "child"));
        assert_eq!(NAME.get(), "parent, later");
    });
}

/// Item 37: `await coro()` shares the context.
#[test]
fn a_future_awaited_in_place_shares_the_context() {
    in_a_task(|| async {
        async { NAME.set("inner") }.await;
        assert_eq!(NAME.get(), "inner");
        let (_, seen) = sheave::join!(async { NAME.set("left") }, async { NAME.get() });
        assert_eq!(seen, "left");
        sheave::time::timeout(LIMIT, async { drop(NAME.set("in time")) }).await.unwrap();
        assert_eq!(NAME.get(), "in time");
        wait_for(async { drop(NAME.set("in a task")) }, LIMIT).await.unwrap();
        assert_eq!(NAME.get(), "in time");
    });
}

/// D11: every form of spawning.
#[test]
fn every_way_to_spawn_inherits() {
    in_a_task(|| async {
        NAME.set("spawner");
        let mut set = JoinSet::new();
        set.spawn(async { NAME.get() });
        set.spawn_blocking(|| NAME.get());
        assert_eq!(set.join_all().await, ["spawner"; 2]);
        assert_eq!(task::spawn_blocking(|| NAME.get()).await.unwrap(), "spawner");
        assert_eq!(sheave::to_thread(|| NAME.get()).await, "spawner");
        let handle = sheave::runtime::Handle::current();
        assert_eq!(handle.spawn(async { NAME.get() }).await.unwrap(), "spawner");
        let named = task::Builder::new().name("named").spawn(async { NAME.get() });
        assert_eq!(named.await.unwrap(), "spawner");
    });
}

/// Item 37: worker threads see a copy, changes do not flow back.
#[test]
fn what_a_blocking_closure_sets_stays_there() {
    in_a_task(|| async {
        COUNT.set(1);
        sheave::to_thread(|| COUNT.set(2)).await;
        assert_eq!(COUNT.get(), 1);
        // The thread of the pool that comes next knows nothing of it.
        assert_eq!(
            task::Builder::new()
                .context(&Context::new())
                .spawn_blocking(|| COUNT.get())
                .await
                .unwrap(),
            0
        );
    });
}

#[test]
fn local_tasks_inherit_and_keep_theirs_apart() {
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            let set = LocalSet::new();
            runtime.block_on(set.run_until(async {
                NAME.set("root");
                let children: Vec<_> = (1..=3)
                    .map(|n| {
                        task::spawn_local(async move {
                            let inherited = NAME.get();
                            COUNT.set(n);
                            yield_now().await;
                            (inherited, COUNT.get())
                        })
                    })
                    .collect();
                for (n, child) in (1..).zip(children) {
                    assert_eq!(child.await.unwrap(), ("root", n));
                }
                assert_eq!(COUNT.get(), 0);
            }));
        }
    });
}

/// Item 29: an explicit context is shared, not copied.
#[test]
fn tasks_given_the_same_context_see_each_other() {
    in_a_task(|| async {
        let shared = Context::new();
        let spawn = || {
            let builder = task::Builder::new().context(&shared);
            builder.spawn(async { COUNT.set(COUNT.get() + 1) })
        };
        for _ in 0..3 {
            spawn().await.unwrap();
        }
        assert_eq!(shared.get(&COUNT), Some(3));
        assert_eq!(COUNT.get(), 0, "the spawner's own is another one");
    });
}

/// A task keeps its context, whichever worker polls it next, and other tasks do not see it.
#[test]
fn a_context_moves_with_its_task() {
    watchdog(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(4).build().unwrap();
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                runtime.spawn(async move {
                    assert_eq!(COUNT.get(), 0);
                    if n % 2 == 0 {
                        COUNT.set(n);
                    }
                    for _ in 0..100 {
                        yield_now().await;
                        assert_eq!(COUNT.get(), if n % 2 == 0 { n } else { 0 });
                    }
                })
            })
            .collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
    });
}

/// Item 13: the root runs in a copy of the caller's context.
#[test]
fn a_root_inherits_from_its_thread_and_gives_nothing_back() {
    watchdog(LIMIT, || {
        NAME.set("thread");
        for runtime in runtimes() {
            let seen = runtime.block_on(async {
                let seen = NAME.get();
                NAME.set("root");
                (seen, sheave::spawn(async { NAME.get() }).await.unwrap())
            });
            assert_eq!(seen, ("thread", "root"));
            assert_eq!(NAME.get(), "thread");
        }
        std::thread::spawn(|| assert_eq!(NAME.try_get(), None)).join().unwrap();
    });
}

#[test]
fn a_panicking_task_leaves_no_context_behind() {
    in_a_task(|| async {
        for _ in 0..10 {
            let task = sheave::spawn(async {
                NAME.set("panicking");
                panic!("on purpose");
            });
            assert!(task.await.unwrap_err().is_panic());
            assert_eq!(NAME.try_get(), None);
            assert_eq!(sheave::spawn(async { NAME.try_get() }).await.unwrap(), None);
        }
    });
}

/// A hook that writes a log finds there what the task or the callback had set, whoever drops the
/// handle, and no task.
#[test]
fn a_panic_that_nobody_reads_is_told_in_its_context() {
    async fn panics(name: Option<&'static str>) {
        if let Some(name) = name {
            NAME.set(name);
        }
        yield_now().await;
        panic!("on purpose");
    }
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            let (tell, told) = std::sync::mpsc::channel();
            runtime.handle().on_unhandled_panic(move |_| {
                tell.send((NAME.try_get(), current_task().is_none())).unwrap();
            });
            let next = async || loop {
                match told.try_recv() {
                    Ok((name, true)) => break name,
                    Ok((_, false)) => panic!("a task is current in the hook"),
                    Err(_) => yield_now().await,
                }
            };
            runtime.block_on(async {
                NAME.set("main");
                drop(sheave::spawn(panics(Some("task"))));
                assert_eq!(next().await, Some("task"));

                let unset = task::Builder::new().context(&Context::new()).spawn(panics(None));
                for (task, name) in
                    [(sheave::spawn(panics(Some("late"))), Some("late")), (unset, None)]
                {
                    while !task.is_finished() {
                        yield_now().await;
                    }
                    drop(task);
                    assert_eq!(next().await, name);
                }

                let call_back = || {
                    NAME.set("callback");
                    panic!("on purpose");
                };
                let task = sheave::spawn(yield_now());
                task.add_done_callback(move |_| call_back());
                assert_eq!(next().await, Some("callback"));
                let (completer, promise) = create_future::<(), ()>();
                promise.add_done_callback(move |_| call_back());
                completer.set_result(()).unwrap();
                assert_eq!(next().await, Some("callback"));
                assert_eq!(NAME.get(), "main");
            });
        }
    });
}

#[test]
fn an_aborted_task_is_dropped_in_its_context() {
    struct Witness(std::sync::mpsc::Sender<Option<&'static str>>);
    impl Drop for Witness {
        fn drop(&mut self) {
            self.0.send(NAME.try_get()).unwrap();
        }
    }
    watchdog(LIMIT, || {
        for runtime in runtimes() {
            let (sender, receiver) = std::sync::mpsc::channel();
            let witness = Witness(sender);
            runtime.block_on(async {
                let (is_set, set) = sheave::sync::oneshot::channel();
                let task = sheave::spawn(async move {
                    let _witness = witness;
                    NAME.set("aborted");
                    is_set.send(()).unwrap();
                    std::future::pending::<()>().await;
                });
                set.await.unwrap();
                task.abort();
                assert!(task.await.unwrap_err().is_cancelled());
            });
            assert_eq!(receiver.recv().unwrap(), Some("aborted"));
        }
    });
}

#[test]
fn values_are_dropped_with_the_last_context_that_holds_them() {
    static GUARD: ContextVar<Option<std::sync::Arc<Drops>>> = ContextVar::new("guard");
    watchdog(LIMIT, || {
        let drops = Drops::default();
        for runtime in runtimes() {
            let guard = std::sync::Arc::new(drops.clone());
            let weak = std::sync::Arc::downgrade(&guard);
            runtime.block_on(async {
                let task = sheave::spawn(async move {
                    GUARD.set(Some(guard));
                    let child = sheave::spawn(async { yield_now().await });
                    GUARD.set(None);
                    child.await.unwrap();
                });
                let handle = task.abort_handle();
                task.await.unwrap();
                assert!(weak.upgrade().is_none(), "an ended task keeps its context");
                drop(handle);

                let guard = std::sync::Arc::new(drops.clone());
                let weak = std::sync::Arc::downgrade(&guard);
                let error = sheave::spawn(async move {
                    GUARD.set(Some(guard));
                    panic!("on purpose");
                });
                let error = error.await.unwrap_err();
                assert!(error.is_panic());
                eventually("an error keeps no context", || weak.upgrade().is_none());
            });
        }
    });
}

/// A value that panics when it is dropped costs no worker.
#[test]
fn a_value_that_panics_in_its_drop_is_contained() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    static BOMB: ContextVar<Bomb> = ContextVar::new("bomb");
    in_a_task(|| async {
        for _ in 0..4 {
            sheave::spawn(async { drop(BOMB.set(Bomb)) }).await.unwrap();
        }
        assert_eq!(sheave::spawn(async { 1 }).await.unwrap(), 1);
    });
}

#[test]
fn reset_restores_what_was_there_before() {
    in_a_task(|| async {
        let first = NAME.set("first");
        let second = NAME.set("second");
        assert_eq!((first.old_value(), second.old_value()), (None, Some(&"first")));
        NAME.reset(second);
        assert_eq!(NAME.get(), "first");
        NAME.reset(first);
        assert_eq!(NAME.try_get(), None);
    });
}

/// asyncio raises `ValueError` for both.
#[test]
fn a_token_is_refused_elsewhere() {
    static OTHER: ContextVar<&str> = ContextVar::new("other");
    in_a_task(|| async {
        let token = NAME.set("here");
        assert_eq!(OTHER.try_reset(token), Err(ResetError::OtherVariable));
        let token = NAME.set("here");
        let task = sheave::spawn(async { NAME.try_reset(token) });
        assert_eq!(task.await.unwrap(), Err(ResetError::OtherContext));
        let token = NAME.set("here");
        let refused = catch_unwind(AssertUnwindSafe(|| copy_context().run(|| NAME.reset(token))));
        let message = refused.unwrap_err();
        assert!(message.downcast_ref::<String>().unwrap().contains("in another context"));
    });
}

#[test]
fn run_enters_a_context_and_leaves_it_also_by_a_panic() {
    in_a_task(|| async {
        NAME.set("outer");
        let copy = copy_context();
        let id = task::id();
        copy.run(|| {
            assert_eq!(task::id(), id);
            NAME.set("inner");
        });
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            copy.run(|| {
                COUNT.set(7);
                panic!("on purpose")
            })
        }));
        assert!(panicked.is_err());
        assert_eq!((copy.get(&NAME), copy.get(&COUNT)), (Some("inner"), Some(7)));
        assert_eq!((NAME.get(), COUNT.get(), copy.len()), ("outer", 0, 2));
        assert_eq!(format!("{copy:?}"), r#"Context(["name", "count"])"#);
    });
}

/// A task that blocks in place on another runtime: the root there inherits, and the tasks there do
/// not see what it sets.
#[test]
fn nested_runtimes_keep_contexts_apart() {
    watchdog(LIMIT, || {
        let outer = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let task = outer.spawn(async {
            NAME.set("outer");
            task::block_in_place(|| {
                let inner = Builder::new_current_thread().build().unwrap();
                let other = inner.spawn(async { NAME.get() });
                inner.block_on(async {
                    assert_eq!(NAME.get(), "outer");
                    NAME.set("inner");
                    assert_eq!(other.await.unwrap(), "outer");
                    assert_eq!(NAME.get(), "inner");
                });
            });
            NAME.get()
        });
        assert_eq!(outer.block_on(task).unwrap(), "outer");
    });
}
