//! `RwLock`: who may be in together, in which order, and what downgrading does.

use super::Driven;
use futures_lite::future::block_on;
use sheave::sync::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

#[test]
fn readers_share_and_writers_do_not() {
    let lock = RwLock::new(1);
    let (one, other) = (lock.try_read().expect("free"), lock.try_read().expect("shared"));
    assert!(lock.try_write().is_err());
    assert_eq!(*one + *other, 2);
    drop((one, other));
    let writer = lock.try_write().expect("free");
    assert!(lock.try_read().is_err());
    assert!(lock.try_write().is_err());
    drop(writer);
}

#[test]
fn a_waiting_writer_holds_off_later_readers() {
    let lock = RwLock::new(0);
    let reading = lock.try_read().expect("free");
    let mut writer = Driven::new(lock.write());
    let mut readers = [Driven::new(lock.read()), Driven::new(lock.read())];
    writer.assert_pending();
    readers.iter_mut().for_each(Driven::assert_pending);
    assert!(lock.try_read().is_err());
    drop(reading);
    let mut writing = writer.assert_ready();
    *writing = 1;
    readers.iter_mut().for_each(Driven::assert_pending);
    drop(writing);
    let [one, other] = &mut readers;
    assert_eq!(*one.assert_ready() + *other.assert_ready(), 2);
}

#[test]
fn a_writer_that_gives_up_lets_readers_in() {
    let lock = RwLock::new(0);
    let reading = lock.try_read().expect("free");
    let mut writer = Driven::new(lock.write());
    let mut reader = Driven::new(lock.read());
    writer.assert_pending();
    reader.assert_pending();
    drop(writer);
    assert_eq!(reader.wakes(), 1);
    drop(reader.assert_ready());
    drop(reading);
}

#[test]
fn downgrading_lets_readers_in_and_writers_wait() {
    let lock = Arc::new(RwLock::new(0));
    let mut writing = lock.clone().try_write_owned().expect("free");
    let mut reader = Driven::new(lock.read());
    let mut writer = Driven::new(lock.write());
    reader.assert_pending();
    writer.assert_pending();
    *writing = 7;
    let reading = writing.downgrade();
    assert_eq!(*reader.assert_ready() + *reading, 14);
    writer.assert_pending();
    drop(reading);
    drop(writer.assert_ready());
}

#[test]
fn the_number_of_readers_is_limited() {
    let lock = RwLock::with_max_readers((), 2);
    let _both = (lock.try_read().expect("first"), lock.try_read().expect("second"));
    assert!(lock.try_read().is_err());
}

#[test]
#[should_panic(expected = "between 1 and")]
fn no_readers_at_all_are_refused() {
    let _ = RwLock::with_max_readers((), 0);
}

#[test]
fn a_static_lock_limits_its_readers_too() {
    static LOCK: RwLock<u32> = RwLock::const_with_max_readers(1, 1);
    let only = LOCK.try_read().expect("free");
    assert!(LOCK.try_read().is_err());
    assert_eq!(*only, 1);
}

#[test]
fn a_part_is_read_and_written_under_the_lock() {
    let lock = RwLock::new(((1, 2), 3));
    let pair = RwLockReadGuard::map(lock.try_read().expect("free"), |all| &all.0);
    let pair = RwLockReadGuard::try_map(pair, |_| None::<&u8>).expect_err("there is none");
    let one = RwLockReadGuard::try_map(pair, |pair| Some(&pair.0)).expect("it is there");
    assert!(lock.try_read().is_ok() && lock.try_write().is_err());
    assert_eq!(format!("{one} {one:?}"), "1 1");
    drop(one);

    let all = lock.try_write().expect("free");
    let all = RwLockWriteGuard::try_map(all, |_| None::<&mut u8>).expect_err("there is none");
    let all = RwLockWriteGuard::into_mapped(all);
    let pair = RwLockMappedWriteGuard::map(all, |all| &mut all.0);
    let pair = RwLockMappedWriteGuard::try_map(pair, |_| None::<&mut u8>).expect_err("none");
    let mut two = RwLockMappedWriteGuard::map(pair, |pair| &mut pair.1);
    *two += 10;
    assert!(lock.try_read().is_err());
    drop(two);
    assert_eq!(format!("{lock:?}"), "RwLock { data: ((1, 12), 3) }");
}

#[test]
fn a_part_is_read_and_written_without_a_lifetime() {
    let lock = Arc::new(RwLock::new(((1, 2), 3)));
    let pair = OwnedRwLockReadGuard::map(lock.clone().try_read_owned().expect("free"), |a| &a.0);
    let one = OwnedRwLockReadGuard::try_map(pair, |pair| Some(&pair.0)).expect("it is there");
    assert!(Arc::ptr_eq(OwnedRwLockReadGuard::rwlock(&one), &lock));
    assert!(lock.try_read().is_ok() && lock.try_write().is_err());
    drop(one);

    let all = lock.clone().try_write_owned().expect("free");
    assert!(Arc::ptr_eq(OwnedRwLockWriteGuard::rwlock(&all), &lock));
    let pair = OwnedRwLockWriteGuard::map(all, |all| &mut all.0);
    let mut two = OwnedRwLockMappedWriteGuard::map(pair, |pair| &mut pair.1);
    *two += 10;
    let elsewhere = thread::spawn(move || {
        *two += 10;
        drop(two);
    });
    elsewhere.join().expect("no panic");
    assert_eq!(lock.try_read().expect("free").0, (1, 22));
}

#[test]
fn downgrading_to_a_part_lets_readers_in() {
    let lock = Arc::new(RwLock::new((1, 2)));
    let writing = lock.try_write().expect("free");
    let writing = RwLockWriteGuard::try_downgrade_map(writing, |_| None::<&u8>);
    let mut writing = writing.expect_err("there is none");
    assert!(lock.try_read().is_err(), "it writes still");
    writing.0 = 5;
    let one = RwLockWriteGuard::downgrade_map(writing, |pair| &pair.0);
    assert_eq!((*one, *lock.try_read().expect("shared")), (5, (5, 2)));
    assert!(lock.try_write().is_err());
    drop(one);
    let writing = lock.clone().try_write_owned().expect("free");
    let two = OwnedRwLockWriteGuard::downgrade_map(writing, |pair| &pair.1);
    assert_eq!((*two, *lock.try_read().expect("shared")), (2, (5, 2)));
    drop(two);
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_map_that_panics_gives_the_lock_back() {
    let lock = RwLock::new(1);
    let map = || {
        let writing = lock.try_write().expect("free");
        drop(RwLockWriteGuard::map(writing, |_| -> &mut u8 { panic!("of the test") }));
    };
    assert!(catch_unwind(AssertUnwindSafe(map)).is_err());
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_value_may_be_unsized() {
    let list: Arc<RwLock<[u32]>> = Arc::new(RwLock::new([1, 2, 3]));
    block_on(list.write())[0] = 7;
    let elsewhere = list.clone();
    let len = thread::spawn(move || elsewhere.blocking_read().len()).join();
    assert_eq!(len.expect("no panic"), 3);
    let rest = OwnedRwLockReadGuard::map(block_on(list.clone().read_owned()), |list| &list[1..]);
    assert_eq!((&*rest, list.try_read().expect("shared")[0]), (&[2, 3][..], 7));
}

#[test]
fn storm_of_readers_and_writers() {
    let lock = Arc::new(RwLock::new((0_u32, 0_u32)));
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let lock = lock.clone();
            thread::spawn(move || {
                for round in 0..2_000 {
                    match (round + n) % 4 {
                        0 => {
                            let mut pair = block_on(lock.write());
                            pair.0 += 1;
                            pair.1 += 1;
                        }
                        1 => drop(Driven::new(lock.write()).poll()),
                        _ => {
                            let pair = block_on(lock.read());
                            assert_eq!(pair.0, pair.1);
                        }
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    assert_eq!(*lock.blocking_read(), (2_000, 2_000));
}
