//! `RwLock`: who may be in together, in which order, and what downgrading does.

use super::Driven;
use futures_lite::future::block_on;
use sheave::sync::RwLock;
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
