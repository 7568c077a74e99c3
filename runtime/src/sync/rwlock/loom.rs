//! Models of readers and writers that meet.

use super::RwLock;
use crate::sync::blocking::block_on;
use sheave_facade::model::{Model, must_catch};
use sheave_facade::sync::Arc;
use sheave_facade::thread;

/// Claim: a reader never meets a writer, and sees all or nothing of what it wrote.
/// Threads 3, bound 2.
#[test]
fn readers_and_writers_exclude_each_other() {
    Model::new("rwlock_exclusion").check(|| {
        let lock = Arc::new(RwLock::with_max_readers((0, 0), 2));
        let readers: [_; 2] = std::array::from_fn(|_| {
            let lock = lock.clone();
            thread::spawn(move || {
                let pair = *block_on(lock.read());
                assert_eq!(pair.0, pair.1);
            })
        });
        let mut pair = block_on(lock.write());
        pair.0 += 1;
        pair.1 += 1;
        drop(pair);
        readers.into_iter().for_each(|reader| reader.join().expect("it reads"));
    });
}

/// Claim: a reader that waits for a writer gets in when that one downgrades, and still reads then.
/// Threads 2, unbounded.
#[test]
fn downgrading_lets_readers_in() {
    Model::new("rwlock_downgrade").unbounded().check(|| {
        let lock = Arc::new(RwLock::with_max_readers(0, 2));
        let mut writer = lock.try_write().expect("free");
        let reader = lock.clone();
        let reader = thread::spawn(move || assert_eq!(*block_on(reader.read()), 1));
        *writer = 1;
        let kept = writer.downgrade();
        reader.join().expect("it reads beside us");
        assert_eq!(*kept, 1);
    });
}

#[test]
fn controls() {
    let model = |name| format!("sync::rwlock::loom::{name}");
    let concurrent = ["Causality violation", "concurrent"];
    let exclusion = model("readers_and_writers_exclude_each_other");
    must_catch(&exclusion, "permits_never_taken", &concurrent);
    must_catch(
        &model("downgrading_lets_readers_in"),
        "rwlock_downgrade_keeps_writing",
        &["deadlock"],
    );
}
