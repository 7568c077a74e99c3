//! `Mutex`: order, cancellation, panics, guards, and where it may block.

use super::Driven;
use futures_lite::future::block_on;
use sheave::sync::{MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

#[test]
fn the_lock_is_handed_on_in_order() {
    let lock = Mutex::new(());
    let held = lock.try_lock().expect("free");
    let (mut first, mut second) = (Driven::new(lock.lock()), Driven::new(lock.lock()));
    first.assert_pending();
    second.assert_pending();
    drop(held);
    assert!(lock.try_lock().is_err(), "it was handed on, not opened");
    second.assert_pending();
    drop(first.assert_ready());
    drop(second.assert_ready());
    assert!(lock.try_lock().is_ok());
}

#[test]
fn who_gives_up_passes_the_lock_on() {
    let lock = Mutex::new(());
    let held = lock.try_lock().expect("free");
    let (mut quitter, mut heir) = (Driven::new(lock.lock()), Driven::new(lock.lock()));
    quitter.assert_pending();
    heir.assert_pending();
    drop(held);
    drop(quitter);
    assert_eq!(heir.wakes(), 1);
    drop(heir.assert_ready());
}

#[test]
fn a_panic_poisons_nothing() {
    let lock = Mutex::new(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _held = block_on(lock.lock());
        panic!("of the test");
    }));
    assert!(panicked.is_err());
    assert_eq!(*block_on(lock.lock()), 1);
}

#[test]
fn guards_of_parts() {
    let lock = Arc::new(Mutex::new((1, vec![2])));
    let mut part = MutexGuard::map(lock.try_lock().expect("free"), |pair| pair.1.as_mut_slice());
    part[0] += 1;
    assert!(lock.try_lock().is_err());
    drop(part);
    let whole = lock.clone().try_lock_owned().expect("free");
    let whole = OwnedMutexGuard::try_map(whole, |pair| pair.1.get_mut(7)).expect_err("one item");
    let part = OwnedMutexGuard::try_map(whole, |pair| pair.1.get_mut(0)).expect("one item");
    assert_eq!(*part, 3);
    assert_eq!(format!("{lock:?}"), "Mutex { data: <locked> }");
    drop(part);
    let mut lock = Arc::into_inner(lock).expect("no guard is left");
    lock.get_mut().0 = 5;
    assert_eq!(lock.into_inner(), (5, vec![3]));
}

#[test]
fn guards_of_parts_of_parts() {
    let lock = Arc::new(Mutex::new(((1, 2), 3)));
    let pair = MutexGuard::map(lock.try_lock().expect("free"), |all| &mut all.0);
    let pair = MappedMutexGuard::try_map(pair, |_| None::<&mut u8>).expect_err("there is none");
    let mut one = MappedMutexGuard::map(pair, |pair| &mut pair.0);
    *one += 10;
    assert!(lock.try_lock().is_err());
    assert_eq!(format!("{one} {one:?}"), "11 11");
    drop(one);
    let all = lock.clone().try_lock_owned().expect("free");
    let pair = OwnedMutexGuard::map(all, |all| &mut all.0);
    let pair = OwnedMappedMutexGuard::try_map(pair, |_| None::<&mut u8>).expect_err("none here");
    let mut two = OwnedMappedMutexGuard::map(pair, |pair| &mut pair.1);
    *two += 10;
    assert!(lock.try_lock().is_err());
    drop(two);
    assert_eq!(format!("{lock:?}"), "Mutex { data: ((11, 12), 3) }");
}

#[test]
fn a_value_may_be_unsized() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let job: Arc<Mutex<dyn FnMut() + Send>> = Arc::new(Mutex::new(move || {
        counted.fetch_add(1, SeqCst);
    }));
    (block_on(job.lock()))();
    let elsewhere = job.clone();
    thread::spawn(move || (elsewhere.blocking_lock_owned())()).join().expect("no panic");
    assert_eq!(calls.load(SeqCst), 2);
    drop(job);
    assert_eq!(Arc::strong_count(&calls), 1, "the closure is dropped as what it is");

    let mut list: Box<Mutex<[u32]>> = Box::new(Mutex::new([1, 2, 3]));
    list.get_mut()[0] = 7;
    let mut rest = MutexGuard::map(block_on(list.lock()), |list| &mut list[1..]);
    rest[0] = 8;
    drop(rest);
    assert_eq!(format!("{list:?}"), "Mutex { data: [7, 8, 3] }");
}

#[test]
fn guards_travel_between_threads() {
    let lock = Arc::new(Mutex::new(0));
    let guard = lock.clone().blocking_lock_owned();
    let elsewhere = thread::spawn(move || drop(guard));
    *lock.blocking_lock() += 1;
    elsewhere.join().expect("no panic");
}

#[test]
fn blocking_in_a_task_is_refused_but_not_in_block_in_place() {
    let runtime = sheave::runtime::Builder::new_multi_thread().worker_threads(1).build();
    runtime.expect("a worker").block_on(async {
        let lock = Arc::new(Mutex::new(1));
        let (in_task, in_place) = (lock.clone(), lock.clone());
        let refused = sheave::spawn(async move { *in_task.blocking_lock() }).await;
        let said = refused.expect_err("it panics").into_panic();
        let said = said.downcast_ref::<&str>().map(ToString::to_string);
        assert!(said.expect("a text").contains("block_in_place"));
        let blocking = move || *in_place.blocking_lock();
        let in_place = sheave::spawn(async move { sheave::task::block_in_place(blocking) });
        assert_eq!(in_place.await.expect("it may"), 1);
        assert_eq!(sheave::to_thread(move || *lock.blocking_lock()).await, 1);
    });
}

#[test]
fn storm_of_threads() {
    let lock = Arc::new(Mutex::new(0_u32));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let lock = lock.clone();
            thread::spawn(move || {
                for round in 0..3_000 {
                    if round % 4 == 0 {
                        drop(Driven::new(lock.lock()).poll());
                    }
                    *block_on(lock.lock()) += 1;
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    assert_eq!(*lock.blocking_lock(), 12_000);
}
