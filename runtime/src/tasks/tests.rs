//! Behaviour of tasks: outcomes, wakes, aborts, leaks.

mod panics;
mod registry;

use super::cell::Cell;
use super::extras::ExtrasSlot;
use super::testing::{Queue, block_on, id, now, spec, watching};
use super::*;
use sheave_facade::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::future::{Future, pending, poll_fn, ready};
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Counts what is alive of the things that a test made.
#[derive(Clone, Default)]
struct Census(Arc<()>);

impl Census {
    fn member(&self) -> Arc<()> {
        self.0.clone()
    }

    fn alive(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

#[test]
fn tasks_are_woken_and_joined_across_threads() {
    for _ in 0..200 {
        let (queue, set) = (Queue::new(), Arc::new(AtomicBool::new(false)));
        let (future, wakers) = watching(vec![set.clone()]);
        let join = queue.spawn(future);
        let (runner, watched) = (queue.clone(), join.abort_handle());
        let runner = sheave_facade::thread::spawn(move || {
            runner.run_until(|| watched.is_finished());
        });
        let waker = wakers.recv().expect("polled");
        set.store(true, Relaxed);
        waker.wake();
        block_on(join).unwrap();
        runner.join().expect("the runner ends");
    }
}

fn poll_once<T>(join: &mut JoinHandle<T>) -> Poll<Result<T, JoinError>> {
    Pin::new(join).poll(&mut Context::from_waker(Waker::noop()))
}

#[track_caller]
fn finished<T>(mut join: JoinHandle<T>) -> Result<T, JoinError> {
    now(&mut join)
}

/// A task with an empty future costs at most 96 bytes on top of it. The scheduler of this test is
/// one pointer, as the runtime's.
#[test]
fn a_task_is_small() {
    fn overhead<F: Future<Output = ()>>(_: &F) -> usize {
        size_of::<Cell<F, Queue>>() - size_of::<F>()
    }
    let large = [0u64; 64];
    let future = async move {
        pending::<()>().await;
        std::hint::black_box(&large);
    };
    assert!(overhead(&future) <= 96, "{} bytes", overhead(&future));
    assert_eq!(size_of::<JoinHandle<String>>(), 8);
    assert_eq!(size_of::<Option<Runnable>>(), 8);
}

#[test]
fn output_reaches_the_joiner() {
    let queue = Queue::new();
    let mut join = queue.spawn(ready(5));
    assert!(poll_once(&mut join).is_pending());
    assert!(!join.is_finished());
    queue.run_all();
    assert!(join.is_finished());
    assert_eq!(finished(join).unwrap(), 5);
    assert_eq!(queue.0.registry.len(), 0);
}

#[test]
#[should_panic(expected = "after it had returned the output")]
fn a_join_handle_yields_once() {
    let queue = Queue::new();
    let mut join = queue.spawn(ready(5));
    queue.run_all();
    assert!(poll_once(&mut join).is_ready());
    let _ = poll_once(&mut join);
}

#[test]
fn the_latest_join_waker_is_woken_once() {
    struct Count(std::sync::mpsc::Sender<()>);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.send(()).expect("the test listens");
        }
    }
    let counter = || {
        let (sender, received) = std::sync::mpsc::channel();
        (Waker::from(Arc::new(Count(sender))), received)
    };
    let queue = Queue::new();
    let mut join = queue.spawn(ready(()));
    let (first, first_woken) = counter();
    let (second, second_woken) = counter();
    for waker in [&first, &first, &second, &second] {
        assert!(Pin::new(&mut join).poll(&mut Context::from_waker(waker)).is_pending());
    }
    queue.run_all();
    assert_eq!(first_woken.try_iter().count(), 0);
    assert_eq!(second_woken.try_iter().count(), 1);
    drop((first, second));
    assert!(second_woken.recv().is_err(), "the slot gave its waker up");
    finished(join).unwrap();
}

#[test]
fn abort_of_a_queued_task_drops_it_unpolled() {
    let (queue, census) = (Queue::new(), Census::default());
    let member = census.member();
    let join = queue.spawn(async move {
        drop(member);
        panic_any("polled");
    });
    let abort = join.abort_handle();
    abort.abort();
    abort.abort();
    assert_eq!(queue.len(), 1, "the Runnable exists once");
    assert!(!abort.is_finished());
    queue.run_all();
    assert!(abort.is_finished());
    assert_eq!(census.alive(), 0);
    let outcome: Result<(), _> = finished(join);
    assert!(outcome.unwrap_err().is_cancelled());
}

#[test]
fn abort_of_a_waiting_task_schedules_it() {
    let (queue, census) = (Queue::new(), Census::default());
    let member = census.member();
    let join = queue.spawn(async move {
        let _member = member;
        pending::<()>().await;
    });
    queue.run_all();
    assert_eq!((queue.len(), census.alive()), (0, 1));
    join.abort();
    assert_eq!(queue.len(), 1);
    queue.run_all();
    assert_eq!(census.alive(), 0);
    assert!(finished(join).unwrap_err().is_cancelled());
}

#[test]
fn a_task_that_aborts_itself_ends_at_its_next_turn_unless_it_completes() {
    let queue = Queue::new();
    for completes in [true, false] {
        let abort: Arc<sheave_facade::sync::Mutex<Option<AbortHandle>>> = Arc::default();
        let own = abort.clone();
        let join = queue.spawn(poll_fn(move |_| {
            own.lock().take().expect("polled once").abort();
            if completes { Poll::Ready(5) } else { Poll::Pending }
        }));
        *abort.lock() = Some(join.abort_handle());
        queue.run_all();
        match finished(join) {
            Ok(output) => assert_eq!((completes, output), (true, 5)),
            Err(error) => assert!(!completes && error.is_cancelled()),
        }
    }
}

#[test]
fn a_dropped_runnable_is_a_cancelled_task() {
    let (queue, census) = (Queue::new(), Census::default());
    let member = census.member();
    let join = queue.spawn(async move { drop(member) });
    drop(queue.try_pop());
    assert_eq!((census.alive(), queue.0.registry.len()), (0, 0));
    assert!(finished(join).unwrap_err().is_cancelled());
}

#[test]
fn a_wake_during_the_poll_goes_to_the_tail() {
    let queue = Queue::new();
    let mut turns = 0;
    let join = queue.spawn(poll_fn(move |cx| {
        turns += 1;
        cx.waker().wake_by_ref();
        let by_val = cx.waker().clone();
        by_val.wake();
        if turns == 3 { Poll::Ready(turns) } else { Poll::Pending }
    }));
    for expected in [Wakeup::Woken, Wakeup::Yielded] {
        let (runnable, why) = queue.try_pop().expect("woken");
        assert_eq!(why, expected);
        runnable.run();
    }
    queue.run_all();
    assert_eq!(finished(join).unwrap(), 3);
}

#[test]
fn wakers_outlive_the_task_and_free_it() {
    let queue = Queue::new();
    let kept: Arc<sheave_facade::sync::Mutex<Option<Waker>>> = Arc::default();
    let keep = kept.clone();
    let mut join = queue.spawn(poll_fn(move |cx| {
        assert!(cx.waker().will_wake(&cx.waker().clone()));
        match keep.lock().replace(cx.waker().clone()) {
            None => Poll::Pending,
            Some(_) => Poll::Ready(()),
        }
    }));
    queue.run_all();
    assert!(poll_once(&mut join).is_pending());
    kept.lock().as_ref().expect("stored").wake_by_ref();
    queue.run_all();
    finished(join).unwrap();
    let waker = kept.lock().take().expect("stored");
    assert_eq!(Arc::strong_count(&queue.0), 2, "the waker keeps the memory");
    waker.wake_by_ref();
    let by_val = waker.clone();
    by_val.wake();
    assert_eq!(queue.len(), 0, "nobody schedules a complete task");
    waker.wake();
    assert_eq!(Arc::strong_count(&queue.0), 1);
}

#[test]
fn a_task_knows_its_name_and_its_origin() {
    let queue = Queue::new();
    let named = Spec { name: Some("courier".into()), parent: Some(id(3)), ..spec() };
    let line = named.location.line();
    let (task, runnable, join) = new_task(ready(()), queue.clone(), id(7), named);
    assert_eq!(task.name(), Some("courier"));
    assert_eq!(task.parent(), Some(id(3)));
    assert_eq!((task.id(), join.id()), (Id::from_u64(7), runnable.id()));
    assert_eq!((join.location().line(), join.location().file()), (line, file!()));
    assert!(format!("{task:?}").contains("courier"));
}

/// In the word itself, or in the record if there is one or if the number is too large.
#[test]
fn a_task_keeps_its_parent() {
    for parent in [None, Some(id(3)), Some(Id::from_u64(1 << 55)), Some(Id::from_u64(u64::MAX))] {
        let slot = ExtrasSlot::new(parent, None, None);
        assert_eq!(slot.parent(), parent);
        assert_eq!(slot.get().is_some(), parent == Some(Id::from_u64(u64::MAX)));
        assert_eq!(slot.get_or_make().name, None);
        assert_eq!(slot.parent(), parent, "now that it has a record");
        let named = ExtrasSlot::new(parent, Some("courier".into()), None);
        assert_eq!(named.parent(), parent);
        assert_eq!(named.get().unwrap().name.as_deref(), Some("courier"));
    }
}

#[test]
fn a_join_consumes_budget() {
    let queue = Queue::new();
    let mut joins: Vec<_> = (0..200).map(|n| queue.spawn(ready(n))).collect();
    queue.run_all();
    let read =
        || joins.iter_mut().filter_map(|join| poll_once(join).is_ready().then_some(())).count();
    assert_eq!(crate::coop::with_budget(read), 128);
}

#[test]
fn a_storm_of_wakes_neither_wraps_nor_is_lost() {
    // 2^28 wakes would take seconds; the counts that cut are reached by the model with small ones.
    // Here: more wakes than one poll takes off, so that a remainder brings the task back.
    let queue = Queue::new();
    let mut polls = 0;
    let kept: Arc<sheave_facade::sync::Mutex<Option<Waker>>> = Arc::default();
    let keep = kept.clone();
    let join = queue.spawn(poll_fn(move |cx| {
        polls += 1;
        keep.lock().get_or_insert_with(|| cx.waker().clone());
        if polls == 4 { Poll::Ready(polls) } else { Poll::Pending }
    }));
    queue.run_all();
    let waker = kept.lock().take().expect("stored");
    for _ in 0..(1 << 21) + 1 {
        waker.wake_by_ref();
    }
    assert_eq!(queue.len(), 1);
    queue.run_all();
    assert_eq!(finished(join).unwrap(), 4, "one poll before the storm, three to answer it");
}

#[test]
fn dropping_a_local_future_happens_where_it_ran() {
    let queue = Queue::new();
    let local = std::rc::Rc::new(());
    let inside = local.clone();
    let future = async move {
        let _inside = inside;
        pending::<()>().await;
    };
    // SAFETY: everything of this task stays on this thread.
    let (task, runnable, join) = unsafe { new_local_task(future, queue.clone(), id(1), spec()) };
    queue.0.registry.bind_outside(0, task).unwrap();
    runnable.run();
    join.abort();
    queue.run_all();
    assert_eq!(std::rc::Rc::strong_count(&local), 1);
    assert!(finished(join).unwrap_err().is_cancelled());
}
